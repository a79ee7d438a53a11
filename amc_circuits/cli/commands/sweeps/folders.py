"""`amc merge` and `amc report`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from amc_circuits.cli.messages import one_line_warnings
from amc_circuits.files.run_folder import check_output_file, check_own_files
from amc_circuits.sweep.report.page import NAME, write_report
from amc_circuits.sweep.store import FAILED, INVALID, Store
from amc_circuits.sweep.store.merge import merge_folders
from amc_circuits.values.quantities import counted

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a sweep.")]


def merge(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Folders of sweeps, such as shards.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for all rows: new, empty, or of a sweep.")],
) -> None:
    """Put the rows of several sweeps into one folder."""
    with one_line_warnings():
        merge_folders(folders, out)
    with Store(out) as store:
        statuses = Counter(row.status for row in store.packed())
    failed = statuses[FAILED] + statuses[INVALID]
    points, merged = counted(statuses.total(), "point"), counted(len(folders), "folder")
    print(f"{points} of {merged}, {failed} failed; show them with: amc table {out}")


def report(
    folder: Folder,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE.html", help="Report [default: report.html in DIR].", show_default=False
        ),
    ] = None,
) -> None:
    """Write a sweep as one HTML file: pictures, table, waveforms, failures, provenance."""
    path = output or folder / NAME
    if output is None:
        check_own_files(folder, (NAME,), "DIR")
    else:
        check_output_file("output", path, (".html", ".htm"))
    with one_line_warnings():
        print(write_report(folder, path))
