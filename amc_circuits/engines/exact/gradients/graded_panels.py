"""Times and weights of integrals of products of a response and an adjoint response.

A response has fast modes after a corner of its inputs, an adjoint one before the time that it belongs to. So panels are
short at both ends of an interval and grow towards its middle. One of the two decays while the other one grows, but both
may ring, so that their product rings twice as fast.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from amc_circuits.linear.probes import Modal
from netlists.record import FloatArray

GONE = 24.0
"""Time constants after which a mode needs no panels of its own (e^-24 = 4e-11). A long panel weighs what remains by its
length, and modes that nearly cancel may be large: with 12 of them derivatives by output resistances erred by 1 %."""
PANEL = 8.0
"""Length of a panel in time constants of the fastest product of remaining modes. At this length Gauss's eight points
integrate an exponential to 4e-8: the remainder is 8^17 (8!)^4 / (17 (16!)^3)."""


def graded(values: Modal, start: float, stop: float) -> FloatArray:
    """Divide an interval into panels that are short at both ends, edges of shape (P + 1,), s."""
    half = (stop - start) / 2
    order = np.argsort(-np.real(values))
    speeds = np.maximum.accumulate(np.hypot(np.real(values), 2 * np.imag(values))[order])
    decays = np.maximum(-np.real(values[order]), np.finfo(float).tiny)
    steps = [0.0]
    while steps[-1] < half:
        left = max(1, int(np.searchsorted(decays * steps[-1], GONE, side="right")))
        steps.append(min(steps[-1] + PANEL / float(speeds[left - 1]), half))
        if half - steps[-1] < 1e-3 * half:
            steps[-1] = half
    rising = np.array(steps)
    return np.concatenate([start + rising[:-1], stop - rising[::-1]])


def panels(values: Modal, corners: Sequence[float]) -> FloatArray:
    """Divide the intervals between corners into panels, edges of shape (P + 1,), s."""
    inside = [graded(values, first, last)[:-1] for first, last in pairwise(corners)]
    return np.append(np.concatenate(inside), corners[-1])
