"""Limits of the op-amps of many circuits, each with its own: `nonlinear/laws.py`, stacked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from amc_circuits.engines.exact.nonlinear.far_limits import are_far, quick_tanh, unclamped
from amc_circuits.engines.exact.nonlinear.laws import Laws
from amc_circuits.engines.exact.nonlinear.step import channels
from netlists.record import FloatArray
from netlists.short_text import short_repr


@dataclass(frozen=True)
class StackedLaws:
    """Limits of the m op-amps of P circuits, each shape (P, 1, m), or (1, 1, m) where they are those of all circuits.

    Attributes:
        slew_rate: SR, V/s.
        swing: Largest stage voltage, V.
        resistance: R_out, ohm.
        current: I_lim, A.
        rate: w_T, rad/s.
    """

    slew_rate: FloatArray
    swing: FloatArray
    resistance: FloatArray
    current: FloatArray
    rate: FloatArray

    __repr__ = short_repr

    @classmethod
    def of(cls, each: Sequence[Laws]) -> StackedLaws:
        """Stack the limits of some circuits; those of one are enough where all are equal."""
        names = [field.name for field in fields(cls)]
        stacks = [np.stack([getattr(laws, name)[:, 0].T for laws in each]) for name in names]
        alike = all((one == one[:1]).all() for one in stacks)
        return cls(*(one[:1] if alike else one for one in stacks))

    def part(self, places: NDArray[np.int64]) -> StackedLaws:
        """Limits of some of the circuits."""
        if len(self.rate) == 1:
            return self
        return StackedLaws(*(getattr(self, field.name)[places] for field in fields(self)))

    @property
    def count(self) -> int:
        """Number of op-amps of each circuit."""
        return int(self.rate.shape[2])

    @cached_property
    def _far(self) -> NDArray[np.int64]:
        """Circuits with limits of which `quick_tanh` would leave rounding errors that are seen."""
        far = are_far(self.slew_rate, self.rate, self.resistance, self.current).any(axis=(1, 2))
        return np.flatnonzero(far)

    @cached_property
    def most(self) -> FloatArray:
        """Stage voltages up to which clamps draw no current, V."""
        return unclamped(self.slew_rate, self.rate, self.swing)

    @cached_property
    def bend(self) -> FloatArray:
        """Drives, V/s, then drops, V, whose ratios to these are the arguments of tanh."""
        return np.concatenate([self.slew_rate, self.resistance * self.current], axis=2)

    @cached_property
    def slope(self) -> FloatArray:
        """Rates of stages per drive, then currents of outputs per drop, S, where nothing is limited."""
        return np.concatenate([np.ones_like(self.resistance), 1 / self.resistance], axis=2)

    @cached_property
    def largest(self) -> FloatArray:
        """Largest rates of stages, V/s, then largest currents of outputs, A."""
        return self.bend * self.slope

    @cached_property
    def volts(self) -> FloatArray:
        """Volts per drive, drop and stage."""
        one = np.ones_like(self.rate)
        return np.concatenate([1 / self.rate, one, one], axis=2)

    def added(self, voltages: FloatArray, own: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return what the limits add (A, 4, 2 m), denominators of Newton's method, same shape, and `Limited.bend`.

        Args:
            voltages: Drives, V/s, drops and stages, V, shape (A, 4, 3 m).
            own: `OwnEffectsOfMany.values` of these circuits.
        """
        active = voltages[..., : 2 * self.count]
        bent = active / self.bend
        some = self._far if len(self.rate) == len(bent) else slice(None if self._far.size else 0)
        exact = np.tanh(bent[some])
        quick_tanh(bent, out=bent)
        bent[some] = exact
        added = self.largest * bent
        added -= self.slope * active
        np.multiply(bent, bent, out=bent)
        bend = bent.max(axis=(1, 2))
        bent *= own
        bent += 1.0
        return added, np.maximum(bent, channels.LEAST_SLOPE, out=bent), bend
