"""Work of `amc replay`, `merge` and `report`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from amc_circuits.cli.messages import NO_RESULT, USABLE, finish, one_line_warnings
from amc_circuits.files.run_folder import check_output_file, check_own_files
from amc_circuits.sweep.report.page import NAME, write_report
from amc_circuits.sweep.run.replay import replay_row
from amc_circuits.sweep.store import Store
from amc_circuits.sweep.store.merge import merge_folders
from amc_circuits.values.quantities import counted


def replay(folder: Path, row: str) -> None:
    """Run `amc replay`."""
    with one_line_warnings():
        finish(USABLE if replay_row(folder, row) else NO_RESULT)


def merge(sources: Sequence[Path], out: Path) -> None:
    """Run `amc merge`."""
    with one_line_warnings():
        merge_folders(sources, out)
    with Store(out) as store:
        rows = store.rows()
    failed = sum(row.failed for row in rows)
    points, folders = counted(len(rows), "point"), counted(len(sources), "folder")
    print(f"{points} of {folders}, {failed} failed; show them with: amc table {out}")


def report(folder: Path, output: Path | None) -> None:
    """Run `amc report`."""
    path = output or folder / NAME
    if output is None:
        check_own_files(folder, (NAME,), "DIR")
    else:
        check_output_file("output", path, (".html", ".htm"))
    with one_line_warnings():
        print(write_report(folder, path))
