"""Estimate of a sweep's time and disk space, from a few of its points and from existing rows."""

from __future__ import annotations

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
from amc_circuits.sweep.plan.plan import Handling, Plan
from amc_circuits.sweep.plan.point import Point
from amc_circuits.sweep.plan.spec import Sweep
from amc_circuits.sweep.run.chunks import LONGEST, most_of
from amc_circuits.sweep.run.earlier_rows import planned
from amc_circuits.sweep.run.measured import Kind, Measured
from amc_circuits.sweep.run.outcome import run_point, run_points
from amc_circuits.sweep.run.row_bytes import stored_bytes
from amc_circuits.sweep.store import DATABASE, FAILED, INVALID, Store
from amc_circuits.values.quantities import counted, format_quantity

BUDGET = 10.0
"""Time for running points, s; a choice of this package."""
SIZES, SAMPLES = 5, 3
"""Most sizes of a type of points that are run, and most points of a size; a choice of this package."""
LARGE = 64
"""Smallest size above which a type is first run with smaller sizes, to see its time; a choice of this package."""
COPIES = 8
"""Most copies of a quick point that are run as a chunk; longer chunks are hardly quicker (benchmarks/sweep_points.py).
"""
TRIALS = 2 * CHUNK
"""Most trials of a point that are run."""
ROWS = 1000
"""Most existing rows that are examined."""
START, ROW_TIME = 5.0, 0.004
"""Time to load programs, here and in processes, s, and of a row besides its simulation, s; measured on two cores."""
DECISIVE = ("engine", "opamp", "opamp_file", "interconnect", "monte_carlo", "noise")
"""Options besides the size whose value decides the time of a point."""
SWITCHES = ("wire_resistance", "line_capacitance", "nonlinearity_voltage")
"""Options whose presence decides it."""


@dataclass
class Group:
    """Points of one type and size.

    Attributes:
        count: Number of points.
        points: Random sample of them.
    """

    count: int = 0
    points: list[Point] = field(default_factory=list)

    def add(self, point: Point, generator: np.random.Generator) -> None:
        """Count a point, and sample it with the same probability as every other one (Vitter 1985, algorithm R)."""
        self.count += 1
        if len(self.points) < SAMPLES:
            self.points.append(point)
        elif (place := int(generator.integers(self.count))) < SAMPLES:
            self.points[place] = point


Groups = dict[tuple[Kind, float], Group]


@dataclass(frozen=True)
class Estimate:
    """Expected time and storage of a sweep.

    Attributes:
        plan: Plan of the sweep.
        seconds: Time until its end, s.
        stored: Growth of its folder, bytes.
        measured: Measurements behind the estimate.
        largest: Largest measured size, if the sweep has larger ones; else None.
        unknown: Number of types of points without data of their own.
    """

    plan: Plan
    seconds: float = 0.0
    stored: float = 0.0
    measured: Measured = field(default_factory=Measured)
    largest: float | None = None
    unknown: int = 0

    def lines(self, jobs: int) -> list[str]:
        """Lines for the user, except for the number of points."""
        if not self.plan.points:
            return ["nothing to run"]
        sources = {"sample point": self.measured.points, "row": self.measured.rows}
        source = " and ".join(counted(count, name) for name, count in sources.items() if count)
        beyond = "" if self.largest is None else f", extrapolated beyond size {self.largest:.4g}"
        if not source:
            return ["no estimate: no such run has ended yet"]
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
    """Estimate a sweep from a few points, run in this process; nothing is written.

    Args:
        sweep: The sweep.
        folder: Its folder, which need not exist.
        jobs: Number of processes.
        handling: How the sweep is run.

    Raises:
        ParameterError: The folder's database cannot be read.
        EngineNotFoundError: An engine needs ngspice, and there is none.
    """
    measured = Measured()
    with _store(folder) as store:
        plan = planned(sweep, store, handling)
        if sweep.word == "run":
            return _of_runs(plan, store, jobs)
        groups = _grouped(plan)
        if store and groups:
            _look_up(store, sweep.circuit, groups, handling.with_waveforms, measured)
    _run_some(groups, measured, handling.alone)
    return _summed(plan, groups, measured, jobs)


def _of_runs(plan: Plan, store: Store | None, jobs: int) -> Estimate:
    """Estimate runs of another package from existing rows alone: one may take hours."""
    subject = plan.points.sweep.word, plan.points.sweep.circuit
    ended = [row for row in (store.each() if store else []) if row.subject == subject and not row.failed]
    measured = Measured(rows=len(ended))
    if not ended or not plan.points:
        return Estimate(plan, measured=measured)
    mean = float(np.mean([row.wall_time_s for row in ended]))
    stored = len(plan.points) * float(np.mean([stored_bytes(row, None) for row in ended]))
    together = min(jobs, len(plan.points), os.cpu_count() or 1)
    return Estimate(plan, START + mean * math.ceil(len(plan.points) / together), stored, measured)


def _store(folder: Path | None) -> Store | nullcontext[None]:
    there = folder is not None and (folder / DATABASE).is_file()
    return Store(folder, current=True) if folder is not None and there else nullcontext()


def _kind(options: Mapping[str, Any]) -> Kind:
    return tuple(options.get(name) for name in DECISIVE) + tuple(bool(options.get(name)) for name in SWITCHES)


def _size(options: Mapping[str, Any]) -> float:
    """Number of rows of the matrix; for a rectangular drawn one, the geometric mean of rows and columns."""
    rows = options.get("size") or rows_of_matrix(options)
    return math.sqrt(rows * (options.get("columns") or rows))


def _grouped(plan: Plan) -> Groups:
    groups: Groups = defaultdict(Group)
    generator = np.random.default_rng(0)
    for point in plan.points:
        groups[_kind(point.options), _size(point.options)].add(point, generator)
    return groups


def _look_up(store: Store, circuit: str, groups: Groups, with_waveforms: bool, measured: Measured) -> None:
    """Record the cost of existing rows that are similar to points to run."""
    numbers = store.with_waveforms() if with_waveforms else [row.number for row in store.packed()]
    for number in numbers[:: len(numbers) // ROWS + 1]:
        row = store.row(number)
        group = _kind(row.parameters), _size(row.parameters)
        if group in groups and row.subject == ("circuit", circuit) and not row.failed:
            waveforms = store.waveforms(number) if with_waveforms else None
            measured.add(*group, row.wall_time_s, stored_bytes(row, waveforms))
            measured.rows += 1


def _run_some(groups: Groups, measured: Measured, alone: bool) -> None:
    """Run a point of each size, small ones first, then others of the same sizes, until the time is over."""
    unknown: dict[Kind, list[float]] = defaultdict(list)
    for kind, size in groups:
        if size not in measured.found.get(kind, {}):
            unknown[kind].append(size)
    chosen = [(kind, size) for kind, sizes in unknown.items() for size in _spread(sorted(sizes))]
    chosen.sort(key=lambda group: group[1])
    for turn in range(SAMPLES):
        for kind, size in chosen:
            if turn < groups[kind, size].count:
                copies = 1 if alone else min(COPIES, groups[kind, size].count)
                for point in _steps(groups[kind, size].points[turn], kind not in measured.found):
                    _run(point, kind, measured, copies)


def _spread(sizes: list[float]) -> list[float]:
    """Choose the smallest, the largest and some sizes between."""
    return [sizes[round(place)] for place in np.linspace(0, len(sizes) - 1, min(len(sizes), SIZES))]


def _steps(point: Point, first: bool) -> list[Point]:
    """Sequence for a point: if it is large and the first of its type, smaller ones come first."""
    sides = [name for name in ("size", "columns") if point.options.get(name)]
    if not first or not sides or _size(point.options) <= LARGE:
        return [point]
    smaller = [{name: math.ceil(point.options[name] / factor) for name in sides} for factor in (16, 4)]
    return [*(replace(point, options=point.options | sizes) for sizes in smaller), point]


def _run(point: Point, kind: Kind, measured: Measured, copies: int) -> None:
    """Run a point, if its expected time is available; a quick one again, in a chunk of copies."""
    trials = point.options["monte_carlo"] or 0
    larger = max(trials / TRIALS, 1.0)
    if measured.spent + measured.expected(kind, _size(point.options))[0] / larger > BUDGET:
        return
    if larger > 1:
        point = replace(point, options=point.options | {"monte_carlo": TRIALS})
    outcome = run_point(point)
    if not measured.points and outcome.wall_time_s < START:
        outcome = run_point(point)  # the first run also loads modules
    measured.spent += outcome.wall_time_s
    measured.points += 1
    copies = min(copies, most_of(point))
    if copies > 1 and copies * outcome.wall_time_s <= LONGEST:
        times = [one.wall_time_s for one in run_points([point] * copies)]
        measured.spent += sum(times)
        outcome = replace(outcome, wall_time_s=sum(times) / copies)
    if outcome.status in (FAILED, INVALID) and not measured.problem:
        measured.problem = f"a point of size {_size(point.options):.4g} is {outcome.status}: {outcome.error}"
    evidence = sum(map(len, outcome.evidence.values()))
    stored = stored_bytes(outcome, outcome.waveforms) + evidence
    measured.add(kind, _size(point.options), outcome.wall_time_s * larger, stored)


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
