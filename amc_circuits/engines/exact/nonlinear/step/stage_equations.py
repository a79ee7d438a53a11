"""The implicit equations of a step: what the limits of the op-amps add at its nodes.

They are iterated: the responses that follow from what the limits add, then what they add at these responses. The effect
of each op-amp on itself is taken into account by its slope at once (Newton's method for one unknown). The clamp is
stiff: an op-amp's own clamp is solved for exactly at all nodes, and only the effects of the others are iterated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from amc_circuits.engines.exact.nonlinear.laws import Added, Limited
from amc_circuits.engines.exact.nonlinear.method import DEGREE, LEADING, NODES
from amc_circuits.engines.exact.nonlinear.step.acceleration import Acceleration
from amc_circuits.engines.exact.nonlinear.step.channels import LEAST_SLOPE, Channels
from amc_circuits.engines.exact.nonlinear.step.clamp import EXACT, NEAR, Clamped, clamped
from amc_circuits.engines.exact.nonlinear.step.newton import Newton
from amc_circuits.engines.exact.nonlinear.step.own_effects import OwnEffects, OwnEffectsOf
from amc_circuits.engines.exact.nonlinear.system import StepWeights, System, times
from netlists.record import FloatArray
from netlists.short_text import short_repr

ITERATIONS = 12
CLOSE = 0.02
"""Change of the voltages in an iteration, in units of the tolerance, below which the iteration ends."""
AT_KINKS = 0.2
"""Factor of the tolerance where a limiter passes its level: there N has a corner, and the estimate is coarse."""
AT_CLAMPS = 0.3
"""The same where clamps draw currents: their rates change within an e-fold, and N is no quartic there."""
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
        self.system, laws, self._channels = system, system.laws, Channels(system, scale * tolerance)
        self._in_tolerances = self._channels.in_tolerances
        self._own, self._newton = OwnEffectsOf(system), Newton(system)
        fed = np.flatnonzero(system.seen.pins.any(axis=1))
        self._fed = slice(int(fed[0]) if fed.size else len(self._in_tolerances), None)
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
        if self._channels.crossed(before, added):
            return error / AT_KINKS
        return error if added.clamp is None else error / AT_CLAMPS

    def _iterated(self, weights: StepWeights, begin: FloatArray, fed: FloatArray, guess: Added) -> Found | None:
        """Iterate from a guess of what the limits add; `begin` and `fed`: coordinates and voltages without it.

        Responses whose iteration diverges stand still from then on, and are solved by Newton's method in the end.
        """
        own, channels, m = self._own.of(weights), self._channels, self.system.laws.count
        pushed, moved, voltages = self._responses(weights, begin, fed, guess)
        held = clamped(self.system.laws, own, voltages[m : 2 * m], voltages[:m], guess, voltages[m : 2 * m], NEAR)
        failed = np.zeros(voltages.shape[2], dtype=np.bool_) if held is None else held.failed
        limits, far = channels.limits(voltages, own, held), np.full(len(failed), np.inf)
        acceleration = Acceleration(self._in_tolerances)
        before, size, done = guess, np.inf, 0
        for done in range(1, ITERATIONS + 1):
            close = CLOSE * min(limits.least / LEAST_SLOPE, 1.0)
            size, larger = channels.size(limits, before, weights.step), size
            if size <= close:
                break
            left = self._left(limits, size / larger, done, weights.step)
            if close == CLOSE and size * left <= EXPECTED:
                pushed, moved, limits = self._corrected(weights, pushed, moved, limits, before)
                break
            before = limits.added
            pushed, moved, seen = self._responses(weights, begin, fed, before)
            change, held = self._change(own, seen, voltages, limits)
            farther, far = far, np.abs(change * self._in_tolerances).max(axis=0).max(axis=0)
            failed |= ~(far <= 2 * farther) | (held is not None and held.failed)
            if failed.any():
                change[..., failed], far[failed] = 0.0, 0.0
            if failed.all() or far.max() <= close:
                limits = channels.limits(voltages + change, own, held)
                break
            move, *turned = acceleration.moves(change, *(() if held is None else (held.rates - before.stage_rates,)))
            voltages = voltages + move
            if held is not None:
                held = Clamped(held.which, before.stage_rates + turned[0], held.failed)
            limits = channels.limits(voltages, own, held)
        else:
            failed |= far > close
        found = pushed, moved, limits.added, done
        return self._by_newton(weights, begin, fed, voltages, found, failed) if failed.any() else found

    def _change(
        self, own: OwnEffects, seen: FloatArray, voltages: FloatArray, limits: Limited
    ) -> tuple[FloatArray, Clamped | None]:
        """Return the change of voltages to those that own effects make of `seen`, and the stages at their clamps."""
        m = self.system.laws.count
        change, stages = self._channels.change(seen, voltages, limits), slice(m, 2 * m)
        drives = voltages[:m] + change[:m]
        held = clamped(self.system.laws, own, seen[stages], drives, limits.added, voltages[stages], EXACT)
        np.subtract(seen[stages], voltages[stages], out=change[stages])
        return change, held

    def _left(self, limits: Limited, left: float, done: int, step: float) -> float:
        """Return what the next iteration leaves of a change, where the last one left `left`; infinite: unknown."""
        held = limits.added.clamp is not None
        if self.system.further or (done == 1 if held else done > 2):
            return np.inf
        if done == 1:
            return CAUTION * (self._coupling or self._first_coupling) * limits.bend * step
        if limits.bend and not held:
            self._coupling = max(self._coupling, left / (limits.bend * step))
        return left

    def _responses(
        self, weights: StepWeights, begin: FloatArray, fed: FloatArray, added: Added
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return rates from what the limits add and coordinates, shape (n, 4, K) each, and voltages."""
        system, whole = self.system, added.whole
        pushed = times(system.push, whole)
        moved = system.applied(weights.later, pushed)
        moved += begin
        seen = times(system.seen.modal, moved)
        seen += fed
        seen[self._fed] += times(system.seen.pins[self._fed], whole[system.laws.count :])
        return pushed, moved, seen

    def _corrected(
        self, weights: StepWeights, pushed: FloatArray, moved: FloatArray, limits: Limited, before: Added
    ) -> tuple[FloatArray, FloatArray, Limited]:
        """Return the results where only own effects of the last change count: voltages need not be computed again.

        Args:
            weights: Weights of the step.
            pushed: Rates from what the limits added before.
            moved: Coordinates with these.
            limits: What the limits add then.
            before: What they added before.

        Returns:
            Rates, coordinates, and what the limits add with them.
        """
        own = before.bent + (limits.added.bent - before.bent) / limits.divisors
        m, clamp = limits.added.stages, limits.added.clamp
        if clamp is not None:  # the rates of their stages stay
            clamp = np.where(clamp != 0, clamp + limits.added.slewing - own[:m], 0.0)
        found = Added(own, clamp, m)
        rates = times(self.system.push, found.whole - before.whole)
        moved += self.system.applied(weights.later, rates)
        return pushed + rates, moved, replace(limits, added=found)

    def _by_newton(
        self,
        weights: StepWeights,
        begin: FloatArray,
        fed: FloatArray,
        guess: FloatArray,
        found: Found,
        which: NDArray[np.bool_],
    ) -> Found | None:
        """Solve the equations of some responses by themselves, each from its guess; the others are those found."""
        some, m = np.flatnonzero(which), self.system.laws.count
        pushed, moved, added, _ = found
        known = times(self.system.seen.modal, begin[..., some]) + fed[..., some]
        voltages, whole = np.empty_like(known), np.empty((self.system.push.shape[1], DEGREE, len(some)))
        for k, column in enumerate(some.tolist()):
            allowed = self._in_tolerances[:, 0, column, None]
            solved = self._newton.solve(weights, known[..., k], guess[..., column], allowed, CLOSE)
            if solved is None:
                return None
            voltages[..., k], whole[..., k] = solved
        stages = self.system.laws.stage(voltages[:m])[0]
        bent = added.bent.copy()
        clamp = np.zeros((m, *bent.shape[1:])) if added.clamp is None else added.clamp.copy()
        bent[..., some], clamp[..., some] = np.concatenate([stages, whole[m:]]), whole[:m] - stages
        pushed[..., some] = rates = times(self.system.push, whole)
        moved[..., some] = begin[..., some] + self.system.applied(weights.later, rates)
        return pushed, moved, Added(bent, clamp, m), 1
