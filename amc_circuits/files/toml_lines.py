"""Line numbers in a TOML text. Used for errors only, so speed does not matter."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from typing import Any

Place = tuple[str | int, ...]
"""Path of a value: keys and list indices from the outermost on, such as `("points", 2, "size")`."""
_TOKEN = re.compile(
    # Text of several lines may end in up to two quotes of its own; one without an end takes all that follows. No
    # pattern goes back over text that it took, so that the time is proportional to the length.
    r'"""(?:[^"\\]++|\\.|"(?!""))*+(?:"{3,5}|\Z)'
    r"|'''(?:[^']++|'(?!''))*+(?:'{3,5}|\Z)"
    r'|"(?:[^"\\\n]++|\\.)*+"?'
    r"|'[^'\n]*+'?"
    r"|\#[^\n]*+"
    r"|[\[\]{}\n]",
    re.DOTALL,
)
_KEY = re.compile(r"[ \t]*([^=\n]{1,100}?)[ \t]*=")


def line_of(text: str, place: Place) -> int | None:
    """Line, from 1, of the statement that sets the value at a place; None if there is none.

    Args:
        text: Valid TOML.
        place: Path of the value.
    """
    starts, _ = _statements(text)
    section: Place = ()
    entries: Counter[Place] = Counter()
    for start, end in zip(starts, [*starts, len(text)][1:], strict=True):
        content = tomllib.loads(text[start:end])
        if text[start:end].lstrip().startswith("["):
            section, content = _section(content, entries), {}
        if place == section[: len(place)] or (
            place[: len(section)] == section and content and _holds(content, place[len(section) :])
        ):
            return text.count("\n", 0, start) + 1
    return None


def _section(content: Any, entries: Counter[Place]) -> Place:
    """Place of a heading; in a list of tables each heading is an entry, so the last entry so far."""
    place: Place = ()
    while content:
        ((key, content),) = content.items()
        place = (*place, key)
        if isinstance(content, list):
            entries[place] += 1
            return (*place, entries[place] - 1)
        if place in entries:
            place = (*place, entries[place] - 1)
    return place


def first_too_deep(text: str, most: int) -> int | None:
    """Offset of the first key with too many parts or of the first list or table nested too deeply.

    None if there is none.

    Args:
        text: Any text.
        most: Allowed parts and depth.
    """
    depth = dots = end = 0
    for token in _TOKEN.finditer(text):
        *before, last = re.split("[=,]", text[end : token.start()])
        if before:
            if max(dots + before[0].count("."), *(part.count(".") for part in before[1:]), 0) >= most:
                return end
            dots = 0
        dots += last.count(".")
        sign, end = token[0], token.end()
        depth += (sign in "[{") - (sign in "]}")
        if dots >= most or depth > most:
            return token.start()
        if sign in "[]{}\n":
            dots = 0
    return len(text) if text.count(".", end) >= most else None


def explained(text: str, error: str) -> str:
    """Add the key to Python's error on an unreadable text, if this helps to locate it.

    Args:
        text: TOML that cannot be read.
        error: Ends in `(at line 2, column 1)` or `(at end of document)`.
    """
    lines = text.split("\n")
    if found := re.search(r"\(at line (\d+)", error):
        lines = lines[: int(found[1])]
    twice = error.startswith("Cannot overwrite a value")
    # A list without an end takes in what follows, up to the first line that cannot be part of it.
    starts, depth = _statements("\n".join(lines if twice or not found else lines[:-1]))
    key = _KEY.match(text, starts[-1]) if starts else None
    if key and twice:
        return error.replace("Cannot overwrite a value", f"{key[1]} is given twice")
    if key and depth > 0 and error.startswith(("Unclosed", "Invalid value")):
        line = text.count("\n", 0, starts[-1]) + 1
        return f"{error}, in {key[1]}, which begins in line {line}"
    return error


def _statements(text: str) -> tuple[list[int], int]:
    """Locate the beginnings of statements: after each line end outside of text, lists and tables, before content.

    Returns:
        Offsets of the statements, and the depth of lists and tables at the end of the text.
    """
    found, depth, begin = [], 0, 0
    for token in _TOKEN.finditer(text + "\n"):
        sign = token[0]
        depth += (sign in "[{") - (sign in "]}")
        if sign == "\n" and depth == 0:
            line = text[begin : token.start()]
            if line.strip() and not line.lstrip().startswith("#"):
                found.append(begin)
            begin = token.end()
    if depth > 0 and text[begin:].strip():
        found.append(begin)
    return found, depth


def _holds(content: Any, place: Place) -> bool:
    try:
        for step in place:
            content = content[step]
    except (KeyError, IndexError):
        return False
    return True
