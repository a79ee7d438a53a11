"""How many seconds does a right-hand side take, against PySpice scripts of the same circuit?

Method: INV without wires, symmetric positive definite, condition 10, N = 16 and 64, both op-amp models. This package:
one `program(A)` and one `solve(B)` with 16 right-hand sides, everything included, two simulations at the same time (and
one, for comparison). The opponents are the scripts of `pyspice_inv.py`, each from b to x, the circuit built again for
each b: `idiomatic` with PySpice's default options and 1000 steps, `tuned` with KLU and this package's largest step.
Their end time is this package's slot time. They run in a process of their own, warmed up. All take turns, round by
round. x must agree within 1 % and the settling time within 5 %, or the benchmark ends with an error.

Printed: a table of medians over the rounds: seconds and processor seconds a right-hand side, the ratio of seconds to
this package's in the same round with its range, the ratio of processor seconds, which a busy machine disturbs less, and
time points, returns to rest included. Then the time to build the largest netlist.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich import box
from rich.console import Console
from rich.table import Table

from amc_circuits import InvCircuit, Solution
from amc_circuits.results.measurement import relative_error, settling_time
from amc_circuits.solvers.streaming import CHUNK
from amc_circuits.values.matrices import draw_matrix, draw_vector
from amc_circuits.values.quantities import format_quantity
from benchmarks import pyspice_library
from benchmarks.machine import machine_line
from netlists import inv_circuit
from netlists.record import FloatArray

RIGHT_HAND_SIDES = 16
OPAMPS = ("single-pole", "cmos-100meg")
ASKED_RATIO = {16: 30, 64: 25}
"""At least so many times faster than the idiomatic script."""
A_ROUND = {16: 4, 64: 1}
"""Right-hand sides that each script solves in one round."""
X_AGREES, SETTLING_AGREES = 0.01, 0.05
Script = Callable[[InvCircuit, FloatArray], "Timed"]


@dataclass(frozen=True)
class Timed:
    """One right-hand side through one script.

    Attributes:
        wall: Seconds from b to x.
        cpu: Processor seconds.
        points: Time points that were simulated.
        x: The solution.
        settling_time: s.
    """

    wall: float
    cpu: float
    points: int
    x: FloatArray
    settling_time: float


@dataclass
class Record:
    """All that was measured of one way to solve: one entry a round."""

    name: str
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    points: float = 0
    x_differs: float = 0.0
    settling_differs: float = 0.0


def idiomatic(circuit: InvCircuit, b: FloatArray) -> Timed:
    """PySpice as its documentation shows it."""
    return _pyspice(circuit, b, None)


def tuned(circuit: InvCircuit, b: FloatArray) -> Timed:
    """The same with KLU and our largest time step."""
    return _pyspice(circuit, b, circuit.timing.max_step)


def _pyspice(circuit: InvCircuit, b: FloatArray, max_step: float | None) -> Timed:
    """From b to x; runs in the scripts' process. The settling time is read after the clock has stopped."""
    from benchmarks.pyspice_inv import simulate

    design, rise, end = circuit.design, circuit.settings.rise_time, circuit.timing.slot_time
    began, busy = time.perf_counter(), time.process_time()
    scale = circuit.settings.input_voltage / np.abs(b).max()
    answer = simulate(design, scale * b, rise, end, max_step)
    gain = -circuit.mapping.unit / (design.input_conductance * circuit.mapping.alpha)
    x = gain * answer.outputs[-1] / scale
    wall, cpu = time.perf_counter() - began, time.process_time() - busy
    settled = settling_time(answer.time, answer.outputs, rise / 2, circuit.settings.tolerance)
    return Timed(wall, cpu, len(answer.time), x, settled)


SCRIPTS: dict[str, Script] = {"PySpice, idiomatic": idiomatic, "PySpice, tuned": tuned}


def library_version() -> str:
    """Version of the library that PySpice loaded; runs in the scripts' process."""
    from PySpice.Spice.NgSpice.Shared import NgSpiceShared

    return str(NgSpiceShared.new_instance().ngspice_version)


def problem(size: int, seed: int) -> tuple[FloatArray, FloatArray]:
    """A and the right-hand sides B, shape (size, RIGHT_HAND_SIDES)."""
    generator = np.random.default_rng(seed)
    matrix = draw_matrix("spd", size, size, None, generator)
    return matrix, np.stack([draw_vector(size, generator) for _ in range(RIGHT_HAND_SIDES)], axis=1)


def ours(record: Record, matrix: FloatArray, columns: FloatArray, opamp: str, jobs: int) -> Solution:
    """Program, solves all columns, and notes the seconds of one."""
    began, busy = time.perf_counter(), _cpu_of_all()
    solution = InvCircuit.program(matrix, opamp=opamp, jobs=jobs).solve(columns)
    record.wall.append((time.perf_counter() - began) / columns.shape[1])
    record.cpu.append((_cpu_of_all() - busy) / columns.shape[1])
    return solution.raise_if_unusable()


def _cpu_of_all() -> float:
    """Processor seconds of this process and of its children that have ended."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def streamed_points(circuit: InvCircuit, columns: FloatArray) -> float:
    """Time points of one of our transients, returns included, for each right-hand side in it."""
    (waveforms,) = circuit.simulator.run(circuit.state, [circuit.job(columns[:, :CHUNK])])
    return len(waveforms.time) / CHUNK


def compare(pool: ProcessPoolExecutor, opamp: str, size: int, rounds: int) -> list[Record]:
    """Lets all take turns on one circuit, and checks that they agree."""
    matrix, columns = problem(size, seed=0)
    both = {jobs: Record(f"ours, jobs={jobs}") for jobs in (2, 1)}
    scripts = {name: Record(name) for name in SCRIPTS}
    circuit = InvCircuit.program(matrix, opamp=opamp)
    for turn in range(rounds):
        for jobs, record in both.items():
            solution = ours(record, matrix, columns, opamp, jobs)
        chosen = [(turn * A_ROUND[size] + k) % RIGHT_HAND_SIDES for k in range(A_ROUND[size])]
        for name, record in scripts.items():
            timed = [pool.submit(SCRIPTS[name], circuit, columns[:, k]).result() for k in chosen]
            _note(record, timed, solution, chosen)
    for record in both.values():
        record.points = streamed_points(circuit, columns)
    return [*both.values(), *scripts.values()]


def _note(record: Record, timed: Sequence[Timed], solution: Solution, chosen: Sequence[int]) -> None:
    record.wall.append(float(np.median([one.wall for one in timed])))
    record.cpu.append(float(np.median([one.cpu for one in timed])))
    record.points = timed[0].points
    for one, k in zip(timed, chosen, strict=True):
        x_differs = float(relative_error(one.x, solution.value[:, k]))
        settling_differs = abs(one.settling_time / float(solution.settling_time[k]) - 1)
        if x_differs > X_AGREES or settling_differs > SETTLING_AGREES:
            raise SystemExit(f"{record.name} is not the same circuit: {x_differs:.2%} in x, {settling_differs:.2%}")
        record.x_differs = max(record.x_differs, x_differs)
        record.settling_differs = max(record.settling_differs, settling_differs)


def add_rows(grid: Table, opamp: str, size: int, records: Sequence[Record]) -> None:
    """One row a way to solve; ratios to the first of them in the same round."""
    for record in records:
        ratios = np.array(record.wall) / np.array(records[0].wall)
        busy = np.array(record.cpu) / np.array(records[0].cpu)
        asked = f">= {ASKED_RATIO[size]}" if record.name == "PySpice, idiomatic" else ""
        grid.add_row(
            opamp,
            str(size),
            record.name,
            format_quantity(np.median(record.wall), "s", 3),
            format_quantity(np.median(record.cpu), "s", 3),
            f"{np.median(ratios):.1f} ({ratios.min():.1f} .. {ratios.max():.1f})",
            asked,
            f"{np.median(busy):.1f}",
            f"{record.points:.0f}",
            f"{record.x_differs:.0e}" if record.x_differs else "",
            f"{record.settling_differs:.2%}" if record.settling_differs else "",
        )


def headings(title: str, left: Sequence[str], right: Sequence[str]) -> Table:
    """An empty table."""
    grid = Table(title=title, title_justify="left", box=box.MARKDOWN)
    for name in (*left, *right):
        grid.add_column(name, justify="right" if name in right else "left", no_wrap=True)
    return grid


def scripts_table(pool: ProcessPoolExecutor, sizes: Sequence[int], rounds: int) -> Table:
    """Ours against the scripts."""
    figures = (
        "s a solve",
        "CPU s",
        "times ours",
        "asked",
        "CPU, times ours",
        "points",
        "x differs",
        "settling differs",
    )
    title = f"{RIGHT_HAND_SIDES} right-hand sides, medians of {rounds} rounds"
    grid = headings(title, ("op-amp", "N", "who"), figures)
    for size in sizes:
        for opamp in OPAMPS:
            add_rows(grid, opamp, size, compare(pool, opamp, size, rounds))
    return grid


def netlist_line() -> str:
    """How long it takes to make the largest netlist in use, a signed 128 x 128 INV, as text."""
    matrix, _ = problem(128, seed=0)
    design = InvCircuit.program(matrix).design
    seconds = []
    for _ in range(5):
        began = time.perf_counter()
        str(inv_circuit(design))
        seconds.append(time.perf_counter() - began)
    return f"netlist of a signed 128 x 128 INV: {np.median(seconds):.3f} s (asked: 0.3 s)"


def warmed_up(pool: ProcessPoolExecutor) -> str:
    """Run everything once on a small circuit; return the version of PySpice's library."""
    matrix, columns = problem(2, seed=0)
    for opamp in OPAMPS:
        circuit = InvCircuit.program(matrix, opamp=opamp)
        ours(Record("warm-up"), matrix, columns, opamp, 1)
        for script in SCRIPTS.values():
            pool.submit(script, circuit, columns[:, 0]).result()
    return str(pool.submit(library_version).result())


def main(
    rounds: Annotated[int, typer.Option(min=1, help="Rounds in which all take turns")] = 3,
    size: Annotated[list[int] | None, typer.Option(help="16, 64; both unless given")] = None,
    out: Annotated[Path | None, typer.Option(help="Text file that gets the tables too")] = None,
) -> None:
    """Seconds a right-hand side against PySpice scripts of the same circuit."""
    console = Console(record=True, width=160)
    console.print(machine_line(), highlight=False)
    os.environ[pyspice_library.VARIABLE] = pyspice_library.provide()
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        console.print(f"PySpice with libngspice {warmed_up(pool)}\n", highlight=False)
        console.print(scripts_table(pool, size or list(ASKED_RATIO), rounds))
    console.print(netlist_line(), highlight=False)
    if out is not None:
        console.save_text(str(out))


if __name__ == "__main__":
    typer.run(main)
