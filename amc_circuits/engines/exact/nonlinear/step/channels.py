"""What the limits add at voltages of a step, how steep they are there, and its changes in units of the tolerance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amc_circuits.engines.exact.nonlinear.laws import Added
from amc_circuits.engines.exact.nonlinear.method import every
from amc_circuits.engines.exact.nonlinear.step.clamp import Clamped
from amc_circuits.engines.exact.nonlinear.step.own_effects import OwnEffects
from amc_circuits.engines.exact.nonlinear.system import System
from netlists.record import FloatArray
from netlists.short_text import short_repr

LEAST_SLOPE = 0.25
"""Least denominator of Newton's method for one unknown."""

FURTHER = 0.5
"""Part of the tolerance for circuits with limiters or cells that are not linear."""
AT_KINKS = 0.1
"""Part of the tolerance that is left where a limiter passes its level: N has a corner, and the estimate is coarse."""
AT_LIMITS = 0.15
"""The same where clamps draw currents and the current limit takes more than all of it from an output: hardly any
voltage shows by how much the quartic of N is off there."""


@dataclass(frozen=True)
class Limited:
    """What limits add at some voltages, and how steep they are there.

    Attributes:
        added: What they add.
        divisors: Denominators of Newton's method for one unknown, for drives, drops and inputs of limiters, shape
            (2 m + k, 4, K).
        least: The least of them, before they were bounded.
        bend: Square of the largest bend of a drive or drop.
    """

    added: Added
    divisors: FloatArray
    least: float
    bend: float

    __repr__ = short_repr


class Channels:
    """Limits of a circuit.

    Attributes:
        in_tolerances: Voltages in units of the tolerance, shape (3 m + k, 4, K): drives as the input voltages that they
            belong to.
    """

    def __init__(self, system: System, allowed: FloatArray) -> None:
        """`allowed`: tolerance of each response, shape (K,), V."""
        self.system, laws, count = system, system.laws, len(allowed)
        volts = np.concatenate([1 / laws.rate, np.ones((2 * laws.count + system.further, 1, 1))])
        self.in_tolerances = every(volts / allowed)
        # Drives and drops at which limits bend by a factor tanh(1), and what is added there.
        bends = np.concatenate([laws.slew_rate, laws.resistance * laws.current])
        self._per_bend = every(1 / bends, responses=count)
        self._most = every(np.concatenate([laws.slew_rate, laws.current]), responses=count)
        volts_per_unit = [np.ones_like(laws.rate), laws.resistance, np.ones_like(system.limiters.level)]
        moved = np.concatenate([*volts_per_unit, 1 / system.cells.conductance])
        self._moved = self.in_tolerances[laws.count :] * moved

    def limits(self, voltages: FloatArray, own: OwnEffects, held: Clamped | None) -> Limited:
        """Return what the limits add at voltages, where clamps draw currents with these rates of the stages."""
        m, linear = self.system.laws.count, np.empty_like(self._per_bend)
        np.multiply(voltages[:m], self._per_bend[:m], out=linear[:m])
        np.multiply(voltages[2 * m : 3 * m], self._per_bend[m:], out=linear[m:])
        bent = self.system.laws.tanh(linear, out=np.empty_like(linear))
        added = np.subtract(bent, linear, out=linear)
        added *= self._most
        bent *= bent
        bend = float(bent.max(initial=0.0))
        bent *= own.per_bend
        bent += 1
        if self.system.further:
            volts, slopes = self.system.limited(voltages[3 * m :])
            added, bent = np.concatenate([added, volts]), np.concatenate([bent, 1 - slopes * own.volts])
        least = float(bent.min(initial=1.0))
        clamp = None if held is None else np.where(held.which, held.rates - added[:m], 0.0)
        if least < LEAST_SLOPE:
            np.maximum(bent, LEAST_SLOPE, out=bent)
        return Limited(Added(added, clamp, m), bent, least, bend)

    def change(self, seen: FloatArray, voltages: FloatArray, limits: Limited) -> FloatArray:
        """Return the change of voltages by Newton's method for one unknown, from those that follow from the limits."""
        m, change = self.system.laws.count, seen - voltages
        change[:m] /= limits.divisors[:m]
        change[2 * m :] /= limits.divisors[m:]
        return change

    def size(self, limits: Limited, previous: Added, step: float) -> float:
        """Return how far a change of what the limits add moves a voltage at most, in units of the tolerance."""
        moved = limits.added.whole - previous.whole
        moved *= self._moved
        moved[: self.system.laws.count] *= step
        moved /= np.minimum(limits.divisors, 1.0)
        return float(np.abs(moved, out=moved).max())

    def trust(self, before: Added, added: Added) -> float:
        """Return the part of the tolerance that the estimated error of a step may reach."""
        if self._crossed(before, added):
            return AT_KINKS
        usual, m = FURTHER if self.system.further else 1.0, added.stages
        return AT_LIMITS if added.clamp is not None and (np.abs(added.pins[:m]) > self._most[m:]).any() else usual

    def _crossed(self, before: Added, added: Added) -> bool:
        """Return whether the input of a limiter passes its level within a step."""
        m, limiters = self.system.laws.count, self.system.limiters
        if not limiters.count:
            return False
        first, later = (limiters.beyond(one.pins[m : m + limiters.count]) for one in (before, added))
        return bool((first != later).any())
