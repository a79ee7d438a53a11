"""Plan of a sweep: the points that its folder does not hold yet, and how to run them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from amc_circuits.cases.case import check_files
from amc_circuits.sweep.plan.point import Point
from amc_circuits.sweep.plan.spec import Sweep
from amc_circuits.sweep.store import FAILED, INVALID


@dataclass(frozen=True)
class Handling:
    """Treatment of points in a run of a sweep; no metric depends on it.

    Attributes:
        retry_failed: True to run points again that failed before.
        max_failures: Number of failed points in this run that stops the sweep; None for no limit.
        point_timeout: Time limit of a point, s; None for no limit.
        with_waveforms: True to store waveforms.
        shard: (i, n) runs only the i-th of every n points, from 1; None runs all.
    """

    retry_failed: bool = False
    max_failures: int | None = None
    point_timeout: float | None = None
    with_waveforms: bool = False
    shard: tuple[int, int] | None = None


@dataclass(frozen=True)
class Plan:
    """Points of a sweep, and which of them to run.

    Attributes:
        keys: Keys of all points of the sweep, or of its shard, each once, in order.
        points: Points to run.
        cached: Number of points that exist already.
        failed_before: Number of points that failed before, whether or not they run again.
        versions: Versions of the engines in use.
    """

    keys: tuple[str, ...]
    points: Points
    cached: int
    failed_before: int
    versions: dict[str, str]


@dataclass(frozen=True)
class Points:
    """Points of a sweep to run; each is built in its turn.

    Attributes:
        sweep: All points.
        chosen: Key and number of each point, by its place in the sweep.
        with_waveforms: True to store waveforms.
    """

    sweep: Sweep
    chosen: dict[int, tuple[str, int]]
    with_waveforms: bool

    def __len__(self) -> int:
        return len(self.chosen)

    def __iter__(self) -> Iterator[Point]:
        sweep, complete = self.sweep, self.sweep.subject.complete
        for place, options in enumerate(sweep):
            if place in self.chosen:
                key, number = self.chosen[place]
                yield Point(key, number, sweep.circuit, complete(options), self.with_waveforms, sweep.word)


def check_files_of(sweep: Sweep) -> None:
    """Refuse a sweep whose files of matrices and right-hand sides cannot be read, or do not match.

    Raises:
        ParameterError: A file cannot be read, or does not match.
    """
    if sweep.word == "circuit" and sweep.values("matrix") != {None}:
        for options in sweep:
            check_files(sweep.circuit, options)


def check_engines_of(sweep: Sweep) -> None:
    """Refuse a sweep whose engines are not installed.

    Raises:
        EngineNotFoundError: An engine needs ngspice, and there is none.
    """
    if sweep.word == "circuit":
        engines = sweep.values("engine")
    else:
        engines = {sweep.subject.engine(sweep.subject.complete(options)) for options in sweep}
    for engine in engines:
        sweep.subject.version(engine)


def plan_of(sweep: Sweep, known: Mapping[str, tuple[int, str]], handling: Handling) -> Plan:
    """Decide which points to run.

    Args:
        sweep: All points.
        known: Number and status of existing rows, by key.
        handling: How the sweep is run, with points to run again.

    Raises:
        EngineNotFoundError: An engine needs ngspice, and there is none.
        ParameterError: Files of matrix and right-hand side cannot be read, or do not match.
    """
    check_files_of(sweep)
    versions: dict[str, str] = {}
    taken = {number for number, _ in known.values()}
    beyond = itertools.count(1 + max(taken, default=-1))
    keys: dict[str, None] = {}
    chosen: dict[int, tuple[str, int]] = {}
    failed_before = 0
    for place, given in enumerate(sweep):
        # a circuit's options are complete but for the paths of files, whose names the key does not depend on
        options = given if sweep.word == "circuit" else sweep.subject.complete(given)
        engine = sweep.subject.engine(options)
        if engine not in versions:
            versions[engine] = sweep.subject.version(engine)
        if handling.shard is not None and place % handling.shard[1] != handling.shard[0] - 1:
            continue
        key = sweep.subject.key(options, versions[engine])
        if key in keys:
            continue
        keys[key] = None
        failed = key in known and known[key][1] in (FAILED, INVALID)
        failed_before += failed
        if key in known and not (failed and handling.retry_failed):
            continue
        number = known[key][0] if key in known else (next(beyond) if place in taken else place)
        taken.add(number)
        chosen[place] = key, number
    points = Points(sweep, chosen, handling.with_waveforms)
    return Plan(tuple(keys), points, len(keys) - len(chosen), failed_before, versions)
