"""Pictures: responses over time, sweeps as curves. One style, readable in print and for colour-blind eyes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

from amc_circuits.options import ALL
from amc_circuits.run_folder import replacing
from amc_circuits.solution import Response, slowest
from amc_circuits.store import Row
from netlists import ParameterError

# Okabe, Ito: Color universal design (2008).
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999933")
STYLE: Any = {
    "figure.figsize": (7.2, 4.4),
    "figure.dpi": 150,
    "font.size": 10,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": cycler(color=COLOURS),
    "svg.hashsalt": "amc",
}
LEGEND_LIMIT = 8
"""More curves than this get no legend but a count."""
LEGEND_COLUMNS = 3


def save_figure(figure: Figure, path: Path) -> None:
    """Writes a picture whole or not at all."""
    with replacing(path) as partial:
        figure.savefig(partial, bbox_inches="tight")
    plt.close(figure)


def plot_responses(responses: Sequence[Response], path: Path, title: str) -> None:
    """Outputs over time with final values, tolerance band and settling time; of several right-hand sides the slowest.

    Raises:
        ParameterError: There is nothing to plot.
    """
    if not responses:
        raise ParameterError("plot", "no waveform", "nothing was simulated")
    if len(responses) > 1:
        title += f" (the slowest of {len(responses)} right-hand sides)"
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots()
        draw_response(axes, responses[slowest(responses)])
        axes.set_title(title, loc="left", fontsize=11, pad=_above_legend(axes))
        save_figure(figure, path)


def _above_legend(axes: Axes) -> float:
    """Points between the axes and a title that keeps clear of the legend."""
    entries = len(axes.get_legend_handles_labels()[1])
    return 6 if entries == 0 else 12 + 14 * math.ceil(entries / LEGEND_COLUMNS)


def draw_response(axes: Axes, response: Response) -> None:
    """One response into given axes: shaded bands around the final values, a line at the settling time."""
    count = response.outputs.shape[1]
    final = response.outputs[-1]
    band = response.tolerance * np.abs(final).max()
    for k in range(count):
        colour = COLOURS[k % len(COLOURS)]
        label = f"output {k + 1}" if count <= LEGEND_LIMIT else None
        axes.axhspan(final[k] - band, final[k] + band, color=colour, alpha=0.15, linewidth=0)
        axes.plot(response.time, response.outputs[:, k], color=colour, linewidth=1.1, label=label)
        axes.plot(response.time[-1], final[k], marker="<", color=colour, markersize=5, clip_on=False)
    if np.isfinite(response.settling_time):
        mark = EngFormatter(unit="s", places=1)(response.settling_time)
        axes.axvline(
            response.settling_time,
            color="black",
            linestyle="--",
            linewidth=1,
            label=f"settled to {response.tolerance:.3g}: {mark}",
        )
    axes.xaxis.set_major_formatter(EngFormatter(unit="s"))
    axes.yaxis.set_major_formatter(EngFormatter(unit="V"))
    axes.set_xlabel("time after the step")
    axes.set_ylabel("outputs" if count <= LEGEND_LIMIT else f"{count} outputs")
    axes.margins(x=0.02)
    if axes.get_legend_handles_labels()[1]:
        axes.legend(fontsize=8, loc="lower right", bbox_to_anchor=(1, 1), ncols=LEGEND_COLUMNS, frameon=False)


def plot_sweep(rows: Sequence[Row], path: Path) -> None:
    """Settling time of the usable rows over the first numeric option that varies, one curve for each value of the next.

    The median over everything else, with its range as a band.

    Raises:
        ParameterError: There is no usable row, or no numeric option varies.
    """
    usable = [row for row in rows if row.usable]
    if not usable:
        raise ParameterError("DIR", f"{len(rows)} rows", "none of them is usable, so there is nothing to plot")
    varied = varied_options(usable)
    numeric = [name for name in varied if all(isinstance(row.parameters[name], (int, float)) for row in usable)]
    numeric.sort(key=lambda name: name == "seed")
    if not numeric:
        raise ParameterError("DIR", f"{len(usable)} usable rows", "no numeric option varies, so there is no x axis")
    across = numeric[0]
    hue = next((name for name in varied if name not in (across, "seed")), None)
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots()
        for value in dict.fromkeys(row.parameters[hue] if hue else None for row in usable):
            chosen = [row for row in usable if hue is None or row.parameters[hue] == value]
            _draw_curve(axes, chosen, across, None if hue is None else _named(hue, value))
        _finish_sweep(axes, across, [row.parameters[across] for row in usable])
        if hue:
            axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False)
        save_figure(figure, path)


def varied_options(rows: Sequence[Row]) -> list[str]:
    """Options that differ between rows, in the order of the option table."""
    return [
        name for name in rows[0].parameters if len({str(row.parameters.get(name)) for row in rows}) > 1
    ]  # fmt: skip


def _draw_curve(axes: Axes, rows: Sequence[Row], across: str, label: str | None) -> None:
    places = sorted({row.parameters[across] for row in rows})
    groups = [[row.figures["settling_time_s"] for row in rows if row.parameters[across] == place] for place in places]
    middle = [float(np.median(group)) for group in groups]
    (line,) = axes.plot(places, middle, marker="o", markersize=4, label=label)
    if max(len(group) for group in groups) > 1:
        low, high = [min(group) for group in groups], [max(group) for group in groups]
        axes.fill_between(places, low, high, color=line.get_color(), alpha=0.18, linewidth=0)


def _finish_sweep(axes: Axes, across: str, places: Sequence[float]) -> None:
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    if high < 30 * low:  # there would be one tick or none
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high > 3 * low else "all"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    if min(places) > 0 and max(places) > 3 * min(places):
        axes.set_xscale("log")
        axes.set_xticks(sorted(set(places)) if len(set(places)) <= 8 else axes.get_xticks())
        axes.minorticks_off()
    axes.xaxis.set_major_formatter(EngFormatter(unit=_unit(across)))
    axes.yaxis.set_major_formatter(EngFormatter(unit="s"))
    axes.set_xlabel(across.replace("_", " "))
    axes.set_ylabel("settling time")
    axes.set_title("settling time (median; band: all)", loc="left", fontsize=11)


def _named(option: str, value: Any) -> str:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    text = EngFormatter(unit=_unit(option))(value) if number else str(value)
    return f"{option.replace('_', ' ')} {text}"


def _unit(option: str) -> str:
    return next((entry.unit for entry in ALL if entry.name == option), "")
