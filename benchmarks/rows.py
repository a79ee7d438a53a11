"""How much memory and time do tables, plots, reports and continuing take in the folder of a very large sweep?

Method: a few hundred points of INV are run (exact engine). Their rows are stored many times by the store's own
code, each time as the point of other options: number, key, condition and seed are those of a sweep of so many points,
and every metric that is a float is multiplied by a factor of its own, so that no two rows are equal. Each command then
runs in a process of its own.

Printed for each number of rows: bytes a row on disk; of continuing the finished sweep, table in print, table to CSV,
plot and report the seconds (processor, user and system) and the largest resident memory. Asked for a million rows: less
than 400 MB, a plot in 60 s, continuing in 30 s.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from amc_circuits.files.run_folder import claim_folder
from amc_circuits.studies.workers import Workers
from amc_circuits.sweep.plan.keys import Keys, engine_version
from amc_circuits.sweep.plan.spec import Sweep, read_sweep
from amc_circuits.sweep.run.outcome import PRELOADED
from amc_circuits.sweep.run.run import run_sweep
from amc_circuits.sweep.store import DATABASE, Row, Store
from benchmarks.command_cost import ended
from benchmarks.machine import machine_line

SPEC = """circuit = "inv"
[fixed]
size = 16
opamp = "single-pole"
engine = "exact"
input_voltage = 0.02
[grid]
condition = [5, 10]
seed = {{range = [0, {seeds}]}}
"""
REAL, ROWS, QUICK = 300, (10_000, 100_000, 1_000_000), (1_000, 10_000)
TOGETHER = 1000
"""Rows that are stored together."""
COMMANDS: dict[str, tuple[str, ...]] = {
    "continuing": ("sweep", "{spec}", "--out", "{folder}", "--no-progress"),
    "table": ("table", "{folder}"),
    "CSV": ("table", "{folder}", "-o", "{folder}.csv"),
    "plot": ("plot", "{folder}", "-o", "{folder}.png"),
    "report": ("report", "{folder}"),
}


def sweep_of(count: int, path: Path) -> Sweep:
    """Sweep of so many points."""
    path.write_text(SPEC.format(seeds=count // 2))
    return read_sweep(path)


def real_rows(folder: Path) -> list[Row]:
    """Rows of points that are run."""
    run_sweep(sweep_of(REAL, folder / "real.toml"), folder / "real", lambda points: Workers(2, PRELOADED))
    with Store(folder / "real") as store:
        return store.rows()


def changed(value: Any, factor: float) -> Any:
    """Metrics with all floats multiplied."""
    if isinstance(value, dict):
        return {name: changed(one, factor) for name, one in value.items()}
    return value * factor if isinstance(value, float) else value


def repeated(rows: list[Row], sweep: Sweep) -> Iterator[tuple[Row, None]]:
    """Rows of all points of a sweep, from those of a few."""
    keys, version = Keys(sweep.circuit, sweep.varied), engine_version("exact")
    for number, (options, row) in enumerate(zip(sweep, itertools.cycle(rows), strict=False)):
        key, parameters = keys.key(options, version), {"circuit": sweep.circuit, **options}
        figures = changed(row.figures, 1 + 1e-7 * number)
        yield replace(
            row, number=number, key=key, parameters=parameters, figures=figures, seed=options["seed"]
        ), None  # fmt: skip


def stored(rows: list[Row], sweep: Sweep, folder: Path) -> float:
    """Store so many rows; return the bytes a row."""
    claim_folder(folder, "sweep")
    with Store(folder, create=True) as store:
        every = repeated(rows, sweep)
        while some := list(itertools.islice(every, TOGETHER)):
            store.put(some)
    return (folder / DATABASE).stat().st_size / len(sweep)


def cost_of(command: tuple[str, ...], **names: object) -> tuple[float, float]:
    """Processor seconds and resident memory of a command, in a process of its own, in s and MB."""
    words = [word.format(**names) for word in command]
    found = ended(words)
    if found.code:
        raise SystemExit(f"amc {' '.join(words)} failed")
    return found.seconds, found.peak / 2**20


def costs(counts: tuple[int, ...], names: Iterable[str]) -> Iterator[tuple[int, float, dict[str, tuple[float, float]]]]:
    """Measure some commands in folders of so many rows: the number, bytes a row, and cost by command."""
    with tempfile.TemporaryDirectory(prefix="amc-bench-") as name:
        rows = real_rows(Path(name))
        for count in counts:
            spec, folder = Path(name) / f"{count}.toml", Path(name) / str(count)
            size = stored(rows, sweep_of(count, spec), folder)
            yield count, size, {one: cost_of(COMMANDS[one], spec=spec, folder=folder) for one in names}


def table(counts: tuple[int, ...]) -> Table:
    """All numbers of rows."""
    grid = Table(title="INV, N = 16: processor seconds and resident memory", title_justify="left", box=box.MARKDOWN)
    for heading in ("rows", "bytes a row", *COMMANDS):
        grid.add_column(heading, justify="right")
    for count, size, found in costs(counts, COMMANDS):
        grid.add_row(
            f"{count:,}", f"{size:.0f}", *(f"{took:.1f} s, {memory:.0f} MB" for took, memory in found.values())
        )
    return grid


def main(
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Small folders only")] = False,
    out: Annotated[Path | None, typer.Option(help="Text file that gets the table too")] = None,
) -> None:
    """Measure what very many rows cost."""
    console = Console(record=True, width=140)
    console.print(machine_line(), highlight=False)
    console.print(table(QUICK if quick else ROWS))
    if out is not None:
        console.save_text(str(out))


if __name__ == "__main__":
    typer.run(main)
