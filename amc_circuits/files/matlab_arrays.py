"""Arrays in .mat files of MATLAB, version 5 to 7: only numbers and sparse matrices.

A file is a header of 128 bytes and elements, compressed or not. An array is an element of parts: flags, dimensions,
name, real part, imaginary part (MathWorks, MAT-File Format). Elements that are not arrays of numbers are skipped.
`scipy.io.loadmat` is not used: it ends the process with a segmentation fault if a file is damaged.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from amc_circuits.files.file_kinds import UnreadableError
from amc_circuits.files.sparse_arrays import of_pointers, written_out
from amc_circuits.files.zipped_arrays import LARGEST, Readers

HEAD = 128
PACKED, MATRIX = 15, 14
"""Types of elements."""
SPARSE = 5
NUMBERS = {SPARSE, *range(6, 16)}
"""Classes of arrays: sparse, double, single, and whole numbers of 8 to 64 bits."""
OTHERS = {1: "a cell array", 2: "a structure", 3: "an object", 4: "text", 16: "a function", 17: "an object"}
COMPLEX = 0x0800
"""Flag of complex arrays."""
TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
"""NumPy types of the numbers in a part, by MATLAB's number."""
Order = Literal["<", ">"]


def is_matlab(head: bytes) -> bool:
    """Test for the header of MATLAB 5 to 7."""
    return head[124:128] in (b"\x00\x01IM", b"\x01\x00MI")


def mat_arrays(path: Path) -> Readers:
    """Readers of the arrays of numbers in a file.

    Raises:
        UnreadableError: The file holds none, is damaged, or is too large when decompressed.
    """
    with path.open("rb") as file:
        order: Order = "<" if file.read(HEAD)[126:128] == b"IM" else ">"
    arrays = [_Array.of(element, order) for element in _elements(path, order)]
    readers = {array.name: array.read for array in arrays if array.number in NUMBERS}
    if not readers:
        others = [f"{array.name} is {OTHERS.get(array.number, 'something else')}" for array in arrays[:5]]
        raise UnreadableError(f"holds no array of numbers{': ' if others else ''}{', '.join(others)}")
    return readers


def _elements(path: Path, order: Order) -> Iterator[bytes]:
    """Yield the arrays, decompressed, each as its parts in sequence."""
    left = max(LARGEST, path.stat().st_size)
    with path.open("rb") as file:
        file.seek(HEAD)
        while tag := file.read(8):
            kind, size = struct.unpack(f"{order}II", tag)
            content = file.read(min(size, left))
            if len(content) < size:
                raise UnreadableError("is truncated, or damaged: an element is longer than the file")
            if kind == PACKED:
                content = _unpacked(content, left)
                kind, size = struct.unpack_from(f"{order}II", content)
                content = content[8 : 8 + size]
            left -= len(content)
            if kind == MATRIX:
                yield content


def _unpacked(content: bytes, most: int) -> bytes:
    unpacker = zlib.decompressobj()
    element = unpacker.decompress(content, most) if most > 0 else b""
    if most <= 0 or unpacker.unconsumed_tail:
        raise UnreadableError(f"unpacks to more than {LARGEST / 1e9:.3g} GB, which are not read")
    return element


@dataclass(frozen=True)
class _Array:
    """One array of a file.

    Attributes:
        name: Name of the array in MATLAB.
        number: Number of its class.
        complex: True if it has an imaginary part.
        shape: Dimensions of the array.
        parts: Parts after the name: numbers.
    """

    name: str
    number: int
    complex: bool
    shape: tuple[int, ...]
    parts: Sequence[NDArray[Any]]

    @classmethod
    def of(cls, element: bytes, order: Order) -> Self:
        """Build an array from its parts."""
        parts = _parts(element, order)
        flags, shape, name = (next(parts, None) for _ in range(3))
        if flags is None or shape is None or name is None or flags.nbytes != 8:
            raise UnreadableError("is damaged: an array lacks its flags, dimensions or name")
        word = int(flags.view(f"{order}u4")[0])
        number, lengths = word & 0xFF, tuple(shape.tolist())
        numbers = list(parts) if number in NUMBERS else []
        return cls(name.tobytes().decode("latin-1"), number, bool(word & COMPLEX), lengths, numbers)

    def read(self) -> NDArray[Any]:
        """Read the numbers; a sparse matrix is written out in full."""
        skipped = 2 if self.number == SPARSE else 0
        if len(self.parts) < skipped + 1 + self.complex or len(self.shape) < 2 or min(self.shape) < 0:
            raise UnreadableError(f"is damaged: {self.name} lacks its numbers or dimensions")
        values: NDArray[Any] = self.parts[skipped]
        if self.complex:
            values = values + 1j * self.parts[skipped + 1]
        if self.number != SPARSE:
            return values.reshape(self.shape, order="F")
        rows, pointers = self.parts[0], self.parts[1]
        count = int(pointers[-1]) if pointers.size else 0
        if not 0 <= count <= min(rows.size, values.size):
            raise UnreadableError(f"is damaged: {self.name} has fewer entries than its pointers say")
        if len(pointers) != self.shape[1] + 1:
            raise UnreadableError(f"is damaged: {self.name} has {len(pointers)} pointers for {self.shape[1]} columns")
        return written_out(self.shape, rows[:count], of_pointers(pointers, count), values[:count])


def _parts(element: bytes, order: Order) -> Iterator[NDArray[Any]]:
    """Yield the parts of numbers as one-dimensional arrays; short parts are stored in their own tag."""
    place = 0
    while place + 8 <= len(element):
        kind, size = struct.unpack_from(f"{order}II", element, place)
        start = place + 8
        if kind >> 16:
            kind, size, start = kind & 0xFFFF, kind >> 16, place + 4
        if kind not in TYPES or start + size > len(element):
            raise UnreadableError("is damaged: a part of an array has no such type or length")
        dtype = np.dtype(TYPES[kind]).newbyteorder(order)
        yield np.frombuffer(element, dtype, size // dtype.itemsize, start)
        place = max(place + 8, start + size)
        place += -place % 8
