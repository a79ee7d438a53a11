"""How large is the error of an INV by wire resistance, against N and G_max?

Method: amplifiers so good that only wires cause errors, contacts at one end, programmed by the project's own mapping;
the exact steady state of the linear circuit (`InvCircuit.steady`, no transient) against the solution of the wanted
system, relative, in the 2-norm. b is uniform in -1 .. 1, drawn after the matrix from the seed's generator. Families:

- `gram 1`, `gram 0.7`: all positive, one array. `X X^T/(2N) + d mean I`, X uniform in 0 .. 1, N x 2N, mean that of the
  diagonal of the first term, d = 1 or 0.7. The condition number grows with N: 0.8 N with d = 1.
- `signed`: symmetric positive definite, log-spaced eigenvalues, condition 10, a pair of arrays (`--family spd`).

Analytic guide, to first order in r, nothing fitted: along a line of N cells of mean conductance G, cell i sees the part
`D_i = r G (i N - i^2/2)` less. Bit lines and (by reciprocity) word lines do so: A becomes `A - D A - A D`, and x is
wrong by `A^-1 D b + D x`. Where A is nearly a multiple of I on what b excites, this is `2 D x`, so the error is `2
sqrt(2/15) N^2 r G`. Its mean part, `2 N^2 r G/3`, is one number: with all outputs multiplied by the best one, 0.41 of
the error should be left (`after scaling`).

Printed: for every family, G_max and N the median error and its quartiles over the seeds, what is left after scaling,
ratio to the guide, circuits that are stable, the error in the first design notes and the ratio to it (they name
positive Gram matrices, no generator); medians with the resistances of three process nodes; the exponents of `N^p (r
G_max)^q`, fitted to all medians below 10 %, and p from N = 32 to 64 alone. `--plot` draws error against N.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Annotated

import matplotlib.pyplot as plt
import numpy as np
import typer
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullLocator, ScalarFormatter
from rich import box
from rich.console import Console
from rich.progress import track
from rich.table import Table

from amc_circuits import InvCircuit
from amc_circuits.pictures.style import STYLE, curve_style, save_figure
from amc_circuits.results.measurement import relative_error
from amc_circuits.values.matrices import draw_matrix, draw_vector
from amc_circuits.values.quantities import format_quantity
from benchmarks.machine import machine_line
from netlists import SinglePoleOpAmp
from netlists.record import FloatArray

SIZES = (8, 16, 32, 64, 128)
RANGES = {35e-6: 0.5e-6, 200e-6: 5e-6}
"""G_max to G_min, S: a 40 nm TaOx chip (doi 10.1038/s41928-025-01477-0) and studies with discrete parts."""
RESISTANCE = 1.73
"""Ohm a segment, of that chip (second hand)."""
NODES = {"65 nm": 0.6, "45 nm": 0.8, "22 nm": 1.9}
"""Ohm for a pitch of four features, by process node."""
NOTES = {
    (35e-6, 16): 0.004,
    (35e-6, 32): 0.018,
    (35e-6, 64): 0.068,
    (35e-6, 128): 0.32,
    (200e-6, 16): 0.025,
    (200e-6, 32): 0.091,
    (200e-6, 64): 0.46,
}
"""Errors in the design notes, by G_max and N; for 200 uS and N = 128 they have: above 100 %."""
AMPLIFIER = SinglePoleOpAmp(open_loop_gain=1e12, gbwp=100e6)
"""Errs by some 1e-10 here."""
CONDITION = 10.0
GUIDE = 2 * np.sqrt(2 / 15)
"""Twice the root of the mean square of u - u^2/2 over a line, u = 0 .. 1."""
FIRST_ORDER = 0.1
"""Errors up to this are fitted."""


def gram(diagonal: float, size: int, generator: np.random.Generator) -> FloatArray:
    """An all-positive Gram matrix with `diagonal` times its mean diagonal added, shape (size, size)."""
    factor = generator.uniform(0, 1, (size, 2 * size))
    square = factor @ factor.T / (2 * size)
    return np.asarray(square + diagonal * np.diag(square).mean() * np.eye(size))


FAMILIES: dict[str, Callable[[int, np.random.Generator], FloatArray]] = {
    "gram 1": lambda size, generator: gram(1.0, size, generator),
    "gram 0.7": lambda size, generator: gram(0.7, size, generator),
    "signed": lambda size, generator: draw_matrix("spd", size, size, CONDITION, generator),
}
SHOWN = ("gram 1", "signed")
"""In the second table and in the picture."""


@dataclass(frozen=True)
class Point:
    """One type of circuit: family, G_max in S, ohm a segment, N."""

    family: str
    g_max: float
    resistance: float
    size: int


@dataclass(frozen=True)
class Found:
    """All seeds of a point.

    Attributes:
        median: Median of the relative errors.
        quartiles: The lower and the upper one.
        scaled: Median of what is left with the outputs multiplied by the best number.
        guide: Median of the analytic guide.
        stable: How many circuits have all poles on the left.
        floor: Largest error without wires.
    """

    median: float
    quartiles: tuple[float, float]
    scaled: float
    guide: float
    stable: int
    floor: float


def measure(point: Point, seeds: int) -> Found:
    """Every seed of a point."""
    rows = np.array([_one(point, seed) for seed in range(seeds)])
    error, scaled, guide, _, _ = np.median(rows, axis=0)
    low, high = np.quantile(rows[:, 0], [0.25, 0.75])
    return Found(error, (float(low), float(high)), scaled, guide, int(rows[:, 3].sum()), float(rows[:, 4].max()))


def _one(point: Point, seed: int) -> tuple[float, ...]:
    """Error, error after scaling, guide, stable or not, error without wires."""
    generator = np.random.default_rng(seed)
    matrix = FAMILIES[point.family](point.size, generator)
    b = draw_vector(point.size, generator)
    wanted = np.linalg.solve(matrix, b)
    circuit, ideal = (_program(matrix, point.g_max, resistance) for resistance in (point.resistance, 0.0))
    found = circuit.steady(b)
    scale = found @ wanted / (found @ found)
    return (
        float(relative_error(found, wanted)),
        float(relative_error(scale * found, wanted)),
        guide(circuit),
        float(circuit.linear.poles.real.max() < 0),
        float(relative_error(ideal.steady(b), wanted)),
    )


def _program(matrix: FloatArray, g_max: float, resistance: float) -> InvCircuit:
    cells = {"g_min": RANGES[g_max], "g_max": g_max, "pair": "auto" if matrix.min() < 0 else "never"}
    return InvCircuit.program(matrix, opamp=AMPLIFIER, wire_resistance=resistance, inverter_resistance=1e3, **cells)


def guide(circuit: InvCircuit) -> float:
    """`2 sqrt(2/15) N^2 r G`, G the mean of the programmed conductances (of both arrays of a pair)."""
    design = circuit.design
    arrays = [array for array in (design.conductance_positive, design.conductance_negative) if array is not None]
    return float(GUIDE * design.size**2 * design.interconnect.wire_resistance * np.mean(arrays))


def points() -> list[Point]:
    """All measured points, each once."""
    main = [Point(f, g, RESISTANCE, n) for f, g, n in product(FAMILIES, RANGES, SIZES)]
    nodes = [Point(f, g, r, n) for f, r, g, n in product(SHOWN, NODES.values(), RANGES, SIZES)]
    return main + nodes


def exponents(rows: Iterable[tuple[Point, Found]]) -> tuple[float, float, int]:
    """The exponents p and q of `N^p (r G_max)^q`, least squares in logarithms over errors of first order; how many."""
    own = [(p, f) for p, f in rows if f.median < FIRST_ORDER]
    sides = np.array([[1.0, np.log(p.size), np.log(p.resistance * p.g_max)] for p, _ in own])
    fitted = np.linalg.lstsq(sides, np.log([f.median for _, f in own]), rcond=None)[0]
    return float(fitted[1]), float(fitted[2]), len(own)


def _percent(value: float) -> str:
    """Two significant digits, as a percentage."""
    return f"{100 * value:.0f} %" if value >= 0.995 else f"{100 * value:.2g} %"


def _grid(title: str, headings: Sequence[str], left: int) -> Table:
    grid = Table(title=title, title_justify="left", box=box.MARKDOWN)
    for place, heading in enumerate(headings):
        grid.add_column(heading, justify="left" if place < left else "right", no_wrap=True)
    return grid


def main_table(found: dict[Point, Found], seeds: int) -> Table:
    """Errors with the chip's resistance, beside guide and notes."""
    headings = ("family", "G_max", "N", "error", "quartiles", "after scaling", "/ guide", "stable", "notes", "/ notes")
    grid = _grid(f"r = {RESISTANCE} ohm", headings, 1)
    for point, one in found.items():
        if point.resistance != RESISTANCE:
            continue
        low, high = one.quartiles
        grid.add_row(
            point.family,
            format_quantity(point.g_max, "S"),
            str(point.size),
            _percent(one.median),
            f"{_percent(low)} .. {_percent(high)}",
            f"{_percent(one.scaled)} ({one.scaled / one.median:.2f})",
            f"{one.median / one.guide:.2f}",
            f"{one.stable}/{seeds}",
            *_beside_notes(point, one),
        )
    return grid


def _beside_notes(point: Point, one: Found) -> tuple[str, str]:
    if point.family == "signed":
        return "", ""
    if (point.g_max, point.size) == (200e-6, 128):
        return "> 100 %", ""
    noted = NOTES.get((point.g_max, point.size))
    return ("", "") if noted is None else (_percent(noted), f"{one.median / noted:.2f}")


def node_table(found: dict[Point, Found]) -> Table:
    """Medians with the resistances of process nodes."""
    headings = ("family", "process", "r", "G_max", *(f"N = {size}" for size in SIZES))
    grid = _grid("process nodes: medians", headings, 2)
    for family, (name, resistance), g_max in product(SHOWN, NODES.items(), RANGES):
        errors = [_percent(found[Point(family, g_max, resistance, size)].median) for size in SIZES]
        grid.add_row(family, name, format_quantity(resistance, "ohm"), format_quantity(g_max, "S"), *errors)
    return grid


def picture(found: dict[Point, Found], path: Path) -> None:
    """Error against N: a panel a family, a line a G_max with its quartiles, the guide, the notes' errors."""
    with plt.rc_context(STYLE):
        figure, panels = plt.subplots(1, len(SHOWN), figsize=(9, 4.2), sharey=True, layout="constrained")
        for panel, family in zip(panels, SHOWN, strict=True):
            _panel(panel, family, found)
        panels[0].set_ylabel("relative error of x")
        lines = [line for line in panels[0].get_lines() if not str(line.get_label()).startswith("_")]
        extra = [
            Line2D([], [], color="black", linestyle="--", linewidth=1, label=r"2 $\sqrt{2/15}$ N$^2$ r G$_{mean}$"),
            Line2D([], [], color="black", marker="x", linestyle="", label="design notes"),
        ]
        figure.legend(handles=[*lines, *extra], loc="outside lower center", ncols=4, frameon=False)
        save_figure(figure, path)


def _panel(panel: Axes, family: str, found: dict[Point, Found]) -> None:
    for place, g_max in enumerate(RANGES):
        look = {name: curve_style(place)[name] for name in ("color", "marker")} | {"markersize": 4}
        colour = look["color"]
        own = [found[Point(family, g_max, RESISTANCE, size)] for size in SIZES]
        label = f"G_max {format_quantity(g_max, 'S')}"
        panel.plot(SIZES, [one.median for one in own], label=label, **look)
        panel.fill_between(SIZES, *zip(*(one.quartiles for one in own), strict=True), color=colour, alpha=0.2)
        panel.plot(SIZES, [one.guide for one in own], linestyle="--", linewidth=1, fillstyle="none", **look)
        if family != "signed":
            noted = {size: error for (g, size), error in NOTES.items() if g == g_max}
            panel.plot(list(noted), list(noted.values()), color=colour, marker="x", linestyle="")
    panel.set_title(f"{family}, {RESISTANCE} ohm", loc="left", fontsize=10)
    panel.set_xscale("log")
    panel.set_yscale("log")
    panel.set_xticks(SIZES)
    panel.xaxis.set_minor_locator(NullLocator())
    panel.xaxis.set_major_formatter(ScalarFormatter())
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))
    panel.set_xlabel("N")


def main(
    seeds: Annotated[int, typer.Option(min=1, help="Systems at every point")] = 9,
    plot: Annotated[Path | None, typer.Option(help="Picture to write")] = None,
    out: Annotated[Path | None, typer.Option(help="Text file that gets the tables too")] = None,
) -> None:
    """Static error of INV from wires against N, G_max and resistance."""
    progress = Console(stderr=True)
    wanted = track(points(), "wire error", console=progress, disable=not progress.is_terminal)
    found = {point: measure(point, seeds) for point in wanted}
    console = Console(record=True, width=140)
    console.print(machine_line(), highlight=False)
    floor = max(one.floor for one in found.values())
    console.print(f"INV at rest, {seeds} seeds; error without wires at most {floor:.0e}\n", highlight=False)
    console.print(main_table(found, seeds))
    console.print(node_table(found))
    for family in FAMILIES:
        p, q, count = exponents((point, one) for point, one in found.items() if point.family == family)
        small, large = (found[Point(family, min(RANGES), RESISTANCE, size)].median for size in (32, 64))
        console.print(
            f"{family}: error ~ N^{p:.2f} (r G_max)^{q:.2f}, {count} medians below {FIRST_ORDER:.0%}; "
            f"N^{np.log2(large / small):.2f} from N = 32 to 64"
        )
    if plot is not None:
        plot.parent.mkdir(parents=True, exist_ok=True)
        picture(found, plot)
        console.print(f"picture: {plot}", highlight=False)
    if out is not None:
        console.save_text(str(out))


if __name__ == "__main__":
    typer.run(main)
