"""What `amc table` does."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

from rich.table import Table

from amc_circuits.option import output_format
from amc_circuits.options import ALL
from amc_circuits.quantities import format_quantity
from amc_circuits.report import print_table
from amc_circuits.sweep.columns import flat, varied_options
from amc_circuits.sweep.store import Store


def table(folder: Path, form: str) -> None:
    """`amc table`."""
    output_format("table", "csv", "json").parse(form)
    with Store(folder) as store:
        rows = store.rows()
    flat_rows = [flat(row) for row in rows]
    if form == "json":
        print(json.dumps(flat_rows, indent=2))
    elif form == "csv":
        names = list(dict.fromkeys(name for row in flat_rows for name in row))
        writer = csv.DictWriter(sys.stdout, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(flat_rows)
    else:
        print_table(_rows_table(flat_rows, varied_options(rows)))


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
