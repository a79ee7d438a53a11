"""Input scale that follows the outputs: how it changes with the parts.

Where an op-amp would pass 0.8 of its swing, the inputs are made smaller by `0.8 swing / peak` (`solvers/streaming.py`).
At the peak the rate of change is 0, so that the time of the peak need not be differentiated.
"""

from __future__ import annotations

import numpy as np

from amc_circuits.engines.exact.gradients.graded_panels import panels
from amc_circuits.engines.exact.gradients.settling import OneSlot
from amc_circuits.linear.adjoint import Points
from amc_circuits.linear.response import gauss
from netlists.record import FloatArray


def peak_points(slot: OneSlot, levels: FloatArray) -> tuple[float, float, Points]:
    """Return the largest output without load of any op-amp, V, the part of it at rest, V, and its points.

    Args:
        slot: Response to inputs that were not made smaller.
        levels: These inputs, shape (inputs,), V.
    """
    adjoint = slot.adjoint
    rows = np.concatenate([np.arange(adjoint.count)[adjoint.at[stage]] for stage in adjoint.linear.stages])
    corners = (0.0, slot.corner, slot.slots.hold.stop)
    times = gauss(panels(adjoint.response.values, corners))[0].ravel()
    moving, steady = slot.voltages(times)[:, rows], adjoint.steady(levels)[rows]
    weights = np.zeros(adjoint.count)
    if np.abs(steady).max() >= np.abs(moving).max():
        place = int(np.abs(steady).argmax())
        weights[rows[place]] = np.sign(steady[place])
        at_rest = float(weights[: len(adjoint.linear.rest)] @ adjoint.linear.rest)
        return float(abs(steady[place])), at_rest, adjoint.of_steady(weights, levels)
    time, place = divmod(int(np.abs(moving).argmax()), len(rows))
    weights[rows[place]] = np.sign(moving[time, place])
    at_rest = float(weights[: len(adjoint.linear.rest)] @ adjoint.linear.rest)
    return float(abs(moving[time, place])), at_rest, slot.points([(float(times[time]), weights)])
