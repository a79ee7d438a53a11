"""Replay of one row of a sweep, with its differences."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from amc_circuits.cases.circuits import circuit_names
from amc_circuits.cases.option import Option
from amc_circuits.cases.runs import run_names
from amc_circuits.results.stored.differences import Differences, differences, differences_table, flat
from amc_circuits.results.tables import print_table
from amc_circuits.sweep.plan.keys import FILES
from amc_circuits.sweep.plan.point import Point
from amc_circuits.sweep.plan.subject import subject_of
from amc_circuits.sweep.run.outcome import DISAGREE, Outcome, run_point
from amc_circuits.sweep.store import Row, Store
from amc_circuits.sweep.store.evidence import write_evidence
from netlists import ParameterError

ROW = Option("ROW", "integer", "Number of a row")
NOT_COMPARED = ("wall_time_s", "processor_time_s")


def replay_row(folder: Path, number: str) -> bool:
    """Run a row again and print the differences; return true if there are none."""
    with Store(folder) as store:
        row = store.row(ROW.parse(number))
    _check_known(row)
    _check_files(row)
    word, name = row.subject
    outcome = run_point(Point(row.key, row.number, name, _as_run(row), word=word))
    _say_changes(row)
    if outcome.evidence:
        kept = Path(tempfile.mkdtemp(prefix="amc-replay-"))
        write_evidence(kept, outcome.evidence)
        print(f"deck and log of this run: {kept}")
    found = row_differences(row, outcome)
    if not found:
        print(f"row {row.number}: {outcome.status} again; {_compared(row)} figures are the same to the last bit")
        return True
    print_table(differences_table(f"row {row.number}", found))
    return False


def _as_run(row: Row) -> dict[str, Any]:
    """Options of the row. If both engines solved it, as in at least one row of a sweep, both run again."""
    if row.subject[0] == "run":
        return row.options
    options = subject_of(*row.subject).defaults | row.options  # an older row may lack some
    checked = row.figures.get("cross_checked") or row.figures.get(DISAGREE)
    return options | {"cross_check": 1.0} if checked and options["monte_carlo"] is None else options


def row_differences(row: Row, outcome: Outcome) -> Differences:
    """Stored and new values that differ, by name; the run time is ignored."""
    again = {"status": outcome.status, "error": outcome.error, **outcome.figures}
    return differences({"status": row.status, "error": row.error, **row.figures}, again, NOT_COMPARED)


def _compared(row: Row) -> int:
    return len(flat(row.figures, NOT_COMPARED))


def _check_known(row: Row) -> None:
    """Refuse a row of a newer version that this version cannot run."""
    word, name = row.subject
    if name not in (circuit_names() if word == "circuit" else run_names()):
        mend = f"is of the {word} {name!r}, which this version of amc does not know; take the one that made it"
        raise ParameterError("ROW", row.number, f"{mend}, {row.package_version}")
    known = subject_of(word, name).defaults
    unknown = [name for name in row.options if name not in known]
    if unknown:
        mend = f"has the option {unknown[0]}, which this version of amc does not know; take the one that made it"
        raise ParameterError("ROW", row.number, f"{mend}, {row.package_version}")


def _check_files(row: Row) -> None:
    for name in FILES:
        path = row.parameters.get(name)
        if path is not None and not Path(path).is_file():
            raise ParameterError(name, path, "the row was made with this file, which is gone; bring it back")


def _say_changes(row: Row) -> None:
    """Print other possible causes of differences than the machine."""
    subject = subject_of(*row.subject)
    lacking = [name for name in subject.defaults if name not in row.options]
    if lacking and row.subject[0] == "circuit":  # a run has only options with an effect
        print(f"the row is of a version without {', '.join(lacking)}; the defaults are taken")
    if subject.key(row.options, row.engine_version) != row.key:
        print("the row was made with other options, or its files hold something else by now")
    given = subject.defaults | row.options if row.subject[0] == "circuit" else row.options
    now = subject.version(subject.engine(given))  # the engine that replays it; the row may say anything
    if now != row.engine_version:
        print(f"the row was made by {row.engine_version}; this is {now}")
