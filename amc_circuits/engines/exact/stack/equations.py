"""The implicit equations of a step, of many circuits at once: `nonlinear/step/stage_equations.py`, stacked.

Each circuit has its own step length and ends its iteration on its own. One whose clamps draw a current, or whose
iteration does not converge at once, is left to an integration of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from amc_circuits.engines.exact.nonlinear.method import DEGREE, JUDGED, LEADING
from amc_circuits.engines.exact.nonlinear.step import acceleration, channels
from amc_circuits.engines.exact.nonlinear.step import stage_equations as alone
from amc_circuits.engines.exact.stack.laws import StackedLaws
from amc_circuits.engines.exact.stack.own_effects import OwnEffectsOfMany
from amc_circuits.engines.exact.stack.system import StackedParts, products
from amc_circuits.engines.exact.stack.weights import Weights
from netlists.record import FloatArray
from netlists.short_text import short_repr

Places = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Starts:
    """Where A circuits begin a step.

    Attributes:
        places: The circuits.
        state: Coordinates, shape (A, n).
        added: What the limits add, shape (A, 2 m).
        guess: First guess of what they add at the later nodes, shape (A, 4, 2 m).
        factor: Factor of the inputs at the five nodes, shape (A, 5).
        length: Lengths of the steps, shape (A,), s.
    """

    places: Places
    state: FloatArray
    added: FloatArray
    guess: FloatArray
    factor: FloatArray
    length: FloatArray

    __repr__ = short_repr


@dataclass(frozen=True)
class StackedSteps:
    """One step of each of A circuits; the equations of some may not be solved.

    Attributes:
        source: Coordinates at the start, then N at the five nodes, shape (A, 6, n).
        state: Coordinates at the end, shape (A, n).
        added: Rates of stages and currents of outputs that limits add at the five nodes, shape (A, 5, 2 m).
        error: Estimated error in units of the tolerance, shape (A,).
        iterations: Number of iterations, shape (A,).
        solved: True where the equations are solved, shape (A,).
    """

    source: FloatArray
    state: FloatArray
    added: FloatArray
    error: FloatArray
    iterations: Places
    solved: Mask

    __repr__ = short_repr

    def part(self, which: Places) -> StackedSteps:
        """Steps of some of the circuits."""
        return StackedSteps(*(getattr(self, field.name)[which] for field in fields(self)))


class StackedEquations:
    """Equations of the steps of P circuits."""

    def __init__(self, system: StackedParts, scale: FloatArray, tolerance: float) -> None:
        """`scale`: full scale of each response, shape (P,), V; `tolerance` in units of it."""
        self.system, self.allowed, self.weights = system, scale * tolerance, Weights.empty(system.poles)
        self._lengths = np.zeros(len(system.push))
        self.own = OwnEffectsOfMany(system)
        fastest = np.broadcast_to(system.laws.rate.max(axis=(1, 2)), self._lengths.shape)
        self.slowest = np.abs(system.poles.values.real).min(axis=1)
        self.coupling, self.first_coupling = np.zeros(len(system.push)), alone.COUPLING * fastest

    def _prepare(self, places: Places, lengths: FloatArray) -> None:
        """Work out what depends on the lengths of steps, s, where they are others than before."""
        new = np.flatnonzero(self._lengths[places] != lengths)
        if not new.size:
            return
        some = places[new]
        self._lengths[some] = lengths[new]
        self.weights.put(some, self.system.poles.part(some).weights(lengths[new]))
        self.own.set(some, self.weights)

    def step(self, start: Starts) -> StackedSteps:
        """Solve a step of some circuits."""
        system, places = self.system, start.places
        self._prepare(places, start.length)
        weights = self.weights if len(places) == len(self._lengths) else self.weights.part(places)
        pushed = products(np.concatenate([start.added[:, None], start.guess], axis=1), system.push, places)
        source = np.empty((len(places), DEGREE + 2, start.state.shape[1]))
        source[:, 0] = start.state
        source[:, 1:] = start.factor[:, :, None] * system.drive[places, None]
        source[:, 1] += pushed[:, 0]
        begin = weights.of(slice(0, DEGREE + 2)).applied(source)
        found = _Iteration(self, start, weights, (source, begin), pushed[:, 1:]).run()
        source[:, 2:] += found.pushed
        added = np.concatenate([start.added[:, None], found.added], axis=1)
        state = begin[:, -1] + found.moved[:, -1]
        return StackedSteps(source, state, added, found.error, found.iterations, found.solved)

    def in_tolerances(self, voltages: FloatArray, laws: StackedLaws, places: Places) -> FloatArray:
        """Return the largest of some circuits' drives, drops and stages (A, times, 3 m) in units of the tolerance."""
        largest = np.abs(voltages * laws.volts).max(axis=(1, 2))
        return np.asarray(largest / self.allowed[places])

    def seen(self, state: FloatArray, currents: FloatArray, places: Places) -> FloatArray:
        """Return drives, drops and stages of coordinates (A, f, n) and of currents at outputs (A, 4 or less, m)."""
        found = products(state, self.system.seen.matrix, places)
        self.system.seen.add_currents(found[:, : currents.shape[1]], currents, places)
        return found


class _Iteration:
    """Iterations from a guess of what the limits add, until each circuit has ended.

    Attributes:
        pushed: Rates from what the limits add, shape (A, 4, n).
        moved: Coordinates from them, same shape.
        added: What the limits add, shape (A, 4, 2 m).
        error: Estimated error in units of the tolerance, shape (A,).
        iterations: Number of iterations, shape (A,).
        solved: True where the equations are solved, shape (A,).
    """

    def __init__(
        self,
        equations: StackedEquations,
        start: Starts,
        weights: Weights,
        without: tuple[FloatArray, FloatArray],
        pushed: FloatArray,
    ) -> None:
        """`without`: sources and coordinates without what the limits add; `pushed`: rates from the guess."""
        self._equations, count = equations, len(start.places)
        self.pushed, self.moved, self.added = np.zeros_like(pushed), np.zeros_like(pushed), np.zeros_like(start.guess)
        self.iterations, self.solved = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.bool_)
        self.error = np.full(count, np.inf)
        self._at, self._places, self._lengths = np.arange(count), start.places, start.length
        self._later, self._omitted = weights.of(slice(2, DEGREE + 2)), weights.of(slice(DEGREE + 2, None))
        self._own, self._before = equations.own.values[start.places], start.guess
        self._laws = equations.system.laws.part(start.places)
        self._far = np.full(count, np.inf)
        long = start.length * equations.slowest[start.places] >= alone.LONG
        self._lasting = np.where(long, alone.LASTING, 1.0)
        self._last: tuple[FloatArray, FloatArray] | None = None
        self._difference = (LEADING[:, None] * without[0][:, 1:]).sum(axis=1)
        self._pushed, self._moved = pushed, self._later.applied(pushed)
        seen = self._seen_from(without[1] + self._moved, start.guess[..., equations.system.count :])
        rows, places = equations.system.seen, start.places
        self._seen = seen + start.factor[:, 1:, None] * rows.feed[places, None] + rows.rest[places, None]
        self._voltages = self._seen
        self._size = np.zeros(count)
        self._new, self._divisors, self._bend = self._laws.added(self._voltages, self._own)
        self._keep(self._clear())

    def run(self) -> _Iteration:
        """Iterate to the end."""
        for done in range(1, alone.ITERATIONS + 1):
            ended = self._ended()
            near = self._near(ended, done)
            if near.any():
                self._correct(np.flatnonzero(near))
            if (ended := ended | near).any():
                here, iterations = self._at[ended], done + near[ended]
                self.pushed[here], self.moved[here] = self._pushed[ended], self._moved[ended]
                self.added[here], self.iterations[here], self.solved[here] = self._new[ended], iterations, True
                self.error[here] = self._away[ended]
            if ended.all():
                break
            self._keep(~ended)
            if not (helps := self._go_on()).any():
                break
            self._keep(helps)
        return self

    def _near(self, ended: Mask, done: int) -> Mask:
        """Return True where the next iteration would change nothing, by `StageEquations._left`, of those not ended."""
        coupling, reach = self._equations.coupling, self._bend * self._lengths
        if done == 1:
            seen = coupling[self._places]
            left = alone.CAUTION * np.where(seen > 0, seen, self._equations.first_coupling[self._places]) * reach
        else:
            left = self._size / np.where(ended, 1.0, self._larger)
            learnt = np.flatnonzero(~ended & (reach > 0) & (done == 2))
            places = self._places[learnt]
            coupling[places] = np.maximum(coupling[places], left[learnt] / reach[learnt])
        return np.asarray(~ended & (done <= 2) & (self._size * left <= self._lasting * alone.EXPECTED))

    def _correct(self, some: Places) -> None:
        """Let own effects of the last change count, and no other, in some of the circuits."""
        change = (self._new[some] - self._before[some]) / self._divisors[some]
        rates = products(change, self._equations.system.push, self._places[some])
        self._new[some] = self._before[some] + change
        self._pushed[some] += rates
        self._moved[some] += self._later.part(some).applied(rates)
        difference = self._difference[some] + (LEADING[1:, None] * self._pushed[some]).sum(axis=1)
        away = self._omitted.part(some).applied(difference[:, None], slice(-2, None)) * JUDGED[:, None]
        found = self._equations.seen(away, change[:, :0, self._equations.system.count :], self._places[some])
        self._away[some] = self._equations.in_tolerances(found, self._laws.part(some), self._places[some])

    def _seen_from(self, state: FloatArray, currents: FloatArray) -> FloatArray:
        """Return drives, drops and stages, and set the error, from the present rates."""
        difference = self._difference + (LEADING[1:, None] * self._pushed).sum(axis=1)
        away = self._omitted.applied(difference[:, None], slice(-2, None)) * JUDGED[:, None]
        found = self._equations.seen(np.concatenate([state, away], axis=1), currents, self._places)
        self._away = self._equations.in_tolerances(found[:, -2:], self._laws, self._places)
        return found[:, :-2]

    def _clear(self) -> Mask:
        """Return True where no clamp draws a current, and where a small change is a small error (`Limited.least`)."""
        stages = self._seen[..., 2 * self._equations.system.count :]
        low = (np.abs(stages) <= self._laws.most).all(axis=(1, 2))
        return np.asarray(low & (self._divisors.min(axis=(1, 2), initial=1.0) > channels.LEAST_SLOPE))

    def _ended(self) -> Mask:
        """Return True where the voltages stand, or a change of what the limits add moves none of them."""
        equations, m = self._equations, self._equations.system.count
        change = np.abs(self._new - self._before)
        change[..., :m] *= self._lengths[:, None, None]
        change[..., m:] *= self._laws.resistance
        change *= self._laws.volts[..., m:]
        change /= np.minimum(self._divisors, 1.0)
        self._size, self._larger = change.max(axis=(1, 2)) / equations.allowed[self._places], self._size
        ended: Mask = np.fmin(self._far, self._size) <= self._lasting * alone.CLOSE
        return ended

    def _go_on(self) -> Mask:
        """Iterate once; return True where another iteration may help."""
        equations, m = self._equations, self._equations.system.count
        self._pushed = products(self._new, equations.system.push, self._places)
        moved, self._moved = self._moved, self._later.applied(self._pushed)
        turned = self._new[..., m:] - self._before[..., m:]
        self._seen = self._seen + self._seen_from(self._moved - moved, turned)
        change = self._seen - self._voltages
        change[..., : 2 * m] /= self._divisors
        farther, self._far = self._far, equations.in_tolerances(change, self._laws, self._places)
        move = change if self._last is None else self._accelerated(change, *self._last)
        move = np.where((self._far <= self._lasting * alone.CLOSE)[:, None, None], change, move)
        self._last, self._voltages = (change, move), self._voltages + move
        self._before, (self._new, self._divisors, self._bend) = self._new, self._laws.added(self._voltages, self._own)
        helps: Mask = self._clear() & (self._far <= 2 * farther)
        return helps

    def _accelerated(self, change: FloatArray, before: FloatArray, moved: FloatArray) -> FloatArray:
        """Return the move of Anderson's method, as in `StageEquations`."""
        turned = change - before
        weighed = turned * self._laws.volts**2
        above, below = ((weighed * one).reshape(len(one), -1).sum(axis=1) for one in (change, turned))
        share = np.clip(above / np.maximum(below, 1e-300), -acceleration.LARGEST_SHARE, acceleration.LARGEST_SHARE)
        return np.asarray(change - share[:, None, None] * (moved + turned))

    def _keep(self, which: Mask) -> None:
        """Go on with some of the circuits."""
        if which.all():
            return
        for name in ("at", "places", "lengths", "lasting", "own", "before", "far", "difference", "pushed", "moved",
                     "away", "seen", "voltages", "new", "divisors", "bend", "size"):  # fmt: skip
            setattr(self, f"_{name}", getattr(self, f"_{name}")[which])
        some = np.flatnonzero(which)
        self._laws = self._laws.part(some)
        self._later, self._omitted = self._later.part(some), self._omitted.part(some)
        if self._last is not None:
            self._last = (self._last[0][which], self._last[1][which])
