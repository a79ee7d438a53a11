"""Rows as a table of text: units in the headings, folded or cut to the width of a terminal.

Written by hand: Rich takes minutes for the rows of a large sweep.
"""

from __future__ import annotations

import itertools
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from amc_circuits.sweep.rows.columns import Column, FlatRow
from amc_circuits.values.quantities import format_quantity

HEADING_WIDTH = 10
FOLDED = 24
"""Longest text in one line; longer texts may take several lines in a terminal."""
GAP = 2


@dataclass(frozen=True)
class _Printed:
    """A column in print.

    Attributes:
        title: Title in words.
        heading: Lines of the heading.
        cells: Cells, one a row.
        text: True if the cells are aligned left.
        width: Width in characters.
    """

    title: str
    heading: list[str]
    cells: list[str]
    text: bool
    width: int


def _rule_sign() -> str:
    """Sign of a rule that stdout can print."""
    return "─" if (sys.stdout.encoding or "").lower().startswith("utf") else "-"


def cell(value: Any, column: Column) -> str:
    """Format a value under the heading of its column, which has the unit; `-` for no value."""
    if value is None or isinstance(value, bool):
        return "-" if value is None else str(value).lower()
    if isinstance(value, str):
        return one_line(value)
    if isinstance(value, int) and not column.unit:
        return str(value)
    return format_quantity(value, column.unit).removesuffix(column.unit).replace(" ", "")


def one_line(text: str) -> str:
    """Make a text from outside safe for a terminal."""
    return "".join(sign if sign.isprintable() else "?" for sign in " ".join(text.split()))


def lines_of(flat_rows: Sequence[FlatRow], columns: Sequence[Column]) -> list[str]:
    """Format a table of all these columns; in a terminal, long texts share the room that the others leave."""
    return list(_lines([_printed(flat_rows, column) for column in columns], _terminal_width()))


def fitted_lines(flat_rows: Sequence[FlatRow], columns: Sequence[Column], keep: int) -> list[str]:
    """Format as many columns as fit into a terminal, at least the first `keep`, and a note on the rest."""
    printed, limit = [_printed(flat_rows, column) for column in columns], _terminal_width()
    shown = list(printed)
    while limit and len(shown) > keep and _width(_widths(shown, limit)) > limit:
        shown.pop()
    left_out = ", ".join(column.title for column in printed[len(shown) :])
    note = textwrap.wrap(f"no room for {left_out}; columns shows what it names", limit) if left_out else []
    return [*_lines(shown, limit), *note]


def _terminal_width() -> int:
    """Characters in a line; 0 without a terminal, for no limit."""
    console = Console()
    return console.width if console.is_terminal else 0


def _printed(flat_rows: Sequence[FlatRow], column: Column) -> _Printed:
    heading = textwrap.wrap(column.heading, HEADING_WIDTH, break_long_words=False)
    values = [row.get(column.name) for row in flat_rows]
    cells = [cell(value, column) for value in values]
    text = any(isinstance(value, str) for value in values)
    return _Printed(column.title, heading, cells, text, max(map(len, [*heading, *cells])))


def _widths(printed: Sequence[_Printed], limit: int) -> list[int]:
    """Widths of all columns; beyond the limit, long texts share the room that the others leave."""
    widths = [column.width for column in printed]
    long = [width for width in widths if width > FOLDED]
    if not (long and limit and _width(widths) > limit):
        return widths
    room = max(FOLDED, (limit - _width(widths) + sum(long)) // len(long))
    return [min(width, room) if width > FOLDED else width for width in widths]


def _width(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _lines(printed: Sequence[_Printed], limit: int) -> Iterator[str]:
    """Yield headings, a rule and rows; nothing without columns, as for a sweep without rows."""
    if not printed:
        return
    widths = _widths(printed, limit)
    most = max(len(column.heading) for column in printed)
    for parts in zip(*([""] * (most - len(column.heading)) + column.heading for column in printed), strict=True):
        yield _line(parts, printed, widths)
    yield _rule_sign() * _width(widths)
    for cells in zip(*(column.cells for column in printed), strict=True):
        folded = [
            textwrap.wrap(text, width) if len(text) > width else [text]
            for text, width in zip(cells, widths, strict=True)
        ]
        for parts in itertools.zip_longest(*folded, fillvalue=""):
            yield _line(parts, printed, widths)


def _line(parts: Sequence[str], printed: Sequence[_Printed], widths: Sequence[int]) -> str:
    aligned = (
        part.ljust(width) if column.text else part.rjust(width)
        for part, column, width in zip(parts, printed, widths, strict=True)
    )
    return (" " * GAP).join(aligned).rstrip()
