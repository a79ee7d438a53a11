"""The implicit equations of a step: what the limits of the op-amps add at its nodes.

They are iterated: the responses that follow from what the limits add, then what they add at these responses. The effect
of each op-amp on itself is taken into account by its slope at once (Newton's method for one unknown). The clamp is
stiff: an op-amp's own clamp is solved for exactly at all nodes, and only the effects of the others are iterated.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from amc_circuits.engines.exact.nonlinear.laws import Added
from amc_circuits.engines.exact.nonlinear.method import DEGREE, NODES, every
from amc_circuits.engines.exact.nonlinear.step.acceleration import Acceleration
from amc_circuits.engines.exact.nonlinear.step.channels import LEAST_SLOPE, Channels, Limited
from amc_circuits.engines.exact.nonlinear.step.clamp import Clamped, Clamps, last_move
from amc_circuits.engines.exact.nonlinear.step.continuation import continuation, continued
from amc_circuits.engines.exact.nonlinear.step.entry import Entries, entries, longest
from amc_circuits.engines.exact.nonlinear.step.newton import Newton
from amc_circuits.engines.exact.nonlinear.step.own_effects import OwnEffects, OwnEffectsOf
from amc_circuits.engines.exact.nonlinear.step.solved import Driven, Solved
from amc_circuits.engines.exact.nonlinear.system import StepWeights, System, times
from netlists.record import FloatArray

ITERATIONS = 12
CLOSE = 0.02
"""Change of the voltages in an iteration, in units of the tolerance, below which the iteration ends."""
EXPECTED = 0.1
"""Largest expected change, in units of the tolerance, by an iteration that is left out."""
LONG, LASTING = 1.0, 0.5
"""Step in time constants of the slowest mode, from which both are this part of it: they last to the end of a slot."""
CAUTION = 3.0
"""What an iteration is expected to leave of a change, in units of the most that iterations of steps before have left:
more than that is left where stages enter their clamps."""
COUPLING = 0.05
"""What an iteration leaves of a change, in units of w_T, the step and the square of the largest bend, before any has
been seen: circuits of many op-amps leave about this, and no more than 1, as no input sees more than one op-amp's volt.
"""
HELD = 0.4
"""The same of what is left where clamps draw currents, in units of `COUPLING`, and whatever bends: guesses are near."""

DECAY = 1.5
"""Rate r of the quartics in the guess of a long step (`continuation.py`), in units of that of the slowest mode."""

Iterated = tuple[Added, FloatArray, NDArray[np.bool_], bool, int]
"""What the limits add, voltages (3 m + k, 4, K), which responses failed (K,), whether the source follows the last
change, and the number of iterations."""


class StageEquations:
    """Equations of the steps of some responses."""

    def __init__(self, system: System, scale: FloatArray, tolerance: float) -> None:
        """`scale`: full scale of each response, shape (K,), V; `tolerance` in units of it."""
        self.system, laws, self._channels = system, system.laws, Channels(system, scale * tolerance)
        self._in_tolerances = self._channels.in_tolerances
        self._clamps = Clamps(laws, len(scale), last_move(CLOSE * float(scale.min()) * tolerance))
        self._own, self._newton = OwnEffectsOf(system, len(scale)), Newton(system)
        fed = np.flatnonzero(system.seen.pins.any(axis=1))
        self._fed = slice(int(fed[0]) if fed.size else len(self._in_tolerances), None)
        self._growing = bool((system.values.real > 0).any())
        self._slowest = float(np.abs(system.values.real).min(initial=np.inf))
        self._decay = 0.0 if self._growing else DECAY * self._slowest
        # What iterations left of a change, per second of the step; without clamps, per square of the largest bend, too.
        self._held, self._coupling, self._first_coupling = 0.0, 0.0, COUPLING * float(laws.rate.max(initial=0.0))

    def driven(self, inputs: FloatArray, slope: FloatArray, length: float) -> Driven:
        """Return what inputs (inputs, K), V, with their slopes, V/s, do at the nodes of a step."""
        system, given = self.system, inputs[:, None]
        if slope.any():
            given = given + slope[:, None] * (NODES * length)[:, None]
        seen = times(system.seen.feed, given[:, -DEGREE:]) + system.seen.rest[:, None, None]
        return Driven(every(times(system.drive, given), DEGREE + 1), every(seen))

    def step(
        self, state: FloatArray, before: Added, last: Solved | None, driven: Driven, length: float, first: bool = False
    ) -> Solved | None:
        """Solve a step; None where the iteration does not converge.

        Args:
            state: Coordinates at the start, shape (n, K).
            before: What the limits add there, at one time.
            last: Step before, whose course is continued for a first guess; None has none.
            driven: What the inputs do.
            length: Length, s.
            first: True behind a corner of the inputs: only an iteration that converges has seen how all modes start.
        """
        system, weights = self.system, self.system.weights(length)
        guess, pushed = self._guessed(before, last, length)
        source = np.concatenate([state[:, None], driven.rates + pushed], axis=1)
        added, voltages, failed, changed, iterations = self._iterated(weights, source, driven, guess)
        if failed.any():
            some, iterations = np.flatnonzero(failed), 1
            if first or (newton := self._by_newton(weights, source, driven, voltages, added, some)) is None:
                return None
            added = newton
        pushed[:, 1:] = times(system.push, added.whole)
        if changed or failed.any():
            source[:, 2:] = driven.rates[:, 1:] + pushed[:, 1:]
        end = system.applied(weights.end, source)
        error, added = self._error(end[:, 1:], before, added), before.joined(added)
        entered, further = self._at_clamps(added, voltages, last)
        reached = end[:, 0].copy()
        return Solved(length, reached, source, pushed, added, voltages[:, -1:], entered, error, further, iterations)

    def _at_clamps(self, added: Added, voltages: FloatArray, last: Solved | None) -> tuple[Entries | None, float]:
        """Return the stages that entered their clamps in a step with these voltages, and `Solved.longest`."""
        laws, (drive, stage, *_) = self.system.laws, self.system.parted(voltages)
        if added.clamp is None and not (np.abs(stage) > laws.no_clamp).any():
            return None, np.inf
        rates = np.empty((len(drive), DEGREE + 1, drive.shape[2]))
        rates[:, 1:] = laws.driven(added.slewing[:, 1:], drive, stage)
        further = longest(laws, added, rates[:, -1:], stage[:, -1:])
        if last is None:
            return None, further
        rates[:, :1] = laws.driven(added.slewing[:, :1], *self.system.parted(last.voltages)[:2])
        return entries(laws, added, rates), further

    def _guessed(self, before: Added, last: Solved | None, length: float) -> tuple[Added, FloatArray]:
        """Guess what the limits add at the last four nodes, and its part of N at five, shape (n, 5, K)."""
        push, laws = self.system.push, self.system.laws
        if last is None:
            return before.repeated(DEGREE), np.repeat(times(push, before.whole), DEGREE + 1, axis=1)
        ratio, pushed = length / last.length, np.empty_like(last.pushed)
        decay = self._decay * last.length
        guess = continued(laws, last.added, last.entered, ratio, length, decay)
        if guess.clamp is None:
            np.matmul(continuation(ratio, decay), last.pushed, out=pushed)
        else:
            pushed[:, :1], pushed[:, 1:] = last.pushed[:, -1:], times(push, guess.whole)
        return guess, pushed

    def _error(self, omitted: FloatArray, before: Added, added: Added) -> float:
        """Estimate the error of a step, in units of the tolerance, from what the quartic changes in it (n, 2, K).

        At the end it does not show in modes that decay within the step; these follow it at the node before.
        """
        away = times(self.system.seen.modal, omitted)
        away *= self._in_tolerances[:, :2]
        return float(np.abs(away, out=away).max()) / self._channels.trust(before, added)

    def _iterated(self, weights: StepWeights, source: FloatArray, driven: Driven, guess: Added) -> Iterated:
        """Iterate from a guess of what the limits add, and of the source of the step, which is changed.

        Responses whose iteration diverges stand still from then on: they have failed.
        """
        own, channels, m = self._own.of(weights), self._channels, self.system.laws.count
        voltages = self._voltages(weights, source, driven, guess)
        held = self._clamps.solved(own, voltages[m : 2 * m], voltages[:m], guess, voltages[m : 2 * m])
        failed = np.zeros(voltages.shape[2], dtype=np.bool_) if held is None else held.failed
        limits, far = channels.limits(voltages, own, held), np.full(len(failed), np.inf)
        acceleration, lasting = Acceleration(self._in_tolerances), self.lasting(weights.step)
        before, size, done, changed = guess, np.inf, 0, False
        for done in range(1, ITERATIONS + 1):
            close = lasting * CLOSE * min(limits.least / LEAST_SLOPE, 1.0)
            size, larger = channels.size(limits, before, weights.step), size
            if size <= close:
                break
            left = self._left(limits, (size, larger), done, weights.step)
            if limits.least >= LEAST_SLOPE and size * left <= lasting * EXPECTED:
                limits, changed = replace(limits, added=_corrected(limits, before)), True
                break
            before = limits.added
            source[:, 2:] = driven.rates[:, 1:] + times(self.system.push, before.whole)
            seen = self._voltages(weights, source, driven, before)
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
        return limits.added, voltages, failed, changed, done

    def lasting(self, step: float) -> float:
        """Return the part of `CLOSE` and `EXPECTED` in a step of this length, s."""
        return 1.0 if step * self._slowest < LONG else LASTING

    def _change(
        self, own: OwnEffects, seen: FloatArray, voltages: FloatArray, limits: Limited
    ) -> tuple[FloatArray, Clamped | None]:
        """Return the change of voltages to those that own effects make of `seen`, and the stages at their clamps."""
        m = self.system.laws.count
        change, stages = self._channels.change(seen, voltages, limits), slice(m, 2 * m)
        drives = voltages[:m] + change[:m]
        held = self._clamps.solved(own, seen[stages], drives, limits.added, voltages[stages])
        np.subtract(seen[stages], voltages[stages], out=change[stages])
        return change, held

    def _left(self, limits: Limited, sizes: tuple[float, float], done: int, step: float) -> float:
        """Return what the next iteration leaves of a change, from these of the last two; infinite: unknown.

        Where slopes are steep no change is small enough to end, and there may be none: nothing is left of it.
        """
        size, larger = sizes
        left, held = size / larger if larger else 0.0, limits.added.clamp is not None
        # Clamps that hold what would grow are coupled strongly: what iterations leave there foretells nothing.
        if self.system.further or (self._growing if held else done > 2):
            return np.inf
        if done == 1 and held:  # a clamp answers all of a change
            return max(CAUTION * self._held, HELD * self._first_coupling) * step
        if done == 1:
            return CAUTION * (self._coupling or self._first_coupling) * limits.bend * step
        if done == 2 and held:
            self._held = left / step
        elif limits.bend and not held:
            self._coupling = max(self._coupling, left / (limits.bend * step))
        return left

    def _voltages(self, weights: StepWeights, source: FloatArray, driven: Driven, added: Added) -> FloatArray:
        """Return the voltages at the last four nodes of a step with this source, (3 m + k, 4, K)."""
        system = self.system
        seen = times(system.seen.modal, system.applied(weights.whole, source))
        seen += driven.seen
        seen[self._fed] += times(system.seen.pins[self._fed], added.pins)
        return seen

    def _by_newton(
        self,
        weights: StepWeights,
        source: FloatArray,
        driven: Driven,
        guess: FloatArray,
        found: Added,
        some: NDArray[np.int64],
    ) -> Added | None:
        """Solve the equations of some responses by themselves, each from its guess; the others are those found.

        Their voltages are written to `guess`.
        """
        m, own = self.system.laws.count, source[..., some]
        own[:, 2:] = driven.rates[:, 1:, some]
        known = times(self.system.seen.modal, self.system.applied(weights.whole, own)) + driven.seen[..., some]
        voltages, whole = np.empty_like(known), np.empty((self.system.push.shape[1], DEGREE, len(some)))
        for k, column in enumerate(some.tolist()):
            allowed = self._in_tolerances[:, 0, column, None]
            solved = self._newton.solve(weights, known[..., k], guess[..., column], allowed, CLOSE)
            if solved is None:
                return None
            voltages[..., k], whole[..., k] = solved
        guess[..., some] = voltages
        stages = self.system.laws.stage(voltages[:m])[0]
        bent = found.bent.copy()
        clamp = np.zeros((m, *bent.shape[1:])) if found.clamp is None else found.clamp.copy()
        bent[..., some], clamp[..., some] = np.concatenate([stages, whole[m:]]), whole[:m] - stages
        return Added(bent, clamp, m)


def _corrected(limits: Limited, before: Added) -> Added:
    """Return what the limits add where only own effects of the last change count: no voltages are computed again.

    Args:
        limits: What the limits add now.
        before: What they added before.
    """
    own, clamp, m = before.bent + (limits.added.bent - before.bent) / limits.divisors, limits.added.clamp, before.stages
    if clamp is not None:  # the rates of their stages stay
        clamp = np.where(clamp != 0, clamp + limits.added.slewing - own[:m], 0.0)
    return Added(own, clamp, m)
