"""What does a point of a sweep cost in processor time, alone and in a chunk, and what for?

Method: INV by the exact engine, in this process, two sweeps: many seeds with two programming errors, and one matrix
over GBWP. Each round runs the points of a sweep one by one, then in chunks of the most points that a sweep takes; the
two take turns, so that a busy machine slows both. Both give the same outcomes, bit for bit, or the benchmark ends.

Printed, medians of the rounds, milliseconds of processor time a point: alone; in a chunk; the ratio. Of the chunk: its
programming (problem, cells, circuit, poles, first transient), its reading, and the rest (answer, record, waveforms).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich import box
from rich.console import Console
from rich.table import Table

from amc_circuits.cases.case import make_case
from amc_circuits.studies.stacking import asked_of, read_asked
from amc_circuits.sweep.plan.plan import Handling, plan_of
from amc_circuits.sweep.plan.point import Point
from amc_circuits.sweep.plan.spec import sweep_from
from amc_circuits.sweep.run.chunks import MOST
from amc_circuits.sweep.run.outcome import Outcome, run_point, run_points
from benchmarks.machine import machine_line

SIZES = (4, 16)
OPAMPS = ("single-pole", "cmos-100meg")
SWEEPS: dict[str, dict[str, Sequence[Any]]] = {
    "seed x programming error": {"seed": range(2 * MOST), "programming_error": (1e-6, 2e-6)},
    "GBWP": {"gbwp": np.geomspace(20e6, 200e6, 4 * MOST).tolist()},
}


@dataclass(frozen=True)
class Costs:
    """Processor time of a point, ms.

    Attributes:
        alone: Each point by itself.
        chunk: In a chunk.
        programming: Programming of it.
        reading: Reading of it.
    """

    alone: float
    chunk: float
    programming: float
    reading: float


def points_of(size: int, opamp: str, grid: dict[str, Sequence[Any]]) -> list[Point]:
    """Points of a sweep."""
    fixed = {"engine": "exact", "size": size, "opamp": opamp, "input_voltage": 0.05}
    sweep = sweep_from({"circuit": "inv", "fixed": fixed, "grid": {name: list(some) for name, some in grid.items()}})
    return list(plan_of(sweep, {}, Handling()).points)


def chunks_of(points: Sequence[Point]) -> Iterator[Sequence[Point]]:
    """Chunks of a sweep."""
    return (points[start : start + MOST] for start in range(0, len(points), MOST))


def one_round(points: Sequence[Point]) -> Costs:
    """Both ways, and the parts of a chunk."""
    began = time.process_time()
    alone = [run_point(point) for point in points]
    separate = time.process_time()
    together = [outcome for chunk in chunks_of(points) for outcome in run_points(chunk)]
    ended = time.process_time()
    if any(_lasting(one) != _lasting(other) for one, other in zip(alone, together, strict=True)):
        raise SystemExit("a point in a chunk differs from the point alone")
    programming = reading = 0.0
    for chunk in chunks_of(points):
        start = time.process_time()
        several = []
        for point in chunk:
            case = make_case(point.circuit, point.options, 1, None)
            several.append(asked_of(case.circuit, case.circuit.question(case.vector)))
        made = time.process_time()
        read_asked([one for one in several if one is not None])
        programming, reading = programming + made - start, reading + time.process_time() - made
    each = 1e3 / len(points)
    return Costs(each * (separate - began), each * (ended - separate), each * programming, each * reading)


def _lasting(outcome: Outcome) -> str:
    """All of an outcome but its times."""
    figures = outcome.figures | {"wall_time_s": 0.0}
    return repr(replace(outcome, figures=figures, wall_time_s=0.0))


def table(rounds: int) -> Table:
    """All sweeps."""
    grid = Table(title=f"INV, CPU ms a point, medians of {rounds} rounds", title_justify="left", box=box.MARKDOWN)
    for heading in ("sweep", "op-amp", "N", "alone", "in a chunk", "ratio", "programming", "reading", "rest"):
        grid.add_column(heading, justify="right")
    for name, axes in SWEEPS.items():
        for opamp in OPAMPS:
            for size in SIZES:
                points = points_of(size, opamp, axes)
                run_points(points[:MOST])  # loads modules
                found = [one_round(points) for _ in range(rounds)]
                alone, chunk, programming, reading = (
                    float(np.median([getattr(one, part) for one in found])) for part in Costs.__dataclass_fields__
                )
                ratio = float(np.median([one.alone / one.chunk for one in found]))
                parts = (alone, chunk, ratio, programming, reading, chunk - programming - reading)
                grid.add_row(name, opamp, str(size), *(f"{part:.2f}" for part in parts))
    return grid


def main(
    rounds: Annotated[int, typer.Option(min=1)] = 5,
    out: Annotated[Path | None, typer.Option(help="Text file that gets the table too")] = None,
) -> None:
    """Measure points alone and in chunks."""
    console = Console(record=True, width=140)
    console.print(machine_line(), highlight=False)
    console.print(table(rounds))
    if out is not None:
        console.save_text(str(out))


if __name__ == "__main__":
    typer.run(main)
