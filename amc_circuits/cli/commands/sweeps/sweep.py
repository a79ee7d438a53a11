"""`amc sweep`: run many points."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from amc_circuits.cases.option import Option, parse_table
from amc_circuits.cli.parameters import Jobs, with_options

HANDLING = (
    Option("max_failures", "integer", "Stop after so many failed points", minimum=1),
    Option("point_timeout", "quantity", "A point that takes longer is ended and fails", unit="s"),
    Option("shard", "text", "Of every n points only the i-th, from 1; amc merge puts shards together", unit="I/N"),
    Option("retry_failed", "flag", "Run points again that failed before", False),
    Option("waveforms", "flag", "Keep the outputs over time, thinned to what a picture shows", False),
)


@with_options(HANDLING)
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
        bool, typer.Option("--dry-run", help="Print what would be run and its time; run nothing.", show_default=False)
    ] = False,
    jobs: Jobs = "1",
    progress: Annotated[bool, typer.Option("--progress/--no-progress", help="Show the progress.")] = True,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="Run on a Dask cluster, as tcp://host:8786, or its file.", show_default=False
        ),
    ] = None,
    **options: Any,
) -> None:
    """Run many points over any options of a circuit or a training; failures are rows."""
    from amc_circuits.cli.commands.sweeps.running import print_plan, run_points  # here, for the help needs no engine

    if dry_run:
        print_plan(spec, out, jobs, parse_table("amc sweep", HANDLING, options), scheduler)
    else:
        run_points(spec, out, jobs, progress, parse_table("amc sweep", HANDLING, options), scheduler)
