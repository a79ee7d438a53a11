"""Arrays from files that users hand in: numbers only, whatever is wrong with them one clear error."""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from pathlib import Path

import numpy as np

from amc_circuits.checks import numeric_array
from amc_circuits.system import Numbers
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
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What NumPy raises for a damaged .npy or .npz file, and what reading the wrong content of a sound one does."""


def load_array(name: str, path: Path, dimensions: tuple[int, ...]) -> Numbers:
    """A numeric array from a .npy file; never unpickles, and takes no more memory than the file is long.

    Args:
        name: How the user calls it.
        path: The file.
        dimensions: Allowed numbers of dimensions.

    Raises:
        ParameterError: The file cannot be read as one.
    """
    try:
        if path.exists() and not path.is_file():
            raise ParameterError(name, str(path), "is no file; name a .npy file")
        _check_header_length(path)
        loaded = np.lib.format.open_memmap(path, mode="r")
    except OSError as error:
        raise ParameterError(name, str(path), f"cannot be read: {error.strerror or error}") from None
    except ParameterError:
        raise
    except DAMAGED as error:
        raise ParameterError(name, str(path), _unreadable(error)) from None
    return numeric_array(name, loaded, dimensions)


def _check_header_length(path: Path) -> None:
    """Refuses a header of up to 4 GB (format 2 and later) in a shorter file: NumPy would make room for it."""
    with path.open("rb") as file:
        start = file.read(12)
    if start[6:7] > b"\x01" and int.from_bytes(start[8:12], "little") > path.stat().st_size:
        raise ValueError("header beyond the file size")


def _unreadable(error: Exception) -> str:
    if "object" in str(error).lower():
        return "it holds Python objects, which are not read; save an array of plain numbers"
    if "file size" in str(error):
        return "it is truncated: shorter than its header says; write it again"
    return "it is no .npy file of numbers; write it with numpy.save"
