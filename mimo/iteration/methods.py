"""Iterations for `A x = b`, with A of many right-hand sides, and the rates that random matrix theory gives them.

`A = H^T H` of M antennas and K users has eigenvalues in `M [(1 - sqrt(beta))^2, (1 + sqrt(beta))^2]`, `beta = K/M`, for
many antennas (Marchenko, Pastur, Math. USSR Sb. 1, 1967). All start at 0. One product of A is one use of an array; the
vectors are digital.

- Jacobi, which is the Neumann series of the diagonal: the error shrinks by `2 sqrt(beta) + beta`. It diverges from
  `beta = (sqrt(2) - 1)^2 = 0.17` on.
- Richardson with the step `1/(M + K)`: `2 sqrt(beta)/(1 + beta)`.
- Gauss-Seidel: about the square of Richardson. Its rows follow one another, so that no product of an array does a step.
- Chebyshev with these eigenvalues, conjugate gradients without them: `sqrt(beta)`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import repeat

import numpy as np

from mimo.radio.real_form import RealArray

Iteration = Callable[[RealArray, RealArray, float, float], Iterator[RealArray]]
"""Function of A (N, N) as the array has it, b (N, T), M antennas and K users; it yields x (N, T), step by step."""


def _jacobi(a: RealArray, b: RealArray, _antennas: float, _users: float) -> Iterator[RealArray]:
    return _stationary(a, b, lambda residual: residual / a.diagonal()[:, None])


def _richardson(a: RealArray, b: RealArray, antennas: float, users: float) -> Iterator[RealArray]:
    return _stationary(a, b, lambda residual: residual / (antennas + users))


def _gauss_seidel(a: RealArray, b: RealArray, _antennas: float, _users: float) -> Iterator[RealArray]:
    if not a.diagonal().all():  # a row that is divided by 0
        return repeat(np.full_like(b, np.nan))
    lower = np.tril(a)
    return _stationary(a, b, lambda residual: np.asarray(np.linalg.solve(lower, residual)))


def _stationary(a: RealArray, b: RealArray, step: Callable[[RealArray], RealArray]) -> Iterator[RealArray]:
    x = np.zeros_like(b)
    while True:
        x = x + step(b - a @ x)
        yield x


def _chebyshev(a: RealArray, b: RealArray, antennas: float, users: float) -> Iterator[RealArray]:
    """Chebyshev iteration (Saad, Iterative Methods for Sparse Linear Systems, 2003, algorithm 12.1)."""
    root = np.sqrt(users / antennas)
    middle, half = antennas * (1 + root**2), 2 * antennas * root
    sigma = middle / half
    rho, x = 1 / sigma, np.zeros_like(b)
    step = b / middle
    while True:
        x = x + step
        yield x
        rho, before = 1 / (2 * sigma - rho), rho
        step = rho * before * step + 2 * rho / half * (b - a @ x)


def _conjugate_gradient(a: RealArray, b: RealArray, _antennas: float, _users: float) -> Iterator[RealArray]:
    """Conjugate gradients for each column (Hestenes, Stiefel, J. Res. Natl. Bur. Stand. 49, 1952)."""
    x, residual = np.zeros_like(b), b
    direction, square = residual, (residual**2).sum(axis=0)
    tiny = np.finfo(float).tiny
    while True:
        product = a @ direction
        step = square / np.maximum((direction * product).sum(axis=0), tiny)
        x = x + step * direction
        residual = residual - step * product
        before, square = square, (residual**2).sum(axis=0)
        direction = residual + square / np.maximum(before, tiny) * direction
        yield x


METHODS: dict[str, Iteration] = {
    "jacobi": _jacobi,
    "richardson": _richardson,
    "gauss-seidel": _gauss_seidel,
    "chebyshev": _chebyshev,
    "conjugate-gradient": _conjugate_gradient,
}


def rate(method: str, antennas: float, users: float) -> float:
    """Factor of the error in one iteration, for many antennas; above 1 the method diverges."""
    beta = users / antennas
    richardson = 2 * np.sqrt(beta) / (1 + beta)
    return float(
        {
            "jacobi": 2 * np.sqrt(beta) + beta,
            "richardson": richardson,
            "gauss-seidel": richardson**2,
            "chebyshev": np.sqrt(beta),
            "conjugate-gradient": np.sqrt(beta),
        }[method]
    )
