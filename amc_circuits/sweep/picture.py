"""Pictures of sweeps: a figure over an option, as curves with bands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter, PercentFormatter

from amc_circuits.monte_carlo import FIGURES
from amc_circuits.options import ALL
from amc_circuits.plotting import STYLE, save_figure
from amc_circuits.sweep.columns import varied_options
from amc_circuits.sweep.store import Row
from amc_circuits.trial_statistics import ROW_KEYS
from netlists import ParameterError

PLOTTED = FIGURES | {"yield": "%"}


@dataclass(frozen=True)
class _Drawn:
    """The figure that is drawn.

    Attributes:
        name: One of `PLOTTED`.
    """

    name: str

    @property
    def unit(self) -> str:
        return PLOTTED[self.name]

    @property
    def title(self) -> str:
        return self.name.replace("_", " ")

    def of(self, row: Row, part: str = "") -> float:
        """The figure of a row, of trials their median or another part of their spread; nan where it has none."""
        value = row.figures.get(ROW_KEYS.get(self.name, self.name) + part)
        if value is None and self.name == "energy" and not part:
            value = row.figures.get("energy_j", {}).get("total")
        return float("nan") if value is None or isinstance(value, list) else float(value)


def plot_sweep(rows: Sequence[Row], path: Path, figure_name: str = "settling_time") -> None:
    """A figure of the usable rows over the first numeric option that varies, one curve for each value of the next.

    The median over everything else, with its range as a band; of Monte Carlo points the median, and from 5 to 95 % of
    the trials.

    Raises:
        ParameterError: There is no such figure, no usable row has it, or no numeric option varies.
    """
    if figure_name not in PLOTTED:
        raise ParameterError("y", repr(figure_name), f"must be one of {', '.join(PLOTTED)}")
    drawn = _Drawn(figure_name)
    usable = [row for row in rows if row.usable and np.isfinite(drawn.of(row))]
    if not usable:
        raise ParameterError(
            "DIR", f"{len(rows)} rows", f"none of them is usable and has one {drawn.title}, so there is nothing to plot"
        )
    varied = varied_options(usable)
    numeric = [name for name in varied if all(isinstance(row.parameters[name], (int, float)) for row in usable)]
    numeric.sort(key=lambda name: name == "seed")
    if not numeric:
        raise ParameterError("DIR", f"{len(usable)} usable rows", "no numeric option varies, so there is no x axis")
    across = numeric[0]
    hue = next((name for name in varied if name not in (across, "seed")), None)
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots()
        for value in dict.fromkeys(row.parameters[hue] if hue else None for row in usable):
            chosen = [row for row in usable if hue is None or row.parameters[hue] == value]
            _draw_curve(axes, chosen, drawn, across, None if hue is None else _named(hue, value))
        _finish_sweep(axes, drawn, across, [row.parameters[across] for row in usable], _of_trials(usable))
        if hue:
            axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False)
        save_figure(figure, path)


def _draw_curve(axes: Axes, rows: Sequence[Row], drawn: _Drawn, across: str, label: str | None) -> None:
    places = sorted({row.parameters[across] for row in rows})
    groups = [[row for row in rows if row.parameters[across] == place] for place in places]
    middle = [float(np.median([drawn.of(row) for row in group])) for group in groups]
    (line,) = axes.plot(places, middle, marker="o", markersize=4, label=label)
    if _of_trials(rows) or max(len(group) for group in groups) > 1:
        low, high = zip(*(_band(group, drawn) for group in groups), strict=True)
        axes.fill_between(places, low, high, color=line.get_color(), alpha=0.18, linewidth=0)


def _of_trials(rows: Sequence[Row]) -> bool:
    return any("trials" in row.figures for row in rows)


def _band(rows: Sequence[Row], drawn: _Drawn) -> tuple[float, float]:
    """Of trials 5 to 95 % (the widest of several rows), of a yield its confidence, else all that the rows have."""
    parts = ("_q05", "_q95") if _of_trials(rows) else ("", "")
    parts = ("_low", "_high") if drawn.name == "yield" else parts
    low, high = ([drawn.of(row, part) for row in rows] for part in parts)
    return min(low), max(high)


def _finish_sweep(axes: Axes, drawn: _Drawn, across: str, places: Sequence[float], trials: bool) -> None:
    if drawn.name not in ("bits", "yield"):
        axes.set_yscale("log")
    low, high = axes.get_ylim()
    if axes.get_yscale() == "log" and high < 30 * low:  # there would be one tick or none
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high > 3 * low else "all"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    if min(places) > 0 and max(places) > 3 * min(places):
        axes.set_xscale("log")
    if len(set(places)) <= 8:
        axes.set_xticks(sorted(set(places)))
        axes.minorticks_off()
    axes.xaxis.set_major_formatter(EngFormatter(unit=_unit(across)))
    axes.yaxis.set_major_formatter(PercentFormatter(1) if drawn.unit == "%" else EngFormatter(unit=drawn.unit))
    axes.set_xlabel(across.replace("_", " "))
    axes.set_ylabel(drawn.title)
    band = "5 to 95 % of the trials" if trials else "all"
    if drawn.name == "yield":
        band = "95 % confidence"
    axes.set_title(f"{drawn.title} (median; band: {band})", loc="left", fontsize=11)


def _named(option: str, value: Any) -> str:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    text = EngFormatter(unit=_unit(option))(value) if number else str(value)
    return f"{option.replace('_', ' ')} {text}"


def _unit(option: str) -> str:
    return next((entry.unit for entry in ALL if entry.name == option), "")
