"""Sweeps: a grid or a list of points over any option of INV or MVM, one row a point."""

from __future__ import annotations

import hashlib
import itertools
import json
import time
import tomllib
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amc_circuits.cases import make_case
from amc_circuits.engines import SimulationError, end_simulations, find_ngspice
from amc_circuits.inv import SlowInverterWarning
from amc_circuits.options import Circuit, parse_options
from amc_circuits.report import record
from amc_circuits.store import Row, Store
from netlists import ParameterError

SECTIONS = ("circuit", "fixed", "grid", "points")
FAILED, INVALID = "FAILED", "INVALID"
LARGEST_SWEEP = 1_000_000


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
    values, or
    `{range = [first, end]}` or `{range = [first, end, step]}` of whole numbers, the end left out), and `[[points]]`,
    a list of points; with both, every listed point is combined with the grid.

    Raises:
        ParameterError: The file cannot be read, or a key or value in it cannot be used.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ParameterError("SPEC", str(path), f"cannot be read as TOML: {reason}") from None
    return sweep_from(content)


def sweep_from(content: Mapping[str, Any]) -> Sweep:
    """A sweep from the content of a specification, with the errors of `read_sweep`."""
    for key in content:
        if key not in SECTIONS:
            raise ParameterError(key, repr(content[key]), f"there is no such key; a sweep has {', '.join(SECTIONS)}")
    circuit = content.get("circuit")
    if circuit != "inv" and circuit != "mvm":
        raise ParameterError("circuit", repr(circuit), "must be inv or mvm")
    fixed, grid = _section(content, "fixed", dict, {}), _section(content, "grid", dict, {})
    listed = _section(content, "points", list, [{}])
    values = [_values(name, entry) for name, entry in grid.items()]
    points = []
    for point in listed:
        if not isinstance(point, dict):
            raise ParameterError("points", repr(point), "must be tables of options, [[points]]")
        for combination in itertools.islice(itertools.product(*values), LARGEST_SWEEP):
            given = fixed | point | dict(zip(grid, combination, strict=True))
            points.append(parse_options(circuit, given))
    if not points:
        raise ParameterError("points", "none", "a sweep needs at least one point")
    return Sweep(circuit, tuple(points))


def _section(content: Mapping[str, Any], name: str, kind: type, default: Any) -> Any:
    value = content.get(name, default)
    if not isinstance(value, kind):
        raise ParameterError(name, repr(value), f"must be a {'table' if kind is dict else 'list of tables'}")
    return value


def _values(name: str, entry: Any) -> list[Any]:
    """The values of one grid axis."""
    if isinstance(entry, list):
        values = entry
    elif isinstance(entry, dict) and set(entry) == {"range"}:
        bounds = entry["range"]
        whole = isinstance(bounds, list) and all(type(bound) is int for bound in bounds)
        if not whole or len(bounds) not in (2, 3) or (bounds[-1] == 0 and len(bounds) == 3):
            raise ParameterError(name, repr(entry), "must be {range = [first, end]} or {range = [first, end, step]}")
        values = list(itertools.islice(range(*bounds), LARGEST_SWEEP))
    else:
        raise ParameterError(
            name, repr(entry), "must be a list of values or {range = [first, end]}; fixed values go in [fixed]"
        )
    if not values:
        raise ParameterError(name, repr(entry), "has no value")
    return values


def key_of(circuit: str, options: Mapping[str, Any], simulator: str) -> str:
    """Hash that tells a point from all others."""
    return hashlib.sha256(json.dumps([circuit, dict(options), simulator], sort_keys=True).encode()).hexdigest()


def run_sweep(sweep: Sweep, folder: Path, jobs: int, on_row: Callable[[Row, int], None]) -> list[Row]:
    """Runs what the folder does not hold yet; rows whose simulator failed are run again.

    Args:
        sweep: What to run.
        folder: Claimed before; rows go to its database, failed runs are kept under `failures/`.
        jobs: Points at the same time. The rows do not depend on it.
        on_row: Called with every new row and the number of points of the sweep.

    Returns:
        The rows of this sweep, in its order.
    """
    simulator = find_ngspice()
    identity = f"ngspice {simulator.version} {simulator.klu}"
    keys = [key_of(sweep.circuit, options, identity) for options in sweep.points]
    with Store(folder, create=True) as store, warnings.catch_warnings():
        warnings.simplefilter("ignore", SlowInverterWarning)
        done = {row.key: row for row in store.rows()}
        next_number = 1 + max((row.number for row in done.values()), default=-1)
        numbers = {key: done[key].number if key in done else next_number + place for place, key in enumerate(keys)}
        waiting = {key: options for key, options in zip(keys, sweep.points, strict=True) if _to_do(done.get(key))}
        for row in _run_points(sweep.circuit, waiting, numbers, folder, jobs):
            store.put(row)
            done[row.key] = row
            on_row(row, len(keys))
    return [done[key] for key in dict.fromkeys(keys)]


def _to_do(row: Row | None) -> bool:
    return row is None or row.status == FAILED


def _run_points(
    circuit: Circuit, waiting: dict[str, dict[str, Any]], numbers: dict[str, int], folder: Path, jobs: int
) -> Iterator[Row]:
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        futures = [
            pool.submit(_run_point, circuit, key, options, numbers[key], folder / "failures")
            for key, options in waiting.items()
        ]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            end_simulations()
            raise


def _run_point(circuit: Circuit, key: str, options: dict[str, Any], number: int, failures: Path) -> Row:
    began = time.perf_counter()
    status, figures, error = FAILED, {}, ""
    try:
        case = make_case(circuit, options, (None, None), 1, failures)
        solution = case.run()
        status = solution.status.name
        figures = {name: value for name, value in record(case, solution).items() if name not in ("x", "y")}
        error = "" if solution.usable else solution.message
    except ParameterError as problem:
        status, error = INVALID, str(problem)
    except SimulationError as problem:
        error = str(problem)
    return Row(key, number, {"circuit": circuit, **options}, status, figures, error, time.perf_counter() - began)
