"""Metrics of several designs side by side: dots with bands, and bars of energies and counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

from amc_circuits.pictures.style import COLOURS, MARKERS, STYLE, save_figure, unit_formatter
from netlists.record import FloatArray

WIDE = 10.0
"""Ratio of the largest to the smallest value from which an axis is logarithmic."""
NARROW = 50.0
"""Ratio of the ends of a logarithmic axis below which 2 and 5 have marks, too."""
LONGEST = 110
"""Most characters of a name in the legend."""
KEY = "dots: medians; bands: 5 to 95 %; strokes: single seeds"
COLUMNS = 2
HATCHES = ("", "////", "....", "xxxx", "\\\\\\\\", "oo")
"""Patterns that distinguish the parts of a bar in grey."""


@dataclass(frozen=True)
class Dots:
    """A metric of all designs.

    Attributes:
        title: Title of the panel.
        unit: SI unit; `%` for a share that is stored as a fraction; empty without one.
        values: Values of each design, one a seed; nan where unknown.
        bands: Median, 5 % and 95 % quantile of each design; nan without values.
    """

    title: str
    unit: str
    values: Sequence[FloatArray]
    bands: Sequence[tuple[float, float, float]]


@dataclass(frozen=True)
class Bars:
    """Quantities of all designs that stand together, such as energies by account.

    Attributes:
        title: Title of the panel.
        unit: SI unit; empty without one.
        bars: Values by their names, one a design; nan where unknown.
    """

    title: str
    unit: str
    bars: Mapping[str, Sequence[float]]


def plot_comparison(panels: Sequence[Dots | Bars], names: Sequence[str], path: Path, title: str) -> None:
    """Draw one panel for each metric; the first design is at the top.

    Args:
        panels: Panels in order.
        names: Names of the designs for the legend.
        path: Picture.
        title: Title of the picture.
    """
    rows = -(-len(panels) // COLUMNS)
    below = 0.24 * len(names) + 0.35
    with plt.rc_context(STYLE):
        height = rows * (0.95 + 0.34 * len(names)) + 0.45
        figure = plt.figure(figsize=(7.2, height + below), layout="constrained")
        parts: Any = figure.subfigures(2, 1, height_ratios=[height, below])
        grid = parts[0].subplots(rows, min(COLUMNS, len(panels)), squeeze=False)
        for axes, panel in zip(grid.flat, panels, strict=False):
            if isinstance(panel, Dots):
                _draw_dots(axes, panel)
            else:
                _draw_bars(axes, panel)
            _finish(axes, panel, len(names))
        for axes in grid.flat[len(panels) :]:
            axes.set_visible(False)
        parts[0].suptitle(title, x=0.02, ha="left", fontsize=11)
        handles = [Line2D([], [], linewidth=0, **_style(place)) for place in range(len(names))]
        labels = [shorten(f"{place}: {name}", LONGEST, placeholder=" ...") for place, name in enumerate(names, 1)]
        look: Any = {"fontsize": 8, "frameon": False, "alignment": "left", "bbox_to_anchor": (0.01, 1)}
        legend = parts[1].legend(handles, labels, title=KEY, loc="upper left", **look)
        legend.get_title().set_fontsize(8)
        save_figure(figure, path)


def _style(place: int) -> dict[str, Any]:
    """Colour and marker of a design."""
    return {"color": COLOURS[place % len(COLOURS)], "marker": MARKERS[place % len(MARKERS)]}


def _draw_dots(axes: Axes, panel: Dots) -> None:
    """Draw medians with their bands, and every seed as a small dot."""
    known = np.concatenate([values[np.isfinite(values) & (values > 0)] for values in panel.values])
    if known.size and known.max() > WIDE * known.min():
        axes.set_xscale("log")
    for place, (values, (median, low, high)) in enumerate(zip(panel.values, panel.bands, strict=True)):
        style = _style(place)
        axes.plot([low, high], [place, place], color=style["color"], linewidth=5, alpha=0.3, solid_capstyle="butt")
        axes.plot(values, np.full(len(values), place), "|", color="0.3", markersize=6, markeredgewidth=0.7)
        axes.plot(median, place, markersize=7, **style)


def _draw_bars(axes: Axes, panel: Bars) -> None:
    """Draw bars side by side on a logarithmic axis."""
    count = len(panel.bars)
    values = np.array(list(panel.bars.values()), dtype=np.float64)
    known = values[np.isfinite(values) & (values > 0)]
    left = known.min() / 3 if known.size else 1.0
    for number, (name, row) in enumerate(zip(panel.bars, values, strict=True)):
        places = np.arange(len(row)) + (number - (count - 1) / 2) * 0.8 / count
        shown = np.where(np.isfinite(row), row, 0)
        look: Any = {"color": str(0.35 + 0.5 * number / max(count - 1, 1)), "edgecolor": "black", "linewidth": 0.5}
        axes.barh(places, shown, height=0.8 / count, hatch=HATCHES[number % len(HATCHES)], label=name, **look)
    axes.set_xscale("log")
    axes.set_xlim(left=left)
    axes.legend(fontsize=7, frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=4, borderaxespad=0.1,
                columnspacing=0.8, handlelength=1.4)  # fmt: skip


def _finish(axes: Axes, panel: Dots | Bars, count: int) -> None:
    """Label the axes of a panel."""
    if axes.get_xscale() == "log":
        low, high = axes.get_xlim()
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < NARROW * low else (1,)))
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(unit_formatter(panel.unit))
    axes.set_axisbelow(True)
    axes.set_xlabel(panel.title)
    axes.set_yticks(range(count), [str(place) for place in range(1, count + 1)])
    axes.set_ylim(count - 0.5, -0.5)
    axes.grid(visible=False, axis="y")
