"""Arrays from files that users hand in: numbers only, whatever is wrong with them one clear error.

What a file is, its first bytes say, not its name. None takes more memory than it is long, or than a matrix of 4096 x
4096 entries does where it is packed, sparse or text.
"""

from __future__ import annotations

import struct
import tokenize
import zipfile
import zlib
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
"""What is raised for a damaged file, and what reading the wrong content of a sound one does."""
HEAD = 600
"""Bytes that are looked at to see what a file is."""
SHOWN = 8
"""Names that an error lists."""


@dataclass(frozen=True)
class _Wanted:
    """Which array of a file is wanted.

    Attributes:
        name: How the user calls it, such as `A`.
        dimensions: Allowed numbers of dimensions.
        member: Its name in the file, where it is given.
        option: By which a name is given.
    """

    name: str
    dimensions: tuple[int, ...]
    member: str | None
    option: str

    def of(self, readers: Readers) -> NDArray[Any]:
        """The array of that name; without one the only array, or the one that is called as the user calls it."""
        if self.member is not None:
            if self.member not in readers:
                raise UnreadableError(f"has no array {self.member}; it holds {_listed(readers)}")
            return readers[self.member]()
        if len(readers) == 1:
            return next(iter(readers.values()))()
        if self.name in readers:
            return readers[self.name]()
        raise UnreadableError(f"holds {_listed(readers)}; say which by {self.option}")

    def alone(self) -> None:
        """Refuses a name for what has none."""
        if self.member is not None:
            raise UnreadableError(f"holds one array without a name; leave out {self.option}")

    def as_vector(self, array: NDArray[Any]) -> NDArray[Any]:
        """A single row or column of a file that knows tables only as a vector, where one may be."""
        return array.ravel() if 1 in self.dimensions and array.ndim == 2 and 1 in array.shape else array


def _listed(readers: Readers) -> str:
    more = f" and {len(readers) - SHOWN} more" if len(readers) > SHOWN else ""
    return ", ".join(list(readers)[:SHOWN]) + more


def load_array(
    name: str, path: Path, dimensions: tuple[int, ...], member: str | None = None, option: str = "matrix_name"
) -> Numbers:
    """A numeric array, real or complex, from a file of any kind in `file_kinds.READ`.

    Args:
        name: How the user calls it.
        path: The file.
        dimensions: Allowed numbers of dimensions.
        member: Its name in a file that holds several.
        option: By which such a name is given.

    Raises:
        ParameterError: The file cannot be read as one; it says what the file is, and what is wrong where.
    """
    wanted = _Wanted(name, dimensions, member, option)
    try:
        head = head_of(name, path)
        return numeric_array(name, _loaded(path, head, wanted), dimensions)
    except OSError as error:
        raise ParameterError(name, str(path), f"cannot be read: {error.strerror or error}") from None
    except UnreadableError as error:
        raise ParameterError(name, str(path), str(error)) from None
    except ParameterError:
        raise
    except DAMAGED as error:
        raise ParameterError(name, str(path), _unreadable(error)) from None


def head_of(name: str, path: Path) -> bytes:
    """The first bytes of a file.

    Raises:
        ParameterError: It is no file; a pipe or a device is not waited for.
        OSError: It cannot be read.
    """
    if path.exists() and not path.is_file():
        raise ParameterError(name, str(path), f"is no file; name one of {READ}")
    with path.open("rb") as file:
        return file.read(HEAD)


def named_arrays(path: Path, head: bytes) -> Readers | None:
    """What reads the arrays of a file that has names for them; None for any other.

    Raises:
        UnreadableError: There is none in it.
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
    """By memory map, so that a header that claims more than there is takes no room."""
    _check_header_length(path)
    array: NDArray[Any] = np.lib.format.open_memmap(path, mode="r")
    return array


def _check_header_length(path: Path) -> None:
    """Refuses a header of up to 4 GB (format 2 and later) in a shorter file: NumPy would make room for it."""
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
