"""Pictures of responses over time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from amc_circuits.pictures.budget import bars_of, draw_budget, picture_height
from amc_circuits.pictures.style import STYLE, curve_style, dense_curve_style, save_figure, write_title
from amc_circuits.results.budget import Budget
from amc_circuits.results.response import Response, slowest
from amc_circuits.results.stored.measured_points import MeasuredPoints
from netlists import ParameterError
from netlists.errors import check_type

LEGEND_LIMIT = 8
"""Most curves with a legend; above it the legend is a count."""
LEGEND_COLUMNS = 3
LEGEND: dict[str, Any] = {
    "fontsize": 8,
    "loc": "lower right",
    "bbox_to_anchor": (1, 1),
    "ncols": LEGEND_COLUMNS,
    "frameon": False,
}
POINTS: dict[str, Any] = {"linestyle": "none", "marker": "+", "markersize": 7, "markeredgewidth": 1.3}
"""Style of measured points, with a marker that no curve has."""


def plot_responses(
    responses: Sequence[Response],
    path: str | Path,
    title: str,
    budget: Budget | None = None,
    measured: MeasuredPoints | None = None,
) -> None:
    """Plot outputs over time with final values, tolerance band and settling time.

    The slowest of several right-hand sides.

    Args:
        responses: Responses of the right-hand sides.
        path: File of the picture.
        title: Title above it.
        budget: Error budget below it; None draws none.
        measured: Measured points, drawn as markers; None draws none.

    Raises:
        ParameterError: There is nothing to plot.
    """
    check_type("responses", responses, list, tuple, mend="the responses of a solution")
    for response in responses:
        check_type("responses", response, Response)
    if not responses:
        raise ParameterError("plot", "no waveform", "nothing was simulated")
    if len(responses) > 1:
        title += f" (the slowest of {len(responses)} right-hand sides)"
    with plt.rc_context(STYLE):
        if budget is None:
            figure, axes = plt.subplots()
        else:
            figure, axes = _above_budget(budget)
        draw_response(axes, responses[slowest(responses)])
        if measured is not None:
            draw_points(axes, measured)
        draw_title(axes, title)
        save_figure(figure, path)


def _above_budget(budget: Budget) -> tuple[Figure, Axes]:
    """Make axes of the usual size above a budget's bars."""
    width, height = STYLE["figure.figsize"]
    bars = bars_of(budget)
    below = picture_height(bars)
    figure, (axes, of_budget) = plt.subplots(
        2, 1, figsize=(width, height + below), height_ratios=[height, below], layout="constrained"
    )
    draw_budget(of_budget, bars)
    return figure, axes


def draw_title(axes: Axes, title: str, below: str = "") -> None:
    """Draw the title of a response, and a text below it, above its legend."""
    write_title(axes, title, below, _above_legend(axes))


def _above_legend(axes: Axes) -> float:
    """Space between the axes and a title above the legend, points."""
    entries = len(axes.get_legend_handles_labels()[1])
    return 6 if entries == 0 else 12 + 14 * math.ceil(entries / LEGEND_COLUMNS)


def draw_response(axes: Axes, response: Response, places: Sequence[int] | None = None) -> None:
    """Draw one response into given axes: shaded bands around the final values, a line at the settling time.

    Args:
        axes: Axes to draw into.
        response: The response.
        places: Numbers of these outputs in the circuit, from 0; None for all of them.
    """
    count = response.outputs.shape[1]
    for k in range(count):
        name = response.name(k, None if places is None else places[k])
        _draw_output(axes, response, k, name, name if count <= LEGEND_LIMIT else None)
    _draw_symbols(axes, response)
    if np.isfinite(response.settling_time):
        mark = EngFormatter(unit="s", places=1)(response.settling_time)
        label = f"read at {mark}" if response.growing else f"settled to {response.tolerance:.3g}: {mark}"
        style: dict[str, Any] = {"color": "black", "linestyle": "--", "linewidth": 0.7}
        axes.axvline(response.settling_time, gid="settling time", label=label, **style)
    axes.xaxis.set_major_formatter(EngFormatter(unit="s"))
    axes.yaxis.set_major_formatter(EngFormatter(unit="V"))
    axes.set_xlabel("time after the step")
    axes.set_ylabel("outputs" if count <= LEGEND_LIMIT else f"{count} outputs")
    axes.margins(x=0.02)
    if axes.get_legend_handles_labels()[1]:
        axes.legend(**LEGEND)


def draw_points(axes: Axes, measured: MeasuredPoints) -> None:
    """Draw measured points as crosses in the colours of their outputs, with one entry in the legend."""
    for column, output in enumerate(measured.columns):
        colour, gid = curve_style(output)["color"], f"measured output {output + 1}"
        axes.plot(measured.time, measured.volts[:, column], gid=gid, color=colour, **POINTS)
    axes.plot([], [], label="measured", color="0.35", **POINTS)
    axes.legend(**LEGEND)


def _draw_output(axes: Axes, response: Response, k: int, name: str, label: str | None) -> None:
    """Draw one output with its band, its end and its target."""
    style, final = dense_curve_style(k, response.time), response.outputs[-1]
    colour = style["color"]
    band = response.tolerance * np.abs(final).max()
    if not response.growing:
        axes.axhspan(final[k] - band, final[k] + band, color=colour, alpha=0.15, linewidth=0)
    axes.plot(response.time, response.outputs[:, k], label=label, gid=name, linewidth=1.1, **style)
    axes.plot(response.time[-1], final[k], marker="<", color=colour, markersize=5, clip_on=False)
    if response.target is not None and not response.growing:
        axes.plot(response.time[-1], response.target[k], marker="x", color=colour, markersize=6, clip_on=False)


def _draw_symbols(axes: Axes, response: Response) -> None:
    """Add the symbols of ends, bands and targets to the legend."""
    symbols: dict[str, dict[str, Any]] = {"ends at": {"marker": "<"}}
    if not response.growing:
        symbols["tolerance around it"] = {"linewidth": 6, "alpha": 0.3}
    if response.target is not None and not response.growing:
        symbols["should end at"] = {"marker": "x"}
    plain: dict[str, Any] = {"color": "0.35", "linewidth": 0, "markersize": 5}
    for label, symbol in symbols.items():
        axes.plot([], [], label=label, **(plain | symbol))
