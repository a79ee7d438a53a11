"""Many small systems of linear equations at once: Gauss's elimination over all of them, element by element.

LAPACK takes a microsecond for each; here a hundred take as long as forty there.
"""

from __future__ import annotations

import numpy as np

from netlists.record import FloatArray

LARGEST = 1e3
"""Largest factor of a row that is subtracted from another without a search for pivots; three digits are lost at most
with each, of a change that Newton's method corrects again."""


def solved(matrices: FloatArray, right: FloatArray) -> FloatArray:
    """Solve `matrix x = right` for matrices (s, s, E) and right sides (s, E); shape (s, E).

    Raises:
        numpy.linalg.LinAlgError: A matrix is singular.
    """
    size = len(right)
    rows, found = matrices.copy(), right.copy()
    with np.errstate(divide="ignore", invalid="ignore"):
        for k in range(size - 1):
            row, below = rows[k], rows[k + 1 :]
            factors = below[:, k] / row[k]
            if not np.abs(factors).max() <= LARGEST:
                return np.ascontiguousarray(np.linalg.solve(matrices.transpose(2, 0, 1), right.T[..., None])[..., 0].T)
            rest, later = below[:, k + 1 :], found[k + 1 :]
            rest -= factors[:, None] * row[k + 1 :]
            later -= factors * found[k]
        if not rows[-1, -1].all():
            raise np.linalg.LinAlgError("singular matrix")
        for k in range(size - 1, -1, -1):
            last, above = found[k], found[:k]
            last /= rows[k, k]
            above -= rows[:k, k] * last
    return found
