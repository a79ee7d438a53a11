"""Pictures of sweeps: curves with bands, and the outputs of one row over time."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from amc_circuits.pictures.responses import draw_response, draw_title
from amc_circuits.pictures.style import (
    COLOUR_MAP,
    STYLE,
    curve_style,
    legend_beside,
    save_figure,
    unit_formatter,
    write_title,
)
from amc_circuits.pictures.traces import unpack_traces
from amc_circuits.results.stored.saved import title
from amc_circuits.sweep.rows.columns import Column, columns_of, flat, varied_options
from amc_circuits.sweep.rows.curves import Chart, chart_of, is_logarithmic, is_wide
from amc_circuits.sweep.rows.description import conditions_of, value_text
from amc_circuits.sweep.rows.stream import Rows
from amc_circuits.sweep.store import Store
from netlists import ParameterError
from netlists.record import FloatArray

LOG = ("x", "y", "xy", "none")
MOST_ENTRIES = 8
"""More numeric hues get a colour bar; with more places across, not every place gets a tick."""
CLOSEST = 0.12
"""Least distance of ticks at the places of rows, as a part of the axis; closer ticks are left to Matplotlib."""
LEGEND_ROWS = 20
MOST_CURVES = 2 * LEGEND_ROWS
"""Most curves in a legend; more are refused."""
MOST_TICKS = 7
LINE = 88
"""Most characters of a line of the title."""
MOST_LINES = 3
"""Most lines of a description below a title; more are cut."""


@dataclass(frozen=True)
class Drawing:
    """User's choice of a sweep's picture; see `curves.chart_of` and `conditions.chosen`.

    Attributes:
        x: Column of the horizontal axis.
        y: Column of the vertical axis.
        hue: Column that separates the curves.
        log: Logarithmic axes, one of `LOG`; None decides by the values.
        where: Conditions on the rows.
    """

    x: str | None = None
    y: str | None = None
    hue: str | None = None
    log: str | None = None
    where: tuple[str, ...] = ()


def plot_sweep(store: Store, path: Path, drawing: Drawing) -> None:
    """Plot a column of the usable rows over another, one curve for each value of a third: medians with bands.

    Raises:
        ParameterError: A value in `drawing` cannot be used, or there is nothing to draw.
    """
    check_log(drawing.log)
    chart = chart_of(store, drawing.x, drawing.y, drawing.hue, drawing.where)
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots()
        _draw_curves(axes, chart)
        x = np.concatenate([curve.x for curve in chart.curves])
        y = np.concatenate([part for curve in chart.curves for part in (curve.low, curve.middle, curve.high)])
        scale_axis(axes, "x", chart.x, x, drawing.log)
        scale_axis(axes, "y", chart.y, y, drawing.log)
        _tick_places(axes.xaxis, np.unique(x))
        write_title(axes, _title(chart), _folded(chart.description))
        if note := "; ".join(filter(None, (chart.thinned, chart.left_out))):
            axes.annotate(note, (1, -0.17), xycoords="axes fraction", ha="right", fontsize=8, color="#555555")
        save_figure(figure, path)


def check_log(log: str | None) -> None:
    """Refuse an unknown choice of logarithmic axes.

    Raises:
        ParameterError: It is not one of `LOG`.
    """
    if log is not None and log not in LOG:
        raise ParameterError("log", repr(log), f"must be one of {', '.join(LOG)}")


def _draw_curves(axes: Axes, chart: Chart) -> None:
    """Draw curves that differ by colour, marker and line; many numeric hues get the colours of a bar."""
    hues = [curve.hue for curve in chart.curves]
    many = len(hues) > MOST_ENTRIES and all(isinstance(hue, (int, float)) for hue in hues)
    if chart.hue is not None and not many and len(hues) > MOST_CURVES:
        mend = f"has {len(hues)} values, of which a legend tells {MOST_CURVES} apart at most; choose some with where"
        raise ParameterError("hue", chart.hue.name, mend)
    colours = _colour_bar(axes, chart, np.array(hues, dtype=np.float64)) if many else None
    for place, curve in enumerate(chart.curves):
        style = curve_style(place) if colours is None else {"color": colours.to_rgba(curve.hue), "marker": "."}
        label = None if chart.hue is None else _said(curve.hue, chart.hue)
        # Between two values of a metric a connecting line would have no meaning.
        joined = {} if chart.x.option else {"linestyle": "none"}
        (line,) = axes.plot(curve.x, curve.middle, markersize=5, linewidth=1.3, label=label, **style | joined)
        if curve.bands:
            axes.fill_between(curve.x, curve.low, curve.high, color=line.get_color(), alpha=0.15, linewidth=0)
    if chart.hue is not None and colours is None:
        columns = -(-len(hues) // LEGEND_ROWS)
        legend_beside(axes, title=chart.hue.title, title_fontsize=8, ncols=columns)


def _colour_bar(axes: Axes, chart: Chart, hues: FloatArray) -> ScalarMappable:
    assert chart.hue is not None
    norm = (LogNorm if is_wide(hues) else Normalize)(hues.min(), hues.max())
    colours = ScalarMappable(norm, COLOUR_MAP)
    bar = axes.figure.colorbar(colours, ax=axes, label=chart.hue.title, format=unit_formatter(chart.hue.unit))
    bar.outline.set_visible(False)
    return colours


def scale_axis(axes: Axes, which: str, column: Column, values: FloatArray, asked: str | None) -> None:
    """Set scale, ticks and label of an axis."""
    axis: Axis = getattr(axes, f"{which}axis")
    logarithmic = is_logarithmic(column.name, values) if asked is None else which in asked
    if asked not in (None, "none") and logarithmic and values.min() <= 0:
        mend = f"{column.title} has values of 0 or less, which a logarithmic axis cannot show; leave it linear"
        raise ParameterError("log", asked, mend)
    if logarithmic:
        getattr(axes, f"set_{which}scale")("log")
        span = values.max() / values.min()
        if span < 300:  # at powers of ten alone there would be one tick or two
            axis.set_major_locator(LogLocator(subs=(1, 2, 5) if span < 30 else (1, 3)))
        axis.set_minor_formatter(NullFormatter())
    else:
        axis.set_major_locator(MaxNLocator(MOST_TICKS, steps=(1, 2, 5, 10)))
    axis.set_major_formatter(unit_formatter(column.unit))
    axis.set_label_text(column.title)


def _tick_places(axis: Axis, places: FloatArray) -> None:
    """Set a tick at each place of rows, if these are few and far enough from each other."""
    along = np.log(places) if axis.get_scale() == "log" else places
    span = along[-1] - along[0]
    if len(places) <= MOST_ENTRIES and (span == 0 or np.diff(along).min() >= CLOSEST * span):
        axis.set_ticks(places.tolist())
        axis.set_ticks([], minor=True)


def _folded(text: str) -> str:
    return textwrap.fill(text, LINE, max_lines=MOST_LINES, placeholder=" ...", break_on_hyphens=False)


def _title(chart: Chart) -> str:
    kinds = sorted({kind for curve in chart.curves for kind in curve.bands})
    if not kinds:
        return chart.y.title
    over = f" over {', '.join(name.replace('_', ' ') for name in chart.over)}" if chart.over else ""
    return f"{chart.y.title}: median{over}; band: {' or '.join(kinds)}"


def _said(value: Any, column: Column) -> str:
    if value is None:
        return "not given"
    if isinstance(value, (bool, str)):
        return str(value)
    return str(unit_formatter(column.unit)(value))


def plot_row(store: Store, number: int, path: Path) -> None:
    """Plot the stored outputs of a row over time.

    Raises:
        ParameterError: There is no such row, or it has no waveforms.
    """
    row, content = store.row(number), store.waveforms(number)
    if content is None:
        raise ParameterError("row", number, _no_waveforms(store.with_waveforms()))
    if {"circuit", "size", "status"} - row.figures.keys():
        raise ParameterError("DIR", str(store.folder), f"its row {number} has no description of its waveforms")
    response, places = unpack_traces(content)
    rows = Rows(store).some()
    columns = {column.name: column for column in columns_of([flat(row)])}
    varied = [name for name in varied_options(rows) if row.parameters.get(name) is not None]
    options = [f"{columns[name].title} {value_text(row.parameters[name], columns[name].unit)}" for name in varied]
    words = textwrap.fill("; ".join([f"row {number}: {title(row.figures)}", *options]), LINE - 16)
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots()
        draw_response(axes, response, places.tolist())
        draw_title(axes, words, _folded(conditions_of([flat(one) for one in rows])))
        outputs = np.atleast_1d(row.figures["size"])[0]
        if outputs > len(places):
            axes.set_ylabel(f"{len(places)} of {outputs} outputs, the last to settle")
        save_figure(figure, path)


def _no_waveforms(others: Sequence[int]) -> str:
    if not others:
        return "this sweep kept no waveforms; run it again with waveforms, into a new folder"
    some = ", ".join(map(str, others[:MOST_ENTRIES])) + ", ..." * (len(others) > MOST_ENTRIES)
    return f"this row has no waveforms; these have: {some}"
