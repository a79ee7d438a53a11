"""The implicit equations of a step: what the limits of the op-amps add at its nodes.

They are iterated: the responses that follow from what the limits add, then what they add at these responses. The effect
of each op-amp on itself is taken into account by its slope at once (Newton's method for one unknown). The clamp is
stiff: an op-amp's own clamp is solved for exactly at all nodes, and only the effects of the others are iterated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amc_circuits.engines.exact.nonlinear.clamp import clamped
from amc_circuits.engines.exact.nonlinear.laws import Added, Limited
from amc_circuits.engines.exact.nonlinear.method import DEGREE, LEADING, NODES
from amc_circuits.engines.exact.nonlinear.newton import Newton
from amc_circuits.engines.exact.nonlinear.own_effects import OwnEffects, OwnEffectsOf
from amc_circuits.engines.exact.nonlinear.system import StepWeights, System, times
from netlists.record import FloatArray
from netlists.short_text import short_repr

ITERATIONS = 12
CLOSE = 0.02
"""Change of the voltages in an iteration, in units of the tolerance, below which the iteration ends."""
AT_KINKS = 0.2
"""Factor of the tolerance where a limiter passes its level: there N has a corner, and the estimate is coarse."""
AT_CLAMPS = 0.4
"""The same where clamps draw currents: their rates change within an e-fold, and N is no quartic there."""
LARGEST_SHARE = 5.0
"""Largest part of the last move by which the acceleration changes the next one."""
LEAST_SLOPE = 0.25
"""Least denominator of Newton's method for one unknown."""
EXPECTED = 0.1
"""Largest expected change, in units of the tolerance, by an iteration that is left out."""
CAUTION = 2.0
"""What an iteration is expected to leave of a change, in units of what iterations of steps before have left."""
COUPLING = 0.05
"""What an iteration leaves of a change, in units of w_T, the step and the square of the largest bend, before any has
been seen: circuits of many op-amps leave about this, and no more than 1, as no input sees more than one op-amp's volt.
"""

Found = tuple[FloatArray, FloatArray, Added, int]
"""Rates from what the limits add (n, 4, K), coordinates (n, 4, K), what they add, and the number of iterations."""


@dataclass(frozen=True)
class Solved:
    """A step whose equations are solved.

    Attributes:
        length: Length, s.
        state: Coordinates at the end, shape (n, K).
        source: Coordinates at the start, then N at the five nodes, shape (n, 6, K).
        added: What the limits add at the five nodes.
        error: Estimated error in units of the tolerance.
        iterations: Number of iterations that it took.
    """

    length: float
    state: FloatArray
    source: FloatArray
    added: Added
    error: float
    iterations: int

    __repr__ = short_repr


class StageEquations:
    """Equations of the steps of some responses."""

    def __init__(self, system: System, scale: FloatArray, tolerance: float) -> None:
        """`scale`: full scale of each response, shape (K,), V; `tolerance` in units of it."""
        self.system, laws = system, system.laws
        # Drives are compared as the input voltages that they belong to.
        volts = np.concatenate([1 / laws.rate, np.ones((2 * laws.count + system.further, 1, 1))])
        self._in_tolerances = volts / (scale * tolerance)
        self._own, self._newton = OwnEffectsOf(system), Newton(system)
        # Drives and drops at which limits bend by a factor tanh(1), and what is added there.
        self._bends = np.concatenate([laws.slew_rate, laws.resistance * laws.current])
        self._most = np.concatenate([laws.slew_rate, laws.current])
        fed = np.flatnonzero(system.seen.pins.any(axis=1))
        self._fed = slice(int(fed[0]) if fed.size else len(volts), None)
        # What iterations left of a change, per square of the largest bend and per second of the step.
        self._coupling, self._first_coupling = 0.0, COUPLING * float(laws.rate.max(initial=0.0))

    def step(
        self,
        state: FloatArray,
        before: Added,
        last: Solved | None,
        inputs: FloatArray,
        slope: FloatArray,
        length: float,
    ) -> Solved | None:
        """Solve a step; None where the iteration does not converge.

        Args:
            state: Coordinates at the start, shape (n, K).
            before: What the limits add there, at one time.
            last: Step before, whose course is continued for a first guess; None has none.
            inputs: Inputs at the start, shape (inputs, K), V.
            slope: Their slopes, shape (inputs, K), V/s.
            length: Length, s.
        """
        system, weights = self.system, self.system.weights(length)
        driven = inputs[:, None]  # at one node for all, where inputs stay
        if slope.any():
            driven = driven + slope[:, None] * (NODES * length)[:, None]
        source = np.empty((len(state), DEGREE + 2, state.shape[1]))
        source[:, 0], source[:, 1:] = state, times(system.drive, driven)
        source[:, 1:2] += times(system.push, before.whole)
        begin = system.applied(weights.whole, source)
        fed = times(system.seen.feed, driven[:, -DEGREE:]) + system.seen.rest[:, None, None]
        guess = before.repeated(DEGREE) if last is None else last.added.continued(length / last.length)
        found = self._iterated(weights, begin, fed, guess)
        if found is None:
            return None
        pushed, moved, added, iterations = found
        source[:, 2:] += pushed
        error = self._error(weights, source[:, 1:], before, added)
        return Solved(length, moved[:, -1].copy(), source, before.joined(added), error, iterations)

    def _error(self, weights: StepWeights, rates: FloatArray, before: Added, added: Added) -> float:
        """Estimate the error of a step, in units of the tolerance, from the rates at its nodes, shape (n, 5, K)."""
        difference = np.matmul(LEADING[None], rates)
        away = times(self.system.seen.modal, self.system.applied(weights.omitted, difference)[:, -1:])
        error = float(np.abs(away * self._in_tolerances).max())
        if self._crossed(before, added):
            return error / AT_KINKS
        return error if added.clamp is None else error / AT_CLAMPS

    def _iterated(self, weights: StepWeights, begin: FloatArray, fed: FloatArray, guess: Added) -> Found | None:
        """Iterate from a guess of what the limits add; `begin` and `fed`: coordinates and voltages without it."""
        own, m = self._own.of(weights), self.system.laws.count
        pushed, moved, voltages, clamp, solved = self._responses(weights, begin, fed, guess, None)
        if not solved:
            return self._by_newton(weights, begin, fed, voltages)
        limits = self._limits(voltages, own, clamp)
        far, last, before, size = np.inf, None, guess, 0.0
        for done in range(1, ITERATIONS + 1):
            close = CLOSE * min(limits.least / LEAST_SLOPE, 1.0)
            size, larger = self._size(limits, before, weights.step), size
            if size <= close:
                return pushed, moved, limits.added, done
            if close == CLOSE and size * self._left(limits, size, larger, done, weights.step) <= EXPECTED:
                return self._corrected(weights, pushed, moved, limits, before, done + 1)
            pushed, moved, seen, clamp, solved = self._responses(weights, begin, fed, limits.added, voltages)
            change = seen - voltages
            change[:m] /= limits.divisors[:m]
            change[2 * m :] /= limits.divisors[m:]
            farther, far = far, float(np.abs(change * self._in_tolerances).max())
            if far > 2 * farther or not solved:
                break
            if far <= close:
                return pushed, moved, self._limits(voltages + change, own, clamp).added, done + 1
            move = change if last is None else self._accelerated(change, *last)
            last, voltages = (change, move), voltages + move
            if clamp is not None:
                voltages[m : 2 * m] = seen[m : 2 * m]
            before, limits = limits.added, self._limits(voltages, own, clamp)
        return self._by_newton(weights, begin, fed, voltages)

    def _left(self, limits: Limited, size: float, larger: float, done: int, step: float) -> float:
        """Return what the next iteration leaves of a change of `size`, after one that was `larger`; infinite: unknown.

        The second iteration is not accelerated yet, so it shows what iterations leave.
        """
        if self.system.further or (done == 1 and limits.added.clamp is not None) or done > 2:
            return np.inf
        if done == 1:
            return CAUTION * (self._coupling or self._first_coupling) * limits.bend * step
        left = size / larger
        if limits.added.clamp is None and limits.bend:
            self._coupling = max(self._coupling, left / (limits.bend * step))
        return left

    def _responses(
        self, weights: StepWeights, begin: FloatArray, fed: FloatArray, added: Added, before: FloatArray | None
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray | None, bool]:
        """Return rates from what the limits add and coordinates, shape (n, 4, K) each, voltages and rates of clamps.

        The last is False where the equation of a clamp could not be solved.
        """
        system, whole = self.system, added.whole
        m = system.laws.count
        pushed = times(system.push, whole)
        moved = system.applied(weights.later, pushed)
        moved += begin
        seen = times(system.seen.modal, moved)
        seen += fed
        seen[self._fed] += times(system.seen.pins[self._fed], whole[m:])
        stages = self._stages(seen[m : 2 * m], self._own.of(weights), added, before)
        if stages is None:
            return pushed, moved, seen, None, False
        seen[m : 2 * m], clamp = stages
        return pushed, moved, seen, clamp, True

    def _corrected(
        self,
        weights: StepWeights,
        pushed: FloatArray,
        moved: FloatArray,
        limits: Limited,
        before: Added,
        iterations: int,
    ) -> Found:
        """Return the results where only own effects of the last change count: voltages need not be computed again.

        Args:
            weights: Weights of the step.
            pushed: Rates from what the limits added before.
            moved: Coordinates with these.
            limits: What the limits add then.
            before: What they added before.
            iterations: Number of iterations.
        """
        own = before.bent + (limits.added.bent - before.bent) / limits.divisors
        found = Added(own, limits.added.clamp, limits.added.stages)
        rates = times(self.system.push, found.whole - before.whole)
        moved += self.system.applied(weights.later, rates)
        return pushed + rates, moved, found, iterations

    def _by_newton(self, weights: StepWeights, begin: FloatArray, fed: FloatArray, guess: FloatArray) -> Found | None:
        """Solve the equations of every response by itself; results as `_iterated`."""
        m, count, known = self.system.laws.count, guess.shape[2], times(self.system.seen.modal, begin) + fed
        voltages, whole = np.empty_like(guess), np.empty((self.system.push.shape[1], DEGREE, count))
        for k in range(count):
            found = self._newton.solve(weights, known[..., k], guess[..., k], self._in_tolerances[:, 0, k, None], CLOSE)
            if found is None:
                return None
            voltages[..., k], whole[..., k] = found
        stages = self.system.laws.stage(voltages[:m])[0]
        pushed = times(self.system.push, whole)
        added = Added(np.concatenate([stages, whole[m:]]), whole[:m] - stages, m)
        return pushed, begin + self.system.applied(weights.later, pushed), added, 1

    def _accelerated(self, change: FloatArray, before: FloatArray, moved: FloatArray) -> FloatArray:
        """Return the move of Anderson's method of depth 1 from the last two changes and the move between them.

        Reference: Walker and Ni, SIAM J. Numer. Anal. 49, 1715, 2011.
        """
        turned = change - before
        weighed = turned * self._in_tolerances**2
        share = (weighed * change).sum(axis=(0, 1)) / np.maximum((weighed * turned).sum(axis=(0, 1)), 1e-300)
        return np.asarray(change - np.clip(share, -LARGEST_SHARE, LARGEST_SHARE) * (moved + turned))

    def _stages(
        self, seen: FloatArray, own: OwnEffects, added: Added, before: FloatArray | None
    ) -> tuple[FloatArray, FloatArray | None] | None:
        """Return the outputs of the stages (m, 4, K), own clamps solved for, V, and the clamps' rates."""
        laws = self.system.laws
        if not laws.near_clamp(seen):
            return seen, None
        rates = np.zeros_like(seen) if added.clamp is None else added.clamp
        return clamped(laws, own.stage, seen, rates, seen if before is None else before[laws.count : 2 * laws.count])

    def _limits(self, voltages: FloatArray, own: OwnEffects, clamp: FloatArray | None) -> Limited:
        """Return what the limits add at voltages, with these rates of the clamps."""
        m = self.system.laws.count
        linear = np.concatenate([voltages[:m], voltages[2 * m : 3 * m]]) / self._bends
        bent = np.tanh(linear)
        added = (bent - linear) * self._most
        bent *= bent
        bend = float(bent.max(initial=0.0))
        bent *= own.per_bend
        bent += 1
        if self.system.further:
            volts, slopes = self.system.limited(voltages[3 * m :])
            added, bent = np.concatenate([added, volts]), np.concatenate([bent, 1 - slopes * own.volts])
        least = float(bent.min(initial=1.0))
        return Limited(Added(added, clamp, m), np.maximum(bent, LEAST_SLOPE, out=bent), least, bend)

    def _crossed(self, before: Added, added: Added) -> bool:
        """Return whether the input of a limiter passes its level within a step."""
        m, limiters = self.system.laws.count, self.system.limiters
        if not limiters.count:
            return False
        first, later = (limiters.beyond(one.pins[m : m + limiters.count]) for one in (before, added))
        return bool((first != later).any())

    def _size(self, limits: Limited, previous: Added, step: float) -> float:
        """Return how far a change of what the limits add moves a voltage at most, in units of the tolerance."""
        m = self.system.laws.count
        moved = (limits.added.whole - previous.whole) * self._in_tolerances[m:]
        moved[:m] *= step
        moved[m : 2 * m] *= self.system.laws.resistance
        if self.system.further:
            moved[2 * m + self.system.limiters.count :] /= self.system.cells.conductance
        moved /= np.minimum(limits.divisors, 1.0)
        return float(np.abs(moved, out=moved).max())
