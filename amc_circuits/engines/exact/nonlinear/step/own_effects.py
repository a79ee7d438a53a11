"""Effects of each op-amp's limits on its own drive, stage and drop at the nodes of a step."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from amc_circuits.engines.exact.nonlinear.method import DEGREE, every
from amc_circuits.engines.exact.nonlinear.system import Blocks, StepWeights, System
from netlists.record import FloatArray
from netlists.short_text import short_repr


@dataclass(frozen=True)
class OwnEffects:
    """Effects at the last four nodes of what an op-amp's limits add there, for one step length.

    Attributes:
        drive: Rate added at the stage on its own drive, shape (m, 4), node by node.
        drop: Current added at the output on its own drop, shape (m, 4), ohm.
        volts: Volt of a limiter on its own input, shape (k, 4, 1).
        per_bend: `drive`, then `drop` per drop over the output resistance, shape (2 m, 4, K).
        of_stage: Factors of the weights, shape (m, n), and these.
    """

    drive: FloatArray
    drop: FloatArray
    volts: FloatArray
    per_bend: FloatArray
    of_stage: tuple[FloatArray, Blocks]

    __repr__ = short_repr

    @cached_property
    def stage(self) -> FloatArray:
        """Rate added at the stage on its own output, at each node from each, shape (4, 4, m), s."""
        part, (of_real, of_pairs) = self.of_stage
        pairs = of_pairs.reshape(len(of_pairs), 2, DEGREE, 2, DEGREE)
        each = np.concatenate([of_real, pairs[:, 0, :, 0], pairs[:, 1, :, 0]])
        return np.asarray(each.reshape(len(each), -1).T @ part.T).reshape(DEGREE, DEGREE, -1)


class OwnEffectsOf:
    """Own effects in a circuit, for any step length."""

    def __init__(self, system: System, responses: int = 1) -> None:
        """`responses`: their number K."""
        m, seen = system.laws.count, system.seen
        drive, stage, drop = np.split(seen.modal, [m, 2 * m])
        at_stage, at_pin = system.push[:, :m].T, system.push[:, m:].T
        self._real, self._resistance = system.real, system.laws.resistance[:, 0]
        self._drive_and_drop = np.concatenate([self._split(drive, at_stage), self._split(drop, at_pin)])
        self._stage, self._count, self._responses = self._split(stage, at_stage), m, responses
        self._at_once = np.diag(seen.pins[2 * m :])[:, None]
        self._found: dict[float, OwnEffects] = {}

    def _split(self, read: FloatArray, push: FloatArray) -> FloatArray:
        """Return factors of the weights' real and imaginary parts: real modes, then those of pairs, shape (m, n)."""
        real = self._real
        c, s = read[:, real::2], read[:, real + 1 :: 2]
        re, im = push[:, real::2], push[:, real + 1 :: 2]
        return np.hstack([read[:, :real] * push[:, :real], c * re + s * im, s * re - c * im])

    def of(self, weights: StepWeights) -> OwnEffects:
        """Return the effects for one step length."""
        found = self._found.get(weights.step)
        if found is None:
            found = self._found[weights.step] = self._computed(weights)
        return found

    def _computed(self, weights: StepWeights) -> OwnEffects:
        found = self._drive_and_drop @ weights.own
        found[self._count :] += self._at_once
        drive, direct = np.split(found, [self._count])
        drop, volts = direct[: self._count], direct[self._count :, :, None]
        per_bend = every(np.concatenate([drive, drop / self._resistance])[:, :, None], responses=self._responses)
        return OwnEffects(drive, drop, volts, per_bend, (self._stage, weights.later))
