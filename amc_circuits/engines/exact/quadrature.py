"""Integral of a power over slots by Gauss's rule, each slot from the step to its own end."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from amc_circuits.linear.response import GAUSS_NODES, GAUSS_WEIGHTS, gauss
from netlists.record import FloatArray

Power = Callable[[NDArray[np.int64], FloatArray], FloatArray]
"""Power at times of some slots: slot (C,) and times (C, T), s, to (C, T), W."""


def joules_until(last: FloatArray, panels: FloatArray, step: float, powers: FloatArray, power: Power) -> FloatArray:
    """Integrate a power from the step to the end of each slot, shape (K,), J.

    Args:
        last: Ends of the integrals, shape (K,), s.
        panels: Edges of panels in which the rule is exact enough, shape (P + 1,), s; the step is one, or before all.
        step: Time of the step, s.
        powers: Power at Gauss's points of all panels (`gauss`), eight or fewer a panel, shape (K, points P), W.
        power: Power at other times, for the panels that an integral ends in.
    """
    weights = gauss(panels, powers.shape[1] // (len(panels) - 1))[1]
    # By their middles, as the edge at the step is off by the rounding of a sum of lengths.
    counted = panels[:-1] + panels[1:] > 2 * step
    whole = np.where(counted & (panels[1:] <= last[:, None]), 1.0, 0.0)
    total = np.einsum("kp,kpg,pg->k", whole, powers.reshape(len(last), *weights.shape), weights)
    slot, panel = np.nonzero(counted & (panels[:-1] < last[:, None]) & (panels[1:] > last[:, None]))
    if slot.size:
        half = (last[slot] - panels[panel])[:, None] / 2
        rest = power(slot, panels[panel][:, None] + half * (1 + GAUSS_NODES))
        total[slot] += (rest * (half * GAUSS_WEIGHTS)).sum(axis=1)
    return np.asarray(total)
