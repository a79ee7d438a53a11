"""Picture of a refinement: bits of the residual over cycles, and over the time of the circuit."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from amc_circuits.pictures.style import COLOURS, STYLE, curve_style, save_figure, unit_formatter, write_title
from netlists.record import FloatArray

MOST_CURVES = 8
"""Most right-hand sides with a curve of their own; of more, these many are drawn, evenly spaced."""


def plot_history(history: FloatArray, cycle_time: float, wanted: float, path: Path, title: str) -> None:
    """Plot bits over cycles, with the time on the upper axis.

    Args:
        history: Relative residuals after 0, 1, 2 ... cycles, shape (C + 1, K); nan after the end.
        cycle_time: Time of a cycle, s.
        wanted: Bits that end the loop.
        path: File; its suffix is the format.
        title: Title.
    """
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots()
        places = np.unique(np.linspace(0, history.shape[1] - 1, MOST_CURVES).round().astype(int))
        for place, column in enumerate(places):
            known = np.flatnonzero(np.isfinite(history[:, column]) & (history[:, column] > 0))
            axes.plot(known, -np.log2(history[known, column]), markersize=4, **curve_style(place))
        axes.axhline(wanted, color=COLOURS[1], linestyle="--", linewidth=1.2)
        axes.set_xlabel("cycles")
        axes.set_ylabel("bits of the residual")
        above = axes.secondary_xaxis(
            "top", functions=(partial(np.multiply, cycle_time), partial(np.multiply, 1 / cycle_time))
        )
        above.xaxis.set_major_formatter(unit_formatter("s"))
        write_title(axes, title, "time above: cycles of the mean predicted time", pad=22)
        save_figure(figure, path)
