"""Does one macro do what its circuits do one by one, in both engines?

Method: schedules run in one transient of ngspice, and piece by piece by the exact engine. C1 to C3: the five steps of a
block inversion on one set of op-amps against five circuits at rest, by the resistance of closed switches; and the step
that an opening switch leaves on a hold. C4: MVM, INV, GINV and EGV on two banks. C5: processor seconds of a transient.

Printed: number, law, engine, what was seen, what was wanted, and whether it holds; then the step of a single gate, of a
switch with linear overlap capacitors and of transistors; exit code 1 if a row does not hold. `--large` adds N = 64.
"""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich import box
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from amc_circuits import format_quantity, run_schedule
from amc_circuits.solvers.macro.blocks import block_answer
from benchmarks.family.rows import ENGINES, Row, stated, within
from benchmarks.machine import machine_line
from benchmarks.macro import gate
from benchmarks.macro.schedules import distance, five_steps, four_modes, problem, step_by_step, two_phases
from netlists.circuits.macro.records import MacroSwitches

LEAK = 1e11
"""Resistance of open switches in the five steps, ohm: one ohm in closed ones leaves 13 digits between the poles."""
EXACT_UP_TO = 16
"""Largest size that the exact engine runs here."""
MODES = {"product": 0.012, "solution": 0.017, "fit": 0.017, "vector": 0.07}
"""Largest error of each phase of the four modes; of EGV the sine of the angle."""
SECONDS = 10.0
"""Largest processor seconds of the five steps at N = 32, those of ngspice included."""


def main(
    large: Annotated[bool, typer.Option("--large", help="N = 64, too.")] = False,
    out: Annotated[Path | None, typer.Option(help="File for the tables.")] = None,
) -> None:
    """Print every row."""
    with threadpool_limits(1):
        rows = [*_five(large), *_pivoted(), *_resistance(), *_hold(), *_four(), *_agreement()]
        gates = _gates()
    table = Table("number", "law", "engine", "seen", "wanted", "holds", box=box.SIMPLE)
    for row in rows:
        table.add_row(row.circuit, row.law, row.engine, row.seen, row.wanted, "yes" if row.holds else "NO")
    console = Console(record=True, width=150)
    failed = sum(not row.holds for row in rows)
    console.print(machine_line(), table, gates, f"{len(rows) - failed} of {len(rows)} hold", sep="\n")
    if out is not None:
        out.write_text(console.export_text(), encoding="utf-8")
    raise SystemExit(failed > 0)


def _five(large: bool) -> Iterator[Row]:
    """The five steps against five circuits at rest, with drivers that sense; and their seconds."""
    for size in (8, 16, 32, 64) if large else (8, 16, 32):
        matrix, vector = problem(size)
        wanted = step_by_step(matrix, vector)
        for ohms, bound in ((20.0, 2e-3), (1.0, 5e-4)):
            for engine in ENGINES if size <= EXACT_UP_TO else ("ngspice",):
                began = _seconds()
                solution = run_schedule(five_steps(matrix, vector, ohms, True, LEAK), engine)
                seconds = _seconds() - began
                law = f"five steps in one transient against five circuits, N = {size}, R_on {ohms:g} ohm"
                yield within("C1", law, engine, distance(block_answer(solution), wanted), bound)
                if size == 32 and ohms == 20:
                    seen, bound = f"{seconds:.1f} s", f"<= {SECONDS:g} s"
                    yield Row("C5", "five steps, N = 32: processor seconds", engine, seen, bound, seconds <= SECONDS)


def _pivoted() -> Iterator[Row]:
    """Random matrices whose blocks are unstable as they are, with their rows in the order of LU, against NumPy."""
    for engine in ENGINES:
        solved, errors = [0, 0], []
        for seed in range(6):
            random = np.random.default_rng(seed)
            matrix, vector = random.standard_normal((4, 4)), random.uniform(-1, 1, 4)
            for place, pivoting in enumerate(("none", "auto")):
                solution = run_schedule(five_steps(matrix, vector, 1.0, True, LEAK, pivoting), engine)
                solved[place] += solution.usable
            if solution.usable:
                errors.append(distance(block_answer(solution), np.linalg.solve(matrix, vector)))
        seen = f"{solved[0]} -> {solved[1]} of 6, median error {np.median(errors):.2g}"
        law = "five steps of random matrices, N = 4: settled without and with the rows in the order of LU"
        yield Row("C1", law, engine, seen, "6 of 6, <= 0.002", solved[1] == 6 and float(np.median(errors)) <= 0.002)


def _seconds() -> float:
    """Processor seconds of this process and of the simulations that have ended."""
    uses = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in uses)


def _resistance() -> Iterator[Row]:
    """Without sensing drivers the error is that of the resistance."""
    matrix, vector = problem(16)
    wanted = step_by_step(matrix, vector)
    for engine in ENGINES:
        few, many = (
            distance(block_answer(run_schedule(five_steps(matrix, vector, ohms, False, LEAK), engine)), wanted)
            for ohms in (20.0, 200.0)
        )
        seen = f"{few:.2g}, {many:.2g}: {many / few:.1f} times"
        law = "five steps, N = 16, no sensing drivers: error at R_on 200 and 20 ohm"
        yield Row("C2", law, engine, seen, "5 .. 20 times", 5 <= many / few <= 20)


def _hold() -> Iterator[Row]:
    """The step on a hold, from the answer of the phase that solves for it; and in a deck of its own."""
    own = MacroSwitches()
    wanted = own.hold_step
    found: dict[str, float] = {}
    for engine in ENGINES:
        plain, moved = (run_schedule(two_phases(4, **more), engine) for more in ({"overlap_mismatch": 0.0}, {}))
        matrix = plain.plan.schedule.arrays[0].loaded(Path())
        shift = matrix @ (moved.phase("solution").value - plain.phase("solution").value)
        found[engine] = float(np.abs(shift).mean() * abs(plain.phase("product").scale))
    found["ngspice, one switch"] = abs(gate.switch_step(own))
    for engine, volts in found.items():
        law = "step of a hold: 5 fF, 10 %, 0.72 V, 1 pF"
        seen, bound = format_quantity(volts, "V"), f"{format_quantity(wanted, 'V')} +- 30 %"
        yield Row("C3", law, engine, seen, bound, abs(volts / wanted - 1) <= 0.3)


def _four() -> Iterator[Row]:
    """Four modes in one transient, Toeplitz, N = 8."""
    for engine in ENGINES:
        solution = run_schedule(four_modes(8), engine)
        for phase in solution.phases:
            yield within("C4", f"{phase.mode} of four modes, N = 8", engine, phase.error, MODES[phase.name])
        statuses = ", ".join(phase.status.name for phase in solution.phases)
        yield stated("C4", "four modes, N = 8: statuses", engine, statuses, ", ".join(["SETTLED"] * 4))


def _agreement() -> Iterator[Row]:
    """Both engines with ideal holds, in units of the largest output of a phase."""
    schedules = {
        "two phases, N = 8": two_phases(8, overlap_mismatch=0.0),
        "four modes, N = 8": four_modes(8),
        "four modes of a pair, N = 4": four_modes(4, "spd"),
    }
    for name, schedule in schedules.items():
        one, other = (run_schedule(schedule, engine) for engine in ENGINES)
        away = max(
            float(np.abs(a.outputs - b.outputs).max() / np.abs(a.outputs).max())
            for a, b in zip(one.phases, other.phases, strict=True)
        )
        yield within("engines", f"outputs of both engines: {name}", "both", away, 1e-4)


def _gates() -> Table:
    """Steps of a single gate on several capacitances."""
    headings = ("capacitance", "law", "switch with overlap", "transmission gate", "its transistors equal")
    table = Table(*headings, box=box.SIMPLE, title="Step of a single gate")
    for capacitance in (0.2e-12, 1e-12, 4e-12, 10e-12):
        own = MacroSwitches(hold_capacitance=capacitance)
        transistors = (gate.transistor_step(capacitance, mismatch) for mismatch in (own.overlap_mismatch, 0.0))
        steps = (own.hold_step, gate.switch_step(own), *transistors)
        table.add_row(format_quantity(capacitance, "F"), *(format_quantity(abs(step), "V") for step in steps))
    return table


if __name__ == "__main__":
    typer.run(main)
