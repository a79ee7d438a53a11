"""Numeric arrays from users' files; every fault is one clear error.

The first bytes decide the format, not the file's name. No file takes more memory than its length, or than a matrix of
4096 x 4096 entries if it is compressed, sparse or text.
"""

from __future__ import annotations

import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amc_circuits.files.file_kinds import READ, UnreadableError, foreign_kind, is_text
from amc_circuits.files.matlab_arrays import is_matlab, mat_arrays
from amc_circuits.files.matrix_market import BANNER, read_matrix_market
from amc_circuits.files.text_numbers import read_text
from amc_circuits.files.zipped_arrays import Readers, npz_arrays
from amc_circuits.values.checks import Numbers, numeric_array
from netlists import ParameterError

DAMAGED = (
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    EOFError,
    SyntaxError,
    OverflowError,
    MemoryError,
    RuntimeError,
    StopIteration,
    NotImplementedError,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)
"""Errors raised for a damaged file, and for a sound one with the wrong content."""
HEAD = 600
"""Number of first bytes that decide the format of a file."""
SHOWN = 8
"""Most names in an error."""


@dataclass(frozen=True)
class _Wanted:
    """The wanted array of a file.

    Attributes:
        name: Name of the parameter, as the user knows it, such as `A`.
        dimensions: Allowed numbers of dimensions.
        member: Name of the array in the file, if given.
        option: Option that gives this name.
    """

    name: str
    dimensions: tuple[int, ...]
    member: str | None
    option: str

    def of(self, readers: Readers) -> NDArray[Any]:
        """Read the array of that name; without a name, the only array or the one named as the parameter."""
        if self.member is not None:
            if self.member not in readers:
                raise UnreadableError(
                    f"has no array {self.member}; it holds {_listed(readers)}; name one by {self.option}"
                )
            return readers[self.member]()
        if len(readers) == 1:
            return next(iter(readers.values()))()
        if self.name in readers:
            return readers[self.name]()
        raise UnreadableError(f"holds {_listed(readers)}; say which by {self.option}")

    def alone(self) -> None:
        """Refuse a name if the file has no names."""
        if self.member is not None:
            raise UnreadableError(f"holds one array without a name; leave out {self.option}")

    def as_vector(self, array: NDArray[Any]) -> NDArray[Any]:
        """Flatten a single row or column, for files that store a vector as a table, if a vector is allowed."""
        return array.ravel() if 1 in self.dimensions and array.ndim == 2 and 1 in array.shape else array


def _listed(readers: Readers) -> str:
    more = f" and {len(readers) - SHOWN} more" if len(readers) > SHOWN else ""
    return ", ".join(list(readers)[:SHOWN]) + more


def load_array(
    name: str, path: Path, dimensions: tuple[int, ...], member: str | None = None, option: str = "matrix_name"
) -> Numbers:
    """A numeric array, real or complex, from a file of any format in `file_kinds.READ`.

    Args:
        name: Name of the parameter, as the user knows it.
        path: The file.
        dimensions: Allowed numbers of dimensions.
        member: Name of the array in a file that holds several.
        option: Option that gives this name.

    Raises:
        ParameterError: The file cannot be read as an array; the text names its format, the fault and its place.
    """
    with reading(name, path):
        return numeric_array(name, stored_array(name, path, dimensions, member, option), dimensions)


def stored_array(
    name: str, path: Path, dimensions: tuple[int, ...], member: str | None = None, option: str = "matrix_name"
) -> NDArray[Any]:
    """An array from a file as it is stored, of any type of plain values; arguments and errors as in `load_array`.

    The dimensions only decide whether a table of one row or column is a vector; they are not checked.
    """
    wanted = _Wanted(name, dimensions, member, option)
    with reading(name, path):
        return _loaded(path, head_of(name, path), wanted)


@contextmanager
def reading(name: str, path: Path) -> Iterator[None]:
    """Turn every error of reading a file into a `ParameterError` of this name and path."""
    try:
        yield
    except OSError as error:
        raise ParameterError(name, str(path), f"cannot be read: {error.strerror or error}") from None
    except UnreadableError as error:
        raise ParameterError(name, str(path), str(error)) from None
    except ParameterError:
        raise
    except DAMAGED as error:
        raise ParameterError(name, str(path), _unreadable(error)) from None


def head_of(name: str, path: Path) -> bytes:
    """Read the first bytes of a file.

    Raises:
        ParameterError: The path is not a regular file; pipes and devices are refused at once.
        OSError: The file cannot be read.
    """
    if path.exists() and not path.is_file():
        raise ParameterError(name, str(path), f"is no file; name one of {READ}")
    with path.open("rb") as file:
        return file.read(HEAD)


def named_arrays(path: Path, head: bytes) -> Readers | None:
    """Readers of the arrays of a file with named arrays; None for other files.

    Raises:
        UnreadableError: The file holds no array.
    """
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return npz_arrays(path)
    return mat_arrays(path) if is_matlab(head) and foreign_kind(head) is None else None


def _loaded(path: Path, head: bytes, wanted: _Wanted) -> NDArray[Any]:
    if (readers := named_arrays(path, head)) is not None:
        array = wanted.of(readers)
        return wanted.as_vector(array) if is_matlab(head) or list(readers) == ["sparse"] else array
    if not head:
        raise UnreadableError(f"is empty; wanted is {READ}")
    wanted.alone()
    if head.startswith(b"\x93NUMPY"):
        return _npy(path)
    if what := foreign_kind(head):
        raise UnreadableError(f"is {what}; wanted is {READ}")
    if head.lower().startswith(BANNER.lower()):
        return wanted.as_vector(_of_market(path))
    if not is_text(head):
        raise UnreadableError(f"is binary data of no known kind; wanted is {READ}")
    return wanted.as_vector(read_text(path))


def _of_market(path: Path) -> NDArray[Any]:
    try:
        return read_matrix_market(path)
    except UnreadableError as error:
        raise UnreadableError(f"is a Matrix Market file with a mistake: {error}") from None


def _npy(path: Path) -> NDArray[Any]:
    """Read by memory map, so that a header that claims too much takes no memory."""
    _check_header_length(path)
    array: NDArray[Any] = np.lib.format.open_memmap(path, mode="r")
    return array


def _check_header_length(path: Path) -> None:
    """Refuse a header longer than its file (format 2 and later, up to 4 GB): NumPy would allocate memory for it."""
    with path.open("rb") as file:
        start = file.read(12)
    if start[6:7] > b"\x01" and int.from_bytes(start[8:12], "little") > path.stat().st_size:
        raise ValueError("header beyond the file size")


def _unreadable(error: Exception) -> str:
    if "object" in str(error).lower() and "array" in str(error).lower():
        return "it holds Python objects, which are not read; save an array of plain numbers"
    if "file size" in str(error):
        return "it is truncated: shorter than its header says; write it again"
    return "it is damaged: it begins as a file of numbers does, but goes on otherwise; write it with numpy.save"
