"""Responses of a circuit with macro op-amps, in steps whose lengths follow from the error."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from amc_circuits.engines.contract import NotIntegrableError
from amc_circuits.engines.exact.nonlinear.laws import Added
from amc_circuits.engines.exact.nonlinear.method import DEGREE
from amc_circuits.engines.exact.nonlinear.step.entry import Entries
from amc_circuits.engines.exact.nonlinear.step.solved import Driven, Solved
from amc_circuits.engines.exact.nonlinear.step.stage_equations import StageEquations
from amc_circuits.engines.exact.nonlinear.system import System
from netlists.record import FloatArray
from netlists.short_text import short_repr

TOLERANCE = 2e-5
"""Largest estimated error of a step, in units of full scale; the estimate is of order 4, so waveforms err by a tenth of
it and less, and by up to about as much between the nodes of a step behind a corner of the inputs."""
AT_CORNERS = 0.1
"""Part of the tolerance for the first step behind a corner, which is not longer than the step before it either: modes
that decay within it are not seen in the error of its end."""
GROWTH_POWER = -1 / (DEGREE + 1)
"""Power of the estimated error in the length of the next step."""
SAFETY, LARGEST_GROWTH, LEAST = 0.9, 4.0, 0.2
MANY = 8
"""Iterations of a step after which the next one is not longer."""
RUNGS = 2
"""Step lengths are the rise time times powers of 2^(1/2), so that their weights are computed once."""
LEARNT = 24
"""Neighbouring step lengths whose weights are computed at once."""
LARGEST_EXPONENT = 100.0
MOST_STEPS = 5_000
SHORTEST = 1e-6
"""Shortest step in units of the rise time or of the fastest time constant."""


@dataclass(frozen=True)
class Step:
    """One step of all responses.

    Attributes:
        start: Start time, s.
        length: Length, s.
        source: Coordinates at the start, then N at the five nodes, shape (n, 6, K).
        added: What the limits add at the five nodes.
        inputs: Inputs at the start, shape (inputs, K), V.
        slope: Slopes of the inputs, shape (inputs, K), V/s.
        entered: Stages that enter their clamps, which are placed between the nodes by `moved`; None for none.
    """

    start: float
    length: float
    source: FloatArray
    added: Added
    inputs: FloatArray
    slope: FloatArray
    entered: Entries | None = None

    __repr__ = short_repr


@dataclass(frozen=True)
class Place:
    """Where the responses are.

    Attributes:
        time: Time, s.
        state: Coordinates, shape (n, K).
        added: What the limits add, at this one time.
    """

    time: float
    state: FloatArray
    added: Added

    __repr__ = short_repr

    @property
    def from_zero(self) -> Place:
        """The same place at time 0."""
        return replace(self, time=0.0)

    def repeated(self, count: int) -> Place:
        """Return the place for several equal responses."""
        added = self.added
        clamp = None if added.clamp is None else np.repeat(added.clamp, count, axis=2)
        many = Added(np.repeat(added.bent, count, axis=2), clamp, added.stages)
        return Place(self.time, np.repeat(self.state, count, axis=1), many)


class Integrator:
    """Integrates responses from corner to corner of their inputs."""

    def __init__(self, system: System, scale: FloatArray, unit: float, tolerance: float = TOLERANCE) -> None:
        """`scale`: full scale of each response, shape (K,), V. `unit`: length of the first step, s."""
        self.system, self.unit, self.tolerance = system, unit, tolerance
        self.equations = StageEquations(system, scale, tolerance)
        self._growth = LARGEST_GROWTH
        self._rung, self._learnt = 0, set[int]()
        self.last: Solved | None = None

    def run(self, place: Place, until: float, inputs: FloatArray, slope: FloatArray) -> tuple[list[Step], Place]:
        """Integrate to a corner.

        Args:
            place: Where the responses are.
            until: Time of the corner, s.
            inputs: Inputs at the start, shape (inputs, K), V.
            slope: Their slopes, shape (inputs, K), V/s.
        """
        steps: list[Step] = []
        begin = place.time
        if self.last is not None:
            self._rung = min(self._rung, self._rung_of(self.last.length))
        still = None if slope.any() else self.equations.driven(inputs, slope, self.unit)
        while place.time < until * (1 - 1e-12):
            left = until - place.time
            length = self._length()
            if length > left * (1 - 1e-6):
                length = left
            now = inputs if still else inputs + slope * (place.time - begin)
            driven = still or self.equations.driven(now, slope, length)
            first = place.time == begin
            found = self._solved(place, driven, length, first)
            grown = self._judge(found, length, AT_CORNERS if first else 1.0)
            if found is None or grown is None:
                continue
            steps.append(Step(place.time, length, found.source, found.added, now, slope, found.entered))
            place = Place(
                until if length == left else place.time + length, found.state, found.added.at(slice(-1, None))
            )
            self.last = found
            if len(steps) > MOST_STEPS:
                raise NotIntegrableError(f"it needs more than {MOST_STEPS} steps")
        return steps, place

    def _solved(self, place: Place, driven: Driven, length: float, first: bool) -> Solved | None:
        """Solve a step; None where its equations cannot be solved: growing modes may leave them no digits."""
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                return self.equations.step(place.state, place.added, self.last, driven, length, first)
        except np.linalg.LinAlgError:
            return None

    def _length(self) -> float:
        first = LEARNT * (self._rung // LEARNT)
        if first not in self._learnt:
            lengths = [self._length_of(rung) for rung in range(first, first + LEARNT)]
            # Steps in which a growing mode overflows are never taken.
            growth = float(self.system.values.real.max())
            self.system.learn([length for length in lengths if growth * length < LARGEST_EXPONENT])
            self._learnt.add(first)
        return self._length_of(self._rung)

    def _length_of(self, rung: int) -> float:
        return float(self.unit * 2 ** (rung / RUNGS))

    def _judge(self, found: Solved | None, length: float, allowed: float) -> bool | None:
        """Set the length of the next step, behind a repeated one no longer; None where this one must be repeated.

        `allowed`: largest estimated error, in units of the tolerance.
        """
        if found is None:
            self._rung = min(self._rung, self._rung_of(length)) - RUNGS
        else:
            growth = 1.0 if found.iterations > MANY else self._growth
            error = found.error / allowed
            factor = SAFETY * max(error, 1e-6) ** GROWTH_POWER
            if error <= 1:
                self._growth = LARGEST_GROWTH
                self._rung = self._rung_of(min(length * min(factor, growth), found.longest))
                return True
            self._rung = min(self._rung - 1, self._rung_of(length * max(factor, LEAST)))
            self._growth = 1.0
        if self._rung < RUNGS * math.log2(SHORTEST):
            raise NotIntegrableError("no step is short enough")
        return None

    def _rung_of(self, length: float) -> int:
        return math.floor(RUNGS * math.log2(length / self.unit) + 1e-9)
