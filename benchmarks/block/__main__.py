"""Is a matrix solved in blocks (BlockAMC) more accurate, faster and cheaper than by one array?

Method: matrices of the families `spd` (condition 10), `wishart` and `toeplitz`, b uniform in -1 .. 1 after the matrix
from the generator of the seed. Accuracy is that of the steady states of all circuits against NumPy, relative, 2-norm;
every circuit has the device's draws of its own. Time and energy of a solve to 1 % are sums over its steps, by the exact
engine, with the op-amp `cmos-100meg` and no wires. Sample-and-holds are exact unless said. Blocks are pairs of arrays,
those of Toeplitz matrices one array where this costs less than 1 % (`pair = auto`), as the single circuit is.

Printed, each as a part of `python -m benchmarks.block` (`rows`, `errors`, `costs`, `area`; all by default):

- rows A1 to A9: what was seen, what is wanted, whether it holds; exit code 1 if one does not;
- median errors of one array and of one to three stages, over sizes and causes of error;
- time and energy in units of the single circuit: amplifiers that wait not charged, and all charged all the time;
- area in units of the single circuit, over hold capacitors and the area of an op-amp; and two figures of the paper
  (arXiv 2401.10042), -48.83 % of area and -40 % of energy, with what gives them here.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich import box
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from amc_circuits.results.cost import ComponentAreas
from benchmarks.block.cases import CAUSES, SEEDS, area_terms, costs, errors
from benchmarks.block.rows import ROWS
from benchmarks.machine import machine_line

FAMILIES = ("spd", "wishart", "toeplitz")
HOLDS = (0.0, 50e-15, 100e-15, 200e-15, 500e-15, 1e-12, 4e-12)
AMPLIFIERS = (100e-12, 400e-12, 1000e-12, 2000e-12)
PAPER = """The paper's figures, with what gives them here (no parameter was tuned):
- area -48.83 %: c/2 + x must be 1.17 %: holds, switches and more resistors of nearly no area; see the table above.
- energy -40 %: between wishart and spd matrices, with one input resistor or two; see the part costs."""


def table_of(headings: Sequence[str], lines: Iterator[Sequence[str]], title: str) -> Table:
    """Table of texts."""
    grid = Table(*headings, title=title, title_justify="left", box=box.SIMPLE)
    for line in lines:
        grid.add_row(*line)
    return grid


def acceptance() -> tuple[Table, bool]:
    """Rows A1 to A9, and whether all hold."""
    rows = [row for part in ROWS for row in part()]
    lines = ((row.name, row.what, row.seen, row.wanted, "yes" if row.holds else "NO") for row in rows)
    title = f"{sum(row.holds for row in rows)} of {len(rows)} hold"
    return table_of(("row", "what", "seen", "wanted", "holds"), lines, title), all(row.holds for row in rows)


def quartiles(values: Sequence[float], form: str) -> str:
    """Median, with the quartiles where there are several values."""
    low, middle, high = (format(float(one), form) for one in np.percentile(values, (25, 50, 75)))
    return middle if len(values) < 3 else f"{middle} ({low} .. {high})"


def accuracy_table(largest: int) -> Table:
    """Median errors over families, sizes, causes and stages."""

    def lines() -> Iterator[Sequence[str]]:
        for cause in CAUSES:
            for family in FAMILIES:
                for size in (one for one in (8, 16, 64, 128, 256, 512) if one <= largest):
                    if size == 512 and (family != "spd" or not cause.startswith("wires 1.73 ohm, 35")):
                        continue
                    stages = (None, 1, 2, 3) if size > 8 else (None, 1, 2)
                    found = [quartiles(errors(family, size, one, cause), ".2%") for one in stages]
                    yield cause, family, f"{size}", *found, *[""] * (4 - len(found))

    headings = ("cause", "family", "N", "one array", "1 stage", "2 stages", "3 stages")
    return table_of(headings, lines(), f"relative error, median (quartiles); seeds {SEEDS}")


def cost_table() -> Table:
    """Time and energy in units of the single circuit."""

    def lines() -> Iterator[Sequence[str]]:
        for family in FAMILIES:
            for size in (8, 16, 32):
                for stages, inputs in ((1, "one"), (1, "two"), (2, "two")):
                    found = costs(family, size, stages, inputs)
                    yield family, f"{size}", f"{stages}", inputs, *(quartiles(column, ".2f") for column in found.T)

    headings = (
        "family",
        "N",
        "stages",
        "inputs",
        "time",
        "energy, waiting amplifiers free",
        "energy, all on all the time",
    )
    return table_of(headings, lines(), "one solve to 1 %, cmos-100meg, in units of one array: 3 seeds")


def area_table() -> Table:
    """Area of one stage in units of one array."""

    def lines() -> Iterator[Sequence[str]]:
        for size in (16, 64, 256):
            for amplifier in AMPLIFIERS if size == 64 else (400e-12,):
                for inputs in ("one", "two"):
                    table = ComponentAreas(op_amp=amplifier)
                    found = [area_terms(size, table, hold or 1e-18, inputs)[0] for hold in HOLDS]
                    yield f"{size}", f"{amplifier * 1e12:.0f}", inputs, *(f"{100 * (one - 1):+.1f}" for one in found)

    holds = [f"{hold * 1e15:.0f} fF" for hold in HOLDS]
    return table_of(("N", "op-amp, um2", "inputs", *holds), lines(), "area, % of one array more or less")


def main(
    parts: Annotated[list[str] | None, typer.Argument(help="Parts: rows, errors, costs, area.")] = None,
    largest: Annotated[int, typer.Option(help="Largest N of the errors.")] = 128,
    out: Annotated[Path | None, typer.Option(help="File for the tables.")] = None,
) -> None:
    """Print the parts."""
    began, chosen, holds = time.perf_counter(), parts or ["rows", "errors", "costs", "area"], True
    console = Console(record=True, width=160)
    console.print(machine_line())
    with threadpool_limits(1):
        if "rows" in chosen:
            table, holds = acceptance()
            console.print(table)
        for name, make in (("errors", lambda: accuracy_table(largest)), ("costs", cost_table), ("area", area_table)):
            if name in chosen:
                console.print(make())
    if "area" in chosen:
        console.print(PAPER)
    console.print(f"{time.perf_counter() - began:.0f} s")
    if out is not None:
        out.write_text(console.export_text(), encoding="utf-8")
    raise SystemExit(not holds)


if __name__ == "__main__":
    typer.run(main)
