"""Specifications in TOML files from anywhere: text, size and depth are checked before parsing."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from amc_circuits.files.toml_lines import explained, first_too_deep
from netlists import ParameterError
from netlists.errors import path_of

LARGEST_FILE = 2_000_000
"""Most bytes of a file. Python's reader takes up to 150 times as much memory."""
DEEPEST = 8
"""Most parts of a key, and most nested lists and tables.

Python's reader makes n^2 / 2 entries of a key with n parts.
"""
_MANY_DIGITS = re.compile(r"[0-9][0-9_]{4299}")


def read_toml(parameter: str, path: str | Path) -> tuple[str, dict[str, Any]]:
    """Read a file as text and as parsed content.

    Args:
        parameter: Name of the file's parameter, for the error.
        path: The file.

    Raises:
        ParameterError: The file cannot be read, or is not TOML of allowed size and depth; the error names the line.
    """
    path = path_of(parameter, path)
    text = _text(parameter, path)
    return text, _parsed(parameter, path, text)


def _text(parameter: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            raise ParameterError(parameter, str(path), f"is larger than {LARGEST_FILE // 10**6} MB")
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ParameterError(parameter, str(path), f"is no utf-8 text (at line {line}): {error.reason}") from None
    except OSError as error:
        raise ParameterError(parameter, str(path), f"cannot be read: {error.strerror or error}") from None


def _parsed(parameter: str, path: Path, text: str) -> dict[str, Any]:
    if (place := first_too_deep(text, DEEPEST)) is not None:
        line = text.count("\n", 0, place) + 1
        most = f"a key has at most {DEEPEST} parts, and lists and tables are at most {DEEPEST} deep"
        mend = f"cannot be read as TOML: it is nested too deeply (at line {line}); {most}"
        raise ParameterError(parameter, str(path), mend)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ParameterError(parameter, str(path), f"cannot be read as TOML: {explained(text, str(error))}") from None
    except ValueError:  # Python reads no number of more than 4300 digits
        line = text.count("\n", 0, found.start()) + 1 if (found := _MANY_DIGITS.search(text)) else 1
        raise ParameterError(parameter, str(path), f"has a number of too many digits (at line {line})") from None
