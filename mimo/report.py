"""Report of a study in the forms that its command prints and writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from amc_circuits import short_repr


@dataclass(frozen=True)
class Report:
    """Result of a study.

    Attributes:
        record: Result as plain data, for JSON.
        tables: Result as printed tables.
        draw: Function that draws it into a file.
        warnings: Sentences about what limits the result, one a line.
        usable: False if no circuit of the study works.
    """

    record: dict[str, Any]
    tables: tuple[Table, ...]
    draw: Callable[[Path], None]
    warnings: tuple[str, ...] = ()
    usable: bool = True

    __repr__ = short_repr


def grid(title: str, headings: Sequence[str], texts: int = 1) -> Table:
    """Begin a table: so many columns of texts, then columns of numbers."""
    found = Table(title=title, title_justify="left")
    for place, heading in enumerate(headings):
        found.add_column(heading, justify="left" if place < texts else "right")
    return found
