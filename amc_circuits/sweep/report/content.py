"""Data of a report's table and plots: the rows of a sweep column by column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from amc_circuits.sweep.rows.columns import Column, FlatRow, columns_of, flat, main_metrics, varied_options
from amc_circuits.sweep.rows.curves import chart_of, is_logarithmic, is_wide
from amc_circuits.sweep.store import Row
from amc_circuits.values.plain import plain
from netlists import ParameterError

LARGEST_EXACT = 2**53
"""Largest whole number sent as a number; larger ones are text, because a browser's numbers are 64-bit floats."""


def content_of(rows: Sequence[Row]) -> dict[str, Any]:
    """Columns with their values, and the choice of the first plot, in a form for JSON.

    A column is `main` if the table shows it at first, `constant` if all rows have the same value, `numeric` if all
    known values are numbers, `wide` if colours show these by their logarithm, as in `amc plot`.
    """
    flat_rows = [flat(row) for row in rows]
    main = {"number", *varied_options(rows), "status", *main_metrics(rows), "error"}
    columns = [_described(column, flat_rows, main) for column in columns_of(flat_rows)]
    usable = [row.usable for row in rows]
    return {"rows": len(rows), "columns": columns, "axes": _axes(rows, columns), "usable": usable}


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


def _axes(rows: Sequence[Row], columns: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Columns for x, y and hue as in `amc plot`, and which axes are logarithmic; without such columns, any metric."""
    known = {column["name"]: [value for value in column["values"] if value is not None] for column in columns}
    numeric = [column["name"] for column in columns if column["numeric"]]
    try:
        chart = chart_of(rows, None, None, None)
        x, y, hue = chart.x.name, chart.y.name, "" if chart.hue is None else chart.hue.name
    except ParameterError:
        x, y, hue = "number", next((name for name in main_metrics(rows) if name in numeric), "row_wall_time_s"), ""
    log_x, log_y = (is_logarithmic(name, known.get(name, [])) for name in (x, y))
    return {"x": x, "y": y, "hue": hue, "log_x": log_x, "log_y": log_y}
