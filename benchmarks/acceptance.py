"""Table of acceptance: what was seen, what is wanted, and whether it holds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from threadpoolctl import threadpool_limits

from benchmarks.machine import machine_line


@dataclass(frozen=True)
class Held:
    """A row of the table.

    Attributes:
        name: Number of the row.
        metric: What is measured, and for which case.
        seen: What was seen.
        wanted: What is wanted.
        holds: True if it holds.
    """

    name: str
    metric: str
    seen: str
    wanted: str
    holds: bool


Rows = Callable[[], Iterator[Held]]


def print_rows(every: Iterable[Rows], only: list[str] | None, out: Path | None) -> None:
    """Run functions that yield rows, print each row when it is known, and end the process with 1 if one fails."""
    began, held, count = time.process_time(), 0, 0
    console = Console(record=True, width=170)
    console.print(machine_line(), highlight=False)
    with threadpool_limits(1):
        for make in every:
            for row in make() if not only or make.__name__.upper() in only else ():
                verdict = "holds" if row.holds else "FAILS"
                console.print(f"{row.name:3} {verdict}  {row.metric}: {row.seen} ({row.wanted})", highlight=False)
                held, count = held + row.holds, count + 1
    console.print(f"{held} of {count} hold, {time.process_time() - began:.0f} s of processor time", highlight=False)
    if out is not None:
        out.write_text(console.export_text(), encoding="utf-8")
    raise SystemExit(held < count)
