"""The choice between a file and a preset, which commands offer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from amc_circuits import ParameterError

Spec = TypeVar("Spec")


def file_or_preset(
    path: Path | None, name: str | None, word: str, read: Callable[[Path], Spec], preset: Callable[[str], Spec]
) -> Spec:
    """Return what a file or a preset holds.

    Args:
        path: File; None if it was not given.
        name: Name of the preset; None if it was not given.
        word: The file as the help of the command calls it.
        read: Function that reads the file.
        preset: Function that finds the preset.

    Raises:
        ParameterError: Neither or both were given, or `read` or `preset` refuses.
    """
    if path is not None and name is None:
        return read(path)
    if path is None and name is not None:
        return preset(name)
    found = f"neither it nor {word}" if path is None else f"both it and {word}"
    raise ParameterError("preset", found, "give exactly one of them")
