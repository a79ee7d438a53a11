"""Do the circuits of the family keep their laws, in both engines?

Method: each circuit is programmed with matrices for which a law is known: a closed form of rest or poles at finite
gain, a law of stability, an error of first order, a ratio to another circuit. `python -m benchmarks.family CC-INV` runs
the rows of one circuit.

Printed: circuit, law, engine, what was seen, what was wanted, and whether it holds; exit code 1 if a row does not hold.
Seconds do not matter, so a busy machine does no harm.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from benchmarks.family import compensated, egv, ginv, recover
from benchmarks.family.rows import Row
from benchmarks.machine import machine_line

ROWS: tuple[Callable[[], Iterator[Row]], ...] = (*compensated.ROWS, *egv.ROWS, *ginv.ROWS, *recover.ROWS)
"""Functions that yield rows; those of a further circuit are added here."""


def main(
    circuits: Annotated[list[str] | None, typer.Argument(help="Circuits of the table, such as CC-INV.")] = None,
    out: Annotated[Path | None, typer.Option(help="File for the table.")] = None,
) -> None:
    """Print every row of the table."""
    began = time.perf_counter()
    with threadpool_limits(1):
        rows = [row for rows in ROWS for row in rows() if not circuits or row.circuit in circuits]
    table = Table("circuit", "law", "engine", "seen", "wanted", "holds", box=box.SIMPLE)
    for row in rows:
        table.add_row(row.circuit, row.law, row.engine, row.seen, row.wanted, "yes" if row.holds else "NO")
    console = Console(record=True, width=150)
    console.print(machine_line(), table, sep="\n")
    failed = sum(not row.holds for row in rows)
    console.print(f"{len(rows) - failed} of {len(rows)} hold, {time.perf_counter() - began:.0f} s")
    if out is not None:
        out.write_text(console.export_text(), encoding="utf-8")
    raise SystemExit(failed > 0)


if __name__ == "__main__":
    typer.run(main)
