"""How do time and memory of the exact engine grow with N?

Method: signed INV (spd, condition 10), wires of 1 ohm a segment, 16 right-hand sides, N doubled from 16 to 512, with
both op-amp models. Each size has a process of its own, so that its peak of memory is its own. Every round starts from
nothing, on one BLAS thread.

Printed, for each op-amp, medians of the rounds: states, seconds of the reduction of both arrays, of the linear circuit
with its modes, of the right-hand sides with all their metrics, and of everything; the peak of memory, Python and
libraries included; then the exponents that fit the seconds from N = 64 on (least squares of the logarithms).
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich import box
from rich.console import Console
from rich.progress import track
from rich.table import Table
from threadpoolctl import threadpool_limits

from amc_circuits import InvCircuit
from amc_circuits.values.matrices import draw_matrix, draw_vector
from amc_circuits.values.quantities import format_quantity
from benchmarks.machine import machine_line
from netlists import Array
from netlists.record import FloatArray

SIZES = (16, 32, 64, 128, 256, 512)
OPAMPS = ("single-pole", "cmos-100meg")
RIGHT_HAND_SIDES, WIRE_RESISTANCE = 16, 1.0
FITTED_FROM = 64
EXPONENT_ASKED, SECONDS_ASKED = 3.5, {256: 20}
STAGES = ("reduction", "circuit, modes", "right-hand sides", "all")


@dataclass(frozen=True)
class Measured:
    """One size.

    Attributes:
        size: N.
        states: Number of states of the linear circuit.
        seconds: Time of every stage, and their sum, in the order of `STAGES`; medians.
        peak: Peak of memory, bytes.
    """

    size: int
    states: int
    seconds: tuple[float, ...]
    peak: int


def problem(size: int) -> tuple[FloatArray, FloatArray]:
    """A and right-hand sides."""
    generator = np.random.default_rng(0)
    matrix = draw_matrix("spd", size, size, None, generator)
    return matrix, np.stack([draw_vector(size, generator) for _ in range(RIGHT_HAND_SIDES)], axis=1)


def solve(size: int, opamp: str) -> tuple[list[float], int]:
    """Seconds of the stages, from nothing, and how many states there are."""
    matrix, columns = problem(size)
    ends = [time.perf_counter()]
    circuit = InvCircuit.program(matrix, opamp=opamp, wire_resistance=WIRE_RESISTANCE, engine="exact")
    _ = [array.reduced for array in circuit.circuit.of(Array)]
    ends.append(time.perf_counter())
    _ = circuit.stability
    ends.append(time.perf_counter())
    circuit.solve(columns).raise_if_unusable()
    ends.append(time.perf_counter())
    return [*np.diff(ends).tolist(), ends[-1] - ends[0]], len(circuit.linear.state)


def measure(size: int, opamp: str, rounds: int) -> Measured:
    """All rounds of one size; runs in a process of its own."""
    with threadpool_limits(1):
        solve(4, opamp)
        found = [solve(size, opamp) for _ in range(rounds)]
    seconds = np.median([times for times, _ in found], axis=0).tolist()
    kilobyte = 1 if sys.platform == "darwin" else 1024
    return Measured(size, found[0][1], tuple(seconds), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * kilobyte)


def run(opamp: str, sizes: Sequence[int], rounds: int) -> list[Measured]:
    """All sizes, one after the other, each in a new process."""
    console, found = Console(stderr=True), []
    for size in track(sizes, opamp, console=console, disable=not console.is_terminal):
        with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
            found.append(pool.submit(measure, size, opamp, rounds).result())
    return found


def table(opamp: str, rows: Sequence[Measured]) -> Table:
    """All sizes of one op-amp, and the exponents."""
    grid = Table(title=opamp, title_justify="left", box=box.MARKDOWN)
    for heading in ("N", "states", *STAGES, "asked", "peak"):
        grid.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        asked = f"< {SECONDS_ASKED[row.size]} s" if row.size in SECONDS_ASKED else ""
        seconds = (format_quantity(taken, "s", 3) for taken in row.seconds)
        grid.add_row(str(row.size), str(row.states), *seconds, asked, f"{row.peak / 1e6:.0f} MB")
    fitted = [row for row in rows if row.size >= FITTED_FROM]
    if len(fitted) > 1:
        logarithms = np.log([row.seconds for row in fitted])
        slopes = np.polyfit(np.log([row.size for row in fitted]), logarithms, 1)[0]
        grid.add_row("exponent", "", *(f"N^{slope:.2f}" for slope in slopes), f"<= N^{EXPONENT_ASKED}", "")
    return grid


def main(
    rounds: Annotated[int, typer.Option(min=1, help="Solves of each size")] = 3,
    size: Annotated[list[int] | None, typer.Option(help=f"{SIZES} unless given")] = None,
    out: Annotated[Path | None, typer.Option(help="Text file that gets the tables too")] = None,
) -> None:
    """Time and memory of the exact engine against N."""
    console = Console(record=True, width=140)
    with threadpool_limits(1):
        console.print(machine_line(), highlight=False)
    console.print(
        f"INV, spd, {WIRE_RESISTANCE:g} ohm a segment, {RIGHT_HAND_SIDES} right-hand sides, medians of {rounds}\n"
    )
    for opamp in OPAMPS:
        console.print(table(opamp, run(opamp, size or SIZES, rounds)))
    if out is not None:
        console.save_text(str(out))


if __name__ == "__main__":
    typer.run(main)
