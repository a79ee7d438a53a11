"""Pareto front of a sweep: points of which no other one is smaller in both of two metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from amc_circuits.pictures.style import COLOURS, STYLE, legend_beside, save_figure, write_title
from amc_circuits.sweep.rows.columns import ABOUT, Column, find_column, varied_options
from amc_circuits.sweep.rows.curves import MOST_DRAWN, REPEATS, evenly, medians
from amc_circuits.sweep.rows.description import value_text
from amc_circuits.sweep.rows.picture import LEGEND_ROWS, check_log, scale_axis
from amc_circuits.sweep.rows.source import Held, Source, known_columns
from amc_circuits.sweep.rows.stream import Flags, Rows, load
from amc_circuits.sweep.store import Row, Store
from netlists import ParameterError
from netlists.record import FloatArray

GREY = "#aaaaaa"
LARGER_IS_BETTER = ("bits", "yield", "best_accuracy", "final_accuracy")
"""Metrics that are refused, since the front is of small values."""


@dataclass(frozen=True)
class Front:
    """Points of a sweep in the plane of two metrics, both the better the smaller they are.

    Attributes:
        columns: Columns of both metrics.
        points: Median metrics of each design over its usable repeats, shape (P, 2).
        best: Places of the points of the front, from left to right.
        labels: Varied options of each point of the front, as text.
        over: Repeats over which the points are medians, such as `seed`.
        repeats: Number of repeats that a design of the front has.
        missing: Number of usable repeats of each design that has fewer, and is no point of the front.
    """

    columns: tuple[Column, Column]
    points: FloatArray
    best: tuple[int, ...]
    labels: tuple[str, ...]
    over: tuple[str, ...]
    repeats: int = 1
    missing: tuple[int, ...] = ()

    @property
    def text(self) -> str:
        """Sizes of the front, and of the designs that are kept off it."""
        over = f"median over {', '.join(self.over)}; " if self.over else ""
        count = f"{over}{len(self.best)} of {len(self.points)} designs"
        others = len(self.points) - len(self.best)
        if others > MOST_DRAWN:
            count += f"; {len(evenly(range(others), MOST_DRAWN)):,} of the {others:,} others drawn"
        if not self.missing:
            return count
        least, most = min(self.missing), max(self.missing)
        have = f"{least}" if least == most else f"{least} to {most}"
        return f"{count}\noff the front: {len(self.missing)} with {have} of {self.repeats} {_repeats_of(self.over)}"


def plot_front(
    store: Store, path: Path, names: tuple[str, str], where: tuple[str, ...] = (), log: str | None = None
) -> None:
    """Plot all designs of a sweep over two metrics: those of the front connected and named, the others grey.

    Args:
        store: Rows of the sweep.
        path: File of the picture.
        names: Columns of both metrics, across and up.
        where: Conditions on the rows.
        log: Logarithmic axes, as in `Drawing`.

    Raises:
        ParameterError: There is no such column, or no usable row has both metrics.
    """
    check_log(log)
    front = front_of(store, names, where)
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots()
        _draw(axes, front)
        for which, column, values in zip("xy", front.columns, front.points.T, strict=True):
            scale_axis(axes, which, column, values, log)
        write_title(axes, f"{front.columns[1].title} and {front.columns[0].title}: Pareto front", front.text)
        save_figure(figure, path)


def front_of(source: Source | Sequence[Row], names: tuple[str, str], where: Sequence[str] = ()) -> Front:
    """Compute the Pareto front of the usable rows; repeated points count by their newest row.

    Rows that differ only by seed or trial are one design, with the median of both metrics. A design without a usable
    result in some of them is no point of the front: the median of the others is better than the design.

    Raises:
        ParameterError: There is no such column, it is no metric or one that should be large, or no usable row or no
            design has both.
    """
    source = Held(source) if isinstance(source, Sequence) else source
    known = known_columns(source)
    columns = [find_column("pareto", name, known) for name in names] if known else []
    rows = load(source, [column.name for column in columns], where)
    every = rows.newest()
    usable = every.usable
    if not usable.any():
        raise ParameterError("pareto", " ".join(names), f"none of {len(rows)} rows is usable")
    across, up = columns
    if across.name == up.name:
        raise ParameterError("pareto", " ".join(names), "must be two different metrics")
    for column in (across, up):
        _check_metric(column)
    return _front(every, usable, (across, up), known)


def _front(rows: Rows, usable: Flags, columns: tuple[Column, Column], known: Sequence[Column]) -> Front:
    """Compute the front of rows of which each point is there once."""
    varied = varied_options(rows.some())
    own, over = [name for name in varied if name not in REPEATS], tuple(name for name in varied if name in REPEATS)
    design, first = rows.groups(own)
    metrics = np.array([rows.numbers(column.name) for column in columns])
    both = usable & ~np.isnan(metrics).any(axis=0)
    titles = " ".join(column.name for column in columns)
    if not both.any():
        raise ParameterError("pareto", titles, f"none of {np.count_nonzero(usable)} usable rows has both as numbers")
    repeats, found = (np.bincount(some, minlength=len(first)) for some in (design, design[both]))
    most = int(repeats.max())
    with_both = np.flatnonzero(found)
    complete = np.flatnonzero(found[with_both] == most)
    if not len(complete):
        mend = f"no design has both in all {most} {_repeats_of(over)}; leave out the failed ones by a condition"
        raise ParameterError("pareto", titles, mend)
    points = np.array([_medians(design[both], values[both]) for values in metrics]).T
    best = tuple(complete[list(best_of(points[complete]))].tolist())
    labels = tuple(_label(rows, int(first[with_both[place]]), own, known) for place in best)
    missing = tuple(found[found < most].tolist()) if most > 1 else ()
    return Front(columns, points, best, labels, over, most, missing)


def _medians(group: NDArray[np.int64], values: FloatArray) -> FloatArray:
    order = np.lexsort((values, group))
    return medians(values[order], np.flatnonzero(np.diff(group[order], prepend=-1)))


def _repeats_of(over: Sequence[str]) -> str:
    """Repeats in words."""
    return f"{over[0]}s" if len(over) == 1 else "repeats"


def _label(rows: Rows, place: int, names: Sequence[str], known: Sequence[Column]) -> str:
    columns = {column.name: column for column in known}
    values = ((columns[name], rows.at(name, place)) for name in names)
    # An option that is not set, as the file of a matrix that is drawn, says nothing about the design.
    given = (f"{column.title} {value_text(value, column.unit)}" for column, value in values if value is not None)
    return ", ".join(given)


def _check_metric(column: Column) -> None:
    """Refuse a column whose small values are not good: some metrics but their spread, and what rows say of themselves.

    Raises:
        ParameterError: The column has no place in a front.
    """
    if column.metric in LARGER_IS_BETTER and column.statistic != "std":
        mend = "is the better the larger it is; take a metric of which small values are good"
        raise ParameterError("pareto", column.name, mend)
    if column.name == "number" or column.name in ABOUT:
        mend = "is no metric, it describes the row; take a metric of which small values are good"
        raise ParameterError("pareto", column.name, mend)


def best_of(points: FloatArray) -> tuple[int, ...]:
    """Places of the points, shape (P, 2), than which no other is as small in both values and smaller in one."""
    best: list[int] = []
    for place in np.lexsort((points[:, 1], points[:, 0])).tolist():
        if not best or points[place, 1] < points[best[-1], 1]:
            best.append(place)
    return tuple(best)


def _draw(axes: Axes, front: Front) -> None:
    """Draw the points; those of the front are connected and numbered, with their options in the legend."""
    every = np.delete(front.points, front.best, axis=0)
    others = every[evenly(range(len(every)), MOST_DRAWN)]
    axes.plot(*others.T, "o", color=GREY, markersize=4, zorder=1)
    axes.plot(*front.points[list(front.best)].T, "-", color=COLOURS[0], linewidth=1.2, zorder=2)
    for number, place in enumerate(front.best, start=1):
        x, y = front.points[place].tolist()
        text = front.labels[number - 1]
        label = f"{number}: {text}" if text else f"{number}"
        axes.plot(x, y, "o", color=COLOURS[0], markersize=6, label=label, zorder=3)
        axes.annotate(str(number), (x, y), (4, 4), textcoords="offset points", fontsize=8)
    legend_beside(axes, ncols=-(-len(front.best) // LEGEND_ROWS), handlelength=0, markerscale=0)
