"""What `amc sweep` and `amc table` do."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from amc_circuits.engines import StateSpaceEngine, find_ngspice
from amc_circuits.messages import NO_RESULT, USABLE, finish
from amc_circuits.option import output_format
from amc_circuits.options import ALL, JOBS
from amc_circuits.quantities import format_quantity
from amc_circuits.report import print_table
from amc_circuits.run_folder import claim_folder
from amc_circuits.store import Store
from amc_circuits.sweep import read_sweep, run_sweep


def sweep(spec: Path, out: Path, jobs: str) -> None:
    """`amc sweep`."""
    plan, processes = read_sweep(spec), JOBS.parse(jobs)
    if any(options["engine"] != StateSpaceEngine.name for options in plan.points):
        find_ngspice()
    claim_folder(out, "sweep")
    console = Console(stderr=True)
    columns = (
        TextColumn("sweep"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=None)
        bad = 0

        def advance(row: Any, total: int) -> None:
            nonlocal bad
            bad += not row.usable
            progress.update(task, total=total, advance=1, description=f"{bad} not usable" if bad else "")

        rows = run_sweep(plan, out, processes, advance)
    unusable = sum(not row.usable for row in rows)
    print(f"{len(rows)} points, {len(rows) - unusable} usable, {unusable} not; show them with: amc table {out}")
    checked = [row.figures for row in rows if row.figures.get("cross_checked")]
    if checked:
        count = sum(figures["cross_checked"] for figures in checked)
        largest = format_quantity(max(figures["largest_difference"] for figures in checked), "%")
        print(f"{count} right-hand sides checked by ngspice: the engines differ by at most {largest} of full scale")
    finish(NO_RESULT if unusable else USABLE)


def table(folder: Path, form: str) -> None:
    """`amc table`."""
    from amc_circuits.sweep_picture import varied_options

    output_format("table", "csv", "json").parse(form)
    with Store(folder) as store:
        rows = store.rows()
    flat = [_flat(row) for row in rows]
    if form == "json":
        print(json.dumps(flat, indent=2))
    elif form == "csv":
        names = list(dict.fromkeys(name for row in flat for name in row))
        writer = csv.DictWriter(sys.stdout, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(flat)
    else:
        print_table(_rows_table(flat, varied_options(rows) if rows else []))


def _flat(row: Any) -> dict[str, Any]:
    """A row as one level of names; provenance and attempts stay in the database."""
    found = {"number": row.number, **row.parameters, "status": row.status}
    for name, value in row.figures.items():
        if isinstance(value, dict) and name == "energy_j":
            found |= {f"energy_{part}_j": joules for part, joules in value.items()}
        elif not isinstance(value, (dict, list)) and name not in found:
            found[name] = value
    return found | {"error": row.error, "row_wall_time_s": row.wall_time_s}


def _rows_table(flat: list[dict[str, Any]], varied: list[str]) -> Table:
    figures: tuple[tuple[str, str, str], ...] = (
        ("settling_time_s", "settling time", "s"),
        ("predicted_settling_time_s", "predicted", "s"),
        ("energy_total_j", "energy", "J"),
        ("relative_error", "relative error", "%"),
        ("bits", "bits", ""),
    )
    if any("trials" in row for row in flat):
        spread = [(f"relative_error_{name}", f"{name[1:].lstrip('0')} % of trials", "%") for name in ("q05", "q95")]
        figures = (*figures[:4], *spread, *figures[4:], ("yield", "yield", "%"))
    grid = Table(title=f"{len(flat)} points", title_justify="left")
    for heading in (*varied, "status", *(heading for _, heading, _ in figures), "error"):
        grid.add_column(heading, overflow="fold")
    for row in flat:
        own = [_option_text(name, row.get(name)) for name in varied]
        grid.add_row(*own, row["status"], *(format_quantity(row.get(n), u) for n, _, u in figures), row["error"])
    return grid


def _option_text(name: str, value: Any) -> str:
    units = {option.name: option.unit for option in ALL}
    return format_quantity(value, units.get(name, "")) if isinstance(value, float) else str(value)
