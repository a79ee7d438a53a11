"""Arrays in .npz files of NumPy and SciPy, read member by member.

No array may be larger than its header claims, or than is allowed.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from amc_circuits.files.file_kinds import UnreadableError
from amc_circuits.files.sparse_arrays import SCIPY
from amc_circuits.files.text_numbers import MOST_ENTRIES

Readers = Mapping[str, Callable[[], NDArray[Any]]]
"""Functions that read each array of a file, by its name."""
LARGEST = 16 * MOST_ENTRIES
"""Most bytes of an array that its file does not hold as plain bytes."""
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def npz_arrays(path: Path) -> Readers:
    """Readers of the arrays of a file; a file of SciPy has one, the sparse matrix written out, named `sparse`.

    Raises:
        UnreadableError: The file is another zip archive, or a damaged one.
        zipfile.BadZipFile: The archive is damaged.
    """
    with zipfile.ZipFile(path) as archive:
        members = {info.filename: info for info in archive.infolist()}
    names = {name.removesuffix(".npy"): name for name in members if name.endswith(".npy")}
    if "[Content_Types].xml" in members:
        raise UnreadableError("is a workbook or document of Microsoft Office; save the sheet as CSV")
    if any(name.endswith("data.pkl") for name in members):
        raise UnreadableError(
            "is a PyTorch file, which holds a pickle and is not read; write the array with numpy.save"
        )
    if not names:
        raise UnreadableError("is a zip archive without an array; unpack it, or write one with numpy.savez")
    readers = {name: partial(_member, path, member) for name, member in names.items()}
    if {"format", "shape", "data"} <= readers.keys():
        return {"sparse": partial(_sparse, readers)}
    return readers


def _member(path: Path, name: str) -> NDArray[Any]:
    """Read one array; its size is known before it is read."""
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo(name)
        if info.file_size > max(LARGEST, path.stat().st_size):
            raise UnreadableError(
                f"{name} unpacks to {info.file_size / 1e9:.3g} GB; at most {LARGEST / 1e9:.3g} are read"
            )
        if info.compress_type not in METHODS:
            raise UnreadableError(f"{name} is packed in another way than numpy.savez does; write it anew")
        with archive.open(info) as file:
            array = _array(name, file, info.file_size)
            file.read()  # to the end, where the check sum is verified
    return array


def _array(name: str, file: IO[bytes], size: int) -> NDArray[Any]:
    version = np.lib.format.read_magic(file)
    if version not in HEADERS:
        raise UnreadableError(f"{name} is no array of plain numbers")
    shape, by_columns, dtype = HEADERS[version](file)
    if dtype.hasobject:
        raise UnreadableError(f"{name} holds Python objects, which are not read; save an array of plain numbers")
    count = 1
    for length in shape:
        count *= length
    if min(shape, default=0) < 0 or count * dtype.itemsize > size:
        raise UnreadableError(f"{name} is truncated: shorter than its header says; write it again")
    content = file.read(count * dtype.itemsize)
    array = np.frombuffer(content, dtype, count)
    return array.reshape(shape, order="F" if by_columns else "C")


def _sparse(readers: Readers) -> NDArray[Any]:
    """Read a sparse matrix of SciPy, written out in full."""
    form = readers["format"]().tobytes().replace(b"\0", b"").decode("latin-1")
    names, write_out = SCIPY.get(form, ((), None))
    if write_out is None or not set(names) <= readers.keys():
        raise UnreadableError(f"is no sparse matrix that scipy.sparse.save_npz writes (format {form[:20]!r})")
    shape = readers["shape"]().ravel()
    if shape.dtype.kind not in "iu":
        raise UnreadableError("is damaged: the shape of a sparse matrix is no whole numbers")
    return write_out({name: readers[name]() for name in names}, tuple(shape.tolist()))
