"""Is a matrix solved in blocks (BlockAMC) more accurate, faster and cheaper than by one array?

Method: matrices of the families `spd` (condition 10), `wishart` and `toeplitz`, b uniform in -1 .. 1 after the matrix
from the generator of the seed. Accuracy is that of the steady states of all circuits against NumPy, relative, 2-norm;
every circuit has the device's draws of its own. Time and energy of a solve to 1 % are sums over its steps, by the exact
engine, with the op-amp `cmos-100meg`. Sample-and-holds are exact unless said. Blocks are pairs of arrays, those of
Toeplitz matrices one array where this costs less than 1 % (`pair = auto`), as the single circuit is.

Printed, each as a part of `python -m benchmarks.block` (`rows`, `errors`, `costs`, `holds`, `area`; all by default):

- rows A1 to A9: what was seen, what is wanted, whether it holds; exit code 1 if one does not;
- median errors of one array and of one to three stages, over N = 8 .. 512 and causes of error;
- time and energy in units of the single circuit, without errors, with wires, and with errors of cells: amplifiers that
  wait not charged, and all charged all the time;
- errors of x by offsets, charge injection and leakage of the sample-and-holds;
- area in units of the single circuit, over hold capacitors and the area of an op-amp, and with half and twice each
  entry of its table; and two figures of the paper (arXiv 2401.10042), -48.83 % of area and -40 % of energy, with what
  gives them here.

At N = 512 errors are those of two causes, and from N = 256 times those with wires; `--long` prints all.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich import box
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from amc_circuits.results.cost import ComponentAreas
from benchmarks.block.cases import (
    SEEDS,
    VARIANTS,
    area_terms,
    cost_cases,
    costs,
    error_cases,
    errors,
    stages_of,
    tasks_of,
)
from benchmarks.block.computed import prepare
from benchmarks.block.rows import ROWS
from benchmarks.block.sensitivities import HELD_CASES, HOLDS, area_sensitivities, held_errors
from benchmarks.machine import machine_line
from netlists.record import FloatArray

PARTS = ("rows", "errors", "costs", "holds", "area")
HOLD_SIZES = (0.0, 50e-15, 100e-15, 200e-15, 500e-15, 1e-12, 4e-12)
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


def interval(values: FloatArray, form: str) -> str:
    """Median with the quartiles, with both values of two, alone for one."""
    ends = (0, 100) if len(values) == 2 else (25, 75)
    low, middle, high = (format(float(one), form) for one in np.percentile(values, (ends[0], 50, ends[1])))
    return middle if len(values) == 1 else f"{middle} ({low} .. {high})"


def accuracy_table(largest: int, every: bool) -> Table:
    """Median errors over families, sizes, causes and stages."""

    def lines() -> Iterator[Sequence[str]]:
        for cause, family, size in error_cases(largest, every):
            found = [interval(errors(family, size, one, cause), ".2%") for one in stages_of(size)]
            yield cause, family, f"{size}", *found, *[""] * (4 - len(found))

    headings = ("cause", "family", "N", "one array", "1 stage", "2 stages", "3 stages")
    return table_of(headings, lines(), f"relative error, median (quartiles, or all of two); seeds by N: {SEEDS}")


def cost_table(largest: int, every: bool) -> Table:
    """Time and energy in units of the single circuit."""

    def lines() -> Iterator[Sequence[str]]:
        for cause, family, size in cost_cases(largest, every):
            for stages, inputs in VARIANTS:
                found = costs(family, size, stages, inputs, cause)
                settled = np.isfinite(found[:, 0])
                count = f"{settled.sum()}/{len(settled)}"
                columns = [interval(column, ".2f") if settled.any() else "" for column in found[settled].T]
                yield cause, family, f"{size}", f"{stages}", inputs, count, *columns

    headings = ("cause", "family", "N", "stages", "inputs", "settled", "time", "energy", "energy, all on all the time")
    title = "one solve to 1 %, cmos-100meg, in units of one array, median (quartiles, or all of two)"
    return table_of(headings, lines(), title)


def hold_table() -> Table:
    """Errors by sample-and-holds."""

    def lines() -> Iterator[Sequence[str]]:
        for name in HOLDS:
            yield name, *(interval(held_errors(name, *one), ".2%") for one in HELD_CASES)

    headings = (f"{family}, N = {size}, {stages} stage{'s' * (stages > 1)}" for family, size, stages in HELD_CASES)
    return table_of(
        ("holds", *headings), lines(), "relative error of x by sample-and-holds, median (quartiles), 6 seeds"
    )


def area_table() -> Table:
    """Area of one stage in units of one array."""

    def lines() -> Iterator[Sequence[str]]:
        for size in (16, 64, 256):
            for amplifier in AMPLIFIERS if size == 64 else (400e-12,):
                for inputs in ("one", "two"):
                    table = ComponentAreas(op_amp=amplifier)
                    found = [area_terms(size, table, hold or 1e-18, inputs)[0] for hold in HOLD_SIZES]
                    yield f"{size}", f"{amplifier * 1e12:.0f}", inputs, *(f"{100 * (one - 1):+.1f}" for one in found)

    holds = [f"{hold * 1e15:.0f} fF" for hold in HOLD_SIZES]
    return table_of(("N", "op-amp, um2", "inputs", *holds), lines(), "area, % of one array more or less")


def sensitivity_table() -> Table:
    """Area of one stage in units of one array with half and twice each entry of the table."""
    lines = (
        (name, value, *(f"{one:.3f}" for one in sorted((low, high))))
        for name, value, low, high in area_sensitivities(64, 100e-15)
    )
    title = "area in units of one array, N = 64, 100 fF a hold, two input resistors"
    return table_of(("entry", "value", "least", "most, of half and twice the value"), lines, title)


def main(
    parts: Annotated[list[str] | None, typer.Argument(help=f"Parts: {', '.join(PARTS)}.")] = None,
    largest: Annotated[int, typer.Option(help="Largest N of errors and costs.")] = 512,
    long: Annotated[bool, typer.Option("--long", help="Every cause of errors at the largest sizes, too.")] = False,
    jobs: Annotated[int, typer.Option(help="Processes.")] = 2,
    out: Annotated[Path | None, typer.Option(help="File for the tables.")] = None,
) -> None:
    """Print the parts."""
    began, chosen, holds = time.perf_counter(), parts or list(PARTS), True
    console = Console(record=True, width=170)
    console.print(machine_line())
    elsewhere = prepare(tasks_of(chosen, largest, long), jobs)
    tables: dict[str, Callable[[], Sequence[Table | str]]] = {
        "errors": lambda: [accuracy_table(largest, long)],
        "costs": lambda: [cost_table(largest, long)],
        "holds": lambda: [hold_table()],
        "area": lambda: [area_table(), sensitivity_table(), PAPER],
    }
    with threadpool_limits(1):
        for name in (one for one in PARTS if one in chosen):
            if name == "rows":
                table, holds = acceptance()
                console.print(table)
            else:
                console.print(*tables[name]())
    processor = time.process_time() + elsewhere
    console.print(f"{time.perf_counter() - began:.0f} s, {processor:.0f} s of processor time in {jobs} processes")
    if out is not None:
        out.write_text(console.export_text(), encoding="utf-8")
    raise SystemExit(not holds)


if __name__ == "__main__":
    typer.run(main)
