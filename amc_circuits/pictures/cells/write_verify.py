"""Result of write-verify: conductances of every array, and their errors with mean and sigma."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from amc_circuits.pictures.style import COLOURS, STYLE, save_figure
from amc_circuits.programming.write_verify import CellStatus, Written

BINS = 40
MICRO = 1e6
MARKS = {CellStatus.STUCK_ON: "^", CellStatus.STUCK_OFF: "v", CellStatus.GAVE_UP: "x"}


def plot_written(arrays: Sequence[Written], tolerance: float, path: Path, title: str) -> None:
    """Plot heat maps of one array or a pair with marks on cells that are not programmed, and a histogram of the errors.

    Args:
        arrays: The positive array and, if present, the negative one.
        tolerance: Tolerance of the verify read, S.
        path: File of the picture.
        title: Title above it.
    """
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(1, len(arrays) + 1, figsize=(4.4 * (len(arrays) + 1), 4.0), layout="constrained")
        largest = max(float(array.target.max()) for array in arrays)
        names = ("positive array", "negative array") if len(arrays) == 2 else ("array",)
        for one, array, name in zip(axes, arrays, names, strict=False):
            _draw_array(figure, one, array, largest, name)
        draw_errors(axes[-1], arrays, tolerance)
        figure.suptitle(title, x=0.01, ha="left", fontsize=11)
        save_figure(figure, path)


def _draw_array(figure: Figure, axes: Axes, array: Written, largest: float, name: str) -> None:
    axes.grid(False)
    axes.spines[:].set_visible(False)
    extent = (0.5, array.target.shape[1] + 0.5, array.target.shape[0] + 0.5, 0.5)  # line numbers begin at 1
    shown: Any = {"cmap": "viridis", "vmin": 0, "vmax": largest * MICRO, "aspect": "auto", "extent": extent}
    image = axes.imshow(array.conductance * MICRO, **shown)
    for status, mark in MARKS.items():
        rows, columns = np.nonzero(array.status == status)
        if rows.size:
            label = f"{status.name.lower().replace('_', ' ')}: {rows.size}"
            axes.plot(columns + 1, rows + 1, mark, color=COLOURS[1], markersize=5, fillstyle="none", label=label)
    if axes.get_legend_handles_labels()[1]:
        axes.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=3, frameon=False)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(6, integer=True))
    axes.set_xlabel("bit line")
    axes.set_ylabel("word line")
    axes.set_title(name, fontsize=10)
    beyond = "max" if float(array.conductance.max()) > 1.05 * largest else "neither"
    figure.colorbar(image, ax=axes, label="conductance, uS", pad=0.02, extend=beyond)


def draw_errors(axes: Axes, arrays: Sequence[Written], tolerance: float) -> None:
    """Draw a histogram of conductance less target over the programmed cells that took pulses.

    Mean, sigma and the tolerance are marked.
    """
    errors = np.concatenate([array.error[array.programmed & (array.pulses > 0)] for array in arrays]) * MICRO
    axes.axvspan(-tolerance * MICRO, tolerance * MICRO, color="0.9", linewidth=0, label="tolerance of a read")
    if errors.size:
        mean, sigma = float(errors.mean()), float(errors.std())
        axes.hist(errors, bins=BINS, color=COLOURS[0], label=f"{errors.size} cells that were written")
        mark: Any = {"color": COLOURS[1], "linewidth": 1.2}
        axes.axvline(mean, label=f"mean, {mean:.3g} uS", **mark)
        axes.axvline(mean - sigma, linestyle="--", label=f"sigma about it, {sigma:.3g} uS", **mark)
        axes.axvline(mean + sigma, linestyle="--", **mark)
    axes.set_xlabel("error, uS")
    axes.set_ylabel("cells")
    axes.set_title("conductance less target", fontsize=10)
    axes.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2, frameon=False)
