"""Chunks of a sweep: neighbouring points that run in one call, whose circuits are read together.

Simulated points between them are in the call, too, so that rows are stored in the order of the points.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from amc_circuits.cases.case import rows_of_matrix
from amc_circuits.engines import AutoEngine, ExactEngine, NgspiceEngine
from amc_circuits.studies.batch import STACKED
from amc_circuits.studies.workers import Executor
from amc_circuits.sweep.plan.plan import Points
from amc_circuits.sweep.plan.point import Point

MOST = 48
"""Most points of a chunk."""
LONGEST = 0.5
"""Expected time of a chunk of several points, s: rows are stored and reported as often."""
TURNS = 2
"""Chunks that every process still gets if they stay as long: towards the end of a sweep they become shorter."""


class Chunks:
    """Points of a sweep in chunks, made while the sweep runs; rows do not depend on them.

    The first calls of each engine are points alone; the times of those that have ended decide how many come together.

    Args:
        points: Points.
        executor: Executor that gets the chunks.
        alone: True makes every point a chunk.
    """

    def __init__(self, points: Points | Sequence[Point], executor: Executor, alone: bool) -> None:
        self._points, self._executor, self._alone = points, executor, alone
        self._left = len(points)
        self._seconds: dict[str, float] = {}

    def __iter__(self) -> Iterator[tuple[Point, ...]]:
        chunk: list[Point] = []
        room, most, time = 0, 0, 0.0
        for point in self._points:
            cells = 0 if chunk and _is_simulated(point) else _cells_of(point)
            if chunk and (len(chunk) >= most or cells > room or self._expected(point) > time):
                yield self._handed(chunk)
                chunk = []
            if not chunk:
                room, most, time, cells = STACKED, self._most(), LONGEST, _cells_of(point)
            chunk.append(point)
            room, time = room - cells, time - self._expected(point)
        if chunk:
            yield self._handed(chunk)

    def ended(self, points: Sequence[Point], seconds: Sequence[float]) -> None:
        """Record the times of the points of a chunk that has ended, s."""
        times: dict[str, list[float]] = {}
        for point, one in zip(points, seconds, strict=True):
            times.setdefault(_engine_of(point), []).append(one)
        self._seconds |= {engine: sum(each) / len(each) for engine, each in times.items()}

    def _expected(self, point: Point) -> float:
        """Time of the points of this engine that ended last, s."""
        return self._seconds.get(_engine_of(point), math.inf)

    def _handed(self, chunk: list[Point]) -> tuple[Point, ...]:
        self._left -= len(chunk)
        return tuple(chunk)

    def _most(self) -> int:
        """Most points of the next chunk: it is short, and all processes stay busy to the end."""
        share = self._left // (TURNS * max(self._executor.capacity, 1))
        return 1 if self._alone else min(MOST, share)


def most_of(point: Point) -> int:
    """Most points like this one in a chunk."""
    return max(1, min(MOST, STACKED // _cells_of(point)))


def _cells_of(point: Point) -> int:
    """Estimate the cells of a point's circuit; more than a stack holds if no engine stacks it."""
    if point.word != "circuit" or _engine_of(point) not in (ExactEngine.name, AutoEngine.name):
        return STACKED + 1
    options = point.options
    if options["monte_carlo"] is not None:
        return STACKED + 1
    rows: int = options["size"] or rows_of_matrix(options)
    return rows * (options.get("columns") or rows)


def _is_simulated(point: Point) -> bool:
    """Return True for a single simulation, which takes as long in a chunk as alone."""
    return point.word == "circuit" and _engine_of(point) == NgspiceEngine.name and point.options["monte_carlo"] is None


def _engine_of(point: Point) -> str:
    return point.subject.engine(point.options)
