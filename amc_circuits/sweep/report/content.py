"""Data of a report's table and plots: the rows of a sweep column by column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from amc_circuits.cases.runs import run_names
from amc_circuits.sweep.rows.columns import (
    Column,
    FlatRow,
    columns_of,
    flat,
    main_metrics,
    metrics_of,
    varied_options,
)
from amc_circuits.sweep.rows.curves import (
    MOST_DRAWN,
    NothingToDrawError,
    axes_of,
    columns_for,
    evenly,
    is_logarithmic,
    is_wide,
)
from amc_circuits.sweep.rows.source import known_columns
from amc_circuits.sweep.rows.stream import Rows, load
from amc_circuits.sweep.store import Row, Store
from amc_circuits.values.plain import plain

NEEDED = ("row_wall_time_s", "finished", "host", "engine_version", "package_version", ".engine")
"""Columns of a report besides metrics and options."""
LARGEST_EXACT = 2**53
"""Largest whole number sent as a number; larger ones are text, because a browser's numbers are 64-bit floats."""


@dataclass(frozen=True)
class Subject:
    """Rows of a report.

    Attributes:
        rows: All rows whose points did not run again, with the columns of `NEEDED`.
        some: A few of them that stand for all.
        known: All columns.
        older: Number of rows that are left out.
        page: Rows on the page: all, or `MOST_DRAWN` of them.
    """

    rows: Rows
    some: Sequence[Row]
    known: Sequence[Column]
    older: int
    page: Sequence[Row]

    @classmethod
    def of(cls, store: Store) -> Subject:
        """Read the rows of a store."""
        known = known_columns(store)
        metrics = metrics_of(run_names())
        every = load(store, [*NEEDED, *metrics, *columns_for(known, None, None, None)])
        rows = every.newest()
        page = list(rows.rows(evenly(range(len(rows)), MOST_DRAWN) if len(rows) > MOST_DRAWN else None))
        return cls(rows, rows.some(metrics), known, len(every) - len(rows), page)

    @property
    def thinned(self) -> str:
        """Note on the number of points on the page; empty if all are there."""
        count, every = len(self.page), len(self.rows)
        return f"{count:,} of {every:,} points drawn and in the table" if count < every else ""


def content_of(subject: Subject) -> dict[str, Any]:
    """Columns with the values of the page's rows, and the choice of the first plot, in a form for JSON.

    A column is `main` if the table shows it at first, `constant` if all rows have the same value, `numeric` if all
    known values are numbers, `wide` if colours show these by their logarithm, as in `amc plot`.
    """
    rows, page = subject.some, subject.page
    flat_rows = [flat(row) for row in page]
    main = {"number", *varied_options(rows), "status", *main_metrics(rows), "error"}
    columns = [_described(column, flat_rows, main) for column in columns_of(map(flat, (*rows, *page)))]
    usable = [row.usable for row in page]
    return {"rows": len(page), "columns": columns, "axes": _axes(subject, columns), "usable": usable}


def _described(column: Column, flat_rows: Sequence[FlatRow], main: set[str]) -> dict[str, Any]:
    values = [_exact(plain(row.get(column.name))) for row in flat_rows]
    known = [value for value in values if value not in (None, "")]
    numbers = [value for value in known if isinstance(value, (int, float)) and not isinstance(value, bool)]
    numeric = bool(known) and len(numbers) == len(known)
    return {
        "name": column.name,
        "synonym": column.synonym,
        "title": column.title,
        "unit": column.unit if numbers else "",
        "option": column.option,
        "numeric": numeric,
        "wide": numeric and is_wide(numbers),
        "constant": len(values) > 1 and all(value == values[0] for value in values),
        "main": column.name in main and bool(known),
        "values": values,
    }


def _exact(value: Any) -> Any:
    return str(value) if isinstance(value, int) and abs(value) > LARGEST_EXACT else value


def _axes(subject: Subject, columns: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Columns for x, y and hue as in `amc plot`, and which axes are logarithmic; without such columns, any metric."""
    known = {column["name"]: [value for value in column["values"] if value is not None] for column in columns}
    numeric = [column["name"] for column in columns if column["numeric"]]
    try:
        axes = axes_of(subject.rows, subject.known, None, None, None)
        x, y, hue = axes.x.name, axes.y.name, "" if axes.hue is None else axes.hue.name
    except NothingToDrawError:
        metrics = main_metrics(subject.some)
        x, y, hue = "number", next((name for name in metrics if name in numeric), "row_wall_time_s"), ""
    log_x, log_y = (is_logarithmic(name, known.get(name, [])) for name in (x, y))
    return {"x": x, "y": y, "hue": hue, "log_x": log_x, "log_y": log_y}
