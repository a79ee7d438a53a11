"""Curves through the rows of a sweep: their columns, medians and bands as numbers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from amc_circuits.sweep.rows.columns import (
    NONE,
    Column,
    FlatRow,
    columns_of,
    find_column,
    flat,
    main_metrics,
    newest,
    varied_options,
)
from amc_circuits.sweep.rows.description import description_of
from amc_circuits.sweep.store import Row
from netlists import ParameterError
from netlists.record import FloatArray

MANY = 20
"""Number of rows at one place from which on the band shows quantiles instead of the range."""
QUANTILES = (0.05, 0.95)
REPEATS = ("seed", "trial")
"""Options that are summarized by a median instead of one curve for each value."""
LINEAR = ("bits", "yield")
"""Metrics with a linear axis unless a logarithmic one is requested."""
WIDE = 3.0
"""Factor between positive values above which an axis is logarithmic."""


@dataclass(frozen=True)
class Curve:
    """One curve.

    Attributes:
        hue: Common value of its rows; None if it is not set, or if all rows are one curve.
        x: Shape (P,), rising.
        middle: Median of the rows at each place, shape (P,).
        low: Lower end of the band, shape (P,); equal to `middle` for a single value.
        high: Upper end of the band.
        bands: Meaning of the ends, in words, for each type of band in the curve.
    """

    hue: Any
    x: FloatArray
    middle: FloatArray
    low: FloatArray
    high: FloatArray
    bands: frozenset[str]


@dataclass(frozen=True)
class Chart:
    """Content of a picture of a sweep.

    Attributes:
        x: Column of the horizontal axis.
        y: Column of the vertical axis.
        hue: Column that separates the curves; None for one curve.
        over: Other options that vary: the median is over them.
        curves: Curves in the order of their hues.
        left_out: Number of rows that are not shown, with reasons, in words; empty when all are shown.
        description: Circuit and fixed conditions of the rows, in words.
    """

    x: Column
    y: Column
    hue: Column | None
    over: tuple[str, ...]
    curves: tuple[Curve, ...]
    left_out: str
    description: str


def chart_of(rows: Sequence[Row], x: str | None, y: str | None, hue: str | None) -> Chart:
    """Compute curves through the usable rows that have both metrics; repeated points count by their newest row.

    Args:
        rows: Rows of one sweep.
        x: Any column of numbers; None is the first numeric option that varies.
        y: Any column of numbers; None is the first of the main metrics.
        hue: Any column; `none` for one curve; None is the next option that varies.

    Raises:
        ParameterError: There is no such column, none of its values is a number, no row is usable, or nothing varies.
    """
    y = main_metrics(rows)[0] if y is None else y
    current = newest(rows)
    flat_rows = [flat(row) for row in current]
    columns = columns_of(flat_rows)
    up = find_column("y", y, columns) if columns else None
    usable = [
        (row, values)
        for row, values in zip(current, flat_rows, strict=True)
        if row.usable and up is not None and is_number(values.get(up.name))
    ]
    found = [values for _, values in usable]
    if up is None or not found:
        title = y if up is None else up.title
        raise ParameterError("y", repr(y), f"none of {len(rows)} rows is usable and has a {title} that is a number")
    varied = varied_options([row for row, _ in usable])
    across = find_column("x", x or _first_number(varied, found), columns)
    drawn = [row for row in found if is_number(row.get(across.name))]
    if not drawn:
        raise ParameterError("x", repr(x), f"none of {len(found)} usable rows has a {across.title} that is a number")
    told_by = _hue(hue, [name for name in varied if name != across.name], columns)
    over = tuple(name for name in varied if name != across.name and (told_by is None or name != told_by.name))
    left_out = _left_out(current, len(drawn), len(rows) - len(current))
    return Chart(across, up, told_by, over, _curves(drawn, across, up, told_by), left_out, description_of(drawn))


def is_wide(values: Sequence[float] | FloatArray) -> bool:
    """True if values are positive and spread so far that a logarithmic scale is better."""
    return len(values) > 0 and min(values) > 0 and max(values) > WIDE * min(values)


def is_logarithmic(name: str, values: Sequence[float] | FloatArray) -> bool:
    """Default choice of a logarithmic axis for a column."""
    return name not in LINEAR and is_wide(values)


def is_number(value: Any) -> bool:
    """True for a finite number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _first_number(varied: Sequence[str], found: Sequence[FlatRow]) -> str:
    numeric = [name for name in varied if all(is_number(row.get(name)) for row in found)]
    if not numeric:
        raise ParameterError("x", "nothing", f"no numeric option varies in {len(found)} usable rows; name a column")
    return min(numeric, key=lambda name: name in REPEATS)


def _hue(hue: str | None, rest: Sequence[str], columns: Sequence[Column]) -> Column | None:
    if hue == NONE:
        return None
    name = hue or next((name for name in rest if name not in REPEATS), None)
    return None if name is None else find_column("hue", name, columns)


def _curves(rows: Sequence[FlatRow], x: Column, y: Column, hue: Column | None) -> tuple[Curve, ...]:
    grouped: dict[Any, dict[float, list[FlatRow]]] = {}
    for row in rows:
        value = None if hue is None else row.get(hue.name)
        grouped.setdefault(value, {}).setdefault(float(row[x.name]), []).append(row)
    if all(is_number(value) for value in grouped):
        grouped = dict(sorted(grouped.items()))
    return tuple(_curve(value, dict(sorted(places.items())), y) for value, places in grouped.items())


def _curve(hue: Any, places: dict[float, list[FlatRow]], y: Column) -> Curve:
    middle = np.array([np.median([row[y.name] for row in group]) for group in places.values()])
    ends = [_band(group, y.name) for group in places.values()]
    low, high = (np.array([end[k] for end in ends], dtype=np.float64) for k in (0, 1))
    return Curve(hue, np.array(list(places)), middle, low, high, frozenset(end[2] for end in ends if end[2]))


def _band(group: Sequence[FlatRow], name: str) -> tuple[float, float, str]:
    """Ends of the band at one place, and their meaning: the spread of many trials, the widest of several rows."""
    for parts, words in ((("q05", "q95"), "5 to 95 % of the trials"), (("low", "high"), "95 % confidence")):
        low, high = ([row[key] for row in group if row.get(key) is not None] for key in (f"{name}_{p}" for p in parts))
        if low and high:
            return min(low), max(high), words
    values = np.array([row[name] for row in group], dtype=np.float64)
    if len(values) >= MANY:
        low_end, high_end = np.quantile(values, QUANTILES).tolist()
        return low_end, high_end, "5 to 95 %"
    return float(values.min()), float(values.max()), "range" if len(values) > 1 else ""


def _left_out(rows: Sequence[Row], drawn: int, older: int) -> str:
    """Note on rows left out, such as `not drawn: 3 of 60 rows (2 UNSTABLE, 1 FAILED)`."""
    if drawn == len(rows) + older:
        return ""
    statuses = Counter(row.status for row in rows if not row.usable)
    without = len(rows) - drawn - statuses.total()
    reasons = [f"{count} {status}" for status, count in statuses.most_common()]
    reasons += [f"{without} without these figures"] * (without > 0)
    reasons += [f"{older} older, of points that ran again"] * (older > 0)
    return f"not drawn: {len(rows) + older - drawn} of {len(rows) + older} rows ({', '.join(reasons)})"
