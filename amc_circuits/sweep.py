"""Sweeps: a grid or a list of points over any option of INV or MVM, one row a point."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import math
import time
import tomllib
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from amc_circuits.cases import make_case
from amc_circuits.engines import (
    EnginesDisagreeError,
    SimulationError,
    StateSpaceEngine,
    check_engine,
    find_ngspice,
    run_together,
)
from amc_circuits.inv import InvCircuit, slow_inverters
from amc_circuits.monte_carlo import check_limits, read_limits, study_of
from amc_circuits.opamp_files import subcircuit_of
from amc_circuits.option import Circuit
from amc_circuits.options import parse_options
from amc_circuits.programmed import package_version
from amc_circuits.report import full_record
from amc_circuits.solution import Status
from amc_circuits.store import Row, Store
from amc_circuits.trial_statistics import row_figures
from netlists import ParameterError, preset

SECTIONS = ("circuit", "fixed", "grid", "points")
FAILED, INVALID = "FAILED", "INVALID"
NOT_IN_ROWS = ("x", "y", "message")
LARGEST_SWEEP = 1_000_000
FILES = ("conductances", "opamp_file")


@dataclass(frozen=True)
class Sweep:
    """A sweep as data.

    Attributes:
        circuit: `inv` or `mvm`.
        points: Every point's options, complete and checked.
    """

    circuit: Circuit
    points: tuple[dict[str, Any], ...]


def read_sweep(path: Path) -> Sweep:
    """Reads a specification in TOML.

    `circuit`, then `[fixed]` options of all points, `[grid]` lists of which every combination is taken (a list of
    values, or `{range = [first, end]}` or `{range = [first, end, step]}` of whole numbers, the end left out), and
    `[[points]]`, a list of points; with both, every listed point is combined with the grid.

    Raises:
        ParameterError: The file cannot be read, or a key or value in it cannot be used.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ParameterError("SPEC", str(path), f"cannot be read as TOML: {reason}") from None
    try:
        return sweep_from(content)
    except ParameterError as error:
        raise ParameterError(f"{path}: {error.parameter}", error.value, error.mend) from None


def sweep_from(content: Mapping[str, Any]) -> Sweep:
    """A sweep from the content of a specification, with the errors of `read_sweep`."""
    for key in content:
        if key not in SECTIONS:
            raise ParameterError(key, repr(content[key]), f"there is no such key; a sweep has {', '.join(SECTIONS)}")
    circuit = content.get("circuit", "")
    if circuit != "inv" and circuit != "mvm":
        raise ParameterError("circuit", repr(circuit), "must be inv or mvm")
    fixed, grid = _section(content, "fixed", dict, {}), _section(content, "grid", dict, {})
    listed = _section(content, "points", list, [{}])
    axes = {name: _values(name, entry) for name, entry in grid.items()}
    count = len(listed) * math.prod(len(values) for values in axes.values())
    if not 0 < count <= LARGEST_SWEEP:
        raise ParameterError("points", count, f"a sweep has at least 1 point and at most {LARGEST_SWEEP}")
    return Sweep(circuit, tuple(_point(circuit, given) for given in _combined(fixed, listed, axes)))


def _combined(fixed: dict[str, Any], listed: list[Any], axes: dict[str, list[Any] | range]) -> Iterator[dict[str, Any]]:
    """What is given for every point; an axis of the grid must not be given elsewhere, too."""
    for point in listed:
        if not isinstance(point, dict):
            raise ParameterError("points", repr(point), "must be tables of options, [[points]]")
        given = fixed | point
        if twice := [name for name in axes if name in given]:
            raise ParameterError(twice[0], repr(given[twice[0]]), "is in [grid], too; give it in one place")
        for combination in itertools.product(*axes.values()):
            yield given | dict(zip(axes, combination, strict=True))


def _point(circuit: Circuit, given: dict[str, Any]) -> dict[str, Any]:
    """The options of a point; names in it must be known, whether its numbers go together is seen when it runs."""
    options = parse_options(circuit, given)
    preset(options["opamp"])
    check_engine(options["engine"])
    read_limits(options["spec"])
    return options


def _section(content: Mapping[str, Any], name: str, kind: type, default: Any) -> Any:
    value = content.get(name, default)
    if not isinstance(value, kind):
        raise ParameterError(name, repr(value), f"must be a {'table' if kind is dict else 'list of tables'}")
    return value


def _values(name: str, entry: Any) -> list[Any] | range:
    """The values of one grid axis."""
    values: list[Any] | range
    if isinstance(entry, list):
        values = entry
    elif isinstance(entry, dict) and set(entry) == {"range"}:
        bounds = entry["range"]
        whole = isinstance(bounds, list) and all(type(bound) is int for bound in bounds)
        if not whole or len(bounds) not in (2, 3) or (bounds[-1] == 0 and len(bounds) == 3):
            raise ParameterError(name, repr(entry), "must be {range = [first, end]} or {range = [first, end, step]}")
        values = range(*bounds)
        if values[LARGEST_SWEEP:]:
            raise ParameterError(name, repr(entry), f"has more than {LARGEST_SWEEP} values")
    else:
        raise ParameterError(
            name, repr(entry), "must be a list of values or {range = [first, end]}; fixed values go in [fixed]"
        )
    if not values:
        raise ParameterError(name, repr(entry), "has no value")
    return values


def key_of(circuit: str, options: Mapping[str, Any], simulator: str, contents: Sequence[str] = ()) -> str:
    """Hash that tells a point from all others: also from one whose files, with these hashes, held something else."""
    known: list[Any] = [circuit, dict(options), simulator, *contents]
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()


class _Contents:
    """Hashes of what stands in the files that options name; each file is read once for all points."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], list[str]] = {}

    def of(self, options: Mapping[str, Any]) -> list[str]:
        """None without files; a file that cannot be read fails when its point runs."""
        place = tuple(options[name] for name in (*FILES, "opamp_subckt", "opamp_pins", "supply_voltage"))
        if place not in self._known:
            self._known[place] = self._read(options)
        return self._known[place]

    def _read(self, options: Mapping[str, Any]) -> list[str]:
        found = []
        with contextlib.suppress(OSError, ParameterError):
            if options["conductances"] is not None:
                found.append(hashlib.sha256(Path(options["conductances"]).read_bytes()).hexdigest())
            if options["opamp_file"] is not None:
                found.append(subcircuit_of(options).sha256)
        return found


def run_sweep(sweep: Sweep, folder: Path, jobs: int, on_row: Callable[[Row, int], None]) -> list[Row]:
    """Runs what the folder does not hold yet; rows whose simulator failed are run again.

    Args:
        sweep: What to run.
        folder: Claimed before; rows go to its database, failed runs are kept under `failures/`.
        jobs: Points at the same time. The rows do not depend on it.
        on_row: Called with every new row and the number of points that are run.

    Returns:
        The rows of this sweep, in its order.

    Raises:
        EnginesDisagreeError: A cross-check failed; the rows so far are kept.
    """
    solvers = {engine: _solver(engine) for engine in {options["engine"] for options in sweep.points}}
    contents = _Contents()
    keys = [
        key_of(sweep.circuit, options, solvers[options["engine"]], contents.of(options)) for options in sweep.points
    ]
    with Store(folder, create=True) as store, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        done = {row.key: row for row in store.rows()}
        new_numbers = itertools.count(1 + max((row.number for row in done.values()), default=-1))
        numbers = {key: done[key].number if key in done else next(new_numbers) for key in dict.fromkeys(keys)}
        waiting = {key: options for key, options in zip(keys, sweep.points, strict=True) if _to_do(done.get(key))}
        for row in _run_points(sweep.circuit, waiting, numbers, folder, jobs):
            store.put(row)
            done[row.key] = row
            on_row(row, len(waiting))
        rows = [done[key] for key in dict.fromkeys(keys)]
        if (unchecked := _unchecked(rows)) is not None:
            options = {name: value for name, value in unchecked.parameters.items() if name != "circuit"}
            whole = options | {"cross_check": 1.0}
            row = _run_point(sweep.circuit, unchecked.key, whole, unchecked.number, folder / "failures")
            row = replace(row, parameters=unchecked.parameters)
            store.put(row)
            done[row.key] = row
        return [done[key] for key in dict.fromkeys(keys)]


def _solver(engine: str) -> str:
    """What a row's figures depend on besides its options."""
    if engine == StateSpaceEngine.name:
        return f"{engine} amc {package_version()}"
    simulator = find_ngspice()
    return f"ngspice {simulator.version} {simulator.klu} amc {package_version()}"


def _unchecked(rows: list[Row]) -> Row | None:
    """A row of the engine `auto` to be checked by ngspice because none was, by chance or because they are few."""
    exact = [row for row in rows if row.usable and row.figures.get("engine") == "auto"]
    exact = [row for row in exact if row.figures["by_engine"].get(StateSpaceEngine.name)]
    if any(row.figures["cross_checked"] for row in exact):
        return None
    return min(exact, key=lambda row: row.key, default=None)


def _to_do(row: Row | None) -> bool:
    return row is None or row.status == FAILED


def _run_points(
    circuit: Circuit, waiting: dict[str, dict[str, Any]], numbers: dict[str, int], folder: Path, jobs: int
) -> Iterator[Row]:
    calls = [
        partial(_run_point, circuit, key, options, numbers[key], folder / "failures")
        for key, options in waiting.items()
    ]
    for _, row in run_together(calls, jobs):
        yield row


def _run_point(circuit: Circuit, key: str, options: dict[str, Any], number: int, failures: Path) -> Row:
    began = time.perf_counter()
    status, error = FAILED, ""
    figures: dict[str, Any] = {}
    try:
        measure = _measured if options["monte_carlo"] is None else _tried
        status, figures, error = measure(circuit, options, failures)
    except ParameterError as problem:
        status, error = INVALID, str(problem)
    except EnginesDisagreeError:
        raise
    except (SimulationError, np.linalg.LinAlgError, MemoryError) as problem:
        error = str(problem) or type(problem).__name__
    return Row(key, number, {"circuit": circuit, **options}, status, figures, error, time.perf_counter() - began)


def _measured(circuit: Circuit, options: dict[str, Any], failures: Path) -> tuple[str, dict[str, Any], str]:
    """Status, figures and error of one circuit."""
    case = make_case(circuit, options, (None, None), 1, failures)
    solution = case.run()
    figures = {name: value for name, value in full_record(case, solution).items() if name not in NOT_IN_ROWS}
    figures["warning"] = slow_inverters(case.circuit.design) if isinstance(case.circuit, InvCircuit) else ""
    return solution.status.name, figures, "" if solution.usable else solution.message


def _tried(circuit: Circuit, options: dict[str, Any], failures: Path) -> tuple[str, dict[str, Any], str]:
    """The same of many trials: a point is usable where one of them is."""
    study, limits = study_of(circuit, options, (None, None), failures), read_limits(options["spec"])
    check_limits(study, limits)
    trials = study.run(1)
    figures = row_figures(trials, limits)
    if any(trial.usable for trial in trials):
        return Status.SETTLED.name, figures, ""
    return trials[0].status, figures, f"no trial is usable; {trials[0].error}"
