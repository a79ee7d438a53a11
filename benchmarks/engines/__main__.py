"""How many times faster is the exact engine than ngspice, and how does its time grow?

Method: `program`, stability check and `solve` with all metrics, from the same matrices, in turns. Processor seconds of
this process and of the simulators that it starts (a busy machine disturbs them less), one BLAS thread, medians of the
rounds. Ratios are of medians of one run. The eigen-decomposition, which the stability check needs anyway, is shown
apart: the last ratio is without it on both sides.

- `inv`: INV (spd, condition 10, 16 right-hand sides, cmos-100meg) with N = 16, and with wires of 1 ohm N = 64 and 128.
  ngspice at its default step; at N = 128 it gets 4 right-hand sides in one round, and its time counts four times.
- `limits`: the same with N = 16 and inputs of 0.3 V (slewing), 0.6 V and 1 V (clamped) at a fixed scale.
- `flat`: one right-hand side with wires of 1 ohm, against a flat deck (no reduction), KLU, both at the circuit's step.
- `reading`: inversions as K-FAC asks for them, single-pole op-amps, one column a row (64 at N = 129); with Cholesky.
- `others`: what other benchmarks measure in full, in short, in one table: start, Monte Carlo, points of a sweep, one
  vector, derivatives, wires programmed away, decks; and the names of the rest.
- `growth`: with N = 16 to 512 with wires, with right-hand sides, trials and rows of a sweep; `--plot` draws all four.

x must agree within 0.1 % of its largest entry and settling times within 2 %, or the benchmark ends with an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from benchmarks.engines.growth import growth
from benchmarks.engines.others import others
from benchmarks.engines.ratios import flat, inv, limits, reading
from benchmarks.machine import machine_line

PARTS = ("inv", "limits", "flat", "reading", "others", "growth")


def main(
    part: Annotated[list[str] | None, typer.Option(help=f"Only these: {', '.join(PARTS)}.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of the exact engine.")] = 5,
    plot: Annotated[Path, typer.Option(help="Picture of the growth.")] = Path("runs/engines.png"),
    quick: Annotated[bool, typer.Option(help="Only `limits`, one round.")] = False,
) -> None:
    """Exact engine against ngspice: processor seconds and their ratios."""
    console = Console(width=200)
    console.print(machine_line())
    parts: dict[str, Callable[[int], Iterator[Table]]] = {
        "inv": inv, "limits": limits, "flat": flat, "reading": reading, "others": others,
        "growth": partial(growth, plot=plot),
    }  # fmt: skip
    if unknown := set(part or ()) - set(parts):
        raise typer.BadParameter(f"there is no part {sorted(unknown)[0]}; there are {', '.join(parts)}")
    with threadpool_limits(1, "blas"):
        for name in ["limits"] if quick else (part or PARTS):
            for grid in parts[name](1 if quick else rounds):
                console.print(grid)


if __name__ == "__main__":
    typer.run(main)
