"""The style of all pictures: readable in print and for colour-blind eyes."""

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
"""With the colours, of which there are another number, they tell curves apart in grey, too."""
COLOUR_MAP = ListedColormap(colormaps["viridis"](np.linspace(0, 0.92, 256)), "viridis-on-white")
"""For curves that are too many to tell apart, from dark to light; without the yellow that white paper swallows."""
STYLE: Any = {
    "figure.figsize": (7.2, 4.4),
    "figure.dpi": 150,
    "font.size": 10,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": cycler(color=COLOURS),
    # Text as text, to be searched, read aloud and edited; a viewer without the font takes its own sans-serif.
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    # The same picture gives the same file.
    "svg.hashsalt": "amc",
}
NO_DATES: dict[str, dict[str, Any]] = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}


def save_figure(figure: Figure, path: Path) -> None:
    """Writes a picture whole or not at all, and without the date."""
    with replacing(path) as partial:
        figure.savefig(partial, bbox_inches="tight", metadata=NO_DATES.get(path.suffix.lower()))
    plt.close(figure)


def curve_style(place: int) -> dict[str, Any]:
    """Colour, line and marker of one of several curves, counted from 0."""
    return {
        "color": COLOURS[place % len(COLOURS)],
        "linestyle": LINES[place % len(LINES)],
        "marker": MARKERS[place % len(MARKERS)],
    }
