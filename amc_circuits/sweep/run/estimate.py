"""What a sweep will take, time and disk, before it is run: from a few of its points, and from rows that there are."""

from __future__ import annotations

import json
import math
import os
from collections import defaultdict
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from amc_circuits.cases.case import rows_of_matrix
from amc_circuits.studies.monte_carlo import CHUNK
from amc_circuits.sweep.plan.plan import Handling, Plan, plan_of
from amc_circuits.sweep.plan.point import Point
from amc_circuits.sweep.plan.spec import Sweep
from amc_circuits.sweep.run.outcome import Outcome, run_point
from amc_circuits.sweep.store import DATABASE, FAILED, INVALID, Row, Store
from amc_circuits.values.quantities import counted, format_quantity

BUDGET = 10.0
"""s for running points; chosen here."""
SIZES, SAMPLES = 5, 3
"""At most so many sizes of a kind of points are run, and so many points of a size; chosen here."""
LARGE = 64
"""A kind whose smallest size is larger is run smaller first, to see what it would take; chosen here."""
TRIALS = 2 * CHUNK
"""Of more trials in a point, so many are run."""
ROWS = 1000
"""So many of the rows that there are are looked at."""
STEEPNESS = (2.0, 4.0)
"""Least and largest power of the size with which time is taken to grow beyond what was run: there are size^2 cells."""
SMALL = 16
"""Up to this size, time is what every point takes, whatever its size: seen with both engines."""
ALONE = 2.5
"""The power where one size was run alone; from 64 to 256, ngspice and the state-space engine were seen to take 2.2 to
2.4."""
START, ROW_TIME = 5.0, 0.004
"""s that programs take to be loaded, here and in processes, and s of a row besides its simulation; both measured here,
on two cores."""
PAGE = 4096
"""Bytes of a page of an SQLite database; a longer row goes on in pages of its own."""
ROW_BYTES, KEY_BYTES, LOG_BYTES = 450, 120, 60
"""Of a row besides options and figures: hashes, host, versions and time; an entry of the index of keys, 64 bytes in
pages two thirds full; a line of the log."""
DECISIVE = ("engine", "opamp", "opamp_file", "interconnect", "monte_carlo", "noise")
"""Options besides the size that decide what a point takes, by their value."""
SWITCHES = ("wire_resistance", "line_capacitance", "nonlinearity_voltage")
"""The same, by whether they are there."""

Kind = tuple[Any, ...]


@dataclass
class Group:
    """Points of one kind and size.

    Attributes:
        count: How many.
        points: Some of them, by chance.
    """

    count: int = 0
    points: list[Point] = field(default_factory=list)

    def add(self, point: Point, generator: np.random.Generator) -> None:
        """Counts a point and keeps it with the chance that every other one has (Vitter 1985, algorithm R)."""
        self.count += 1
        if len(self.points) < SAMPLES:
            self.points.append(point)
        elif (place := int(generator.integers(self.count))) < SAMPLES:
            self.points[place] = point


Groups = dict[tuple[Kind, float], Group]


@dataclass
class Measured:
    """What points took, by kind and size: pairs of seconds and bytes.

    Attributes:
        found: All.
        points: How many points were run for it.
        rows: How many rows were looked up for it.
        spent: s that running them took.
        problem: Why a point that was run cannot be simulated; empty if all can.
    """

    found: dict[Kind, dict[float, list[tuple[float, float]]]] = field(default_factory=dict)
    points: int = 0
    rows: int = 0
    spent: float = 0.0
    problem: str = ""

    def add(self, kind: Kind, size: float, seconds: float, stored: float) -> None:
        """Takes down what a point took."""
        self.found.setdefault(kind, {}).setdefault(size, []).append((max(seconds, 1e-6), stored))

    def expected(self, kind: Kind, size: float) -> tuple[float, float]:
        """Seconds and bytes of a point: between sizes on straight lines, of times in logarithms; 0 if nothing is known.

        Of a kind of which nothing is known, what is known of all kinds.
        """
        curves = [self.found[kind]] if kind in self.found else list(self.found.values())
        if not curves:
            return 0.0, 0.0
        sizes = sorted({known for curve in curves for known in curve})
        means = [np.mean([pair for curve in curves for pair in curve.get(known, [])], axis=0) for known in sizes]
        seconds, stored = (np.array(column) for column in zip(*means, strict=True))
        inside = math.exp(np.interp(math.log(size), np.log(sizes), np.log(seconds)))
        beyond = max(size / max(sizes[-1], SMALL), 1.0) ** _steepness(sizes, seconds.tolist())
        return inside * beyond, float(np.interp(size, sizes, stored))


@dataclass(frozen=True)
class Estimate:
    """What a sweep will take.

    Attributes:
        plan: What is to be done.
        seconds: Until its end.
        stored: Bytes by which its folder will grow.
        measured: From what that is known.
        largest: The largest size that is known, where there are larger ones; else None.
        unknown: Of how many kinds of points nothing is known but what others take.
    """

    plan: Plan
    seconds: float = 0.0
    stored: float = 0.0
    measured: Measured = field(default_factory=Measured)
    largest: float | None = None
    unknown: int = 0

    def lines(self, jobs: int) -> list[str]:
        """What it says to people, but for the number of points."""
        if not self.plan.points:
            return ["nothing to run"]
        sources = {"sample point": self.measured.points, "row": self.measured.rows}
        source = " and ".join(counted(count, name) for name, count in sources.items() if count)
        beyond = "" if self.largest is None else f", extrapolated beyond size {self.largest:.4g}"
        if self.unknown:
            beyond += f", {counted(self.unknown, 'kind')} of points guessed from others"
        disk = format_quantity(self.stored, "B", 2)
        done = f"about {_rough(self.seconds)} with {counted(jobs, 'job')} (from {source}{beyond}), about {disk}"
        return [done, *([self.measured.problem] if self.measured.problem else [])]


def _rough(seconds: float) -> str:
    for unit, length in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.{0 if seconds >= 10 * length else 1}f} {unit}"
    return f"{seconds:.0f} s"


def estimate(sweep: Sweep, folder: Path | None, jobs: int, handling: Handling) -> Estimate:
    """Runs a few points in this process and writes nothing.

    Args:
        sweep: What would be run.
        folder: Where; it need not be there.
        jobs: Processes.
        handling: How.

    Raises:
        ParameterError: The folder's database cannot be read.
        EngineNotFoundError: An engine needs ngspice, and there is none.
    """
    measured = Measured()
    with _store(folder) as store:
        plan = plan_of(sweep, store.states() if store else {}, handling)
        groups = _grouped(plan)
        if store and groups:
            _look_up(store, sweep.circuit, groups, handling.with_waveforms, measured)
    _run_some(groups, measured)
    return _summed(plan, groups, measured, jobs)


def _store(folder: Path | None) -> Store | nullcontext[None]:
    there = folder is not None and (folder / DATABASE).is_file()
    return Store(folder, current=True) if folder is not None and there else nullcontext()


def _kind(options: Mapping[str, Any]) -> Kind:
    return tuple(options.get(name) for name in DECISIVE) + tuple(bool(options.get(name)) for name in SWITCHES)


def _size(options: Mapping[str, Any]) -> float:
    """Rows of the matrix; where a drawn one has other columns, their geometric mean."""
    rows = options.get("size") or rows_of_matrix(options)
    return math.sqrt(rows * (options.get("columns") or rows))


def _grouped(plan: Plan) -> Groups:
    groups: Groups = defaultdict(Group)
    generator = np.random.default_rng(0)
    for point in plan.points:
        groups[_kind(point.options), _size(point.options)].add(point, generator)
    return groups


def _look_up(store: Store, circuit: str, groups: Groups, with_waveforms: bool, measured: Measured) -> None:
    """Takes down what rows took that are like points to be run."""
    numbers = store.with_waveforms() if with_waveforms else sorted(number for number, _ in store.states().values())
    for number in numbers[:: len(numbers) // ROWS + 1]:
        row = store.row(number)
        group = _kind(row.parameters), _size(row.parameters)
        if group in groups and row.parameters["circuit"] == circuit and not row.failed:
            waveforms = store.waveforms(number) if with_waveforms else None
            measured.add(*group, row.wall_time_s, _stored(row.parameters, row, waveforms))
            measured.rows += 1


def _run_some(groups: Groups, measured: Measured) -> None:
    """Runs a point of each size, small ones first, then others of the same sizes, as long as there is time."""
    unknown: dict[Kind, list[float]] = defaultdict(list)
    for kind, size in groups:
        if size not in measured.found.get(kind, {}):
            unknown[kind].append(size)
    chosen = [(kind, size) for kind, sizes in unknown.items() for size in _spread(sorted(sizes))]
    chosen.sort(key=lambda group: group[1])
    for turn in range(SAMPLES):
        for kind, size in chosen:
            if turn < groups[kind, size].count:
                for point in _steps(groups[kind, size].points[turn], kind not in measured.found):
                    _run(point, kind, measured)


def _spread(sizes: list[float]) -> list[float]:
    """The smallest, the largest and some between."""
    return [sizes[round(place)] for place in np.linspace(0, len(sizes) - 1, min(len(sizes), SIZES))]


def _steps(point: Point, first: bool) -> list[Point]:
    """A point to be run; if it is large and the first of its kind, smaller ones before it."""
    sides = [name for name in ("size", "columns") if point.options.get(name)]
    if not first or not sides or _size(point.options) <= LARGE:
        return [point]
    smaller = [{name: math.ceil(point.options[name] / factor) for name in sides} for factor in (16, 4)]
    return [*(replace(point, options=point.options | sizes) for sizes in smaller), point]


def _run(point: Point, kind: Kind, measured: Measured) -> None:
    """Runs a point, if there is time for what it is expected to take."""
    trials = point.options["monte_carlo"] or 0
    larger = max(trials / TRIALS, 1.0)
    if measured.spent + measured.expected(kind, _size(point.options))[0] / larger > BUDGET:
        return
    if larger > 1:
        point = replace(point, options=point.options | {"monte_carlo": TRIALS})
    outcome = run_point(point)
    if not measured.points and outcome.wall_time_s < START:
        outcome = run_point(point)  # What is loaded for the first one is not loaded again.
    measured.spent += outcome.wall_time_s
    measured.points += 1
    if outcome.status in (FAILED, INVALID) and not measured.problem:
        measured.problem = f"a point of size {_size(point.options):.4g} is {outcome.status}: {outcome.error}"
    evidence = sum(map(len, outcome.evidence.values()))
    stored = _stored({"circuit": point.circuit, **point.options}, outcome, outcome.waveforms) + evidence
    measured.add(kind, _size(point.options), outcome.wall_time_s * larger, stored)


def _stored(parameters: Mapping[str, Any], found: Outcome | Row, waveforms: bytes | None) -> float:
    """Bytes of a row on the disk, with its waveforms and its line in the log."""
    texts = json.dumps(parameters), json.dumps(found.figures), found.error
    row = _in_pages(ROW_BYTES + sum(map(len, texts))) + KEY_BYTES + LOG_BYTES + len(found.error)
    return row if waveforms is None else row + _in_pages(len(waveforms) + 64) + KEY_BYTES


def _in_pages(count: int) -> float:
    """Bytes that so many take in a table: as many rows as fit on a page, or pages of their own and a rest."""
    return PAGE / (PAGE // count) if count <= PAGE else count * (1 + 1 / 32)


def _steepness(sizes: list[float], seconds: list[float]) -> float:
    """The power of the size with which time grows where it is largest."""
    if len(sizes) < 2 or sizes[-1] <= SMALL:
        return ALONE
    found = math.log(seconds[-1] / seconds[-2]) / math.log(sizes[-1] / sizes[-2])
    return min(max(found, STEEPNESS[0]), STEEPNESS[1])


def _summed(plan: Plan, groups: Groups, measured: Measured, jobs: int) -> Estimate:
    if not groups:
        return Estimate(plan)
    each = {group: measured.expected(*group) for group in groups}
    alone = sum(group.count * (each[which][0] + ROW_TIME) for which, group in groups.items())
    together = min(jobs, len(plan.points), os.cpu_count() or 1)
    seconds = START + max(alone / together, max(seconds for seconds, _ in each.values()))
    known = {kind: max(sizes) for kind, sizes in measured.found.items()}
    beyond = [known[kind] for kind, size in groups if kind in known and size > known[kind]]
    stored = sum(group.count * each[which][1] for which, group in groups.items())
    unknown = len({kind for kind, _ in groups} - known.keys())
    return Estimate(plan, seconds, stored, measured, min(beyond, default=None), unknown)
