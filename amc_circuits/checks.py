"""Checks at the border: what users hand in becomes float64 arrays of the right shape, or one clear error."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlists import ParameterError
from netlists.parameters import FloatArray


def real_array(name: str, value: Any, dimensions: tuple[int, ...]) -> FloatArray:
    """A float64 copy of a real, finite, non-empty array.

    Args:
        name: How the user calls it.
        value: An array or nested lists.
        dimensions: Allowed numbers of dimensions.

    Raises:
        ParameterError: It is none of that.
    """
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        mend = "must be real numbers"
        if array.dtype.kind == "c":
            mend += "; write N complex equations as 2N real ones, [[Re, -Im], [Im, Re]]"
        raise ParameterError(name, f"an array of {array.dtype}", mend)
    if array.ndim not in dimensions:
        wanted = " or ".join(str(count) for count in dimensions)
        raise ParameterError(name, f"shape {array.shape}", f"must have {wanted} dimensions")
    if array.size == 0:
        raise ParameterError(name, f"shape {array.shape}", "must not be empty")
    array = array.astype(np.float64)
    if not np.isfinite(array).all():
        where = tuple(int(k) for k in np.argwhere(~np.isfinite(array))[0])
        raise ParameterError(name, f"{array[where]} at {list(where)}", "every entry must be finite")
    return array


def invertible_matrix(name: str, value: Any) -> FloatArray:
    """A square matrix that is not singular to working precision.

    Raises:
        ParameterError: It is not.
    """
    matrix = real_array(name, value, (2,))
    if matrix.shape[0] != matrix.shape[1]:
        raise ParameterError(name, f"shape {matrix.shape}", "must be square; INV solves N equations for N unknowns")
    singular_values = np.linalg.svd(matrix, compute_uv=False)
    if singular_values[-1] <= singular_values[0] * len(matrix) * np.finfo(float).eps:
        raise ParameterError(name, "a singular matrix", "must be invertible to working precision; add damping")
    return matrix


def right_hand_sides(name: str, value: Any, size: int) -> tuple[FloatArray, bool]:
    """One vector or the columns of a matrix, as shape (size, K), and True for a single vector.

    Raises:
        ParameterError: The shape does not match.
    """
    array = real_array(name, value, (1, 2))
    if array.shape[0] != size:
        raise ParameterError(name, f"shape {array.shape}", f"must have {size} rows to match the matrix")
    return (array[:, None], True) if array.ndim == 1 else (array, False)
