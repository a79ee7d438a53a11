"""What do planned solves of large matrices take: cycles, time and energy of the circuit, processor time and memory?

Method: `amc solve` with one right-hand side to 24 bits, cells of 8 levels or of as many as the plan takes, wires of
1.73 ohm, op-amps `cmos-100meg`, exact engine, arrays of at most 128 rows; a process for each size. Matrices are drawn
with seed 0: `spd` of condition 10, and `random` of condition 3, whose leaves are GINV circuits. Memory is the largest
resident memory of the process.

Bias: one matrix a size. Processor time has one BLAS thread if OPENBLAS_NUM_THREADS is 1; a busy machine adds to it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from amc_circuits import format_quantity
from benchmarks.command_cost import Ended, ended
from benchmarks.machine import machine_line

WORDS = ("solve", "--engine", "exact", "--opamp", "cmos-100meg", "--wire-resistance", "1.73", "--format", "json")
FAMILIES = {"spd": (10, (256, 512, 1024)), "random": (3, (256, 512))}
"""Condition and sizes of each family."""


def solve(family: str, condition: float, size: int) -> Ended:
    """Solve a matrix of a family."""
    given = {"--family": family, "--condition": f"{condition:g}", "--size": str(size)}
    return ended([*WORDS, *(word for pair in given.items() for word in pair)])


def cells(found: Ended) -> list[str]:
    """Metrics of a solve; of one without a result its exit code."""
    cost = [f"{found.seconds:.0f} s", format_quantity(found.peak, "B", 2)]
    if found.code:
        return [f"exit code {found.code}", "", "", "", "", "", *cost]
    content = json.loads(found.out)
    stages, cycles = content["plan"]["stages"], content["cycles"]
    time, energy = format_quantity(content["time_s"], "s", 3), format_quantity(content["energy_j"], "J", 3)
    return [content["status"], f"{stages}", f"{content['plan']['levels']}", f"{cycles:.0f}", time, energy, *cost]


def main(
    largest: Annotated[int, typer.Option(min=256, help="Largest size")] = 1024,
    family: Annotated[str | None, typer.Option(help="One family: spd or random")] = None,
    out: Annotated[Path | None, typer.Option(help="Text file that gets the table too")] = None,
) -> None:
    """Time, energy, processor time and memory of large solves."""
    if family not in (None, *FAMILIES):
        raise typer.BadParameter(f"there is no family {family}; there are {', '.join(FAMILIES)}")
    console = Console(record=True, width=140)
    console.print(machine_line(), highlight=False)
    grid = Table(title="24 bits, wires of 1.73 ohm", title_justify="left", box=box.MARKDOWN)
    headings = ("N", "status", "stages", "levels", "cycles", "time", "energy", "processor time", "memory")
    for heading in ("family, condition", *headings):
        grid.add_column(heading, justify="left" if heading in ("family, condition", "status") else "right")
    for name, (condition, sizes) in FAMILIES.items():
        for size in sizes:
            if size <= largest and family in (None, name):
                grid.add_row(f"{name}, {condition:g}", f"{size}", *cells(solve(name, condition, size)))
    console.print(grid)
    if out is not None:
        console.save_text(str(out))


if __name__ == "__main__":
    typer.run(main)
