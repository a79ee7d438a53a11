"""`amc replay`: a saved result, or a row of a sweep, is run again and compared."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from amc_circuits.cases.case import case_from
from amc_circuits.cases.device_options import device_of
from amc_circuits.cases.opamp_files import opamp_of
from amc_circuits.cases.origin import Origin, values_of
from amc_circuits.cases.record import full_record
from amc_circuits.cases.stored import Rebuilt, Stored, load_stored, rebuilt
from amc_circuits.cli.commands.waiting import waiting
from amc_circuits.cli.messages import NO_RESULT, USABLE, finish, one_line_warnings
from amc_circuits.results.response import Response
from amc_circuits.results.stored.differences import Differences, differences, differences_table, flat, printable
from amc_circuits.results.tables import print_table
from amc_circuits.values.plain import plain
from netlists import ParameterError

NOT_COMPARED = ("wall_time_s", "typed", "schema_version", "package_version", "ngspice_version", "klu")
"""Keys that may differ: durations, the words of the command, versions."""
Again = tuple[dict[str, Any], tuple[Response | None, ...]]
"""New record of a result, and its waveforms."""


def replay(
    source: Annotated[
        Path, typer.Argument(metavar="FILE|DIR", help="File of --save or --format json, or folder of a sweep.")
    ],
    row: Annotated[
        str | None, typer.Argument(metavar="ROW", help="Number of a row, as amc table shows it.", show_default=False)
    ] = None,
) -> None:
    """Run a saved result, or one row of a sweep, again and show the differences."""
    with one_line_warnings():
        if source.is_file():
            if row is not None:
                raise ParameterError("ROW", row, "goes with the folder of a sweep; leave it out")
            same = replay_saved(source)
        elif row is None:
            mend = "give the number of a row, as amc table shows it" if source.is_dir() else "there is no such file"
            raise ParameterError("ROW" if source.is_dir() else "FILE|DIR", row or str(source), mend)
        else:
            from amc_circuits.sweep.run.replay import replay_row  # a saved file needs no sweeps

            same = replay_row(source, row)
        finish(USABLE if same else NO_RESULT)


def replay_saved(path: Path) -> bool:
    """Run a saved result again and print the differences; return true if there are none."""
    stored = load_stored(path)
    parts = rebuilt(stored)
    with waiting(f"{parts.circuit.upper()} again"):
        record, responses = _again(stored, parts)
    _print_changes(stored, parts, record)
    found = differences(stored.record, _known(stored.record, plain(record)), NOT_COMPARED)
    found |= _waveform_differences(stored.arrays, responses)
    if not found:
        count = len(flat(stored.record, NOT_COMPARED))
        print(f"{path}: {_status(record)} again; {count} values are the same to the last bit")
        return True
    print_table(differences_table(path.name, found))
    return False


def _known(stored: Any, again: Any) -> Any:
    """New values without keys that the stored record does not have: a newer version may have added them."""
    if isinstance(stored, dict) and isinstance(again, dict):
        return {name: _known(value, again[name]) for name, value in stored.items() if name in again}
    if isinstance(stored, list) and isinstance(again, list) and len(stored) == len(again):
        return [_known(*both) for both in zip(stored, again, strict=True)]
    return again


def _status(record: dict[str, Any]) -> str:
    return str(record["status"]) if "status" in record else f"{record['trials']} trials"


def _again(stored: Stored, parts: Rebuilt) -> Again:
    """Run a result again and build its record."""
    typed = stored.record["typed"]
    if stored.record["type"] == "monte-carlo":
        return _trials_again(parts, typed), ()
    case = case_from(parts.circuit, parts.options, parts.problem, parts.arguments, parts.jobs, None)
    if stored.record["type"] == "cost":
        from amc_circuits.cli.commands.cost import cost_of, explained, record, split_options

        solution, cost = cost_of(case, *split_options(parts.cost))
        return record(case, solution, cost) | explained(case, cost, typed), ()
    solution = case.run()
    return full_record(case, solution) | Origin.of(case).record("solve", typed), solution.responses


def _trials_again(parts: Rebuilt, typed: dict[str, Any]) -> dict[str, Any]:
    from amc_circuits.cli.commands.monte_carlo import Outcome, record
    from amc_circuits.results.trials import read_limits
    from amc_circuits.studies.monte_carlo import check_limits, study_from

    limits = read_limits(parts.options["spec"])
    study = study_from(parts.circuit, parts.options, parts.problem, parts.arguments)
    check_limits(study, limits)
    trials = study.run(parts.jobs)
    return record(Outcome(study, parts.options, typed, parts.jobs, trials, limits, 0.0))


def _waveform_differences(arrays: Mapping[str, Any], responses: tuple[Response | None, ...]) -> Differences:
    """Largest difference of every stored waveform that is not the same to the last bit."""
    found: Differences = {}
    driven = [response for response in responses if response is not None]
    for k, response in enumerate(driven if arrays else ()):
        for name, now in (("time", response.time), ("outputs", response.outputs)):
            before = np.asarray(arrays.get(f"{name}_{k}"))
            if before.shape != now.shape:
                found[f"{name}_{k}"] = (f"shape {before.shape}", f"shape {now.shape}")
            elif not np.array_equal(before, now):
                worst = np.unravel_index(int(np.argmax(np.abs(before - now))), now.shape)
                found[f"{name}_{k}{list(map(int, worst))}"] = (float(before[worst]), float(now[worst]))
    return found


def _print_changes(stored: Stored, parts: Rebuilt, record: dict[str, Any]) -> None:
    """Print other possible causes of differences than the machine: versions, and presets with other numbers."""
    before, now = (flat(one.get("provenance", one), ()) for one in (stored.record, record))
    for name in ("package_version", "ngspice_version", "klu"):
        if name in before and before[name] != now.get(name):
            made = printable(before[name])
            print(f"{name.replace('_', ' ')}: the result was made by {made}; this is {now.get(name)}")
    for name, build in (("opamp", opamp_of), ("device", device_of)):
        try:
            own = plain(values_of(build(parts.options)))
        except ParameterError:
            continue
        kept = stored.record[name]["record"]
        changed = [field for field, value in own.items() if kept.get(field) != value]
        if changed:
            named = printable(stored.record[name]["name"])
            print(f"the {name} {named} has another {', '.join(changed)} now; the stored one is taken")
