"""Reader of IDX files (the format of MNIST), plain or gzipped, with every header checked."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from amc_circuits import ParameterError

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_LARGEST = 2**30  # bytes; the largest array of EMNIST holds 0.55e9


class DataFileError(ParameterError):
    """Error for a data file with wrong content."""

    def __init__(self, path: Path, found: str) -> None:
        mend = "replace it by an intact copy, or remove it to have it downloaded again"
        super().__init__(str(path), found, mend)

    def __reduce__(self) -> tuple[type[DataFileError], tuple[Path, str]]:  # type: ignore[override]
        return type(self), (Path(self.parameter), str(self.value))


def read_idx(path: Path) -> NDArray[np.generic]:
    """Read one IDX array.

    The format: two zero bytes, a type code, the number of dimensions, then each dimension as a big-endian 32-bit
    integer, then the values, the last index running fastest (Y. LeCun, http://yann.lecun.com/exdb/mnist).

    Args:
        path: The file; gzipped when its name ends in `.gz`.

    Returns:
        The array in native byte order, its shape as in the header.

    Raises:
        DataFileError: The file is unreadable, is not IDX, is empty, claims more than 1 GiB, or is longer or shorter
            than it claims.
    """
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as stream:
            dtype, shape = _read_header(path, stream)
            size = math.prod(shape) * dtype.itemsize
            content = stream.read(size + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataFileError(path, f"what cannot be read ({error})") from error
    if len(content) != size:
        raise DataFileError(path, f"{'more than' if len(content) > size else len(content)} of {size} announced bytes")
    return np.frombuffer(content, dtype).reshape(shape).astype(dtype.newbyteorder("="))


def is_idx(path: Path) -> bool:
    """True for a file whose name ends in `.gz` or which begins with the mark of an IDX array."""
    if path.suffix == ".gz" or not path.is_file():
        return path.suffix == ".gz"
    with path.open("rb") as file:
        start = file.read(4)
    return len(start) == 4 and start[:2] == b"\0\0" and start[2] in _TYPES


def read_images(path: Path) -> NDArray[np.uint8]:
    """Read images `samples x height x width`; raise `DataFileError` if the file holds something else."""
    images = read_idx(path)
    if images.dtype != np.uint8 or images.ndim != 3:
        raise DataFileError(path, f"an array of {images.dtype} with shape {images.shape} for grey images")
    return images.astype(np.uint8, copy=False)


def read_labels(path: Path, count: int) -> NDArray[np.int64]:
    """Read `count` labels; raise `DataFileError` if the file holds something else."""
    labels = read_idx(path)
    if labels.dtype != np.uint8 or labels.shape != (count,):
        raise DataFileError(path, f"an array of {labels.dtype} with shape {labels.shape} for {count} labels")
    return labels.astype(np.int64)


def _read_header(path: Path, stream: IO[bytes] | gzip.GzipFile) -> tuple[np.dtype[np.generic], tuple[int, ...]]:
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _TYPES:
        raise DataFileError(path, f"a start of {magic.hex(' ') or 'nothing'}, which is not the mark of an IDX file")
    dimensions = stream.read(4 * magic[3])
    if magic[3] == 0 or len(dimensions) < 4 * magic[3]:
        raise DataFileError(path, "an incomplete header")
    shape = tuple(int(size) for size in np.frombuffer(dimensions, ">u4"))
    dtype: np.dtype[np.generic] = np.dtype(_TYPES[magic[2]])
    if not 0 < math.prod(shape) * dtype.itemsize <= _LARGEST:
        raise DataFileError(path, f"the shape {shape}, which is empty or beyond 1 GiB")
    return dtype, shape
