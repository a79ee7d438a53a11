"""What does reading a circuit by the exact engine take, alone and in stacks of many?

Method: 64 INV circuits of one size, each of its own random matrix of condition 10, programmed beforehand, with one
right-hand side each. They are read one by one from their own responses, and together in stacks of 1, 8 and 64 circuits
at most (large ones are split further); a round does all in turns. Readings of both are compared.

Printed, medians of the rounds: milliseconds of processor time a circuit; largest differences of outputs, settling times
and energies, in units of the largest output, of the time and of the energy; circuits that no stack takes.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich import box
from rich.console import Console
from rich.table import Table

from amc_circuits import InvCircuit
from amc_circuits.engines import Job
from amc_circuits.engines.exact.circuit import ExactCircuit
from amc_circuits.engines.exact.engine import ExactEngine
from amc_circuits.engines.exact.reading import read_slots
from amc_circuits.results.readings import Reading
from amc_circuits.values.matrices import draw_matrix
from benchmarks.machine import machine_line

SIZES, STACKS, CIRCUITS = (4, 16, 64), (1, 8, 64), 64
OPAMPS = ("single-pole", "cmos-100meg")
TOLERANCE = 0.01
ENGINE = ExactEngine()


def jobs_of(size: int, opamp: str, count: int) -> list[Job]:
    """A job of each circuit; poles and modes of the circuits are known."""
    found = []
    for seed in range(count):
        generator = np.random.default_rng(seed)
        matrix = draw_matrix("spd", size, size, 10.0, generator)
        circuit = InvCircuit.program(matrix, engine="exact", opamp=opamp, input_voltage=0.05)
        _ = circuit.linear.modes.condition
        found.append(circuit.job(generator.uniform(-1, 1, (size, 1))))
    return found


def alone(jobs: Sequence[Job], opamp: str) -> list[Reading]:
    """Readings of each circuit from its own response."""
    states = [ExactCircuit(job.circuit) for job in jobs]
    if opamp == "single-pole":
        pairs = zip(states, jobs, strict=True)
        return [read_slots(state, job.drive, True, TOLERANCE)[0] for state, job in pairs]
    return [ENGINE.read(state, [job], TOLERANCE)[0][0] for state, job in zip(states, jobs, strict=True)]


def stacked(jobs: Sequence[Job], size: int) -> list[Reading | None]:
    """Readings in stacks of so many circuits; None for circuits that no stack takes."""
    found: list[Reading | None] = []
    for first in range(0, len(jobs), size):
        some = jobs[first : first + size]
        read = ENGINE.read_together([ExactCircuit(job.circuit) for job in some], some, TOLERANCE)
        found += [None if one is None else one[0] for one in read]
    return found


def differences(readings: Sequence[Reading], others: Sequence[Reading | None]) -> tuple[float, float, float]:
    """Largest differences of final outputs, settling times and energies of the array, relative."""
    pairs = [(one, other) for one, other in zip(readings, others, strict=True) if other is not None]
    final = [np.abs(one.final - other.final).max() / np.abs(one.final).max() for one, other in pairs]
    settling = [abs(other.settling_time / one.settling_time - 1) for one, other in pairs]
    energy = [abs((other.energy["array"] or 0) / (one.energy["array"] or 1) - 1) for one, other in pairs]
    return float(max(final)), max(settling), max(energy)


def table(rounds: int, sizes: Sequence[int], opamps: Sequence[str]) -> Table:
    """All sizes and op-amps."""
    grid = Table(title=f"INV, CPU ms a circuit, medians of {rounds} rounds", title_justify="left", box=box.MARKDOWN)
    stacks = [f"stacks of {size}" for size in STACKS]
    for heading in ("op-amp", "N", "alone", *stacks, "ratio", "output", "settling", "energy", "left"):
        grid.add_column(heading, justify="right")
    for opamp in opamps:
        for size in sizes:
            jobs, found = jobs_of(size, opamp, CIRCUITS), []
            wanted, got = alone(jobs, opamp), stacked(jobs, STACKS[-1])
            for _ in range(rounds):
                times = [time.process_time()]
                alone(jobs, opamp)
                times.append(time.process_time())
                for of in STACKS:
                    stacked(jobs, of)
                    times.append(time.process_time())
                found.append(np.diff(times) * 1e3 / len(jobs))
            each = np.median(found, axis=0)
            ratio = float(np.median([one[0] / one[-1] for one in found]))
            errors = [f"{one:.0e}" for one in differences(wanted, got)]
            left = str(sum(one is None for one in got))
            grid.add_row(opamp, str(size), *(f"{one:.2f}" for one in each), f"{ratio:.1f}", *errors, left)
    return grid


def main(
    rounds: Annotated[int, typer.Option(min=1)] = 5,
    size: Annotated[list[int] | None, typer.Option(help="Sizes instead of all")] = None,
    opamp: Annotated[list[str] | None, typer.Option(help="Op-amps instead of all")] = None,
    out: Annotated[Path | None, typer.Option(help="Text file that gets the table too")] = None,
) -> None:
    """Measure circuits alone and in stacks."""
    console = Console(record=True, width=140)
    console.print(machine_line(), highlight=False)
    console.print(table(rounds, size or SIZES, opamp or OPAMPS))
    if out is not None:
        console.save_text(str(out))


if __name__ == "__main__":
    typer.run(main)
