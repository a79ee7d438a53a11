"""Greedy and iterative estimators, by two matrix products each step.

Both products are real maps: `forward` for `Phi z`, `back` for `Phi^H r`. They are exact, or what programmed arrays do.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mimo.estimation.problem import Problem
from mimo.radio.real_form import ComplexArray, RealArray, complex_vector, real_vector

LeastSquares = Callable[[np.ndarray, ComplexArray, int], ComplexArray]
"""Function of the chosen places (k,), a received vector (P,) and the number of the channel: the entries there (k,)."""


def matching_pursuit(
    problem: Problem, snr: float, forward: RealArray, back: RealArray, least_squares: LeastSquares
) -> ComplexArray:
    """Orthogonal matching pursuit: entries one by one, each where the residual correlates most; shape (B, N).

    After every choice all chosen entries are solved anew. Source: Pati, Rezaiifar, Krishnaprasad, Asilomar 1993.
    """
    found = np.zeros(problem.entries.shape, complex)
    for place, received in enumerate(problem.received(snr)):
        chosen: list[int] = []
        rest, entries = received, np.zeros(problem.entries.shape[1], complex)
        for _ in range(problem.taps):
            strength = np.abs(_times(back, rest))
            strength[chosen] = -1
            chosen.append(int(strength.argmax()))
            entries[chosen] = least_squares(np.array(chosen), received, place)
            rest = received - _times(forward, entries)
        found[place] = entries
    return found


def _times(matrix: RealArray, vector: ComplexArray) -> ComplexArray:
    return complex_vector(matrix @ real_vector(vector[:, None]))[:, 0]


def complex_penalty(problem: Problem, snr: float) -> float:
    """Return `lambda = sigma sqrt(ln N)`: about the largest of N correlations with noise alone.

    Entries of `Phi^H n` have the variance sigma^2, and a modulus above t has the probability `exp(-t^2/sigma^2)`.
    """
    return problem.deviation(snr) * float(np.sqrt(np.log(problem.pilots.shape[1])))


def fista(problem: Problem, snr: float, forward: RealArray, back: RealArray, iterations: int) -> ComplexArray:
    """Minimize `||y - Phi h||^2/2 + lambda sum |h_n|` by accelerated proximal gradients, shape (B, N).

    The modulus of complex entries is shrunk, in digital. The step is one over the squared norm of Phi.
    Source: Beck and Teboulle, SIAM J. Imaging Sciences 2 (2009).
    """
    step = 1 / np.linalg.norm(problem.pilots, 2) ** 2
    shrink = complex_penalty(problem, snr) * step
    received = real_vector(problem.received(snr).T)
    found = point = np.zeros((back.shape[0], received.shape[1]))
    momentum = 1.0
    for _ in range(iterations):
        moved = complex_vector(point + step * (back @ (received - forward @ point)))
        size = np.maximum(np.abs(moved), np.finfo(float).tiny)
        shrunk = real_vector(moved * np.maximum(1 - shrink / size, 0.0))
        following = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        point = shrunk + (momentum - 1) / following * (shrunk - found)
        found, momentum = shrunk, following
    return complex_vector(found).T


def refit(problem: Problem, snr: float, chosen: np.ndarray, least_squares: LeastSquares) -> ComplexArray:
    """Solve the chosen entries (B, k) of every channel by least squares, which takes the shrinkage back; (B, N)."""
    found = np.zeros(problem.entries.shape, complex)
    for place, (places, received) in enumerate(zip(chosen, problem.received(snr), strict=True)):
        found[place, places] = least_squares(places, received, place)
    return found


def exact_least_squares(pilots: ComplexArray) -> LeastSquares:
    """Return least squares in digital."""

    def solve(places: np.ndarray, received: ComplexArray, _: int) -> ComplexArray:
        return np.asarray(np.linalg.lstsq(pilots[:, places], received)[0])

    return solve
