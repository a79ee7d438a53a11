"""Stages that enter their clamps: where steps are as short as an entry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amc_circuits.engines.exact.nonlinear.laws import Added, Laws
from netlists.opamps.subcircuit import CLAMP_VOLTAGE
from netlists.record import FloatArray
from netlists.short_text import short_repr

EARLY = 1e-3
"""Least rate of a stage at the start of a step, in units of the slew rate, at which it enters its clamp. Behind it the
clamp takes what the stage is driven with, as a quartic; the difference of both is then rounding."""
AHEAD, WIDE = 6.0, 3.0
"""E-folds of the clamp below the swing at which a step ends that comes from afar, and those that a later one passes:
the polynomials of steps and panels resolve them to 1e-6 V."""
RESTING = 1e-9
"""Rate of a stage, in units of the slew rate, below which it does not move."""


@dataclass(frozen=True)
class Entries:
    """Stages that enter their clamps in a step, one entry a stage of a response.

    Attributes:
        row: Op-amp of each, shape (E,).
        column: Response of each, shape (E,).
        driven: Rates but for the clamps at the five nodes, shape (5, E), V/s.
        clamp: Rates of the clamps there, same shape, V/s.
    """

    row: NDArray[np.int64]
    column: NDArray[np.int64]
    driven: FloatArray
    clamp: FloatArray

    __repr__ = short_repr


def entries(laws: Laws, added: Added, driven: FloatArray) -> Entries | None:
    """Return the stages that enter their clamps at the start of a step, and have not left them at its end.

    Args:
        laws: Limits of the op-amps.
        added: What they add at the five nodes of the step.
        driven: Rates of the stages there but for clamps, shape (m, 5, K), V/s.
    """
    if added.clamp is None:
        return None
    found = np.abs(driven[:, 0] + added.clamp[:, 0]) > EARLY * laws.slew_rate[:, 0]
    found &= np.abs(added.clamp[:, -1]) > laws.least_clamp[:, 0]
    row, column = np.nonzero(found)
    return Entries(row, column, driven[row, :, column].T, added.clamp[row, :, column].T) if row.size else None


def longest(laws: Laws, added: Added, driven: FloatArray, stage: FloatArray) -> float:
    """Return the longest next step that takes no stage far into its clamp, s.

    Args:
        laws: Limits of the op-amps.
        added: What they add at the nodes of a step.
        driven: Rates of the stages there but for clamps, shape (m, nodes, K), V/s.
        stage: Voltages of the stages there, same shape, V.
    """
    volts, slew_rate = stage[:, -1], laws.slew_rate[:, 0]
    held = 0.0 if added.clamp is None else added.clamp[:, -1]
    speed = np.sign(volts) * (driven[:, -1] + held)
    left = laws.swing[:, 0] - np.abs(volts) - AHEAD * CLAMP_VOLTAGE
    np.maximum(left, WIDE * CLAMP_VOLTAGE, out=left)
    left /= np.maximum(speed, RESTING * slew_rate)
    return float(left.min(initial=np.inf))
