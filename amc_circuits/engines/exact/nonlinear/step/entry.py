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
"""Least rate of a stage at the start of a step, in units of `Laws.reach`, at which it enters its clamp. Behind it the
clamp takes what the stage is driven with, as a quartic; the difference of both is then rounding."""
AHEAD, WIDE = 6.0, 3.0
"""E-folds of the clamp below the swing at which a step ends that comes from afar, and those that a later one passes:
the polynomials of steps and panels resolve them to 1e-6 V."""
RESTING = 1e-9
"""Rate of a stage, in units of `Laws.reach`, below which it does not move."""


@dataclass(frozen=True)
class Entries:
    """Stages that enter their clamps in a step, one entry a stage of a response.

    Attributes:
        row: Op-amp of each, shape (E,).
        column: Response of each, shape (E,).
        driven: Rates but for the clamps at the five nodes, shape (5, E), V/s.
        clamp: Rates of the clamps there, same shape, V/s.
        idle: `Laws.idle` of each, shape (E,), V/s.
    """

    row: NDArray[np.int64]
    column: NDArray[np.int64]
    driven: FloatArray
    clamp: FloatArray
    idle: FloatArray

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
    found = np.abs(driven[:, :1] + added.clamp[:, :1]) > EARLY * laws.reach
    found &= np.abs(added.clamp[:, -1:]) > laws.least_clamp
    row, column = np.nonzero(found[:, 0])
    if not row.size:
        return None
    nodes, count = driven.shape[1:]
    at = row * (nodes * count) + column + np.arange(0, nodes * count, count)[:, None]
    return Entries(row, column, driven.take(at), added.clamp.take(at), laws.idle[row, 0, 0])


def longest(laws: Laws, added: Added, driven: FloatArray, stage: FloatArray) -> float:
    """Return the longest next step that takes no stage far into its clamp, s.

    Args:
        laws: Limits of the op-amps.
        added: What they add at the nodes of a step.
        driven: Rates of the stages at the end but for clamps, shape (m, 1, K), V/s.
        stage: Voltages of the stages there, same shape, V.
    """
    speed = np.sign(stage)
    speed *= driven if added.clamp is None else driven + added.clamp[:, -1:]
    left = (laws.swing - AHEAD * CLAMP_VOLTAGE) - np.abs(stage)
    np.maximum(left, WIDE * CLAMP_VOLTAGE, out=left)
    left /= np.maximum(speed, RESTING * laws.reach)
    return float(left.min(initial=np.inf))
