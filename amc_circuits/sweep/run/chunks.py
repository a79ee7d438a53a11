"""Chunks of a sweep: neighbouring points that run in one call, whose circuits are read together."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from amc_circuits.cases.case import rows_of_matrix
from amc_circuits.engines import AutoEngine, ExactEngine
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

    The first calls are points alone; the times of those that have ended decide how many come together.

    Args:
        points: Points.
        executor: Executor that gets the chunks.
        alone: True makes every point a chunk.
    """

    def __init__(self, points: Points | Sequence[Point], executor: Executor, alone: bool) -> None:
        self._points, self._executor, self._alone = points, executor, alone
        self._left = len(points)
        self._seconds = math.inf

    def __iter__(self) -> Iterator[tuple[Point, ...]]:
        chunk: list[Point] = []
        room = most = 0
        for point in self._points:
            cells = 0 if self._alone else _cells_of(point)
            if chunk and (len(chunk) >= most or cells > room or _engine_of(point) != _engine_of(chunk[0])):
                yield self._handed(chunk)
                chunk = []
            if not chunk:
                room, most = STACKED, self._most()
            chunk.append(point)
            room -= cells
        if chunk:
            yield self._handed(chunk)

    def ended(self, seconds: Sequence[float]) -> None:
        """Record the times of the points of a chunk that has ended, s."""
        self._seconds = sum(seconds) / len(seconds)

    def _handed(self, chunk: list[Point]) -> tuple[Point, ...]:
        self._left -= len(chunk)
        return tuple(chunk)

    def _most(self) -> int:
        """Most points of the next chunk: it is short, and all processes stay busy to the end."""
        if self._alone:
            return 1
        share = self._left // (TURNS * max(self._executor.capacity, 1))
        return max(1, min(MOST, share, int(LONGEST / max(self._seconds, LONGEST / MOST))))


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


def _engine_of(point: Point) -> str:
    return point.subject.engine(point.options)
