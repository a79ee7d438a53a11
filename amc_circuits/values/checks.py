"""Checks of input: users' values become float64 arrays of the right shape, or raise one clear error."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netlists import ParameterError
from netlists.memory import check_memory
from netlists.record import FloatArray

Numbers = NDArray[Any]
"""An array of float64 or complex128."""

SMALLEST, LARGEST = 1e-100, 1e100
"""Limits of the largest entry of a matrix or vector, so that a solution stays within the range of float64."""


def numeric_array(name: str, value: Any, dimensions: tuple[int, ...]) -> Numbers:
    """Make a float64 or complex128 copy of a finite, non-empty array.

    Complex numbers whose imaginary parts are all 0 become real.

    Args:
        name: Name of the parameter, as the user knows it.
        value: An array or nested lists.
        dimensions: Allowed numbers of dimensions.

    Raises:
        ParameterError: The value is not such an array.
    """
    array = _plain(name, value)
    if array.dtype.kind not in "fiubc":
        raise ParameterError(name, f"an array of {array.dtype}", "must be numbers")
    if array.ndim not in dimensions:
        wanted = " or ".join(str(count) for count in dimensions)
        raise ParameterError(name, f"shape {array.shape}", f"must have {wanted} dimension{'s' * (wanted != '1')}")
    if array.size == 0:
        raise ParameterError(name, f"shape {array.shape}", "must not be empty")
    with np.errstate(over="ignore"):
        array = array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)
    if not np.isfinite(array).all():
        where = tuple(int(k) for k in np.argwhere(~np.isfinite(array))[0])
        raise ParameterError(name, f"{array[where]} at {list(where)}", "every entry must be finite")
    return array if array.dtype.kind == "f" or array.imag.any() else np.ascontiguousarray(array.real)


def _plain(name: str, value: Any) -> NDArray[Any]:
    """Convert to an array; write a sparse matrix of SciPy out in full."""
    dense = getattr(value, "toarray", None)
    if dense is not None:
        check_memory(f"shape {value.shape}", f"{name} written out", 16.0 * math.prod(value.shape))
    try:
        return np.asarray(value if dense is None else dense())
    except ValueError:  # raised by NumPy for rows of unequal lengths
        raise ParameterError(name, "rows of unequal lengths", "must be a rectangle of numbers") from None


def scaled(name: str, array: Numbers) -> Numbers:
    """Return the same array if its largest entry leaves room for quotients and products.

    Raises:
        ParameterError: The largest entry is too large or too small.
    """
    largest = float(np.abs(array).max())
    if largest != 0 and not SMALLEST <= largest <= LARGEST:
        mend = f"the largest entry must be between {SMALLEST:g} and {LARGEST:g}; take other units"
        raise ParameterError(name, f"{largest:g} as its largest entry", mend)
    return array


def square_matrix(name: str, value: Any) -> Numbers:
    """A square matrix, real or complex.

    Raises:
        ParameterError: The matrix is not square.
    """
    matrix = scaled(name, numeric_array(name, value, (2,)))
    if matrix.shape[0] != matrix.shape[1]:
        raise ParameterError(name, f"shape {matrix.shape}", "must be square")
    return matrix


def check_invertible(name: str, matrix: FloatArray) -> None:
    """Refuse a matrix that is singular to working precision.

    Raises:
        ParameterError: The matrix is singular.
    """
    singular_values = np.linalg.svd(matrix, compute_uv=False)
    if singular_values[-1] <= singular_values[0] * len(matrix) * np.finfo(float).eps:
        raise ParameterError(name, "a singular matrix", "must be invertible to working precision; add damping")


def right_hand_sides(name: str, value: Any, size: int) -> tuple[Numbers, bool]:
    """One vector or the columns of a matrix, real or complex, as shape (size, K), and True for a single vector.

    Raises:
        ParameterError: The shape does not match.
    """
    array = numeric_array(name, value, (1, 2))
    if array.shape[0] != size:
        raise ParameterError(name, f"shape {array.shape}", f"must have {size} rows to match the matrix")
    columns = array[:, None] if array.ndim == 1 else array
    for column in columns.T:
        scaled(name, column)
    return columns, array.ndim == 1
