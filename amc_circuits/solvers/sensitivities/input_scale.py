"""Input scale that follows the outputs: how it changes with the parts.

Where an op-amp would pass 0.8 of its swing, the inputs are made smaller by `0.8 swing / peak` (`solvers/streaming.py`).
At the peak the rate of change is 0, so that the time of the peak need not be differentiated. It must be found exactly
all the same: at a time beside it the derivative is another one.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.optimize import brentq

from amc_circuits.engines.exact.gradients.graded_panels import panels
from amc_circuits.engines.exact.gradients.settling import OneSlot
from amc_circuits.linear.adjoint import Adjoint, Points
from amc_circuits.linear.response import gauss
from netlists.record import FloatArray

NEAR = 0.8
"""Part of the largest sample from which another crest may be higher: between Gauss's points one rises by up to 15 %
(`engines/exact/crests.py`)."""
EXACT = 1e-12
"""Error of the time of a crest, in units of the distance of samples."""


def peak_points(slot: OneSlot, levels: FloatArray) -> tuple[float, float, Points]:
    """Return the largest output without load of any op-amp, V, the part of it at rest, V, and its points.

    Args:
        slot: Response to inputs that were not made smaller.
        levels: These inputs, shape (inputs,), V.
    """
    adjoint = slot.adjoint
    rows = np.concatenate([np.arange(adjoint.count)[adjoint.at[stage]] for stage in adjoint.linear.stages])
    steady = adjoint.steady(levels)[rows]
    height, time, row = max(_crests(slot, rows), key=lambda crest: abs(crest[0]))
    if np.abs(steady).max() >= abs(height):
        place = int(np.abs(steady).argmax())
        weights = _weights(adjoint, int(rows[place]), float(steady[place]))
        return float(abs(steady[place])), _at_rest(adjoint, weights), adjoint.of_steady(weights, levels)
    weights = _weights(adjoint, row, height)
    return abs(height), _at_rest(adjoint, weights), slot.points([(time, weights)])


def _crests(slot: OneSlot, rows: FloatArray) -> Iterator[tuple[float, float, int]]:
    """Yield height, V, time, s, and row of all crests that may be the largest one, and of the largest sample."""
    times = gauss(panels(slot.adjoint.response.values, (0.0, slot.corner, slot.slots.hold.stop)))[0].ravel()
    samples = slot.voltages(times)[:, rows]
    size = np.abs(samples)
    inner = (size[1:-1] >= size[:-2]) & (size[1:-1] >= size[2:]) & (size[1:-1] >= NEAR * size.max())
    time, place = divmod(int(size.argmax()), len(rows))
    yield float(samples[time, place]), float(times[time]), int(rows[place])
    for before, place in zip(*np.nonzero(inner), strict=True):
        row, (low, high) = int(rows[place]), (float(times[before]), float(times[before + 2]))
        if slot.row(row, low)[1] * slot.row(row, high)[1] < 0:
            at = float(brentq(lambda time, row=row: slot.row(row, time)[1], low, high, xtol=EXACT * (high - low)))
            yield slot.row(row, at)[0], at, row


def _weights(adjoint: Adjoint, row: int, height: float) -> FloatArray:
    """Return the weights of all rows of which the sum is the magnitude of one row."""
    weights = np.zeros(adjoint.count)
    weights[row] = np.sign(height)
    return weights


def _at_rest(adjoint: Adjoint, weights: FloatArray) -> float:
    return float(weights[: len(adjoint.linear.rest)] @ adjoint.linear.rest)
