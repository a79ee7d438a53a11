"""Style of all pictures: readable in print and for colour-blind eyes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib import colormaps
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from amc_circuits.files.run_folder import replacing

# Okabe, Ito: Color universal design (2008).
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999933")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
LINES = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)), (0, (8, 3)), (0, (3, 1)))
"""Line styles; their number differs from that of the colours, and together they distinguish curves in grey."""
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


def save_figure(figure: Figure, path: Path) -> None:
    """Write a picture completely or not at all, and without the date."""
    with replacing(path) as partial, plt.rc_context(FILES):
        figure.savefig(partial, bbox_inches="tight", metadata=NO_DATES.get(path.suffix.lower()))
    plt.close(figure)


def curve_style(place: int) -> dict[str, Any]:
    """Colour, line and marker of one of several curves, counted from 0."""
    return {
        "color": COLOURS[place % len(COLOURS)],
        "linestyle": LINES[place % len(LINES)],
        "marker": MARKERS[place % len(MARKERS)],
    }
