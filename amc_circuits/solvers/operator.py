"""A programmed circuit as a linear operator of SciPy, for its iterative solvers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from amc_circuits.results.solution import Solution
from amc_circuits.values.checks import Numbers

if TYPE_CHECKING:
    from scipy.sparse.linalg import LinearOperator


def linear_operator(
    solve: Callable[[Numbers], Solution], shape: tuple[int, int], is_complex: bool, strict: bool
) -> LinearOperator:
    """Return an operator whose products are solutions of a circuit.

    Args:
        solve: Function that solves for a vector (n,) or the columns of a matrix (n, K).
        shape: Number of entries of an answer, and of a right-hand side.
        is_complex: True if answers are complex for real right-hand sides.
        strict: True raises `UnusableSolutionError` for a solution that is not usable; False returns its value.
    """
    from scipy.sparse.linalg import LinearOperator  # here, for a solve without it needs no SciPy

    def product(vectors: Numbers) -> Numbers:
        solution = solve(vectors)
        return (solution.raise_if_unusable() if strict else solution).value

    return LinearOperator(shape, matvec=product, matmat=product, dtype=complex if is_complex else float)
