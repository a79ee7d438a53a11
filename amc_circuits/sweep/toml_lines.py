"""In which line of a TOML text something stands: for errors, so that it may take its time."""

from __future__ import annotations

import bisect
import re
import tomllib
from typing import Any

Place = tuple[str | int, ...]
"""Keys and numbers of list entries from the outermost on, such as `("points", 2, "size")`."""
_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?""""{0,2}'  # multi-line text may end in up to two quotes of its own
    r"|'''.*?''''{0,2}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|\#[^\n]*"
    r"|[\[\]{}\n]",
    re.DOTALL,
)
_KEY = re.compile(r"[ \t]*([^=\n]{1,100}?)[ \t]*=")


def line_of(text: str, place: Place) -> int | None:
    """The line, from 1, in which the statement begins that says what stands in a place; None if none does.

    Args:
        text: TOML that can be read.
        place: What is looked for.
    """
    starts, _ = _statements(text)

    def said(count: int) -> bool:
        end = starts[count] if count < len(starts) else len(text)
        return _holds(tomllib.loads(text[:end]), place)

    # What is said stays said: the first statement after which it is there is the one.
    last = bisect.bisect_left(range(len(starts) + 1), True, key=said)
    if not 0 < last <= len(starts):
        return None
    return text.count("\n", 0, starts[last - 1]) + 1


def explained(text: str, error: str) -> str:
    """What Python says of a text that it cannot read, and the key of which it says so, where that helps to find it.

    Args:
        text: TOML that cannot be read.
        error: Ends in `(at line 2, column 1)` or `(at end of document)`.
    """
    lines = text.split("\n")
    if found := re.search(r"\(at line (\d+)", error):
        lines = lines[: int(found[1])]
    twice = error.startswith("Cannot overwrite a value")
    # A list that does not end takes in what follows, up to the line that can be nothing of it.
    starts, depth = _statements("\n".join(lines if twice or not found else lines[:-1]))
    key = _KEY.match(text, starts[-1]) if starts else None
    if key and twice:
        return error.replace("Cannot overwrite a value", f"{key[1]} is given twice")
    if key and depth > 0 and error.startswith(("Unclosed", "Invalid value")):
        line = text.count("\n", 0, starts[-1]) + 1
        return f"{error}, in {key[1]}, which begins in line {line}"
    return error


def _statements(text: str) -> tuple[list[int], int]:
    """Where statements begin: after the end of a line that is in no text, list or table, where something stands.

    Returns:
        All of them, and in how many lists and tables the text ends.
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
