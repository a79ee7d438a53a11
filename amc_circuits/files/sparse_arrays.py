"""Sparse matrices written out in full from the arrays in files; every index is checked first.

Only NumPy is used: SciPy's own checks accept negative pointers, which then end the process.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amc_circuits.files.file_kinds import UnreadableError
from amc_circuits.files.text_numbers import MOST_ENTRIES

Array = NDArray[Any]


def written_out(shape: tuple[int, ...], rows: Array, columns: Array, values: Array) -> Array:
    """Write out a matrix of given entries; entries at one place are summed.

    Raises:
        UnreadableError: The matrix is too large, or an entry lies outside.
    """
    size = " x ".join(map(str, shape))
    if len(shape) != 2 or min(shape) < 1:
        raise UnreadableError(f"is damaged: a sparse matrix has rows and columns, not {size}")
    if shape[0] * shape[1] > MOST_ENTRIES:
        raise UnreadableError(f"is a sparse matrix of {size}; at most {MOST_ENTRIES} entries are read")
    places = [np.asarray(place).ravel() for place in (rows, columns)]
    values = np.asarray(values).ravel()
    if values.dtype.kind not in "fiubc" or any(place.dtype.kind not in "iu" for place in places):
        raise UnreadableError("is damaged: places or entries of a sparse matrix are no numbers")
    for place, length in zip(places, shape, strict=True):
        if len(place) != len(values) or (len(place) and not 0 <= int(place.min()) <= int(place.max()) < length):
            raise UnreadableError(f"is damaged: entries of a sparse matrix lie outside of {size}")
    matrix = np.zeros(shape, dtype=np.complex128 if values.dtype.kind == "c" else np.float64)
    np.add.at(matrix, (places[0].astype(np.intp), places[1].astype(np.intp)), values)
    return matrix


def of_pointers(pointers: Array, count: int) -> Array:
    """Row (or column) of each entry of a compressed matrix, from the pointers to begin and end of each.

    Raises:
        UnreadableError: The pointers do not fit `count` entries.
    """
    pointers = np.asarray(pointers).ravel()
    lengths: NDArray[np.int64] = np.diff(pointers.astype(np.int64) if pointers.dtype.kind in "iu" else [])
    if not len(pointers) or pointers[0] != 0 or (lengths < 0).any() or lengths.sum() != count:
        raise UnreadableError("is damaged: pointers of a sparse matrix do not fit its entries")
    return np.repeat(np.arange(len(lengths)), lengths)


def _by_rows(parts: dict[str, Array], shape: tuple[int, ...]) -> Array:
    return written_out(shape, of_pointers(parts["indptr"], parts["indices"].size), parts["indices"], parts["data"])


def _by_columns(parts: dict[str, Array], shape: tuple[int, ...]) -> Array:
    return written_out(shape, parts["indices"], of_pointers(parts["indptr"], parts["indices"].size), parts["data"])


def _by_places(parts: dict[str, Array], shape: tuple[int, ...]) -> Array:
    return written_out(shape, parts["row"], parts["col"], parts["data"])


def _by_blocks(parts: dict[str, Array], shape: tuple[int, ...]) -> Array:
    data, indices = parts["data"], parts["indices"]
    if data.ndim != 3 or data.shape[0] != indices.size or indices.dtype.kind not in "iu":
        raise UnreadableError("is damaged: blocks of a sparse matrix do not fit their places")
    high, wide = data.shape[1:]
    rows = of_pointers(parts["indptr"], indices.size)[:, None, None] * high + np.arange(high)[:, None]
    columns = indices.ravel().astype(np.int64)[:, None, None] * wide + np.arange(wide)
    return written_out(shape, np.broadcast_to(rows, data.shape), np.broadcast_to(columns, data.shape), data)


def _by_diagonals(parts: dict[str, Array], shape: tuple[int, ...]) -> Array:
    data, offsets = np.atleast_2d(parts["data"]), parts["offsets"].ravel()
    if data.ndim != 2 or len(data) != len(offsets) or offsets.dtype.kind not in "iu" or len(shape) != 2:
        raise UnreadableError("is damaged: diagonals of a sparse matrix do not fit their offsets")
    columns = np.broadcast_to(np.arange(data.shape[1]), data.shape)
    rows = columns - np.clip(offsets.astype(np.int64), -max(shape), max(shape))[:, None]
    inside = (columns < shape[1]) & (rows >= 0) & (rows < shape[0])
    return written_out(shape, rows[inside], columns[inside], data[inside])


SCIPY: dict[str, tuple[tuple[str, ...], Callable[[dict[str, Array], tuple[int, ...]], Array]]] = {
    "csr": (("data", "indices", "indptr"), _by_rows),
    "csc": (("data", "indices", "indptr"), _by_columns),
    "bsr": (("data", "indices", "indptr"), _by_blocks),
    "coo": (("data", "row", "col"), _by_places),
    "dia": (("data", "offsets"), _by_diagonals),
}
"""Formats of `scipy.sparse.save_npz`: the arrays of each, and the function that writes the matrix out."""
