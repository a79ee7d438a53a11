"""Do the circuits of the family keep their laws, in both engines?

Parts, each of which can run alone (`python -m benchmarks.family laws maps`):

- laws: each circuit is programmed with matrices for which a law is known: a closed form of rest or poles at finite
  gain, a law of stability, an error of first order, a ratio to another circuit
- topologies: INV paired against compensated on the same 50 matrices, N = 8 to 64: time, energy, error, area. Assumed:
  symmetric positive definite matrices of condition 30, cmos-100meg with the same supply current in both, cells from
  1 to 100 uS, areas of docs/area.md
- maps: share of random matrices that are stable, by circuit and condition number; `--plot` draws it
- designs: 200 random designs of every circuit and topology, the exact engine against ngspice (`tests/family.py`);
  `--circuit "inv compensated"` takes one, and `--kept FILE` goes on with an interrupted run

Printed: circuit, law, engine, what was seen, what was wanted, and whether it holds; exit code 1 if a row does not hold.
Seconds do not matter, so a busy machine does no harm.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from benchmarks.family import compensated, designs, egv, ginv, ginv_loops, maps, recover, topologies
from benchmarks.family.rows import Row
from benchmarks.machine import machine_line

PARTS: dict[str, tuple[Callable[[], Iterator[Row]], ...]] = {
    "laws": (*compensated.ROWS, *egv.ROWS, *ginv.ROWS, *ginv_loops.ROWS, *recover.ROWS),
    "topologies": topologies.ROWS,
    "maps": maps.ROWS,
    "designs": designs.ROWS,
}
"""Functions that yield the rows of each part; those of a further circuit are added to the laws."""


def main(
    parts: Annotated[list[str] | None, typer.Argument(help=f"{', '.join(PARTS)}; all unless given")] = None,
    circuit: Annotated[str | None, typer.Option(help="Circuit as it stands in the table, such as CC-INV.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Picture of the stability maps.")] = None,
    kept: Annotated[Path | None, typer.Option(help="File of designs that are judged; more are added.")] = None,
    out: Annotated[Path | None, typer.Option(help="File for the tables.")] = None,
) -> None:
    """Print every row of the parts."""
    if unknown := set(parts or ()) - set(PARTS):
        raise typer.BadParameter(f"there is no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    if kept is not None and parts and "designs" not in parts:
        raise typer.BadParameter("--kept has no effect without the part designs; add it, or leave this out")
    of_parts = PARTS | {"designs": (partial(designs.designs, circuit, kept),)}
    console, failed = Console(record=True, width=170), 0
    console.print(machine_line(), highlight=False)
    for part in parts or PARTS:
        began = time.perf_counter()
        with threadpool_limits(1):
            rows = [row for rows in of_parts[part] for row in rows() if circuit in (None, row.circuit)]
        if part == "maps":
            console.print(maps.table())
        console.print(table_of(rows))
        failed += sum(not row.holds for row in rows)
        held, seconds = sum(row.holds for row in rows), time.perf_counter() - began
        console.print(f"{part}: {held} of {len(rows)} hold, {seconds:.0f} s", highlight=False)
    if plot is not None:
        maps.plot(plot)
    if out is not None:
        out.write_text(console.export_text(), encoding="utf-8")
    raise SystemExit(failed > 0)


def table_of(rows: list[Row]) -> Table:
    """Return rows as a table."""
    table = Table("circuit", "law", "engine", "seen", "wanted", "holds", box=box.SIMPLE)
    for row in rows:
        table.add_row(row.circuit, row.law, row.engine, row.seen, row.wanted, "yes" if row.holds else "NO")
    return table


if __name__ == "__main__":
    typer.run(main)
