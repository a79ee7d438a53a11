"""How far is the exact engine from ngspice in tight steps, in and beyond the linear range of op-amps?

Method: random designs (`tests/exactness.py`): INV and MVM of 1 to 8 rows, four macro op-amps and variants of them
(second pole, output stage, swing, slew rate, gain, offset, input capacitance), wires, line capacitance, random offsets,
inputs of 0.01 to 1 V at a fixed scale, from rest or from the solution before. With `--sparse` they are recovery
circuits, whose dead zones open and close, with these op-amps or ones of a single pole, at 0.1 V and more.
ngspice runs at reltol 1e-6, trtol 1 and a 16th of its usual step. Where waveforms differ by more than the bound it runs
again at a 64th, then at a 256th: its own error shrinks with its step, a true difference does not. With `--company`
ngspice has no part: each of 16 right-hand sides of a design from rest is read alone and among the others.

Printed: number, median, 95 % and worst of

- the largest difference of a waveform in units of full scale, without and with clamps that draw a current,
- the relative difference of the settling time; where a crest is near the edge of its band (the settling times at 0.97
  and 1.03 of the tolerance differ by more than 5 %), the time jumps on a small change, and the difference stands apart,
- the largest relative difference of an energy at these settling times.

The exit code is 1 if a waveform differs by more than 5e-5 (2e-4 with clamps), if settling times differ by more than
2e-4 in the median or 1e-3 in more than 5 %, or energies by more than 1e-3 in more than 5 %.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich import box
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from amc_circuits.engines import ExactEngine, Job
from amc_circuits.engines.exact.circuit import ExactCircuit
from amc_circuits.results.readings import Reading
from benchmarks.machine import machine_line
from tests.exactness import CLAMPED, JUMPS, TOLERANCE, WAVEFORM, Differences, compare, draw

PART = 5
"""Designs that a process takes at once."""
COMPANY = 16
"""Right-hand sides that are read together."""
LARGEST = 8
"""Most rows of an array."""
ROWS = {
    "waveform": "waveform, of full scale",
    "clamped": "waveform at clamps, of full scale",
    "settling": "settling time",
    "grazing": "settling time, crest near the band",
    "energy": "energies",
}
"""Names of the differences, and their rows in the table."""


def compared(seeds: Sequence[int], sparse: bool = False) -> Differences:
    """Compare some designs; `sparse`: recovery circuits."""
    found = Differences()
    with threadpool_limits(1):
        for seed in seeds:
            compare(seed, found, LARGEST, sparse)
    return found


def in_company(seeds: Sequence[int]) -> list[tuple[float, float, float]]:
    """Compare right-hand sides alone and among 16: relative differences of final outputs, waveforms, settling times."""
    found = []
    with threadpool_limits(1):
        for seed in seeds:
            drawn = draw(seed, LARGEST)
            if drawn is None or drawn.circuit.settings.start != "rest":
                continue
            rng, shape = np.random.default_rng([seed, 16]), (len(drawn.columns), COMPANY)
            columns = rng.uniform(-1, 1, shape) * 10 ** rng.uniform(-2, 0, COMPANY)
            job, engine = drawn.circuit.job(drawn.circuit.question(columns).columns), ExactEngine()
            state = engine.init(job.circuit)
            readings = engine.read(state, [job], TOLERANCE)[0]
            found += [_apart(engine, state, job.part([k])[0], reading) for k, reading in enumerate(readings)]
    return found


def _apart(engine: ExactEngine, state: ExactCircuit, alone: Job, among: Reading) -> tuple[float, float, float]:
    """Differences of a right-hand side alone from its reading among others; 0 for a time where a crest is near."""
    (reading,) = engine.read(state, [alone], TOLERANCE)[0]
    outputs = engine.outputs(state, alone, among.response.time + alone.drive.rise_time / 2)
    waveform = np.abs(among.response.outputs - outputs).max() / np.abs(outputs).max()
    final = np.abs(among.final - reading.final).max() / np.abs(reading.final).max()
    early, late = reading.settling_range
    timed = reading.steady and among.steady and 0 < late <= JUMPS * early
    return float(final), float(waveform), abs(among.settling_time / reading.settling_time - 1) if timed else 0.0


def company_table(designs: int, first: int, jobs: int) -> Table:
    """Differences of right-hand sides in company."""
    seeds = range(first, first + designs)
    with ProcessPoolExecutor(jobs) as pool:
        parts = pool.map(in_company, [seeds[k : k + PART] for k in range(0, designs, PART)])
        found = np.array([row for part in parts for row in part])
    title = f"alone less among {COMPANY}, {len(found)} right-hand sides"
    grid = Table(title=title, title_justify="left", box=box.MARKDOWN)
    for heading in ("difference", "median", "95 %", "worst"):
        grid.add_column(heading, justify="right")
    for name, values in zip(("final outputs", "waveform, of full scale", "settling time"), found.T, strict=True):
        metrics = (np.median(values), np.quantile(values, 0.95), values.max())
        grid.add_row(name, *(f"{value:.1e}" for value in metrics))
    return grid


def together(parts: Sequence[Differences]) -> Differences:
    """Combine several parts."""
    whole = Differences()
    for part in parts:
        whole.integrated += part.integrated
        for name in ROWS:
            getattr(whole, name).extend(getattr(part, name))
            if name in part.worst:
                whole.worst[name] = max(part.worst[name], whole.worst.get(name, (-1.0, "")))
    return whole


def right(found: Differences) -> bool:
    """True if all bounds hold."""
    bounds = [("waveform", 1.0, WAVEFORM), ("clamped", 1.0, CLAMPED)]
    bounds += [("settling", 0.5, 2e-4), ("settling", 0.95, 1e-3), ("energy", 0.95, 1e-3)]
    return all(np.quantile(getattr(found, name) or [0.0], share) <= bound for name, share, bound in bounds)


def _grid(found: Differences) -> Table:
    grid = Table(title="exact engine less ngspice", title_justify="left", box=box.MARKDOWN)
    grid.add_column("difference")
    for heading in ("right-hand sides", "median", "95 %", "worst"):
        grid.add_column(heading, justify="right")
    grid.add_column("design of the worst")
    for name, row in ROWS.items():
        values = getattr(found, name)
        if values:
            metrics = (f"{value:.1e}" for value in (np.median(values), np.quantile(values, 0.95), max(values)))
            grid.add_row(row, str(len(values)), *metrics, found.worst[name][1])
    return grid


def main(
    designs: Annotated[int, typer.Option(help="Designs.")] = 200,
    first: Annotated[int, typer.Option(help="Seed of the first design.")] = 0,
    jobs: Annotated[int, typer.Option(help="Processes.")] = 2,
    sparse: Annotated[bool, typer.Option("--sparse", help="Take recovery circuits.")] = False,
    company: Annotated[bool, typer.Option("--company", help="Read each right-hand side alone and among 16.")] = False,
    out: Annotated[Path | None, typer.Option(help="File for the table, too.")] = None,
) -> None:
    """Compare random designs."""
    if company:
        Console(width=160).print(machine_line(), company_table(designs, first, jobs), sep="\n", highlight=False)
        return
    began = time.perf_counter()
    seeds = range(first, first + designs)
    with ProcessPoolExecutor(jobs) as pool:
        found = together(
            list(pool.map(partial(compared, sparse=sparse), [seeds[k : k + PART] for k in range(0, designs, PART)]))
        )
    slots = len(found.waveform) + len(found.clamped)
    line = f"{designs} designs in {time.perf_counter() - began:.0f} s; {found.integrated} of {slots} right-hand sides "
    consoles = [Console(width=160)]
    if out is not None:
        consoles.append(Console(file=out.open("w", encoding="utf-8"), width=160))
    for console in consoles:
        words = (machine_line(), _grid(found), line + "beyond the linear range")
        console.print(*words, sep="\n", markup=False, highlight=False)
    raise typer.Exit(not right(found))


if __name__ == "__main__":
    typer.run(main)
