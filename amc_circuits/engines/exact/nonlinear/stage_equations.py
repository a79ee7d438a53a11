"""The implicit equations of a step: what the limits of the op-amps add at its nodes.

They are iterated: the responses that follow from what the limits add, then what they add at these responses. The effect
of each op-amp on itself is taken into account by its slope at once (Newton's method for one unknown). The clamp is
stiff: an op-amp's own clamp is solved for exactly at all nodes, and only the effects of the others are iterated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amc_circuits.engines.exact.nonlinear.clamp import clamped
from amc_circuits.engines.exact.nonlinear.method import LEADING, NODES, interpolated
from amc_circuits.engines.exact.nonlinear.newton import Newton
from amc_circuits.engines.exact.nonlinear.own_effects import OwnEffects, OwnEffectsOf
from amc_circuits.engines.exact.nonlinear.system import StepWeights, System, times
from netlists.record import FloatArray
from netlists.short_text import short_repr

ITERATIONS = 12
CLOSE = 0.02
"""Change of the voltages in an iteration, in units of the tolerance, below which the iteration ends."""
LARGEST_SHARE = 5.0
"""Largest part of the last move by which the acceleration changes the next one."""
LEAST_SLOPE = 0.25
"""Least denominator of Newton's method for one unknown."""


@dataclass(frozen=True)
class Added:
    """What the limits of all op-amps add at some times.

    Attributes:
        slewing: Rates of the stages, from limited slewing, shape (m, ...), V/s.
        clamp: Rates of the stages, from the clamps, V/s; None where no clamp draws a current.
        pins: Currents of the outputs, A.
    """

    slewing: FloatArray
    clamp: FloatArray | None
    pins: FloatArray

    __repr__ = short_repr

    @property
    def whole(self) -> FloatArray:
        """Rates of the stages, then currents of the outputs, shape (2 m, ...)."""
        rates = self.slewing if self.clamp is None else self.slewing + self.clamp
        return np.concatenate([rates, self.pins])

    def at(self, nodes: slice | FloatArray) -> Added:
        """Return what is added at one node of several, or at other times (4, F) by the cubic through four nodes."""

        def of(values: FloatArray) -> FloatArray:
            if isinstance(nodes, slice):
                return values[:, nodes]
            return np.matmul(nodes.T, values)

        return Added(of(self.slewing), None if self.clamp is None else of(self.clamp), of(self.pins))


@dataclass(frozen=True)
class Solved:
    """A step whose equations are solved.

    Attributes:
        length: Length, s.
        state: Coordinates at the end, shape (n, K).
        rates: N at the four nodes, shape (n, 4, K).
        added: What the limits add at the four nodes.
        error: Estimated error in units of the tolerance.
        iterations: Number of iterations that it took.
    """

    length: float
    state: FloatArray
    rates: FloatArray
    added: Added
    error: float
    iterations: int

    __repr__ = short_repr


class StageEquations:
    """Equations of the steps of some responses."""

    def __init__(self, system: System, scale: FloatArray, tolerance: float) -> None:
        """`scale`: full scale of each response, shape (K,), V; `tolerance` in units of it."""
        self.system = system
        # Drives are compared as the input voltages that they belong to.
        volts = np.concatenate([1 / system.laws.rate, np.ones((2 * system.laws.count, 1, 1))])
        self._in_tolerances = volts / (scale * tolerance)
        self._own, self._newton = OwnEffectsOf(system), Newton(system)

    def step(
        self, state: FloatArray, before: Added, last: Solved | None, inputs: FloatArray, slope: FloatArray, length: float
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
        driven = inputs[:, None, :] + slope[:, None, :] * (NODES * length)[:, None]
        rates = times(system.drive, driven)
        rates[:, :1] += times(system.push, before.whole)
        begin = system.applied(weights.kept, state[:, None]) + system.applied(weights.added, rates)
        known = times(system.seen.modal, begin) + times(system.seen.feed, driven[:, 1:])
        known += system.seen.rest[:, None, None]
        guess = _guess(before, last, length)
        found = self._iterated(weights, known, guess)
        if found is None:
            return None
        pushed, moved, added, iterations = found
        rates[:, 1:] += pushed
        difference = np.matmul(LEADING[None], rates)
        away = times(system.seen.modal, system.applied(weights.omitted, difference)[:, -1:])
        error = float(np.abs(away * self._in_tolerances).max())
        return Solved(length, begin[:, -1] + moved[:, -1], rates, _after(before, added), error, iterations)

    def _iterated(
        self, weights: StepWeights, known: FloatArray, added: Added
    ) -> tuple[FloatArray, FloatArray, Added, int] | None:
        """Return rates (n, 3, K) and coordinates (n, 3, K) from what the limits add, what they add, and the iterations."""
        system, own = self.system, self._own.of(weights)
        later = tuple(blocks[..., 1:] if not place else _later(blocks) for place, blocks in enumerate(weights.added))
        m = system.laws.count
        voltages, far, slopes, last = None, np.inf, None, None
        for done in range(1, ITERATIONS + 1):
            whole = added.whole
            pushed = times(system.push, whole)
            moved = system.applied(later, pushed)
            seen = known + times(system.seen.modal, moved) + times(system.seen.pins, whole[m:])
            seen[m : 2 * m], clamp = self._stages(seen[m : 2 * m], own, added, voltages)
            if voltages is None:
                voltages = seen
            else:
                change = (seen - voltages) / slopes
                before, far = far, float(np.abs(change * self._in_tolerances).max())
                if far > 2 * before:
                    break
                move = change if last is None else self._accelerated(change, *last)
                last, voltages = (change, move), voltages + move
                if clamp is not None:
                    voltages[m : 2 * m] = seen[m : 2 * m]
            previous, (added, slopes) = added, self._limits(voltages, own, clamp)
            if far <= CLOSE or self._negligible(added, previous, weights.step):
                return pushed, moved, added, done
        return self._by_newton(weights, later, known, voltages)

    def _by_newton(
        self, weights: StepWeights, later: tuple[FloatArray, ...], known: FloatArray, guess: FloatArray
    ) -> tuple[FloatArray, FloatArray, Added, int] | None:
        """Solve the equations of every response by itself; results as `_iterated`."""
        m, count = self.system.laws.count, guess.shape[2]
        voltages, whole = np.empty_like(guess), np.empty((2 * m, 3, count))
        for k in range(count):
            found = self._newton.solve(weights, known[..., k], guess[..., k], self._in_tolerances[:, 0, k, None], CLOSE)
            if found is None:
                return None
            voltages[..., k], whole[..., k] = found
        stages = self.system.laws.stage(voltages[:m])[0]
        pushed = times(self.system.push, whole)
        added = Added(stages, whole[:m] - stages, whole[m:])
        return pushed, self.system.applied(later, pushed), added, 1

    def _accelerated(self, change: FloatArray, before: FloatArray, moved: FloatArray) -> FloatArray:
        """Return the move of Anderson's method of depth 1 from the last two changes and the move between them.

        Reference: Walker and Ni, SIAM J. Numer. Anal. 49, 1715, 2011.
        """
        turned = change - before
        weighed = turned * self._in_tolerances**2
        share = (weighed * change).sum(axis=(0, 1)) / np.maximum((weighed * turned).sum(axis=(0, 1)), 1e-300)
        return change - np.clip(share, -LARGEST_SHARE, LARGEST_SHARE) * (moved + turned)

    def _stages(
        self, seen: FloatArray, own: OwnEffects, added: Added, before: FloatArray | None
    ) -> tuple[FloatArray, FloatArray | None]:
        """Return the outputs of the stages (m, 3, K), with each op-amp's own clamp solved for, V, and the clamps' rates."""
        laws = self.system.laws
        if added.clamp is None and not laws.near_clamp(seen):
            return seen, None
        rates = np.zeros_like(seen) if added.clamp is None else added.clamp
        return clamped(laws, own.stage, seen, rates, seen if before is None else before[laws.count : 2 * laws.count])

    def _limits(self, voltages: FloatArray, own: OwnEffects, clamp: FloatArray | None) -> tuple[Added, FloatArray]:
        """Return what the limits add, and denominators of Newton's method, shape (3 m, 3, K)."""
        laws, m = self.system.laws, self.system.laws.count
        slewing, slew_slope = laws.stage(voltages[:m])
        pins, pin_slope = laws.output(voltages[2 * m :])
        divisors = np.ones_like(voltages)
        divisors[:m] -= own.drive[:, :, None] * slew_slope
        divisors[2 * m :] -= own.drop[:, :, None] * pin_slope
        return Added(slewing, clamp, pins), np.maximum(divisors, LEAST_SLOPE)

    def _negligible(self, added: Added, previous: Added, step: float) -> bool:
        """Return True if the change of what the limits add moves no voltage by more than a fraction of the tolerance."""
        change = added.whole - previous.whole
        m = self.system.laws.count
        moved = np.concatenate([change[:m] * step, change[m:] * self.system.laws.resistance])
        return float(np.abs(moved * self._in_tolerances[m:]).max()) <= CLOSE


def _later(blocks: FloatArray) -> FloatArray:
    """Return the blocks of pairs without the first node."""
    pairs = blocks.reshape(*blocks.shape[:2], 2, 4)[..., 1:]
    return np.ascontiguousarray(pairs).reshape(*blocks.shape[:2], 6)


def _guess(before: Added, last: Solved | None, length: float) -> Added:
    """Continue the cubic of the step before, or the constant, at the new nodes."""
    if last is None:
        return before.at(np.ones((1, 3)))
    return last.added.at(interpolated(1 + NODES[1:] * (length / last.length)))


def _after(before: Added, added: Added) -> Added:
    """Join what the limits add at the first node and at the others."""
    clamp = added.clamp
    if clamp is not None or before.clamp is not None:
        first = np.zeros_like(before.slewing) if before.clamp is None else before.clamp
        rest = np.zeros_like(added.slewing) if clamp is None else clamp
        clamp = np.concatenate([first, rest], axis=1)
    slewing = np.concatenate([before.slewing, added.slewing], axis=1)
    return Added(slewing, clamp, np.concatenate([before.pins, added.pins], axis=1))
