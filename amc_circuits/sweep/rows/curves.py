"""Curves through the rows of a sweep: their columns, medians and bands as numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import compress
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from amc_circuits.cases.runs import run_names
from amc_circuits.sweep.rows.columns import NONE, Column, find_column, flat, main_metrics, metrics_of, varied_options
from amc_circuits.sweep.rows.description import description_of
from amc_circuits.sweep.rows.source import Held, Source, known_columns
from amc_circuits.sweep.rows.stream import Rows, load
from amc_circuits.sweep.rows.values import is_number
from amc_circuits.sweep.store import Row
from netlists import ParameterError
from netlists.record import FloatArray

T = TypeVar("T")
MOST_DRAWN = 5000
"""Most points of a picture or page; of more, every k-th is drawn, and the picture says so."""
MOST_CURVES = 500
"""Most curves of a picture with a bar of colours."""
MANY = 20
"""Number of rows at one place from which on the band shows quantiles instead of the range."""
QUANTILES = (0.05, 0.95)
BANDS = ((("q05", "q95"), "5 to 95 % of the trials"), (("low", "high"), "95 % confidence"))
"""Columns of the ends of bands over many trials, with their meaning; the first one counts."""
WORDS_OF_BANDS = ("", "range", "5 to 95 %", *(words for _, words in BANDS))
REPEATS = ("seed", "trial")
"""Options that are summarized by a median instead of one curve for each value."""
LINEAR = ("bits", "yield")
"""Metrics with a linear axis unless a logarithmic one is requested."""
WIDE = 3.0
"""Factor between positive values above which an axis is logarithmic."""


class NothingToDrawError(ParameterError):
    """No row is usable and has numbers for the axes, or no option varies."""


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
        thinned: Number of points that are drawn, in words; empty when all are.
    """

    x: Column
    y: Column
    hue: Column | None
    over: tuple[str, ...]
    curves: tuple[Curve, ...]
    left_out: str
    description: str
    thinned: str = ""


@dataclass(frozen=True)
class Axes:
    """Columns of a picture, and its rows.

    Attributes:
        x: Column of the horizontal axis.
        y: Column of the vertical axis.
        hue: Column that separates the curves; None for one curve.
        over: Other options that vary.
        current: Rows whose points did not run again.
        drawn: Those of them that are usable and have both metrics.
    """

    x: Column
    y: Column
    hue: Column | None
    over: tuple[str, ...]
    current: Rows
    drawn: Rows


def columns_for(known: Sequence[Column], x: str | None, y: str | None, hue: str | None) -> list[str]:
    """Names of the columns that `axes_of` and `chart_of` need.

    Raises:
        ParameterError: There is no such column.
    """
    if not known:
        return []
    typed = [
        find_column(name, typed, known).name for name, typed in (("x", x), ("hue", hue)) if typed not in (None, NONE)
    ]
    up = [find_column("y", y, known).name] if y else [metrics_of([run])[0] for run in ("", *run_names())]
    return [*typed, *up, *(f"{name}_{part}" for name in up for parts, _ in BANDS for part in parts)]


def axes_of(rows: Rows, known: Sequence[Column], x: str | None, y: str | None, hue: str | None) -> Axes:
    """Choose the columns of a picture; see `chart_of`."""
    current = rows.newest()
    first = main_metrics(current.some())[0]
    up = find_column("y", y, known) if y and known else next((one for one in known if one.name == first), None)
    usable = current if up is None else current.those(current.usable & ~np.isnan(current.numbers(up.name)))
    if up is None or not len(usable):
        title = y or first if up is None else up.title
        raise NothingToDrawError(
            "y", repr(y or first), f"none of {len(rows)} rows is usable and has a {title} that is a number"
        )
    varied = varied_options(usable.some())
    across = find_column("x", x or _first_number(varied, usable), known)
    drawn = usable.those(~np.isnan(usable.numbers(across.name)))
    if not len(drawn):
        raise NothingToDrawError(
            "x", repr(x), f"none of {len(usable)} usable rows has a {across.title} that is a number"
        )
    told_by = _hue(hue, [name for name in varied if name != across.name], known)
    over = tuple(name for name in varied if name != across.name and (told_by is None or name != told_by.name))
    return Axes(across, up, told_by, over, current, drawn)


def chart_of(
    source: Source | Sequence[Row], x: str | None, y: str | None, hue: str | None, where: Sequence[str] = ()
) -> Chart:
    """Compute curves through the usable rows that have both metrics; repeated points count by their newest row.

    Args:
        source: Rows of one sweep.
        x: Any column of numbers; None is the first numeric option that varies.
        y: Any column of numbers; None is the first of the main metrics.
        hue: Any column; `none` for one curve; None is the next option that varies.
        where: Conditions on the rows; see `conditions.read_conditions`.

    Raises:
        ParameterError: There is no such column, none of its values is a number, no row is usable, or nothing varies.
    """
    source = Held(source) if isinstance(source, Sequence) else source
    known = known_columns(source)
    rows = load(source, columns_for(known, x, y, hue), where)
    if where and not len(rows):
        raise ParameterError(
            "where", repr(",".join(where)), "no row keeps this, so there is nothing to draw; relax the condition"
        )
    axes = axes_of(rows, known, x, y, hue)
    left_out = _left_out(axes.current, len(axes.drawn), len(rows) - len(axes.current))
    curves = _curves(axes)
    shown = thinned(curves)
    drawn, every = (sum(len(curve.x) for curve in some) for some in (shown, curves))
    note = f"{drawn:,} of {every:,} points drawn" if drawn < every else ""
    words = description_of([flat(row) for row in axes.drawn.some()])
    return Chart(axes.x, axes.y, axes.hue, axes.over, shown, left_out, words, note)


def thinned(curves: Sequence[Curve]) -> tuple[Curve, ...]:
    """Select at most `MOST_CURVES` curves and about `MOST_DRAWN` places, every k-th."""
    curves = evenly(curves, MOST_CURVES)
    step = max(1, -(-sum(len(curve.x) for curve in curves) // MOST_DRAWN))
    return tuple(
        replace(curve, **{name: getattr(curve, name)[::step] for name in ("x", "middle", "low", "high")})
        for curve in curves
    )


def evenly(some: Sequence[T], most: int) -> Sequence[T]:
    """Select at most so many of these, every k-th."""
    return some[:: max(1, -(-len(some) // most))]


def is_wide(values: Sequence[float] | FloatArray) -> bool:
    """True if values are positive and spread so far that a logarithmic scale is better."""
    return len(values) > 0 and min(values) > 0 and max(values) > WIDE * min(values)


def is_logarithmic(name: str, values: Sequence[float] | FloatArray) -> bool:
    """Default choice of a logarithmic axis for a column."""
    return name not in LINEAR and is_wide(values)


def _first_number(varied: Sequence[str], usable: Rows) -> str:
    numeric = [name for name in varied if not np.isnan(usable.numbers(name)).any()]
    if not numeric:
        raise NothingToDrawError(
            "x", "nothing", f"no numeric option varies in {len(usable)} usable rows; name a column"
        )
    return min(numeric, key=lambda name: name in REPEATS)


def _hue(hue: str | None, rest: Sequence[str], columns: Sequence[Column]) -> Column | None:
    if hue == NONE:
        return None
    name = hue or next((name for name in rest if name not in REPEATS), None)
    return None if name is None else find_column("hue", name, columns)


def _curves(axes: Axes) -> tuple[Curve, ...]:
    """Curves of all hues, each place with the rows that share it."""
    rows = axes.drawn
    group, first = rows.groups([] if axes.hue is None else [axes.hue.name])
    x, y = rows.numbers(axes.x.name), rows.numbers(axes.y.name)
    order = np.lexsort((y, x, group))
    begins = np.flatnonzero(np.r_[True, (np.diff(group[order]) != 0) | (np.diff(x[order]) != 0)])
    middle = medians(y[order], begins)
    low, high, meaning = _bands(rows, axes.y.name, order, begins)
    hues = [None] * len(first) if axes.hue is None else [rows.at(axes.hue.name, place) for place in first.tolist()]
    ends = np.searchsorted(group[order][begins], np.arange(len(first) + 1))
    curves = []
    for hue, begin, end in zip(hues, ends[:-1].tolist(), ends[1:].tolist(), strict=True):
        part = slice(begin, end)
        bands = frozenset(WORDS_OF_BANDS[k] for k in np.unique(meaning[part]).tolist() if k)
        curves.append(Curve(hue, x[order][begins[part]], middle[part], low[part], high[part], bands))
    if all(is_number(curve.hue) for curve in curves):
        curves.sort(key=lambda curve: curve.hue)
    return tuple(curves)


def medians(values: FloatArray, begins: NDArray[np.int64]) -> FloatArray:
    """Median of each group; values rise within a group, and the groups begin at these places."""
    count = np.diff(begins, append=len(values))
    lower, upper = values[begins + (count - 1) // 2], values[begins + count // 2]
    middle: FloatArray = np.where(lower == upper, lower, (lower + upper) / 2)
    return middle


def _bands(
    rows: Rows, name: str, order: NDArray[np.int64], begins: NDArray[np.int64]
) -> tuple[FloatArray, FloatArray, NDArray[np.int64]]:
    """Ends of the bands, and their meanings: the spread of many trials, the widest of several rows."""
    values = rows.numbers(name)[order]
    ends = np.r_[begins[1:], len(values)]
    low, high = values[begins], values[ends - 1]
    meaning = np.where(ends - begins > 1, 1, 0)
    for place in np.flatnonzero(ends - begins >= MANY).tolist():
        low[place], high[place] = np.quantile(values[begins[place] : ends[place]], QUANTILES)
        meaning[place] = 2
    for number, (parts, _) in reversed(list(enumerate(BANDS, 3))):
        least, most = (rows.numbers(f"{name}_{part}")[order] for part in parts)
        least, most = np.fmin.reduceat(least, begins), np.fmax.reduceat(most, begins)
        known = ~np.isnan(least) & ~np.isnan(most)
        low[known], high[known], meaning[known] = least[known], most[known], number
    return low, high, meaning


def _left_out(rows: Rows, drawn: int, older: int) -> str:
    """Note on rows left out, such as `not drawn: 3 of 60 rows (2 UNSTABLE, 1 FAILED)`."""
    if drawn == len(rows) + older:
        return ""
    statuses = Counter(compress(rows.values("status"), ~rows.usable))
    without = len(rows) - drawn - statuses.total()
    reasons = [f"{count} {status}" for status, count in statuses.most_common()]
    reasons += [f"{without} without these figures"] * (without > 0)
    reasons += [f"{older} older, of points that ran again"] * (older > 0)
    return f"not drawn: {len(rows) + older - drawn} of {len(rows) + older} rows ({', '.join(reasons)})"
