"""Checks at the border: what users hand in becomes float64 arrays of the right shape, or one clear error."""

from __future__ import annotations

from typing import Any

import numpy as np

from amc_circuits.linear_circuit import check_room
from netlists import ParameterError
from netlists.record import FloatArray

SMALLEST, LARGEST = 1e-100, 1e100
"""Of the largest entry of a matrix or vector: a solution then stays within what float64 can hold."""


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
        raise ParameterError(name, f"shape {array.shape}", f"must have {wanted} dimension{'s' * (wanted != '1')}")
    if array.size == 0:
        raise ParameterError(name, f"shape {array.shape}", "must not be empty")
    with np.errstate(over="ignore"):
        array = array.astype(np.float64)
    if not np.isfinite(array).all():
        where = tuple(int(k) for k in np.argwhere(~np.isfinite(array))[0])
        raise ParameterError(name, f"{array[where]} at {list(where)}", "every entry must be finite")
    return array


def scaled(name: str, array: FloatArray) -> FloatArray:
    """The same array, if its largest entry leaves room for quotients and products of it.

    Raises:
        ParameterError: It is too large or too small for that.
    """
    largest = float(np.abs(array).max())
    if largest != 0 and not SMALLEST <= largest <= LARGEST:
        mend = f"the largest entry must be between {SMALLEST:g} and {LARGEST:g}; take other units"
        raise ParameterError(name, f"{largest:g} as its largest entry", mend)
    return array


def invertible_matrix(name: str, value: Any) -> FloatArray:
    """A square matrix that is not singular to working precision.

    Raises:
        ParameterError: It is not, or it is too large for this machine.
    """
    matrix = scaled(name, real_array(name, value, (2,)))
    if matrix.shape[0] != matrix.shape[1]:
        raise ParameterError(name, f"shape {matrix.shape}", "must be square; INV solves N equations for N unknowns")
    check_room(len(matrix), len(matrix) * (2 if matrix.min() < 0 else 1))
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
    columns = array[:, None] if array.ndim == 1 else array
    for column in columns.T:
        scaled(name, column)
    return columns, array.ndim == 1
