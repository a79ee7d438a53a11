"""Comparisons of several ways to the same answer, for arrays with wires: the problem, the times, the tables."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
import typer
from rich import box
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from amc_circuits.values.matrices import draw_matrix, draw_vector
from amc_circuits.values.quantities import format_quantity
from benchmarks.machine import machine_line
from netlists.record import FloatArray

WIRE_RESISTANCE = 1.0
"""Resistance of a segment, ohm."""
T = TypeVar("T")


@dataclass
class Way:
    """One way to an answer: one entry a round.

    Attributes:
        name: Name in the table.
        asked: Target of its seconds, or of their ratio to the first way's.
        note: Further measurements, and the check.
        wall: Seconds.
        cpu: Processor seconds, processes that were started included.
    """

    name: str
    asked: str = ""
    note: str = ""
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def time(self, work: Callable[[], T], times: int = 1) -> T:
        """Do the work, so many times in a row, and record the time of one."""
        began, busy = time.perf_counter(), _cpu_of_all()
        for _ in range(times):
            result = work()
        self.wall.append((time.perf_counter() - began) / times)
        self.cpu.append((_cpu_of_all() - busy) / times)
        return result


@dataclass(frozen=True)
class Comparison:
    """Several ways to the same answer, the one that others are compared with first."""

    case: str
    ways: tuple[Way, ...]


def problem(size: int, count: int) -> tuple[FloatArray, FloatArray]:
    """Draw A and right-hand sides, shape (size, count)."""
    generator = np.random.default_rng(0)
    matrix = draw_matrix("spd", size, size, None, generator)
    return matrix, np.stack([draw_vector(size, generator) for _ in range(count)], axis=1)


def _cpu_of_all() -> float:
    """Processor seconds of this process and of its children that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def table(name: str, comparisons: list[Comparison]) -> Table:
    """One part: a row a way, ratios of medians to the first way of its comparison."""
    grid = Table(title=name, title_justify="left", box=box.MARKDOWN)
    figures = ("rounds", "seconds", "CPU s", "times", "CPU, times", "asked")
    for heading in ("what", "how", *figures, "check"):
        grid.add_column(heading, justify="right" if heading in figures else "left", no_wrap=True)
    for comparison in comparisons:
        first = comparison.ways[0]
        for way in comparison.ways:
            wall, cpu = np.median(way.wall), np.median(way.cpu)
            ratios = (wall / np.median(first.wall), cpu / np.median(first.cpu))
            grid.add_row(
                comparison.case,
                way.name,
                str(len(way.wall)),
                format_quantity(wall, "s", 3),
                format_quantity(cpu, "s", 3),
                *("" if way is first else f"{ratio:.1f}" for ratio in ratios),
                way.asked,
                way.note,
            )
    return grid


def compare(
    parts: Mapping[str, Callable[[int], Iterator[Comparison]]],
    chosen: Sequence[str] | None,
    rounds: int,
    out: Path | None,
    warm_up: Callable[[], object],
) -> None:
    """Run the parts of a benchmark and print a table of each.

    Args:
        parts: Function of each part, from rounds to comparisons.
        chosen: Names of the parts to run; None or empty for all.
        rounds: Number of rounds.
        out: Text file that gets the tables too.
        warm_up: Function that is called first, so that no time includes the loading of modules.

    Raises:
        typer.BadParameter: There is no part of this name.
    """
    if unknown := set(chosen or ()) - set(parts):
        raise typer.BadParameter(f"there is no part {sorted(unknown)[0]}; there are {', '.join(parts)}")
    console = Console(record=True, width=200)
    console.print(
        f"Wires of {WIRE_RESISTANCE:g} ohm a segment; times: medians in units of the first row of each comparison\n"
    )
    with threadpool_limits(1):
        warm_up()
        for name, part in parts.items():
            if not chosen or name in chosen:
                found = list(part(rounds))
                console.print(machine_line(), highlight=False)
                console.print(table(name, found))
    if out is not None:
        console.save_text(str(out))
