"""Picture of an array: voltage and current of every cell, and the effect of the wires."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, Formatter, FuncFormatter, MaxNLocator

from amc_circuits.pictures.style import STYLE, save_figure
from amc_circuits.results.cell_loads import CellLoad
from amc_circuits.values.quantities import format_quantity
from netlists.record import FloatArray

PANEL = 2.7
"""Longer side of one array, inches."""
NARROWEST = 0.9
"""Least length of the shorter side, inches."""
NAMES = {"p": "positive array", "n": "negative array", "bm": "balance, \N{MINUS SIGN}", "bp": "balance, +"}

INCHES_PER_NUMBER = 0.4


def plot_array(load: CellLoad, path: Path, title: str) -> None:
    """Draw voltages and currents of all cells and, if wires have resistance, the change of the currents by the wires.

    Row i is word line i, column j bit line j; the terminals are at the left and at the top. Arrays stand side by side,
    with one scale for both.
    """
    maps: list[tuple[str, Sequence[FloatArray], Formatter]] = [
        ("cell voltage", load.voltage, EngFormatter(unit="V")),
        ("cell current", load.current, EngFormatter(unit="A")),
    ]
    if load.wires:
        maps.append(("change by wires", load.change_by_wires, FuncFormatter(_percent)))
    shapes = [voltage.shape for voltage in load.voltage]
    longest = max(max(shape) for shape in shapes)
    widths = [max(NARROWEST, PANEL * columns / longest) for _, columns in shapes]
    height = max(NARROWEST, PANEL * max(rows for rows, _ in shapes) / longest)
    with plt.rc_context({**STYLE, "axes.grid": False, "axes.spines.top": True, "axes.spines.right": True}):
        figure, axes = plt.subplots(
            len(maps),
            len(shapes),
            figsize=(sum(width + 0.3 for width in widths) + 1.4, len(maps) * (height + 0.35) + 0.9),
            width_ratios=widths,
            squeeze=False,
            layout="constrained",
        )
        for line, (name, values, form) in zip(axes, maps, strict=True):
            _draw_map(figure, line, name, values, form)
        _label(axes, load)
        _number(axes, widths, height)
        lost = f"{format_quantity(load.wire_power_share, '%')} of the array's power is lost in wires"
        figure.suptitle(f"{title}\n{lost if load.wires else 'ideal wires'}", fontsize=11, x=0.02, ha="left")
        save_figure(figure, path)


def _draw_map(figure: Figure, line: np.ndarray, name: str, values: Sequence[FloatArray], form: Formatter) -> None:
    """Draw one quantity of all arrays, with its colour bar."""
    colours, scale = _colours(np.concatenate([array.ravel() for array in values]))
    for axes, array in zip(line, values, strict=True):
        rows, columns = array.shape
        image = axes.imshow(
            array, cmap=colours, norm=scale, aspect="auto", extent=(0.5, columns + 0.5, rows + 0.5, 0.5),
        )  # fmt: skip
    bar = figure.colorbar(image, ax=list(line), format=form, aspect=20, pad=0.02)
    bar.set_label(name)


def _colours(values: FloatArray) -> tuple[str, Normalize]:
    """Choose colours: white is 0, red above, blue below, centred at 0 if both signs occur.

    They are safe for colour-blind eyes.
    """
    low, high = float(values.min()), float(values.max())
    if low < 0 < high:
        return "RdBu_r", Normalize(-max(-low, high), max(-low, high))
    if low < 0:
        return "Blues_r", Normalize(low, 0)
    return "Reds", Normalize(0, high or 1)


def _number(axes: np.ndarray, widths: Sequence[float], height: float) -> None:
    """Number the lines, as many as fit into the given inches."""
    for line in axes:
        for other, width in zip(line, widths, strict=True):
            for axis, length in ((other.xaxis, width), (other.yaxis, height)):
                axis.set_major_locator(
                    MaxNLocator(nbins=max(1, int(length / INCHES_PER_NUMBER)), integer=True, min_n_ticks=1)
                )


def _percent(value: float, _: int | None) -> str:
    return f"{100 * value:.3g} %".replace("-", "\N{MINUS SIGN}")


def _label(axes: np.ndarray, load: CellLoad) -> None:
    alike = len({voltage.shape for voltage in load.voltage}) == 1
    for place, name in enumerate(load.names):
        if len(load.names) > 1:
            axes[0, place].set_title(NAMES.get(name, f"{name} array"), fontsize=10)
        axes[-1, place].set_xlabel("bit line")
    for line in axes:
        line[0].set_ylabel("word line")
        for other in line[1:]:
            other.tick_params(labelleft=not alike)
    for upper in axes[:-1].flat:
        upper.tick_params(labelbottom=False)
