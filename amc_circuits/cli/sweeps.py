"""Commands on sweeps, such as `amc sweep`, `amc table` and `amc plot`, which also draws saved waveforms."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from amc_circuits.cli.parameters import Jobs, with_options

Where = Annotated[
    list[str] | None,
    typer.Option("--where", metavar="CONDITIONS", help="Rows, as size>=16,status=SETTLED.", show_default=False),
]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a sweep.")]


def sweep(
    spec: Annotated[Path, typer.Argument(metavar="SPEC.toml", help="What to run.")],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder for the rows: new, empty, or of an earlier sweep.", show_default=False
        ),
    ] = None,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be run and how long it would take.", show_default=False)
    ] = False,
    jobs: Jobs = "1",
    progress: Annotated[bool, typer.Option("--progress/--no-progress", help="Say how far it is.")] = True,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="Run on a Dask cluster, as tcp://host:8786, or its file.", show_default=False
        ),
    ] = None,
    **options: Any,
) -> None:
    """Run many points over any options of inv or mvm; one row a point, failures are rows."""
    from amc_circuits.cli.commands import sweep

    if dry_run:
        sweep.dry_run(spec, out, jobs, options, scheduler)
    else:
        sweep.sweep(spec, out, jobs, progress, options, scheduler)


def replay(
    folder: Folder, row: Annotated[str, typer.Argument(metavar="ROW", help="Its number, as amc table shows it.")]
) -> None:
    """Run one row of a sweep again and show what is different; exit code 3 if anything is."""
    from amc_circuits.cli.commands import sweep_folders

    sweep_folders.replay(folder, row)


def merge(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Folders of sweeps, such as shards.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for all rows: new, empty, or of a sweep.")],
) -> None:
    """Put the rows of several sweeps into one folder."""
    from amc_circuits.cli.commands import sweep_folders

    sweep_folders.merge(folders, out)


def table(
    folder: Folder,
    format: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="table, csv, json or parquet [default: table].", show_default=False),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write, not print.", show_default=False)
    ] = None,
    where: Where = None,
    columns: Annotated[
        str | None, typer.Option(metavar="NAME,NAME", help="Which, in this order.", show_default=False)
    ] = None,
    sort: Annotated[str | None, typer.Option(metavar="[-]NAME", help="By a column.", show_default=False)] = None,
    *,
    raw_csv: Annotated[
        bool, typer.Option("--raw-csv", help="CSV as it is: texts may be formulas.", show_default=False)
    ] = False,
) -> None:
    """Show the rows of a sweep."""
    from amc_circuits.cli.messages import one_line_warnings
    from amc_circuits.sweep.rows.table import Wanted, table

    with one_line_warnings():
        table(folder, format, output, Wanted(tuple(where or ()), columns, sort, raw_csv))


def plot(
    source: Annotated[Path, typer.Argument(metavar="FILE.npz|DIR", help="Saved waveforms, or folder of a sweep.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE.png", help="Picture: png, svg or pdf.")],
    error: Annotated[bool, typer.Option("--error", help="Error against read-out time.", show_default=False)] = False,
    array: Annotated[
        bool, typer.Option("--array", help="Voltage and current of every cell.", show_default=False)
    ] = False,
    budget: Annotated[
        bool, typer.Option("--budget", help="What makes it wrong, saved with --budget.", show_default=False)
    ] = False,
    rhs: Annotated[
        str | None,
        typer.Option("--rhs", metavar="INTEGER", help="Which right-hand side [default: slowest].", show_default=False),
    ] = None,
    x: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Of a sweep, across [default: the first numeric option that varies].",
            show_default=False,
        ),
    ] = None,
    y: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Of a sweep, up [default: settling_time].", show_default=False)
    ] = None,
    hue: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Of a sweep, a curve for each value, or none [default: the next option that varies].",
            show_default=False,
        ),
    ] = None,
    log: Annotated[
        str | None,
        typer.Option(metavar="x|y|xy|none", help="Logarithmic axes of a sweep.", show_default=False),
    ] = None,
    where: Where = None,
    row: Annotated[
        str | None,
        typer.Option(metavar="INTEGER", help="Outputs of this row, run with --waveforms.", show_default=False),
    ] = None,
) -> None:
    """Draw saved waveforms, a sweep, or the waveforms of a row of it."""
    from amc_circuits.cli.commands import plot
    from amc_circuits.cli.messages import one_line_warnings

    of_sweep = {"x": x, "y": y, "hue": hue, "log": log, "where": tuple(where or ()), "row": row}
    with one_line_warnings():
        plot.plot(source, output, {"error": error, "array": array, "budget": budget}, rhs, of_sweep)


def report(
    folder: Folder,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE.html", help="Report [default: report.html in DIR].", show_default=False
        ),
    ] = None,
) -> None:
    """Write a sweep as one HTML file that needs no network: figures, table, waveforms, failures, provenance."""
    from amc_circuits.cli.commands import sweep_folders

    sweep_folders.report(folder, output)


def add_sweeps(app: typer.Typer) -> None:
    """Add these commands to an application."""
    from amc_circuits.cli.sweep_options import HANDLING

    app.command("sweep")(with_options(HANDLING, sweep))
    for command in (replay, merge, table, plot, report):
        app.command(command.__name__)(command)
