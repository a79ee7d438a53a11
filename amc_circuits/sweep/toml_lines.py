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


def line_of(text: str, place: Place) -> int | None:
    """The line, from 1, in which the statement begins that says what stands in a place; None if none does.

    Args:
        text: TOML that can be read.
        place: What is looked for.
    """
    starts = _statements(text)

    def said(count: int) -> bool:
        end = starts[count] if count < len(starts) else len(text)
        return _holds(tomllib.loads(text[:end]), place)

    # What is said stays said: the first statement after which it is there is the one.
    last = bisect.bisect_left(range(len(starts) + 1), True, key=said)
    if not 0 < last <= len(starts):
        return None
    return text.count("\n", 0, starts[last - 1]) + 1


def _statements(text: str) -> list[int]:
    """Where statements begin: after the end of a line that is in no text, list or table, where something stands."""
    found, depth, begin = [], 0, 0
    for token in _TOKEN.finditer(text + "\n"):
        sign = token[0]
        depth += (sign in "[{") - (sign in "]}")
        if sign == "\n" and depth == 0:
            line = text[begin : token.start()]
            if line.strip() and not line.lstrip().startswith("#"):
                found.append(begin)
            begin = token.end()
    return found


def _holds(content: Any, place: Place) -> bool:
    try:
        for step in place:
            content = content[step]
    except (KeyError, IndexError):
        return False
    return True
