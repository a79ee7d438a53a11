"""Folders of sweeps as designs of a comparison: every row is the run of one seed."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

from amc_circuits.cases.case import make_case
from amc_circuits.cases.options import parse_options
from amc_circuits.studies.compare import COMMON, structure_of
from amc_circuits.studies.comparison import Comparison, DesignRuns, Run, metrics_of
from amc_circuits.sweep.plan.keys import FILES, key_of
from amc_circuits.sweep.rows.columns import newest, varied_options
from amc_circuits.sweep.store import Row, Store
from netlists import ParameterError

SHOWN = 4
"""Most names or seeds in an error."""


def compare_sweeps(folders: Sequence[Path]) -> Comparison:
    """Compare folders of sweeps, each a design, by their rows; nothing is run.

    Args:
        folders: Folders whose rows vary the seed alone; all have the same seeds and matrices.

    Raises:
        ParameterError: A folder holds no sweep, its rows are not those of one design, a file of matrix or right-hand
            side changed since a row ran, or seeds or matrices differ.
    """
    if len(folders) < 2:
        raise ParameterError("DESIGN", len(folders), "give two designs or more")
    every = [_rows(folder) for folder in folders]
    for folder, rows in zip(folders[1:], every[1:], strict=True):
        _check_same(folders[0], every[0], folder, rows)
    first = every[0][0].parameters
    designs = [_design(folder, rows) for folder, rows in zip(folders, every, strict=True)]
    return Comparison(tuple(designs), {name: first.get(name) for name in COMMON if name != "seed"})


def _rows(folder: Path) -> list[Row]:
    """Rows of a folder by seed; the newest of those that ran several times."""
    with Store(folder) as store:
        rows = newest(store.rows())
    if not rows:
        raise ParameterError("DESIGN", str(folder), "holds no rows yet; run its sweep first")
    if any(row.subject[0] == "run" for row in rows):
        raise ParameterError("DESIGN", str(folder), "holds runs of another package, not circuits; amc table shows them")
    others = [name for name in varied_options(rows) if name != "seed"]
    if others:
        mend = "the rows of a design vary the seed alone; sweep each design into a folder of its own"
        raise ParameterError("DESIGN", f"{folder}, which varies {', '.join(others[:SHOWN])}", mend)
    for row in rows:
        _check_files(folder, row)
    return sorted(rows, key=lambda row: row.seed)


def _check_files(folder: Path, row: Row) -> None:
    """Refuse a row if its matrix or right-hand side is in a file that changed: no other row ran with the same one."""
    named = [str(row.options[name]) for name in FILES if name in COMMON and row.options.get(name) is not None]
    if named and not _unchanged(row):
        found = f"row {row.number} in {folder}, which ran with {' and '.join(named)}"
        raise ParameterError("DESIGN", found, "a file of it is gone or changed since; sweep into a new folder")


def _unchanged(row: Row) -> bool:
    """True if the files of a row still have the content with which it ran: it is a part of the key."""
    return key_of(row.parameters["circuit"], row.options, row.engine_version) == row.key


def _check_same(first_folder: Path, first: Sequence[Row], folder: Path, rows: Sequence[Row]) -> None:
    """Refuse a folder with other seeds or other matrices than the first one."""
    seeds, wanted = [row.seed for row in rows], [row.seed for row in first]
    if seeds != wanted:
        found = f"seeds {_listed(seeds)} in {folder}, {_listed(wanted)} in {first_folder}"
        raise ParameterError("DESIGN", found, "all designs need the same seeds; sweep the missing ones, too")
    one, other = first[0].parameters, rows[0].parameters
    for name in COMMON:
        if name != "seed" and one.get(name) != other.get(name):
            found = f"{name} {other.get(name)} in {folder}, {one.get(name)} in {first_folder}"
            raise ParameterError("DESIGN", found, "all designs need the same matrices; sweep one of them anew")


def _listed(seeds: Sequence[int]) -> str:
    more = f" and {len(seeds) - SHOWN} more" if len(seeds) > SHOWN else ""
    return ", ".join(map(str, seeds[:SHOWN])) + more


def _design(folder: Path, rows: Sequence[Row]) -> DesignRuns:
    circuit = rows[0].parameters["circuit"]
    own = {name: value for name, value in rows[0].options.items() if name not in COMMON}
    runs = tuple(map(_run, rows))
    return DesignRuns(str(folder), circuit, own, runs)


def _run(row: Row) -> Run:
    metrics = metrics_of(row.figures, row.usable) | _structure(row)
    return Run(row.seed, row.status, metrics, row.error, by_engine=row.figures.get("by_engine", {}))


def _structure(row: Row) -> dict[str, float]:
    """Component counts and area of the circuit of a row, programmed anew; empty if that is not possible any more."""
    if any(row.options.get(name) is not None for name in FILES) and not _unchanged(row):
        return {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            circuit = row.parameters["circuit"]
            case = make_case(circuit, parse_options(circuit, {}) | row.options, 1, None)
            return structure_of(case.circuit)
    except (ParameterError, OSError):
        return {}
