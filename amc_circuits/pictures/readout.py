"""Picture of the error that a converter reads while the outputs settle."""

from __future__ import annotations

import math
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter, FixedLocator, FuncFormatter, NullLocator

from amc_circuits.pictures.style import STYLE, dense_curve_style, save_figure
from amc_circuits.results.measurement import readout_error
from amc_circuits.results.response import Response
from amc_circuits.results.tables import BITS

BITS_BELOW = 2
"""Range below the smallest marked error or accuracy, bits."""


def plot_readout(response: Response, path: Path, title: str) -> None:
    """Plot the error of the outputs against the read-out time, with the times to 4, 6 and 8 bits.

    One curve is against the wanted outputs, the other against their own final value. Where the two curves separate, a
    longer wait does not help.
    """
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots()
        _draw_errors(axes, response)
        _draw_bits(axes, response)
        axes.set_title(title, loc="left", fontsize=11, pad=24)
        save_figure(figure, path)


def _draw_errors(axes: Axes, response: Response) -> None:
    after = response.time >= 0
    curves = {
        "against the wanted outputs": response.readout_error,
        "against their final value": readout_error(response.outputs, response.outputs[-1]),
    }
    for place, (label, error) in enumerate(curves.items()):
        shown = after & np.isfinite(error) & (error > 0)
        time = response.time[shown]
        axes.plot(time, error[shown], linewidth=1.4, label=label, **dense_curve_style(place, time))
    error = response.readout_error[after]
    error = error[np.isfinite(error) & (error > 0)]
    least = max(max(BITS), -math.log2(error.min(initial=1.0)))
    axes.set_yscale("log")
    axes.set_ylim(2.0 ** -(math.ceil(least) + BITS_BELOW), 1.5 * error.max(initial=1.0))
    axes.xaxis.set_major_formatter(EngFormatter(unit="s"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.4g} %"))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("read-out, time after the step")
    axes.set_ylabel("relative error of the outputs")
    axes.margins(x=0.02)
    axes.legend(fontsize=8, loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False)


def _draw_bits(axes: Axes, response: Response) -> None:
    """Add a second scale in bits, and a mark at the time from which each accuracy is kept."""
    scale = axes.secondary_yaxis("right")
    lowest = int(-math.log2(axes.get_ylim()[0]))
    scale.yaxis.set_major_locator(FixedLocator([2.0**-bits for bits in range(0, lowest + 1, 2)]))
    scale.yaxis.set_minor_locator(NullLocator())
    scale.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{round(math.log2(1 / value))}"))
    scale.set_ylabel("bits")
    time_text = EngFormatter(unit="s", places=1)
    for bits in BITS:
        time, level = response.time_to_bits(bits), 2.0**-bits
        axes.axhline(level, color="black", linewidth=0.7, linestyle=":")
        reached = math.isfinite(time)
        if reached:
            axes.plot(time, level, "o", color="black", markersize=4, zorder=3)
        axes.annotate(
            f"{bits} bits: {time_text(time) if reached else 'never'}",
            (time, level) if reached else (1, level),
            xycoords="data" if reached else axes.get_yaxis_transform(),
            xytext=(5, 3) if reached else (-5, 3),
            textcoords="offset points",
            horizontalalignment="left" if reached else "right",
            fontsize=8,
        )
