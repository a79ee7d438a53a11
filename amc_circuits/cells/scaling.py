"""Scaling of a matrix before it is programmed: `S = D_r A D_c`, with diagonal D_r and D_c that are undone digitally."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from netlists import ParameterError
from netlists.record import FloatArray

Scaling = Literal["none", "diagonal", "powers-of-two"]
SMALLEST, LARGEST = 1e-50, 1e50
"""Limits of every factor, so that products of entries, vectors and factors stay within the range of float64."""
ROUNDS, NEAR = 60, 0.01
"""Limits of equilibration.

Each round halves the logarithms of the largest entries, so this many rounds are enough for any spread. It ends earlier
if all are this near to 1.
"""

ROUNDING = 1e-12
"""Largest imaginary part of a real diagonal, over the largest entry of A: products such as `H^H H` are rounded."""


def scaling_factors(matrix: NDArray[Any], scaling: Scaling) -> tuple[FloatArray, FloatArray]:
    """Compute the diagonals of D_r and D_c.

    Args:
        matrix: A, real or complex, shape (N, M).
        scaling: `none`; `diagonal`, both `diag(A)^-1/2`, so that the diagonal of S is 1; or `powers-of-two`, which
            bring the largest entry of every row and column near the largest of A and are exact in binary arithmetic.

    Returns:
        Shapes (N,) and (M,), all above 0.

    Raises:
        ParameterError: The diagonal has an entry that is not above 0, or the entries spread too far.
    """
    if scaling == "none":
        return np.ones(matrix.shape[0]), np.ones(matrix.shape[1])
    rows, columns = _diagonal(matrix) if scaling == "diagonal" else _equilibrated(matrix)
    factors = np.concatenate([rows, columns])
    if not SMALLEST <= factors.min() <= factors.max() <= LARGEST:
        mend = f"factors from {factors.min():.3g} to {factors.max():.3g} are too far apart; take scaling = none"
        raise ParameterError("scaling", scaling, mend)
    return rows, columns


def _diagonal(matrix: NDArray[Any]) -> tuple[FloatArray, FloatArray]:
    if matrix.shape[0] != matrix.shape[1]:
        mend = f"needs a square matrix, not one of shape {matrix.shape}; take powers-of-two"
        raise ParameterError("scaling", "diagonal", mend)
    diagonal = np.diag(matrix)
    rounding = ROUNDING * np.abs(matrix).max()
    bad = np.flatnonzero((np.abs(diagonal.imag) > rounding) | (diagonal.real <= 0))
    if bad.size:
        k = int(bad[0])
        mend = f"needs a diagonal of numbers above 0, but A has {diagonal[k]:g} at {[k, k]}; take powers-of-two"
        raise ParameterError("scaling", "diagonal", mend)
    factors = 1 / np.sqrt(diagonal.real)
    return factors, factors


def _equilibrated(matrix: NDArray[Any]) -> tuple[FloatArray, FloatArray]:
    """Divide rows and columns repeatedly by the roots of their largest entries, then round to powers of two.

    Reference: D. Ruiz, A scaling algorithm to equilibrate both rows and columns norms in matrices, Rutherford Appleton
    Laboratory, RAL-TR-2001-034, 2001, with the infinity norm. A symmetric matrix stays symmetric. A row or column of
    zeros keeps its factor of 1. Units of A change nothing.
    """
    sizes = np.abs(matrix)
    sizes = sizes / (sizes.max() or 1.0)
    rows, columns = np.ones(matrix.shape[0]), np.ones(matrix.shape[1])
    for _ in range(ROUNDS):
        of_rows, of_columns = _root_of_largest(sizes, 1), _root_of_largest(sizes, 0)
        sizes = sizes / of_rows[:, None] / of_columns
        rows, columns = rows / of_rows, columns / of_columns
        if np.abs(np.concatenate([of_rows, of_columns]) - 1).max() < NEAR:
            break
    return _power_of_two(rows), _power_of_two(columns)


def _root_of_largest(sizes: FloatArray, axis: int) -> FloatArray:
    largest = sizes.max(axis=axis)
    return np.sqrt(np.where(largest > 0, largest, 1.0))


def _power_of_two(factors: FloatArray) -> FloatArray:
    return np.asarray(np.exp2(np.rint(np.log2(factors))))
