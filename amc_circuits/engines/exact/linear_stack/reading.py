"""Short readings of many circuits at once, such as trials: `engines/exact/reading.py` over a stack of linear circuits.

Samples, searches and definitions are those of a circuit that is read alone. A circuit whose modes need care is left to
a reading of its own: growing poles, poles far apart, (nearly) dependent modes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from amc_circuits.engines.exact.linear_stack.panels import panels_of
from amc_circuits.engines.exact.linear_stack.responses import Responses, StackedProbe
from amc_circuits.engines.exact.linear_stack.samples import StackedSamples
from amc_circuits.linear.stacks import StackedCircuit, StackedModes
from netlists.record import FloatArray
from netlists.short_text import short_repr


@dataclass(frozen=True)
class StackedReadings:
    """Readings of K right-hand sides in each of P circuits, all from rest.

    Attributes:
        known: Circuits that were read: stable, steady and at their steady states; shape (P,).
        final: Outputs at the end of the slot, shape (P, K, N), V.
        settling_time: Shape (P, K), s.
        overshoot: Shape (P, K).
        peak_output_current: Shape (P, K), A.
        energy: From the step to the settling time, shape (P, K), J; None where it is not known.
        peak_output: Largest output of an op-amp without its load, shape (P, K), V; None of op-amps without a swing.
    """

    known: NDArray[np.bool_]
    final: FloatArray
    settling_time: FloatArray
    overshoot: FloatArray
    peak_output_current: FloatArray
    energy: FloatArray | None = None
    peak_output: FloatArray | None = None

    __repr__ = short_repr

    @classmethod
    def beside(cls, parts: Sequence[StackedReadings]) -> StackedReadings:
        """Return the readings of some right-hand sides each; all know the energies and the largest outputs."""
        names = [field.name for field in fields(cls)][1:]
        known = np.logical_and.reduce([part.known for part in parts])
        return cls(known, *(np.concatenate([getattr(part, name) for part in parts], axis=1) for name in names))


def read_stack(
    circuits: StackedCircuit,
    modes: StackedModes,
    levels: FloatArray,
    slot_time: FloatArray,
    rise_time: float,
    tolerance: float,
) -> StackedReadings:
    """Read right-hand sides in many circuits, each from rest.

    Args:
        circuits: Linear circuits.
        modes: Their modes; all are readable.
        levels: Input voltages, the same for all circuits, shape (inputs, K), V.
        slot_time: Duration of the slots of each circuit, shape (P,), s.
        rise_time: Rise time of the inputs, s.
        tolerance: Relative tolerance of the settling time.
    """
    linear, rise = circuits.linear, np.full_like(slot_time, rise_time)
    own = np.broadcast_to(levels, (len(slot_time), *levels.shape))
    responses = Responses(modes.values, modes.inverse, linear.drive, own, rise)
    outputs, currents = (
        StackedProbe.of(responses, modes.vectors, own, rows) for rows in (circuits.outputs, circuits.currents)
    )  # fmt: skip
    panels, whole = panels_of(modes.values, slot_time, rise)
    samples = StackedSamples(outputs, panels)
    sampled, shape = samples.sampled, (len(slot_time), responses.columns)
    wanted = linear.steady(linear.outputs, levels).transpose(0, 2, 1).reshape(sampled.final.shape)
    resting = np.abs(sampled.final - wanted).max(axis=1) <= tolerance * np.abs(wanted).max(axis=1)
    band = samples.band(tolerance)
    known = resting & samples.steady(tolerance) & (band > 0)
    return StackedReadings(
        known=known.reshape(shape).all(axis=1) & whole,
        final=sampled.final.reshape(*shape, -1),
        settling_time=samples.settled(band).reshape(shape),
        overshoot=sampled.overshoot().reshape(shape),
        peak_output_current=samples.peaks(currents).reshape(shape),
    )
