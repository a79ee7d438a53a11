"""Which ratios to a digital processor come out for the inversions of K-FAC, and of which assumptions?

Method: arrays of 8 to 128 lines are simulated, 5 random matrices a size and all columns of each (`amc step-cost`), and
ratios of ResNet-18, ResNet-50 and VGG-16 follow. The wanted values were computed by an earlier, separate script from
the inputs `STATED`; rows of simulated arrays allow 10 % for their settling time and energy.

Printed: question, what was seen, what was wanted, and whether it holds within 10 %; exit code 1 if a row does not hold.
Below them stands Cholesky on one core of this machine, measured. Only these seconds suffer from a busy machine.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich import box
from rich.console import Console
from rich.table import Table
from scipy.linalg.lapack import dpotrf, dpotri
from threadpoolctl import threadpool_limits

from amc_circuits import ParameterError, draw_matrix, format_quantity
from benchmarks.machine import machine_line
from optimizer.step_cost import SimulatedArrays, StepCost, make_spec, preset, simulate, step_cost
from optimizer.step_cost.networks import factor_widths
from optimizer.step_cost.tornado import Swing

ALLOWED = 0.1
"""Relative difference at which a row still holds."""
NETWORKS = {
    "resnet-18-cifar": (350.4e9, 93.99e6, (6.97, 1.60, 1.16)),
    "resnet-50-imagenet": (452.8e9, 153.85e6, (6.43, 1.54, 1.13)),
    "vgg-16-cifar": (530.7e9, 127.55e6, (16.07, 2.51, 1.35)),
}
"""Sum of n^3 and of n^2 over all factors, and the limits of a whole step at inversions every 1, 10 and 100 steps."""
RATIOS = {"throughput": 0.42, "energy": 7.3, "throughput_programmed": 6.9, "energy_programmed": 8.6}
STATED = SimulatedArrays(
    np.array([16.0, 32.0, 64.0, 128.0]),
    np.array([125e-9, 137e-9, 175e-9, 247e-9]),
    np.array([12.5e-9, 27.4e-9, 69.8e-9, 198e-9]),
    np.zeros(4),
    np.zeros(4),
)
"""Settling time and energy from which the wanted values were computed."""
TORNADO = {
    "share": ((1.41, 0.106), (24.0, 1.8)),
    "parallel": ((0.042, 4.2), (7.3, 7.3)),
    "written_cells": ((0.0057, 0.42), (7.3, 7.3)),
    "cell_time": ((2.7, 0.045), (7.3, 7.3)),
    "peak": ((1.45, 0.21), (25.0, 3.6)),
    "block_size": ((0.028, 0.85), (2.9, 11.3)),
    "cycles": ((0.42, 0.27), (7.3, 0.84)),
    "energy_factor": ((0.42, 0.42), (30.0, 3.9)),
    "cell_energy": ((0.42, 0.42), (8.4, 3.0)),
    "settling_factor": ((0.44, 0.40), (7.3, 7.3)),
    "power": ((0.42, 0.42), (3.6, 7.3)),
}
"""Ratios of throughput and of energy at both ends of an assumption's range."""
NEEDED = {
    ("parallel", "throughput"): 13_900.0,
    ("parallel", "throughput_programmed"): 854.0,
    ("share", "energy"): 0.105,
}
"""Values that alone give 5.88 times the throughput and 6.9 times the energy."""


@dataclass(frozen=True)
class Row:
    """A question with its answer."""

    question: str
    seen: str
    wanted: str
    holds: bool


def close(question: str, seen: float, wanted: float, unit: str = "") -> Row:
    """Return the row of a number that must be near another one."""
    texts = (format_quantity(value, unit, 3) for value in (seen, wanted))
    return Row(question, *texts, abs(seen / wanted - 1) <= ALLOWED)


def of_ratios(found: StepCost, inputs: str) -> Iterator[Row]:
    """Yield both ratios with and without programming."""
    for name, wanted in RATIOS.items():
        words = name.replace("_programmed", ", already programmed")
        yield close(f"ResNet-18, {inputs}: {words}", getattr(found.ratios, name), wanted)


def of_tornado(found: StepCost) -> Iterator[Row]:
    """Yield both ratios at both ends of the ranges."""
    swings = {swing.name: swing for swing in found.tornado}
    for name, (throughput, energy) in TORNADO.items():
        seen, wanted = _ends(swings[name]), (*throughput, *energy)
        holds = all(abs(one / other - 1) <= ALLOWED for one, other in zip(seen, wanted, strict=True))
        texts = (" ".join(f"{value:.3g}" for value in values) for values in (seen, wanted))
        yield Row(f"throughput and energy at both ends of {name}", *texts, holds)


def _ends(swing: Swing) -> tuple[float, ...]:
    return tuple(getattr(end, name) for name in ("throughput", "energy") for end in (swing.at_low, swing.at_high))


def of_needed(found: StepCost) -> Iterator[Row]:
    """Yield the values that give the published ratios."""
    values = {one.name: one.values for one in found.needed}
    for (name, ratio), wanted in NEEDED.items():
        seen = values[name][ratio]
        yield close(f"{name} that gives the published {ratio}", math.nan if seen is None else seen, wanted)
    yield close("time a cell at which programming takes as long as solving", found.break_even_cell_time, 0.22e-6, "s")


def of_networks(simulated: SimulatedArrays) -> Iterator[Row]:
    """Yield sums over the factors, and the limits of whole steps."""
    for name, (operations, entries, limits) in NETWORKS.items():
        found = step_cost(preset(name), simulated)
        widths = factor_widths(found.spec.layers)
        yield close(f"{name}: sum of n^3", sum(count * n**3 for n, count in widths.items()), operations, "FLOP")
        yield close(f"{name}: sum of n^2", sum(count * n**2 for n, count in widths.items()), entries)
        steps = [step for step in found.steps if step.block_size is None]
        for step, limit in zip(steps, limits, strict=True):
            yield close(f"{name}: whole step, inversions every {step.interval}, at most", step.limit, limit)


def of_mathematics() -> Row:
    """Return the row of a processor that inverts whole factors while the arrays invert blocks."""
    try:
        make_spec({"network": "resnet-18-cifar", "digital": {"block_size": 4608}})
    except ParameterError:
        return Row("whole factors against blocks", "refused", "refused", True)
    return Row("whole factors against blocks", "compared", "refused", False)


def cholesky(width: int, rounds: int) -> str:
    """Measure Cholesky and the inverse from it in double precision on one core, the best of some rounds."""
    matrix, seconds = draw_matrix("spd", width, width, 10, np.random.default_rng(0)), math.inf
    for _ in range(rounds):
        began = time.process_time()
        factor, _ = dpotrf(matrix, lower=1)
        dpotri(factor, lower=1)
        seconds = min(seconds, time.process_time() - began)
    return f"n = {width}: {format_quantity(seconds, 's', 3)}, {format_quantity(width**3 / seconds, 'FLOP/s', 3)}"


def rows(console: Console) -> Iterator[Row]:
    """Yield all rows; print the simulated arrays."""
    spec = preset("resnet-18-cifar")
    yield from of_ratios(stated := step_cost(spec, STATED), "stated inputs")
    yield from of_tornado(stated)
    yield from of_needed(stated)
    yield of_mathematics()
    simulated = simulate(spec.arrays, spec.circuit)
    for row in zip(simulated.sizes, simulated.settling_times, simulated.energies, strict=True):
        size, settling, joules = map(float, row)
        texts = format_quantity(settling, "s", 3), format_quantity(joules, "J", 3)
        console.print(f"simulated arrays of {size:.0f}: {texts[0]} and {texts[1]} a column")
    yield from of_ratios(found := step_cost(spec, simulated), "simulated arrays")
    yield from of_needed(found)
    yield from of_networks(simulated)


def main(out: Annotated[Path | None, typer.Option(help="File for the table.")] = None) -> None:
    """Print every row of the table."""
    began = time.perf_counter()
    console = Console(record=True, width=150)
    console.print(machine_line())
    with threadpool_limits(1):
        found = list(rows(console))
        table = Table("question", "seen", "wanted", "holds", box=box.SIMPLE)
        for row in found:
            table.add_row(row.question, row.seen, row.wanted, "yes" if row.holds else "NO")
        console.print(table)
        for width, rounds in ((128, 20), (512, 5), (1024, 2)):
            console.print(f"Cholesky and inverse on one core, {cholesky(width, rounds)}")
    failed = sum(not row.holds for row in found)
    console.print(f"{len(found) - failed} of {len(found)} hold, {time.perf_counter() - began:.0f} s")
    if out is not None:
        out.write_text(console.export_text(), encoding="utf-8")
    raise SystemExit(failed > 0)


if __name__ == "__main__":
    typer.run(main)
