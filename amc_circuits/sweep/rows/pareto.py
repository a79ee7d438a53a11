"""Pareto front of a sweep: points of which no other one is smaller in both of two metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from amc_circuits.pictures.style import COLOURS, STYLE, legend_beside, save_figure, write_title
from amc_circuits.sweep.rows.columns import (
    ABOUT,
    Column,
    FlatRow,
    columns_of,
    find_column,
    flat,
    newest,
    varied_options,
)
from amc_circuits.sweep.rows.conditions import chosen
from amc_circuits.sweep.rows.curves import REPEATS, is_number
from amc_circuits.sweep.rows.description import value_text
from amc_circuits.sweep.rows.picture import LEGEND_ROWS, check_log, scale_axis
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
        points: Median metrics of each design over its repeats, shape (P, 2).
        best: Places of the points of the front, from left to right.
        labels: Varied options of each point, as text.
        over: Repeats over which the points are medians, such as `seed`.
    """

    columns: tuple[Column, Column]
    points: FloatArray
    best: tuple[int, ...]
    labels: tuple[str, ...]
    over: tuple[str, ...]


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
    front = front_of(chosen(store.rows(), where), names)
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots()
        _draw(axes, front)
        for which, column, values in zip("xy", front.columns, front.points.T, strict=True):
            scale_axis(axes, which, column, values, log)
        over = f"median over {', '.join(front.over)}; " if front.over else ""
        count = f"{len(front.best)} of {len(front.points)} designs"
        write_title(axes, f"{front.columns[1].title} and {front.columns[0].title}: Pareto front", f"{over}{count}")
        save_figure(figure, path)


def front_of(rows: Sequence[Row], names: tuple[str, str]) -> Front:
    """Compute the Pareto front of the usable rows; repeated points count by their newest row.

    Rows that differ only by seed or trial are one design, with the median of both metrics.

    Raises:
        ParameterError: There is no such column, it is no metric or one that is the better the larger it is, or no usable
            row has both.
    """
    usable = [row for row in newest(rows) if row.usable]
    flat_rows = [flat(row) for row in usable]
    if not flat_rows:
        raise ParameterError("pareto", " ".join(names), f"none of {len(rows)} rows is usable")
    columns = columns_of(flat_rows)
    across, up = (find_column("pareto", name, columns) for name in names)
    if across.name == up.name:
        raise ParameterError("pareto", " ".join(names), "must be two different metrics")
    for column in (across, up):
        _check_metric(column)
    varied = varied_options(usable)
    designs = _designs(flat_rows, [name for name in varied if name not in REPEATS], (across, up))
    if not designs:
        raise ParameterError("pareto", " ".join(names), f"none of {len(usable)} usable rows has both as numbers")
    points = np.array([np.median(values, axis=0) for values in designs.values()])
    known = {column.name: column for column in columns}
    labels = tuple(
        ", ".join(f"{known[name].title} {value_text(value, known[name].unit)}" for name, value in options)
        for options in designs
    )
    over = tuple(name for name in varied if name in REPEATS)
    return Front((across, up), points, best_of(points), labels, over)


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


def _designs(
    rows: Sequence[FlatRow], varied: Sequence[str], columns: tuple[Column, Column]
) -> dict[tuple[tuple[str, Any], ...], list[list[float]]]:
    """Both metrics of the rows of each design, by its varied options."""
    found: dict[tuple[tuple[str, Any], ...], list[list[float]]] = {}
    for row in rows:
        values = [row.get(column.name) for column in columns]
        if all(map(is_number, values)):
            design = tuple((name, row.get(name)) for name in varied)
            found.setdefault(design, []).append([float(value) for value in values if value is not None])
    return found


def best_of(points: FloatArray) -> tuple[int, ...]:
    """Places of the points, shape (P, 2), than which no other is as small in both values and smaller in one."""
    best: list[int] = []
    for place in np.lexsort((points[:, 1], points[:, 0])).tolist():
        if not best or points[place, 1] < points[best[-1], 1]:
            best.append(place)
    return tuple(best)


def _draw(axes: Axes, front: Front) -> None:
    """Draw the points; those of the front are connected and numbered, with their options in the legend."""
    others = np.delete(front.points, front.best, axis=0)
    axes.plot(*others.T, "o", color=GREY, markersize=4, zorder=1)
    axes.plot(*front.points[list(front.best)].T, "-", color=COLOURS[0], linewidth=1.2, zorder=2)
    for number, place in enumerate(front.best, start=1):
        x, y = front.points[place].tolist()
        label = f"{number}: {front.labels[place]}" if front.labels[place] else f"{number}"
        axes.plot(x, y, "o", color=COLOURS[0], markersize=6, label=label, zorder=3)
        axes.annotate(str(number), (x, y), (4, 4), textcoords="offset points", fontsize=8)
    legend_beside(axes, ncols=-(-len(front.best) // LEGEND_ROWS), handlelength=0, markerscale=0)
