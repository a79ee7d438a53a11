"""Arrays in records: shape, hash, and the numbers of small ones."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from amc_circuits.values.checks import Numbers, numeric_array
from amc_circuits.values.plain import plain
from netlists import ParameterError

ENTRIES = 64
"""Largest number of entries of an array whose numbers stand in a record."""
TYPES = {"f": "<f8", "c": "<c16"}


def array_sha256(array: Numbers) -> str:
    """Hash of the numbers, row by row, as little-endian float64; of complex ones, real and imaginary part in turn."""
    return hashlib.sha256(np.ascontiguousarray(array, dtype=TYPES[array.dtype.kind]).tobytes()).hexdigest()


def array_content(array: Numbers) -> dict[str, Any]:
    """Describe an array of float64 or complex128 for a record."""
    return {
        "shape": list(array.shape),
        "complex": bool(np.iscomplexobj(array)),
        "sha256": array_sha256(array),
        "entries": plain(array) if array.size <= ENTRIES else None,
    }


def array_of(name: str, content: Mapping[str, Any]) -> Numbers | None:
    """Rebuild an array from its description; None if the description has no numbers.

    Raises:
        ParameterError: The numbers do not have the shape or the hash of the description.
    """
    found = content["entries"]
    if found is None:
        return None
    parts = [found["re"], found["im"]] if content["complex"] else [found]
    real, *imaginary = (numeric_array(name, part, (1, 2)) for part in parts)
    array = real + 1j * imaginary[0] if imaginary else real
    check_array(name, array, content)
    return array


def check_array(name: str, array: Numbers, content: Mapping[str, Any]) -> None:
    """Refuse an array that is not the described one.

    Raises:
        ParameterError: Shape or hash differ.
    """
    if list(array.shape) != content["shape"] or array_sha256(array) != content["sha256"]:
        raise ParameterError(name, f"shape {array.shape}", "is not the array of the record: shape or sha256 differ")
