"""Plan of a sweep: the points that its folder does not hold yet, and how to run them."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from amc_circuits.cases.case import check_files
from amc_circuits.sweep.plan.point import Point
from amc_circuits.sweep.plan.spec import Sweep
from amc_circuits.sweep.store import FAILED, INVALID
from amc_circuits.sweep.store.states import States

IntArray = NDArray[np.int64]
KEY_BYTES = 32
"""Bytes of a key, which is a SHA-256."""


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

    @property
    def alone(self) -> bool:
        """True if every point is a call of its own, of which time or end is looked at."""
        return self.point_timeout is not None or self.max_failures is not None


@dataclass(frozen=True)
class Plan:
    """Points of a sweep, and which of them to run.

    Attributes:
        numbers: Numbers of the rows of all points of the sweep, or of its shard, each once, rising.
        points: Points to run.
        cached: Number of points that exist already.
        failed_before: Number of points that failed before, whether or not they run again.
        versions: Versions of the engines in use.
        other_versions: Number of points to run that have a row by another version, by the version of the newest one.
    """

    numbers: IntArray
    points: Points
    cached: int
    failed_before: int
    versions: dict[str, str]
    other_versions: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Points:
    """Points of a sweep to run; each is built in its turn, from 48 bytes.

    Attributes:
        sweep: All points.
        with_waveforms: True to store waveforms.
        places: Place of each point in the sweep.
        numbers: Number of each point.
        keys: Key of each point, `KEY_BYTES` bytes each.
    """

    sweep: Sweep
    with_waveforms: bool
    places: array[int] = field(default_factory=lambda: array("q"))
    numbers: array[int] = field(default_factory=lambda: array("q"))
    keys: bytearray = field(default_factory=bytearray)

    def add(self, place: int, number: int, key: bytes) -> None:
        """Add a point that comes later in the sweep than those before."""
        self.places.append(place)
        self.numbers.append(number)
        self.keys.extend(key)

    def __len__(self) -> int:
        return len(self.places)

    def __iter__(self) -> Iterator[Point]:
        sweep, complete = self.sweep, self.sweep.subject.complete
        every = enumerate(sweep)
        for k, (wanted, number) in enumerate(zip(self.places, self.numbers, strict=True)):
            options = next(options for place, options in every if place == wanted)
            key = self.keys[KEY_BYTES * k : KEY_BYTES * (k + 1)].hex()
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
    points, free = Points(sweep, handling.with_waveforms), _Free(known)
    cached, failed, new = array("q"), set[int](), set[bytes]()
    key_of = sweep.subject.keys(sweep.varied)
    for place, given in enumerate(sweep):
        # a circuit's options are complete but for the paths of files, whose names the key does not depend on
        options = given if sweep.word == "circuit" else sweep.subject.complete(given)
        engine = sweep.subject.engine(options)
        if engine not in versions:
            versions[engine] = sweep.subject.version(engine)
        if handling.shard is not None and place % handling.shard[1] != handling.shard[0] - 1:
            continue
        key = key_of(options, versions[engine])
        number, status = known.get(key) or (None, "")
        if number is not None and status in (FAILED, INVALID):
            failed.add(number)
        if number is not None and not (number in failed and handling.retry_failed):
            cached.append(number)
        elif (short := bytes.fromhex(key)) not in new:
            new.add(short)
            points.add(place, free.number(place) if number is None else number, short)
    there = np.unique(np.array(cached, dtype=np.int64))
    numbers = np.union1d(there, np.array(points.numbers, dtype=np.int64))
    return Plan(numbers, points, len(there), len(failed), versions)


class _Free:
    """Numbers for new rows: their place in the sweep if it is free, else a number beyond all others."""

    def __init__(self, known: Mapping[str, tuple[int, str]]) -> None:
        self._known, self._beyond = known, 0

    @cached_property
    def _taken(self) -> IntArray:
        numbers = self._known.numbers() if isinstance(self._known, States) else (n for n, _ in self._known.values())
        return np.sort(np.fromiter(numbers, dtype=np.int64))

    def number(self, place: int) -> int:
        """Number of the row of a place."""
        if not len(self._taken):
            return place
        near, last = int(np.searchsorted(self._taken, place)), int(self._taken[-1])
        given = last < place <= last + self._beyond
        if not given and (near == len(self._taken) or self._taken[near] != place):
            return place
        self._beyond += 1
        return last + self._beyond
