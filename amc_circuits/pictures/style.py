"""Style of all pictures: readable in print and for colour-blind eyes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, Formatter, FuncFormatter

from amc_circuits.files.run_folder import check_output_file, replacing
from amc_circuits.values.quantities import DIMENSIONLESS, format_quantity
from netlists.errors import check_name, check_type, path_of
from netlists.record import FloatArray

# Okabe, Ito: Color universal design (2008).
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999933")
MARKERS = ("o", "s", "^", "D", "v", "P", "*", ">", "X")
LINES = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)), (0, (8, 3)), (0, (3, 1)))
"""Line styles; their number and that of the markers have no common divisor: 63 pairs distinguish curves in grey."""
DISTANCE, SHIFT = 0.16, 0.037
"""Distance of the markers on a curve of many samples, and their shift from curve to curve, parts of its length in x."""
COLOUR_MAP = ListedColormap(colormaps["viridis"](np.linspace(0, 0.92, 256)), "viridis-on-white")
"""Colours from dark to light for too many curves to distinguish; without yellow, which vanishes on white paper."""
FILES: Any = {
    # Text stays text, for search, screen readers and editing; a viewer without the font uses its own sans-serif.
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    # The same picture gives the same file.
    "svg.hashsalt": "amc",
}
"""Settings that apply when a picture is written."""
STYLE: Any = {
    **FILES,
    "figure.figsize": (7.2, 4.4),
    "figure.dpi": 150,
    "font.size": 10,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": cycler(color=COLOURS),
}
NO_DATES: dict[str, dict[str, Any]] = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}


def save_figure(figure: Figure, path: str | Path) -> None:
    """Write a picture completely or not at all, and without the date.

    Args:
        figure: Picture.
        path: File; its suffix is the format.

    Raises:
        ParameterError: It is no picture, or there is no such format or folder.
    """
    check_type("figure", figure, Figure)
    path = path_of("path", path)
    if path.suffix:
        check_name("path", path.suffix[1:].lower(), figure.canvas.get_supported_filetypes())
    with replacing(check_output_file("path", path)) as partial, plt.rc_context(FILES):
        figure.savefig(partial, bbox_inches="tight", metadata=NO_DATES.get(path.suffix.lower()))
    plt.close(figure)


def curve_style(place: int) -> dict[str, Any]:
    """Colour, line and marker of one of several curves, counted from 0."""
    return {
        "color": COLOURS[place % len(COLOURS)],
        "linestyle": LINES[place % len(LINES)],
        "marker": MARKERS[place % len(MARKERS)],
    }


def dense_curve_style(place: int, x: FloatArray) -> dict[str, Any]:
    """Style of `curve_style` for a curve of many samples at rising `x`: a few get a marker, the last one does not."""
    if len(x) < 2:
        return curve_style(place)
    parts = np.arange(0.03 + place * SHIFT % DISTANCE, 1, DISTANCE)
    marked = np.unique(np.searchsorted(x, x[0] + parts * (x[-1] - x[0])))
    return curve_style(place) | {"markevery": marked[marked < len(x) - 1].tolist(), "markersize": 4.5}


def legend_beside(axes: Axes, **more: Any) -> None:
    """Draw the legend to the right of the axes, where there is no data; `more` goes to Matplotlib."""
    axes.legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1), alignment="left", **more)


def write_title(axes: Axes, title: str, below: str = "", pad: float = 6) -> None:
    """Write a title at the left, and lines in a smaller type below it.

    Args:
        axes: Axes under the title.
        title: Title; it may have several lines.
        below: Text below the title; empty for none.
        pad: Space between the axes and the texts, points.
    """
    if below:
        lines = below.count("\n") + 1
        axes.annotate(
            below, (0, 1), (0, pad), "axes fraction", "offset points", fontsize=9, color="0.3", va="bottom", ha="left"
        )
        pad += 14 * lines
    axes.set_title(title, loc="left", fontsize=11, pad=pad)


def unit_formatter(unit: str) -> Formatter:
    """Tick labels with this unit: SI prefixes where there is a dimension, per cent for `%`."""
    if unit == "%":
        return FuncFormatter(lambda value, _: f"{100 * value:.3g} %")
    if unit in DIMENSIONLESS or unit in ("K", "m2"):
        return FuncFormatter(lambda value, _: format_quantity(float(value), unit))
    return EngFormatter(unit=unit)
