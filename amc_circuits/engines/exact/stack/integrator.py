"""Responses of many circuits with macro op-amps, each in steps of its own: `nonlinear/trajectory.py`, stacked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amc_circuits.engines.exact.nonlinear.method import DEGREE, NODES
from amc_circuits.engines.exact.nonlinear.step.continuation import continuations
from amc_circuits.engines.exact.nonlinear.step.stage_equations import DECAY
from amc_circuits.engines.exact.nonlinear.trajectory import (
    AT_CORNERS,
    GROWTH_POWER,
    LARGEST_GROWTH,
    LEAST,
    MANY,
    RUNGS,
    SAFETY,
    SHORTEST,
    TOLERANCE,
)
from amc_circuits.engines.exact.stack.equations import Places, StackedEquations, StackedSteps, Starts
from amc_circuits.engines.exact.stack.losses import linear_states
from amc_circuits.engines.exact.stack.rest import resting
from amc_circuits.engines.exact.stack.system import StackedParts
from netlists.record import FloatArray
from netlists.short_text import short_repr

MOST_STEPS = 200
"""Most steps here; a circuit that needs more is integrated alone, so that the others do not wait for it."""


LOWEST = RUNGS * np.log2(SHORTEST)
"""Rung of the shortest step."""


@dataclass(frozen=True)
class Course:
    """Steps of one circuit after the other.

    Attributes:
        whole: Circuits that were integrated to the end, shape (P,).
        linear: Circuits whose limits were left out, shape (P,).
        owner: Circuit of each step, rising, shape (S,).
        start: Starts, shape (S,), s.
        length: Lengths, s.
        source: Coordinates at the start, then N at the five nodes, shape (S, 6, n).
        pins: Currents added at outputs at the five nodes, shape (S, 5, m), A.
        state: Coordinates at the end of the slot, shape (P, n).
        last: Currents added there, shape (P, m), A.
        first: Coordinates at the beginning, shape (P, n).
        pins_at_first: Currents added at outputs there, shape (P, m), A.
    """

    whole: NDArray[np.bool_]
    linear: NDArray[np.bool_]
    owner: Places
    start: FloatArray
    length: FloatArray
    source: FloatArray
    pins: FloatArray
    state: FloatArray
    last: FloatArray
    first: FloatArray
    pins_at_first: FloatArray

    __repr__ = short_repr


class _Lengths:
    """Step lengths of P circuits: the rise time times powers of 2^(1/2), as in `Integrator`."""

    def __init__(self, count: int, unit: float) -> None:
        self.unit, self.rung = unit, np.zeros(count, dtype=np.int64)

    def next(self, places: Places, left: FloatArray) -> FloatArray:
        """Return the lengths of the next steps, cut to what is left to a corner, s."""
        length = self.unit * 2 ** (self.rung[places] / RUNGS)
        return np.where(length > left * (1 - 1e-6), left, length)

    def judge(
        self, places: Places, length: FloatArray, found: StackedSteps, first: NDArray[np.bool_], last: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """Set the lengths of the steps after these, or of their repetition; return those that are accepted.

        `first`: steps behind a corner; `last`: steps up to one.
        """
        growth = np.where(found.iterations > MANY, 1.0, LARGEST_GROWTH)
        growth = np.where(last, np.minimum(growth, 1.0), growth)
        error = found.error / np.where(first, AT_CORNERS, 1.0)
        factor = SAFETY * np.clip(error, 1e-6, 1e6) ** GROWTH_POWER
        longer = self._of(length * np.minimum(factor, growth))
        shorter = np.minimum(self.rung[places] - 1, self._of(length * np.maximum(factor, LEAST)))
        accepted = error <= 1
        self.rung[places] = np.where(accepted, longer, shorter)
        return np.asarray(accepted)

    def _of(self, length: FloatArray) -> Places:
        return np.floor(RUNGS * np.log2(length / self.unit) + 1e-9).astype(np.int64)


class _Walk:
    """Where P circuits are."""

    def __init__(
        self, system: StackedParts, slot_time: FloatArray, rise: float, scale: FloatArray, linear: NDArray[np.bool_]
    ) -> None:
        count, m = len(system.drive), system.count
        self.system, self.stop, self.rise, self.linear = system, slot_time, rise, linear
        self.equations, self.lengths = StackedEquations(system, scale, TOLERANCE), _Lengths(count, rise)
        rest = resting(self.equations)
        self.time = np.zeros(count)
        self.state, self.added = (np.where(linear[:, None], 0.0, one) for one in (rest.state, rest.added))
        self.begin = self.state.copy(), self.added[:, m:].copy()
        self.before, self.before_length = np.zeros((count, DEGREE + 1, 2 * m)), np.zeros(count)
        rates = system.poles.values.real
        self.decay = np.where((rates > 0).any(axis=1), 0.0, DECAY * np.abs(rates).min(axis=1))
        self.whole, self.taken = rest.known | linear, np.zeros(count, dtype=np.int64)
        # Without a step at first: there may be none, where no resting point is found.
        nothing, no_place = np.zeros((0, DEGREE + 2, rest.state.shape[1])), np.zeros(0, dtype=np.int64)
        self.parts = [(no_place, np.zeros(0), np.zeros(0), nothing, np.zeros((0, DEGREE + 1, m)))]

    def run(self) -> Course:
        """Integrate to the ends of the slots."""
        self._linear(np.flatnonzero(self.linear))
        while (places := np.flatnonzero(self.whole & (self.time < self.stop))).size:
            self._step(places)
        owner = np.concatenate([part[0] for part in self.parts])
        order = np.argsort(owner, kind="stable")
        order = order[self.whole[owner[order]]]
        start, length, source, pins = (np.concatenate([part[k] for part in self.parts])[order] for k in range(1, 5))
        last = self.added[:, self.system.count :]
        return Course(self.whole, self.linear, owner[order], start, length, source, pins, self.state, last, *self.begin)

    def _linear(self, places: Places) -> None:
        """Take the edge and the hold of some circuits in one step each, without what limits add: both are exact."""
        if not places.size:
            return
        ends = np.stack([np.full_like(self.stop, self.rise), self.stop], axis=1)
        after, drive = linear_states(self.system, ends, self.rise)[places], self.system.drive[places, None]
        nothing = np.zeros((len(places), DEGREE + 1, self.system.count))
        edge, hold = np.broadcast_to(self.rise, len(places)), self.stop[places] - self.rise
        for start, length, state, factor in (
            (0 * edge, edge, self.state[places], NODES),
            (edge, hold, after[:, 0], np.ones_like(NODES)),
        ):
            source = np.concatenate([state[:, None], factor[:, None] * drive], axis=1)
            self.parts.append((places, start, length, source, nothing))
        self.time[places], self.state[places] = self.stop[places], after[:, 1]

    def _step(self, places: Places) -> None:
        """Take one step of some circuits."""
        time = self.time[places]
        until = np.where(time < self.rise, self.rise, self.stop[places])
        length = self.lengths.next(places, until - time)
        factor = np.minimum((time[:, None] + NODES * length[:, None]) / self.rise, 1.0)
        guess = self._guess(places, length)
        found = self.equations.step(Starts(places, self.state[places], self.added[places], guess, factor, length))
        first, last = (time == 0) | (time == self.rise), time + length >= until * (1 - 1e-12)
        accepted = found.solved & self.lengths.judge(places, length, found, first, last)
        self.whole[places] = found.solved & (self.lengths.rung[places] >= LOWEST)
        if not accepted.all():
            here = np.flatnonzero(accepted)
            places, time, length, until, found = places[here], time[here], length[here], until[here], found.part(here)
        self.parts.append((places, time, length, found.source, found.added[..., self.system.count :]))
        after = time + length
        self.time[places] = np.where(after < until * (1 - 1e-12), after, until)
        self.state[places], self.added[places] = found.state, found.added[:, -1]
        self.before[places], self.before_length[places] = found.added, length
        self.taken[places] += 1
        self.whole &= self.taken < MOST_STEPS

    def _guess(self, places: Places, length: FloatArray) -> FloatArray:
        """Continue the quartic of the step before at the new nodes, or the constant."""
        found = np.repeat(self.added[places, None], DEGREE, axis=1)
        known = np.flatnonzero(self.before_length[places] > 0)
        if known.size:
            before = places[known]
            last = self.before_length[before]
            found[known] = continuations(length[known] / last, self.decay[before] * last) @ self.before[before]
        return found


def integrated(
    system: StackedParts, slot_time: FloatArray, rise: float, scale: FloatArray, linear: NDArray[np.bool_]
) -> Course:
    """Integrate circuits from rest to the ends of their slots.

    Args:
        system: Their linear parts.
        slot_time: Ends of the slots, shape (P,), s.
        rise: Rise time of the inputs, s.
        scale: Full scale of each circuit, shape (P,), V.
        linear: Circuits whose limits are left out, shape (P,).
    """
    return _Walk(system, slot_time, rise, scale, linear).run()
