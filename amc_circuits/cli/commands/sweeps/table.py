"""`amc table`: the rows of a sweep."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from amc_circuits.cli.commands.sweeps.folders import Folder
from amc_circuits.cli.messages import one_line_warnings
from amc_circuits.sweep.rows.table import Wanted, print_rows

Where = Annotated[
    list[str] | None,
    typer.Option("--where", metavar="CONDITIONS", help="Rows, as size>=16,status=SETTLED.", show_default=False),
]


def table(
    folder: Folder,
    format: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Format: table, csv, json or parquet [default: table].", show_default=False),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="File instead of print.", show_default=False)
    ] = None,
    where: Where = None,
    columns: Annotated[
        str | None, typer.Option(metavar="NAME,NAME", help="Columns in this order.", show_default=False)
    ] = None,
    sort: Annotated[str | None, typer.Option(metavar="[-]NAME", help="Order by a column.", show_default=False)] = None,
    *,
    raw_csv: Annotated[
        bool, typer.Option("--raw-csv", help="CSV as it is: texts may be formulas.", show_default=False)
    ] = False,
) -> None:
    """Show the rows of a sweep."""
    with one_line_warnings():
        print_rows(folder, format, output, Wanted(tuple(where or ()), columns, sort, raw_csv))
