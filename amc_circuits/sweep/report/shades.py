"""Colours of a page for numbers that are too many for a legend, from small to large."""

from __future__ import annotations

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_hex

PARTS = {"light": (0.0, 0.55), "dark": (0.38, 1.0)}
"""Parts of viridis with a contrast of 3 or more with the background of each theme; its lightness rises throughout."""
STOPS = 12
SHADES = {
    theme: [to_hex(colour) for colour in colormaps["viridis"](np.linspace(*part, STOPS))]
    for theme, part in PARTS.items()
}
"""Hexadecimal RGB by theme, at equal distances."""
