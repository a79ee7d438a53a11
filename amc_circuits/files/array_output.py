"""Arrays written to files for other programs; the suffix decides the format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amc_circuits.files.run_folder import replacing

DIGITS = "%.17g"
"""Format with enough digits to read the same number again."""


def _text(separator: str) -> Callable[[Path, str, NDArray[Any]], None]:
    """Build a writer of text: one entry or row a line; complex numbers as 1+2j."""

    def write(path: Path, name: str, array: NDArray[Any]) -> None:
        form = f"{DIGITS}%+.17gj" if np.iscomplexobj(array) else DIGITS
        rows = array[:, None] if array.ndim == 1 else array
        lines = (separator.join(_number(form, value) for value in row) for row in rows.tolist())
        path.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")

    return write


def _number(form: str, value: Any) -> str:
    return form % ((value.real, value.imag) if isinstance(value, complex) else value)


def _npy(path: Path, name: str, array: NDArray[Any]) -> None:
    with path.open("wb") as file:
        np.save(file, array, allow_pickle=False)


def _npz(path: Path, name: str, array: NDArray[Any]) -> None:
    named: dict[str, Any] = {name: array}
    with path.open("wb") as file:
        np.savez(file, **named)


def _matrix_market(path: Path, name: str, array: NDArray[Any]) -> None:
    from scipy.io import mmwrite  # imported here, otherwise every command would load it

    with path.open("wb") as file:
        mmwrite(file, array.reshape(len(array), -1), precision=17, symmetry="general")


def _matlab(path: Path, name: str, array: NDArray[Any]) -> None:
    from scipy.io import savemat

    with path.open("wb") as file:
        savemat(file, {name: array}, oned_as="column")


WRITERS: dict[str, Callable[[Path, str, NDArray[Any]], None]] = {
    ".npy": _npy,
    ".npz": _npz,
    ".csv": _text(","),
    ".tsv": _text("\t"),
    ".txt": _text(" "),
    ".mtx": _matrix_market,
    ".mat": _matlab,
}


def write_array(path: Path, name: str, array: NDArray[Any]) -> None:
    """Write an array completely or not at all.

    Args:
        path: The file; its suffix is one of `WRITERS`.
        name: Name of the array, for formats that have names.
        array: Real or complex, one or two dimensions.
    """
    with replacing(path) as partial:
        WRITERS[path.suffix.lower()](partial, name, array)
