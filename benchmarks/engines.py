"""How many times faster is the exact engine than ngspice, and how does its time grow?

Method: `program`, stability check and `solve` with all metrics, from the same matrices, in turns. Processor seconds of
this process and of the simulators that it starts (a busy machine disturbs them less), one BLAS thread, medians of the
rounds. Ratios are of medians of one run. The eigen-decomposition, which the stability check needs anyway, is shown
apart: the last ratio is without it on both sides.

- `inv`: INV (spd, condition 10, 16 right-hand sides, cmos-100meg) with N = 16, and with wires of 1 ohm N = 64 and 128.
  ngspice at its default step; at N = 128 it gets 4 right-hand sides in one round, and its time counts four times.
- `limits`: the same with N = 16 and inputs of 0.3 V (slewing), 0.6 V and 1 V (clamped) at a fixed scale.
- `flat`: one right-hand side with wires of 1 ohm, against a flat deck (no reduction), KLU, both at the circuit's step.
- `reading`: inversions as K-FAC asks for them, single-pole op-amps, one column a row (64 at N = 129); with Cholesky.
- `growth`: exact engine alone, N = 16 to 256 with wires; `--plot` draws it.

x must agree within 0.1 % of its largest entry and settling times within 2 %, or the benchmark ends with an error.
Start-up and peers: `throughput.py`, `peers.py`; many circuits: `monte_carlo.py`; derivatives: `optimize.py`; rows of
sweeps: `rows.py`; accuracy: `exactness.py`.
"""

from __future__ import annotations

import resource
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import matplotlib.pyplot as plt
import numpy as np
import typer
from rich import box
from rich.console import Console
from rich.table import Table
from scipy.linalg import cho_factor, cho_solve
from threadpoolctl import threadpool_limits

from amc_circuits import STYLE, InvCircuit, Solution, save_figure
from amc_circuits.values.matrices import draw_matrix
from amc_circuits.values.quantities import format_quantity
from benchmarks.interconnect import simulate
from benchmarks.machine import machine_line
from netlists.record import FloatArray

RIGHT_HAND_SIDES, WIRE = 16, 1.0
Part = Literal["inv", "limits", "flat", "reading", "growth"]
PARTS: tuple[Part, ...] = ("inv", "limits", "flat", "reading", "growth")
ASKED = {"16": (15, 20), "64, 1 ohm": (70, 90), "128, 1 ohm": (70, 140)}
"""Ratios that were asked for, with and without the eigen-decomposition."""
LIMITS_ASKED, FLAT_ASKED, READING_ASKED = 5, {32: 16, 64: 50}, 0.15


@dataclass(frozen=True)
class Run:
    """Processor seconds of one way.

    Attributes:
        program: Mapping and stability check without the eigen-decomposition, s.
        modes: Eigen-decomposition, s.
        solve: Right-hand sides with all metrics, s.
        solution: The last result.
    """

    program: float
    modes: float
    solve: float
    solution: Solution

    @property
    def whole(self) -> float:
        """All of it, s."""
        return self.program + self.modes + self.solve


def cpu() -> float:
    """Processor seconds of this process and of those that have ended."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def problem(size: int, columns: int) -> tuple[FloatArray, FloatArray]:
    """Matrix and right-hand sides."""
    matrix = draw_matrix("spd", size, size, 10.0, np.random.default_rng(size))
    return matrix, np.random.default_rng(1).standard_normal((size, columns))


def timed(matrix: FloatArray, columns: FloatArray, rounds: int, **fields: object) -> Run:
    """Medians over the rounds."""
    found = []
    for _ in range(rounds):
        begin = cpu()
        circuit = InvCircuit.program(matrix, **fields)  # type: ignore[arg-type]
        _ = circuit.linear
        programmed = cpu()
        _ = circuit.linear.modes, circuit.stability
        known = cpu()
        solution = circuit.solve(columns)
        found.append((programmed - begin, known - programmed, cpu() - known))
    return Run(*(statistics.median(column) for column in zip(*found, strict=True)), solution)


def check(exact: Solution, other: Solution) -> str:
    """Differences of two results; they must be small."""
    here = exact.value[:, : other.value.shape[1]]
    value = float(np.abs(here - other.value).max() / np.abs(other.value).max())
    times = np.asarray(exact.settling_time)[: here.shape[1]] / np.asarray(other.settling_time) - 1
    settling = float(np.abs(times).max())
    assert value < 1e-3 and settling < 0.02, f"x differs by {value:.1e}, settling times by {settling:.1e}"
    return f"x {value:.0e}, settling {settling:.1e}"


def table(title: str, *headings: str) -> Table:
    """Empty table of a part."""
    grid = Table(title=title, title_justify="left", box=box.MARKDOWN)
    for heading in headings:
        grid.add_column(heading, justify="right", no_wrap=True)
    return grid


def seconds(value: float) -> str:
    """Text of a time."""
    return format_quantity(value, "s")


def inv(rounds: int) -> Iterator[Table]:
    """Against the ngspice engine at its default step."""
    grid = table("16 right-hand sides, cmos-100meg", "N", "program", "modes", "solve", "ngspice", "times", "asked",
                 "without modes", "asked", "differences")  # fmt: skip
    for name, size, wire, count in (("16", 16, 0.0, 16), ("64, 1 ohm", 64, WIRE, 16), ("128, 1 ohm", 128, WIRE, 4)):
        matrix, columns = problem(size, RIGHT_HAND_SIDES)
        ours = timed(matrix, columns, rounds, engine="exact", wire_resistance=wire)
        theirs = timed(matrix, columns[:, :count], 1 if size > 64 else min(rounds, 3), wire_resistance=wire)
        solve = theirs.solve * RIGHT_HAND_SIDES / count
        ratio = (theirs.program + theirs.modes + solve) / ours.whole
        without = (theirs.program + solve) / (ours.program + ours.solve)
        asked = [f">= {one}" for one in ASKED[name]]
        times = [seconds(one) for one in (ours.program, ours.modes, ours.solve, solve)]
        differences = check(ours.solution, theirs.solution)
        grid.add_row(name, *times, f"{ratio:.1f}", asked[0], f"{without:.1f}", asked[1], differences)
    yield grid


def limits(rounds: int) -> Iterator[Table]:
    """The same with slewing and clamped op-amps."""
    grid = table("N = 16 beyond the linear range", "input", "right-hand sides", "exact", "ngspice", "times", "asked",
                 "status", "differences")  # fmt: skip
    for volts in (0.3, 0.6, 1.0):
        for count in (1, RIGHT_HAND_SIDES):
            matrix, columns = problem(16, count)
            fields = {"input_voltage": volts, "fixed_scale": True}
            ours = timed(matrix, columns, rounds, engine="exact", **fields)
            theirs = timed(matrix, columns, min(rounds, 3), **fields)
            grid.add_row(f"{volts} V", str(count), seconds(ours.whole), seconds(theirs.whole),
                         f"{theirs.whole / ours.whole:.1f}", f">= {LIMITS_ASKED}", ours.solution.status.name,
                         check(ours.solution, theirs.solution))  # fmt: skip
    yield grid


def flat(rounds: int) -> Iterator[Table]:
    """One right-hand side against flat decks."""
    grid = table("one right-hand side, wires of 1 ohm", "N", "exact, all", "flat deck", "times", "asked")
    for size, asked in FLAT_ASKED.items():
        matrix, columns = problem(size, 1)
        ours = timed(matrix, columns, rounds, engine="exact", wire_resistance=WIRE)
        circuit = InvCircuit.program(matrix, wire_resistance=WIRE)
        begin = cpu()
        simulate(circuit.job(columns), "flat", circuit.settings.tolerance)
        theirs = cpu() - begin
        grid.add_row(str(size), seconds(ours.whole), seconds(theirs), f"{theirs / ours.whole:.1f}", f">= {asked}")
    yield grid


def reading(rounds: int) -> Iterator[Table]:
    """Inversions with settling time and energy of every column."""
    grid = table("inversions, single-pole op-amps", "N", "columns", "program", "modes", "solve", "asked", "Cholesky")
    for size, count in ((27, 27), (65, 65), (129, 64)):
        matrix, _ = problem(size, 1)
        columns = np.eye(size)[:, :count]
        ours = timed(matrix, columns, rounds, engine="exact", opamp="single-pole")
        digital = statistics.median(_seconds(partial(_cholesky, matrix, columns)) for _ in range(10 * rounds))
        asked = f"<= {seconds(READING_ASKED)}" if size == 129 else "-"
        grid.add_row(str(size), str(count), *(seconds(one) for one in (ours.program, ours.modes, ours.solve)), asked,
                     seconds(digital))  # fmt: skip
    yield grid


def _cholesky(matrix: FloatArray, columns: FloatArray) -> FloatArray:
    return np.asarray(cho_solve(cho_factor(matrix), columns))


def _seconds(work: Callable[[], object]) -> float:
    begin = cpu()
    work()
    return cpu() - begin


def growth(rounds: int, plot: Path) -> Iterator[Table]:
    """The exact engine alone, over N."""
    grid = table("exact engine, wires of 1 ohm, 16 right-hand sides", "N", "program", "modes", "solve", "all")
    sizes, runs = (16, 32, 64, 128, 256), []
    for size in sizes:
        matrix, columns = problem(size, RIGHT_HAND_SIDES)
        runs.append(timed(matrix, columns, rounds if size < 128 else 1, engine="exact", wire_resistance=WIRE))
        one = runs[-1]
        grid.add_row(str(size), *(seconds(part) for part in (one.program, one.modes, one.solve, one.whole)))
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(6, 4))
        for name, marker in (("program", "o"), ("modes", "s"), ("solve", "^")):
            axes.loglog(sizes, [getattr(one, name) for one in runs], marker=marker, label=name)
        axes.set_xticks(sizes, [str(size) for size in sizes])
        axes.set_xlabel("N")
        axes.set_ylabel("processor time (s)")
        axes.legend(title="16 right-hand sides")
        plot.parent.mkdir(parents=True, exist_ok=True)
        save_figure(figure, plot)
    yield grid


def main(
    part: Annotated[list[str] | None, typer.Option(help=f"Only these: {', '.join(PARTS)}.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of the exact engine.")] = 5,
    plot: Annotated[Path, typer.Option(help="Picture of the growth.")] = Path("runs/engines.png"),
    quick: Annotated[bool, typer.Option(help="Only `limits`, one round.")] = False,
) -> None:
    """Exact engine against ngspice: processor seconds and their ratios."""
    console = Console(width=160)
    console.print(machine_line())
    parts: dict[str, Callable[[int], Iterator[Table]]] = {
        "inv": inv, "limits": limits, "flat": flat, "reading": reading, "growth": partial(growth, plot=plot),
    }  # fmt: skip
    with threadpool_limits(1, "blas"):
        for name in ["limits"] if quick else (part or PARTS):
            for grid in parts[name](1 if quick else rounds):
                console.print(grid)


if __name__ == "__main__":
    typer.run(main)
