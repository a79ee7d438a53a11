"""Arrays in .mat files of MATLAB, version 5 to 7: numbers and sparse matrices alone, read by SciPy.

A file is a head of 128 bytes and elements, packed or not. They are unpacked and looked at here, so that nothing but
plain numbers reaches SciPy: no cells, structures, objects or functions, and nothing that unpacks without end.
"""

from __future__ import annotations

import io
import math
import struct
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amc_circuits.file_kinds import UnreadableError
from amc_circuits.zipped_arrays import LARGEST, Readers, written_out

HEAD = 128
PACKED, MATRIX = 15, 14
"""Types of elements."""
NUMBERS = {5, *range(6, 16)}
"""Classes of arrays: sparse, double, single, and whole numbers of 8 to 64 bits."""
OTHERS = {1: "a cell array", 2: "a structure", 3: "an object", 4: "text", 16: "a function", 17: "an object"}
MOST_DIMENSIONS = 32


def is_matlab(head: bytes) -> bool:
    """True where a file begins as one of MATLAB 5 to 7 does."""
    return head[124:128] in (b"\x00\x01IM", b"\x01\x00MI")


def mat_arrays(path: Path) -> Readers:
    """The arrays of numbers in a file.

    Raises:
        UnreadableError: It holds none, is damaged, or unpacks to too much.
    """
    with path.open("rb") as file:
        head = file.read(HEAD)
    order = "<" if head[126:128] == b"IM" else ">"
    readers, others = {}, []
    for element in _elements(path, order):
        name, number = _name_and_class(element, order)
        if number in NUMBERS:
            readers[name] = partial(_read, head, element)
        else:
            others.append(f"{name} is {OTHERS.get(number, 'something else')}")
    if not readers:
        raise UnreadableError(f"holds no array of numbers{': ' if others else ''}{', '.join(others[:5])}")
    return readers


def _elements(path: Path, order: str) -> Iterator[bytes]:
    """The arrays, unpacked, as they stand in a file that is not packed."""
    left = max(LARGEST, path.stat().st_size)
    with path.open("rb") as file:
        file.seek(HEAD)
        while tag := file.read(8):
            if len(tag) < 8:
                raise UnreadableError("is truncated")
            kind, size = struct.unpack(f"{order}II", tag)
            content = file.read(min(size, left))
            if len(content) < size:
                raise UnreadableError("is truncated, or damaged: an element is longer than the file")
            if kind in (PACKED, MATRIX):
                element = _unpacked(content, left) if kind == PACKED else tag + content
                left -= len(element)
                yield element


def _unpacked(content: bytes, most: int) -> bytes:
    unpacker = zlib.decompressobj()
    element = unpacker.decompress(content, most) if most > 0 else b""
    if most <= 0 or unpacker.unconsumed_tail:
        raise UnreadableError(f"unpacks to more than {LARGEST / 1e9:.3g} GB, which are not read")
    return element


def _name_and_class(element: bytes, order: str) -> tuple[str, int]:
    """Of an array, after a look at its dimensions."""
    kind, size = struct.unpack_from(f"{order}II", element)
    if kind != MATRIX or size > len(element) - 8:
        raise UnreadableError("is damaged: an array is longer than its element")
    flags, place = _part(element, 8, order)
    dimensions, place = _part(element, place, order)
    name, _ = _part(element, place, order)
    count = len(dimensions) // 4
    if len(flags) != 8 or len(dimensions) % 4 or not 2 <= count <= MOST_DIMENSIONS:
        raise UnreadableError("is damaged: an array has no such dimensions")
    lengths = struct.unpack(f"{order}{count}i", dimensions)
    number = struct.unpack(f"{order}II", flags)[0] & 0xFF
    if min(lengths) < 0 or (number != 5 and number in NUMBERS and math.prod(lengths) > len(element)):
        raise UnreadableError("is damaged: an array has more entries than bytes")
    return name.decode("latin-1"), number


def _part(element: bytes, place: int, order: str) -> tuple[bytes, int]:
    """Content of a part of an array, and where the next one begins; short ones stand in their own tag."""
    first, size = struct.unpack_from(f"{order}II", element, place)
    if first >> 16:
        return element[place + 4 : place + 4 + (first >> 16)], place + 8
    end = place + 8 + size
    if end > len(element):
        raise UnreadableError("is damaged: a part of an array is longer than the array")
    return element[place + 8 : end], end + -end % 8


def _read(head: bytes, element: bytes) -> NDArray[Any]:
    from scipy import io as scipy_io  # here, for every command would wait for it

    try:
        found = scipy_io.loadmat(io.BytesIO(head + element))
    except scipy_io.matlab.MatReadError as error:
        raise UnreadableError(f"is damaged: {error}") from None
    value = next(value for name, value in found.items() if not name.startswith("__"))
    return written_out(value) if hasattr(value, "toarray") else np.asarray(value)
