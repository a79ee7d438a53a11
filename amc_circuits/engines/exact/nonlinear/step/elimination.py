"""Many small systems of linear equations at once: Gauss's elimination over all of them, element by element.

LAPACK takes its time for each system. This takes that of some array operations, which hardly grows with their number.
"""

from __future__ import annotations

import numpy as np

from netlists.record import FloatArray

FEW = 140
"""Number of systems below which LAPACK is faster."""
LARGEST = 1e3
"""Largest factor of a row that is subtracted from another without a search for pivots; three digits are lost at most
with each, of a change that Newton's method corrects again."""


def solved(rows: FloatArray) -> FloatArray:
    """Solve `matrix x = right` for matrices with their right sides as last columns (s, s + 1, E); shape (s, E).

    Raises:
        numpy.linalg.LinAlgError: A matrix is singular.
    """
    if rows.shape[2] < FEW:
        return _by_pivots(rows)
    left, size = rows.copy(), len(rows)
    factors = np.empty((size * (size - 1) // 2, rows.shape[2]))
    unused = factors
    with np.errstate(divide="ignore", invalid="ignore"):
        for k in range(size - 1):
            row, below = left[k], left[k + 1 :]
            here, unused = unused[: len(below)], unused[len(below) :]
            np.divide(below[:, k], row[k], out=here)
            rest = below[:, k + 1 :]
            rest -= here[:, None] * row[k + 1 :]
    if not (np.abs(factors).max(initial=0.0) <= LARGEST and left[-1, -2].all()):
        return _by_pivots(rows)
    found = left[:, -1]
    for k in range(size - 1, -1, -1):
        last, above = found[k], found[:k]
        last /= left[k, k]
        above -= left[:k, k] * last
    return found


def _by_pivots(rows: FloatArray) -> FloatArray:
    """Solve them by LAPACK."""
    every = rows.transpose(2, 0, 1)
    return np.ascontiguousarray(np.linalg.solve(every[:, :, :-1], every[:, :, -1:])[..., 0].T)
