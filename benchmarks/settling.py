"""How long does INV take to settle, and do the poles and the published formula predict it?

Method: symmetric positive definite matrices (log-spaced eigenvalues), one right-hand side each, several seeds. From the
middle point (N = 16, condition 10, GBWP 100 MHz) size, condition number and GBWP are varied one at a time, with the
linear single-pole op-amp and the macro model `cmos-100meg`. ngspice simulates every system, and its settling time to 1
% is compared with two predictions: `ln(1/e)` time constants of the circuit's slowest pole, and `ln(1/e) / (w_T Re
lambda_min(M))`, `M = diag(G0/S) A/max|A|` (Sun et al., TED 2020, arXiv 2005.04530).

Printed, one row a point: number of seeds with a usable result, the median settling time, the median ratio measured /
predicted by each with its range, the median overshoot. `--plot` draws the same over the three axes.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import matplotlib.pyplot as plt
import numpy as np
import typer
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter, NullLocator
from rich import box
from rich.console import Console
from rich.progress import track
from rich.table import Table

from amc_circuits import InvCircuit, SlowInverterWarning
from amc_circuits.pictures.style import STYLE, curve_style, save_figure
from amc_circuits.values.matrices import draw_matrix, draw_vector
from amc_circuits.values.quantities import format_quantity
from benchmarks.machine import machine_line
from netlists import preset

TOLERANCE = 0.01
OPAMPS = ("single-pole", "cmos-100meg")
MIDDLE: dict[str, float] = {"size": 16, "condition": 10, "gbwp": 100e6}
AXES: dict[str, tuple[float, ...]] = {
    "size": (4, 8, 16, 32, 64),
    "condition": (2, 5, 10, 30, 100),
    "gbwp": (16e6, 100e6, 500e6, 1e9),
}
LABELS = {"size": "N", "condition": "condition number", "gbwp": "GBWP"}
UNITS = {"size": "", "condition": "", "gbwp": "Hz"}


@dataclass(frozen=True)
class Point:
    """One system.

    Attributes:
        opamp: A preset's name.
        size: N.
        condition: Condition number of A.
        gbwp: Gain-bandwidth product, Hz.
        seed: Seed of the system.
    """

    opamp: str
    size: float
    condition: float
    gbwp: float
    seed: int


@dataclass(frozen=True)
class Measured:
    """Result of one system: seconds, nan if it is not usable."""

    usable: bool
    settling_time: float
    from_pole: float
    from_formula: float
    overshoot: float


def points_of(opamp: str, axis: str, value: float, seeds: int) -> list[Point]:
    """The systems at one value of one axis."""
    where = MIDDLE | {axis: value}
    return [Point(opamp, **where, seed=seed) for seed in range(seeds)]


def measure(point: Point) -> Measured:
    """Simulates one system and predicts it twice."""
    generator = np.random.default_rng(point.seed)
    size = int(point.size)
    matrix = draw_matrix("spd", size, size, point.condition, generator)
    opamp = preset(point.opamp).replace(gbwp=point.gbwp)
    circuit = InvCircuit.program(matrix, opamp=opamp, tolerance=TOLERANCE)
    solution = circuit.solve(draw_vector(size, generator))
    return Measured(
        usable=solution.usable,
        settling_time=solution.settling_time if solution.usable else np.nan,
        from_pole=solution.predicted_settling_time,
        from_formula=formula(circuit),
        overshoot=solution.overshoot,
    )


def formula(circuit: InvCircuit) -> float:
    """`ln(1/e) / (w_T Re lambda_min(M))`, s; M belongs to the programmed conductances."""
    scaled = circuit.mapping.difference / circuit.design.row_conductance[:, None]
    slowest = np.linalg.eigvals(scaled).real.min()
    return float(np.log(1 / TOLERANCE) / (circuit.design.opamp.unity_gain_frequency * slowest))


def run(points: Sequence[Point], jobs: int) -> dict[Point, Measured]:
    """Measure every system once, some at the same time."""
    with warnings.catch_warnings(), ThreadPoolExecutor(max_workers=jobs) as pool:
        warnings.simplefilter("ignore", SlowInverterWarning)
        console = Console(stderr=True)
        measured = pool.map(measure, points)
        shown = track(measured, "settling", len(points), console=console, disable=not console.is_terminal)
        return dict(zip(points, shown, strict=True))


@dataclass(frozen=True)
class Summary:
    """All seeds of one value of one axis: median, smallest, largest of each metric."""

    opamp: str
    value: float
    usable: int
    seeds: int
    settling_time: tuple[float, ...]
    from_pole: tuple[float, ...]
    from_formula: tuple[float, ...]
    overshoot: float

    @classmethod
    def of(cls, opamp: str, value: float, found: Sequence[Measured]) -> Summary:
        """Statistics of the usable ones among `found`."""
        usable = [one for one in found if one.usable]
        times, by_pole, by_formula, overshoots = (
            np.array([getattr(one, name) for one in usable])
            for name in ("settling_time", "from_pole", "from_formula", "overshoot")
        )
        ratios = _spread(times / by_pole), _spread(times / by_formula)
        return cls(opamp, value, len(usable), len(found), _spread(times), *ratios, _spread(overshoots)[0])


def _spread(values: Any) -> tuple[float, ...]:
    if not len(values):
        return (np.nan, np.nan, np.nan)
    return float(np.median(values)), float(values.min()), float(values.max())


def summaries(axis: str, results: dict[Point, Measured], seeds: int) -> Iterator[Summary]:
    """Rows of one axis, op-amp by op-amp."""
    for opamp in OPAMPS:
        for value in AXES[axis]:
            yield Summary.of(opamp, value, [results[point] for point in points_of(opamp, axis, value, seeds)])


def table(axis: str, rows: Sequence[Summary]) -> Table:
    """One axis as a table."""
    others = ", ".join(
        f"{LABELS[name]} {format_quantity(value, UNITS[name])}" for name, value in MIDDLE.items() if name != axis
    )
    grid = Table(title=f"over {LABELS[axis]} ({others})", title_justify="left", box=box.MARKDOWN)
    headings = ("op-amp", LABELS[axis], "usable", "settling time", "/ slowest pole", "/ formula", "overshoot")
    for heading in headings:
        grid.add_column(heading, justify="left" if heading == "op-amp" else "right", no_wrap=True)
    for row in rows:
        grid.add_row(
            row.opamp,
            format_quantity(row.value, UNITS[axis]),
            f"{row.usable}/{row.seeds}",
            format_quantity(row.settling_time[0], "s"),
            _ratio(row.from_pole),
            _ratio(row.from_formula),
            f"{row.overshoot:.1%}",
        )
    return grid


def _ratio(spread: Sequence[float]) -> str:
    return "{:.2f} ({:.2f} .. {:.2f})".format(*spread)


def picture(found: dict[str, list[Summary]], path: Path) -> None:
    """Three panels, one an axis: medians with their ranges, and both predictions of the single-pole circuit."""
    with plt.rc_context(STYLE):
        figure, panels = plt.subplots(1, len(AXES), figsize=(10.5, 3.8), sharey=True, layout="constrained")
        for panel, (axis, rows) in zip(panels, found.items(), strict=True):
            _panel(panel, axis, rows)
        panels[0].set_ylabel(f"settling time to {TOLERANCE:.0%}")
        styles = [Line2D([], [], color="black", linestyle=style) for style in ("--", ":")]
        names = ["slowest pole", r"ln(1/e) / (w$_T$ Re $\lambda_{min}$(M))"]
        curves = [line for line in panels[0].get_lines() if not str(line.get_label()).startswith("_")]
        figure.legend(
            [*curves, *styles],
            [*(str(c.get_label()) for c in curves), *names],
            loc="outside lower center",
            ncols=4,
            frameon=False,
        )
        save_figure(figure, path)


def _panel(panel: Axes, axis: str, rows: Sequence[Summary]) -> None:
    for place, opamp in enumerate(OPAMPS):
        look = {name: curve_style(place)[name] for name in ("color", "marker")} | {"markersize": 4}
        own = [row for row in rows if row.opamp == opamp]
        values = [row.value for row in own]
        median, low, high = np.array([row.settling_time for row in own]).T
        panel.plot(values, median, label=f"{opamp}, measured", **look)
        panel.fill_between(values, low, high, color=look["color"], alpha=0.18, linewidth=0)
        for style, ratios in (("--", [r.from_pole[0] for r in own]), (":", [r.from_formula[0] for r in own])):
            predicted = median / np.array(ratios)
            panel.plot(values, predicted, linestyle=style, linewidth=1, fillstyle="none", **look)
    panel.set_xscale("log")
    panel.set_yscale("log")
    panel.set_xticks(AXES[axis])
    panel.xaxis.set_minor_locator(NullLocator())
    panel.xaxis.set_major_formatter(EngFormatter(sep=""))
    panel.yaxis.set_major_formatter(EngFormatter(unit="s"))
    panel.set_xlabel(f"{LABELS[axis]}{f' [{UNITS[axis]}]' if UNITS[axis] else ''}")


def main(
    seeds: Annotated[int, typer.Option(min=1, help="Systems at every point")] = 5,
    jobs: Annotated[int, typer.Option(min=1, help="Simulations at the same time")] = 2,
    plot: Annotated[Path, typer.Option(help="Picture to write")] = Path("runs/settling.png"),
    out: Annotated[Path | None, typer.Option(help="Text file that gets the tables too")] = None,
) -> None:
    """Settling time of INV against size, condition number and GBWP, measured against predicted."""
    everything = [
        point
        for axis, values in AXES.items()
        for opamp in OPAMPS
        for value in values
        for point in points_of(opamp, axis, value, seeds)
    ]
    results = run(list(dict.fromkeys(everything)), jobs)
    found = {axis: list(summaries(axis, results, seeds)) for axis in AXES}
    console = Console(record=True, width=120)
    console.print(machine_line(), highlight=False)
    console.print(f"INV, spd, settling to {TOLERANCE:.0%}, {seeds} seeds; ratios measured/predicted: median (range)\n")
    for axis, rows in found.items():
        console.print(table(axis, rows))
    plot.parent.mkdir(parents=True, exist_ok=True)
    picture(found, plot)
    console.print(f"picture: {plot}", highlight=False)
    if out is not None:
        console.save_text(str(out))


if __name__ == "__main__":
    typer.run(main)
