"""Histograms of the metrics of many trials, with their limits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from amc_circuits.pictures.budget import Bar, draw_budget, picture_height
from amc_circuits.pictures.style import COLOURS, STYLE, save_figure, unit_formatter
from amc_circuits.results.budget import CAUSES, TOGETHER
from amc_circuits.results.trials import BUDGET, UNITS, Limit, Trial
from netlists.record import FloatArray

SHOWN = ("relative_error", "settling_time", "energy", "bits")
"""Metrics that are shown, besides those with a limit."""
BINS = "fd"
"""Rule of Freedman and Diaconis (1981) for the bin width, from NumPy."""
MOST_BINS = 60


def plot_trials(trials: Sequence[Trial], limits: Sequence[Limit], path: Path, title: str) -> None:
    """Plot one histogram per metric over the usable trials: median as a line, 5 to 95 % shaded, limits dashed.

    If trials have error budgets, bars of their medians with the same range follow below.
    """
    usable = [trial for trial in trials if trial.usable]
    wanted = [name for name in UNITS if name in SHOWN or any(limit.figure == name for limit in limits)]
    columns = {name: np.array([trial.figures.get(name, np.nan) for trial in usable]) for name in wanted}
    columns = {name: values[np.isfinite(values)] for name, values in columns.items()}
    columns = {name: values for name, values in columns.items() if values.size}
    rows, bars = (len(columns) + 1) // 2, _bars(usable)
    with plt.rc_context(STYLE):
        width, height = (7.2, 2.6 * rows + 0.4) if len(columns) > 1 else (4.5, 3.0)
        if bars:
            below = picture_height(bars)
            figure = plt.figure(figsize=(7.2, height + below), layout="constrained")
            parts: Any = figure.subfigures(2, 1, height_ratios=[height, below])
            draw_budget(parts[1].subplots(), bars)
            top = parts[0]
        else:
            top = figure = plt.figure(figsize=(width, height), layout="constrained")
        grid = top.subplots(rows, min(len(columns), 2), squeeze=False)
        for axes, (name, values) in zip(grid.flat, columns.items(), strict=False):
            _draw(axes, name, values, [limit for limit in limits if limit.figure == name])
        for axes in grid.flat[len(columns) :]:
            axes.set_visible(False)
        words = title + (f", {len(usable)} usable" * (len(usable) < len(trials)))
        top.suptitle(words, x=0.02, ha="left", fontsize=11)
        save_figure(figure, path)


def _bars(usable: Sequence[Trial]) -> list[Bar]:
    """Bars of the trials' error budgets; empty if they have none."""
    found = []
    for name, words in (CAUSES | TOGETHER).items():
        values = np.array([trial.figures.get(f"{BUDGET}{name}", np.nan) for trial in usable])
        known = values[np.isfinite(values)]
        if known.size:
            low, middle, high = np.quantile(known, [0.05, 0.5, 0.95]).tolist()
            found.append(Bar(words, middle, low, high, total=name in TOGETHER))
    return sorted(found, key=lambda bar: (bar.total, bar.name == CAUSES["settling"], -bar.value * (not bar.total)))


def _draw(axes: Axes, name: str, values: FloatArray, limits: Sequence[Limit]) -> None:
    axes.axvspan(*np.quantile(values, [0.05, 0.95]), color=COLOURS[5], alpha=0.2, linewidth=0, label="5 to 95 %")
    axes.hist(values, bins=_edges(values).tolist(), color=COLOURS[0])
    axes.axvline(float(np.median(values)), color="black", linewidth=1, label="median")
    for limit in limits:
        axes.axvline(limit.value, color=COLOURS[1], linestyle="--", linewidth=1.2, label=str(limit))
    axes.xaxis.set_major_formatter(unit_formatter(UNITS[name]))
    axes.locator_params(axis="x", nbins=5)
    axes.set_xlabel(name.replace("_", " "))
    axes.set_ylabel("trials")
    if limits:
        axes.legend(fontsize=7, frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=3, columnspacing=1)


def _edges(values: FloatArray) -> FloatArray:
    """Edges of the bins; few or equal trials get no more bins than can be seen."""
    edges = np.histogram_bin_edges(values, BINS)
    return edges if len(edges) <= MOST_BINS else np.histogram_bin_edges(values, MOST_BINS)
