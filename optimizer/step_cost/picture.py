"""The tornado as a picture: bars of both ratios, one an assumption."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, NullFormatter

from amc_circuits import STYLE, curve_style, format_quantity, save_figure
from optimizer.step_cost.result import StepCost
from optimizer.step_cost.tornado import PUBLISHED, Swing

HEIGHT, MARGIN = 0.36, 1.3
"""Height of a bar with its space, and of all around the bars, inches."""
TITLES = {"throughput": "throughput", "energy": "energy efficiency"}
COLOURS = {"lower": curve_style(0)["color"], "higher": curve_style(1)["color"]}
LINES: dict[str, Any] = {
    "assumed": {"color": "black", "linewidth": 1},
    "published": {"color": "0.4", "linewidth": 1, "linestyle": "--"},
}
VISIBLE = 0.01
"""Least relative change of a ratio whose bar has its value beside it."""
ROOM = 2.2
"""Factor on the range of an axis on either side, for the values at the ends of the bars."""


def plot_tornado(result: StepCost, path: Path) -> None:
    """Draw both ratios with every assumption at both ends of its range, the widest change at the top."""
    with plt.rc_context(STYLE):
        size = (10.0, MARGIN + HEIGHT * len(result.tornado))
        figure, panels = plt.subplots(1, 2, figsize=size, sharey=True, layout="constrained")
        for panel, name in zip(panels, TITLES, strict=True):
            _draw(panel, result.tornado, name, getattr(result.ratios, name))
        names = [f"{swing.section}: {swing.name.replace('_', ' ')}" for swing in result.tornado]
        panels[0].set_yticks(range(len(names)), names)
        panels[0].invert_yaxis()
        ends = [Patch(color=color, label=f"{end} value") for end, color in COLOURS.items()]
        lines = [
            Line2D([], [], label="all as assumed", **LINES["assumed"]),
            Line2D([], [], label="published", **LINES["published"]),
        ]
        figure.legend(handles=[*ends, *lines], loc="outside lower center", ncols=4, fontsize=8, frameon=False)
        title = f"{result.spec.title}: arrays over the digital processor, programming counted"
        figure.suptitle(title, x=0.01, ha="left", fontsize=11)
        save_figure(figure, path)


def _draw(axes: Axes, swings: list[Swing], name: str, base: float) -> None:
    published = PUBLISHED[name]
    ends = [base, published, *(getattr(end, name) for swing in swings for end in (swing.at_low, swing.at_high))]
    for place, swing in enumerate(swings):
        for end, at, value in (("lower", swing.at_low, swing.low), ("higher", swing.at_high, swing.high)):
            ratio = getattr(at, name)
            left, right = sorted((base, ratio))
            axes.barh(place, right - left, left=left, height=0.7, color=COLOURS[end], gid=f"{name} {swing.name} {end}")
            if abs(ratio / base - 1) > VISIBLE:
                _write(axes, (ratio, place), format_quantity(value, swing.unit, 3), outside=ratio > base)
    axes.set_xscale("log")
    axes.set_xlim(min(ends) / ROOM, max(ends) * ROOM)
    axes.axvline(base, **LINES["assumed"])
    axes.axvline(published, zorder=0.5, **LINES["published"])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}x"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(f"{TITLES[name]}: {base:.3g}x as assumed, {published}x published")


def _write(axes: Axes, place: tuple[float, float], text: str, *, outside: bool) -> None:
    """Write the value of an assumption at the end of its bar."""
    axes.annotate(
        text, place, xytext=(3 if outside else -3, 0), textcoords="offset points", va="center",
        ha="left" if outside else "right", fontsize=7, bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
    )  # fmt: skip
