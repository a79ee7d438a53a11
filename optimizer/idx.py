"""Reads IDX files (the format of MNIST), plain or gzipped, without trusting them."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_LARGEST = 2**30  # bytes; the largest file of EMNIST holds 0.55e9


class IdxError(ValueError):
    """A file that is not the IDX file it should be."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}; replace it by an intact copy, or remove it to have it downloaded again")


def read_idx(path: Path) -> NDArray[np.generic]:
    """Reads one IDX array.

    The format: two zero bytes, a type code, the number of dimensions, then each dimension as a big-endian 32-bit
    integer, then the values, the last index running fastest (Y. LeCun, http://yann.lecun.com/exdb/mnist).

    Args:
        path: The file; gzipped when its name ends in `.gz`.

    Returns:
        The array in native byte order, its shape as in the header.

    Raises:
        IdxError: The file is unreadable, is not IDX, is empty, claims more than 1 GiB, or is longer or shorter than it
            claims.
    """
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as stream:
            dtype, shape = _read_header(path, stream)  # type: ignore[arg-type]
            size = math.prod(shape) * dtype.itemsize
            content = stream.read(size + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise IdxError(path, f"cannot be read ({error})") from error
    if len(content) != size:
        relation = "more" if len(content) > size else f"{len(content)} instead of"
        raise IdxError(path, f"holds {relation} the {size} bytes of values that its header announces")
    return np.frombuffer(content, dtype).reshape(shape).astype(dtype.newbyteorder("="))


def _read_header(path: Path, stream: IO[bytes]) -> tuple[np.dtype[np.generic], tuple[int, ...]]:
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _TYPES:
        raise IdxError(path, f"starts with {magic.hex(' ') or 'nothing'}, which is not the mark of an IDX file")
    dimensions = stream.read(4 * magic[3])
    if magic[3] == 0 or len(dimensions) < 4 * magic[3]:
        raise IdxError(path, "ends within its header")
    shape = tuple(int(size) for size in np.frombuffer(dimensions, ">u4"))
    dtype = np.dtype(_TYPES[magic[2]])
    if not 0 < math.prod(shape) * dtype.itemsize <= _LARGEST:
        raise IdxError(path, f"announces the shape {shape}, which is empty or beyond 1 GiB")
    return dtype, shape
