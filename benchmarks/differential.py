"""Is any result wrong that an engine reports as settled?

Method: random designs over all options (`tests/differential.py`): INV and MVM, five op-amps with limits near and far,
wires, line capacitance, device errors, offsets, pairs, scaling, temperature, all types of drives. An independent judge
checks every right-hand side that is SETTLED. It shares no code with the package (`tests/kirchhoff_in_time.py`: every
node of every mesh is an unknown of Kirchhoff's laws, dense). Wrong is

- a final value farther from the judge's steady state than the tolerance of the largest output,
- a settling time that is not between the judge's at 1.03 and at 0.97 of the tolerance (if the circuit is linear; with
  ngspice: if its amplifiers distort a waveform by less than 1e-4 of full scale),
- an energy up to that time that is off by more than 1 % (ngspice 3 %), or below 0 in a passive part.

Printed: statuses of the right-hand sides, number of judged ones, the largest distance in tolerances, the largest error
of an energy, and each wrong result in a line. The exit code is 1 if there is any.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from benchmarks.machine import machine_line
from tests.differential import Verdict, check

PART = 25
"""Designs that a process takes at once."""


def judged_designs(engine: str, seeds: Sequence[int]) -> Verdict:
    """Judge some designs."""
    verdict = Verdict()
    with threadpool_limits(1):
        for seed in seeds:
            check(seed, engine, verdict)
    return verdict


def together(verdicts: Sequence[Verdict]) -> Verdict:
    """Combine several verdicts."""
    whole = Verdict()
    for one in verdicts:
        whole.statuses.update(one.statuses)
        whole.checked, whole.timed = whole.checked + one.checked, whole.timed + one.timed
        whole.worst = max(whole.worst, one.worst)
        whole.worst_energy = max(whole.worst_energy, one.worst_energy)
        whole.wrong += one.wrong
    return whole


def _grid() -> Table:
    grid = Table(title="random designs", title_justify="left", box=box.MARKDOWN)
    metrics = ("judged", "timed", "worst end", "worst energy", "wrong", "s")
    for heading in ("engine", "designs", "right-hand sides", *metrics):
        grid.add_column(heading, justify="right", no_wrap=heading != "right-hand sides")
    return grid


def _cells(found: Verdict) -> tuple[str, ...]:
    """Cells of a row: statuses, numbers of judged and timed right-hand sides, largest errors, number of wrong ones."""
    statuses = ", ".join(f"{number} {name}" for name, number in found.statuses.most_common())
    errors = f"{found.worst:.2g} tolerances", f"{found.worst_energy:.2%}"
    return statuses, str(found.checked), str(found.timed), *errors, str(len(found.wrong))


def main(
    exact: Annotated[int, typer.Option(help="Designs for the exact engine.")] = 2000,
    ngspice: Annotated[int, typer.Option(help="Designs for ngspice.")] = 300,
    first: Annotated[int, typer.Option(help="Seed of the first design.")] = 0,
    jobs: Annotated[int, typer.Option(help="Processes.")] = 2,
    out: Annotated[Path | None, typer.Option(help="File for the table, too.")] = None,
) -> None:
    """Judge random designs."""
    grid, wrong = _grid(), []
    for engine, count in (("exact", exact), ("ngspice", ngspice)):
        began = time.perf_counter()
        seeds = range(first, first + count)
        parts = [seeds[k : k + PART] for k in range(0, count, PART)]
        with ProcessPoolExecutor(jobs) as pool:
            found = together(list(pool.map(judged_designs, [engine] * len(parts), parts)))
        grid.add_row(engine, str(count), *_cells(found), f"{time.perf_counter() - began:.0f}")
        wrong += [f"{engine}: {line}" for line in found.wrong]
    consoles = [Console(width=200)]
    if out is not None:
        consoles.append(Console(file=out.open("w", encoding="utf-8"), width=200))
    for console in consoles:
        console.print(machine_line(), grid, *wrong, sep="\n", markup=False, highlight=False)
    raise typer.Exit(bool(wrong))


if __name__ == "__main__":
    typer.run(main)
