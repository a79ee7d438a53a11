"""Error budgets as bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullLocator

from amc_circuits.pictures.style import COLOURS, STYLE, save_figure
from amc_circuits.results.budget import Budget
from amc_circuits.values.quantities import format_quantity

HEIGHT, MARGIN = 0.27, 0.75
"""Height of a bar, and of the margin above and below all bars, inches."""
LEAST = 1e-5
"""Least relative error with a visible bar: a smaller one needs no correction."""


@dataclass(frozen=True)
class Bar:
    """Bar of one error.

    Attributes:
        name: Cause, in words.
        value: Relative error; nan draws none.
        low: Lower end of its scatter; nan for none.
        high: Upper end of its scatter.
        total: True for several causes together.
    """

    name: str
    value: float
    low: float = np.nan
    high: float = np.nan
    total: bool = False


def bars_of(budget: Budget) -> list[Bar]:
    """Bars of a budget; several right-hand sides give the mean, with the smallest and the largest."""
    rows = [(*one, False) for one in budget.ordered()] + [(*one, True) for one in budget.totals()]
    return [_bar(name, value, total) for name, value, total in rows]


def _bar(name: str, value: Any, total: bool) -> Bar:
    values = np.atleast_1d(value)
    known = values[np.isfinite(values)]
    if known.size == 0:
        return Bar(name, np.nan, total=total)
    ends = (float(known.min()), float(known.max())) if known.size > 1 else (np.nan, np.nan)
    return Bar(name, float(known.mean()), *ends, total=total)


def picture_height(bars: Sequence[Bar]) -> float:
    """Height of axes for so many bars, inches."""
    return MARGIN + HEIGHT * len(bars)


def plot_budget(budget: Budget, path: Path, title: str) -> None:
    """Plot one budget."""
    bars = bars_of(budget)
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(7.2, picture_height(bars)))
        draw_budget(axes, bars)
        axes.set_title(title, loc="left", fontsize=11)
        save_figure(figure, path)


def draw_budget(axes: Axes, bars: Sequence[Bar]) -> None:
    """Draw horizontal bars on a logarithmic scale, the first at the top, each with its value."""
    ends = [end for bar in bars for end in (bar.value, bar.low, bar.high) if end > 0]
    left = min(max(min(ends, default=LEAST) / 2, LEAST), max(ends, default=1.0) / 10)
    right = max(ends, default=1.0)
    places = np.arange(len(bars))
    for place, bar in zip(places, bars, strict=True):
        shown = max(bar.value, left) if np.isfinite(bar.value) else left
        axes.barh(place, shown, height=0.7, color="0.35" if bar.total else COLOURS[0], gid=bar.name)
        if np.isfinite(bar.low) and bar.high > left:
            axes.plot([max(bar.low, left), bar.high], [place, place], color="black", linewidth=1.2)
        end = max(shown, bar.high if np.isfinite(bar.high) else shown)
        text = format_quantity(bar.value, "%") if np.isfinite(bar.value) else "not known"
        axes.annotate(text, (end, place), xytext=(4, 0), textcoords="offset points", va="center", fontsize=8)
    axes.set_xscale("log")
    axes.set_xlim(left, right * (right / left) ** 0.18)
    axes.set_yticks(places, [bar.name for bar in bars])
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("relative error by each cause alone")
