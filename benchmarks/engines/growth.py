"""Growth of the exact engine's work with N, right-hand sides and trials, and of commands with the rows of a sweep.

All are processor seconds from nothing. Sizes from `SINGLE` on have one round, and so have trials and rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.ticker import EngFormatter, LogLocator, NullLocator
from rich.table import Table

from amc_circuits import STYLE, save_figure
from benchmarks.engines.measured import RIGHT_HAND_SIDES, WIRE, problem, seconds, seconds_of, table, timed
from benchmarks.monte_carlo import study
from benchmarks.rows import costs

SIZES, SINGLE = (16, 32, 64, 128, 256, 512), 128
COLUMNS, COLUMNS_SIZE = (1, 4, 16, 64, 256), 64
TRIALS, TRIALS_SIZE = (1, 8, 64, 512, 4096), 16
ROWS, COMMANDS = (1_000, 10_000, 100_000), ("continuing", "table", "plot")
FEW_DECADES = 2
"""Decades of a panel below which its axis also has ticks at 2 and 5."""
OPAMPS = ("single-pole", "cmos-100meg")
Curves = dict[str, list[float]]
"""Processor seconds by what takes them."""


def growth(rounds: int, plot: Path) -> Iterator[Table]:
    """Table of each panel, then the picture."""
    panels = []
    for name, places, unit, curves in (
        (f"INV, 1 ohm, {RIGHT_HAND_SIDES} right-hand sides", SIZES, "N", _sizes(rounds)),
        (f"INV, 1 ohm, N = {COLUMNS_SIZE}", COLUMNS, "right-hand sides", _columns(rounds)),
        (f"Monte Carlo, N = {TRIALS_SIZE}", TRIALS, "trials", _trials()),
        ("commands on a sweep", ROWS, "rows", _rows()),
    ):
        grid = table(f"growth: {name}", unit, *curves)
        for place, *values in zip(places, *curves.values(), strict=True):
            grid.add_row(f"{place:,}", *(seconds(value) for value in values))
        yield grid
        panels.append((name, places, unit, curves))
    _draw(panels, plot)


def _sizes(rounds: int) -> Curves:
    found = []
    for size in SIZES:
        work = partial(timed, *problem(size, RIGHT_HAND_SIDES), rounds if size < SINGLE else 1)
        found.append(work(engine="exact", wire_resistance=WIRE))
    return {name: [getattr(one, name) for one in found] for name in ("program", "modes", "solve")}


def _columns(rounds: int) -> Curves:
    fields: dict[str, Any] = {"engine": "exact", "wire_resistance": WIRE}
    return {
        opamp: [timed(*problem(COLUMNS_SIZE, count), rounds, opamp=opamp, **fields).whole for count in COLUMNS]
        for opamp in OPAMPS
    }


def _trials() -> Curves:
    return {
        opamp: [seconds_of(partial(study(opamp, "exact", count, TRIALS_SIZE).run, 1)) for count in TRIALS]
        for opamp in OPAMPS
    }


def _rows() -> Curves:
    found = [cost for _, _, cost in costs(ROWS, COMMANDS)]
    return {name: [cost[name][0] for cost in found] for name in COMMANDS}


def _decades(curves: Curves) -> float:
    """Decades between the shortest and the longest time of a panel."""
    every = [value for values in curves.values() for value in values]
    return math.log10(max(every) / min(every))


def _draw(panels: Sequence[tuple[str, Sequence[int], str, Curves]], plot: Path) -> None:
    """Draw all panels, both axes logarithmic."""
    with plt.rc_context(STYLE):
        figure, grid = plt.subplots(2, 2, figsize=(10, 7.5), layout="constrained")
        for axes, (name, places, unit, curves) in zip(grid.flat, panels, strict=True):
            for (label, values), marker in zip(curves.items(), "os^", strict=False):
                axes.loglog(places, values, marker=marker, label=label)
            axes.set_xticks(places, [f"{place:,}" for place in places])
            axes.xaxis.set_minor_locator(NullLocator())
            axes.yaxis.set_minor_locator(NullLocator())
            axes.set_xlabel(unit)
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if _decades(curves) < FEW_DECADES else (1,)))
            axes.yaxis.set_major_formatter(EngFormatter("s"))
            axes.set_ylabel("processor time")
            axes.set_title(name)
            axes.legend()
        figure.get_layout_engine().set(h_pad=0.12)
        plot.parent.mkdir(parents=True, exist_ok=True)
        save_figure(figure, plot)
