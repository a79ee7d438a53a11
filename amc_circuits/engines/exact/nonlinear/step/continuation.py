"""First guess of what the limits add in a step: what they added in the step before goes on.

Quartics go on, but not where a clamp draws a current. There the rate c that it takes from its stage grows by a factor e
with every 10 mV, V_c, until it is the rate a with which the stage is driven: `x' = a - c` and `c'/c = x'/V_c`, so that
`u = 1/c` follows the linear equation `V_c u' = 1 - a u`. For `y = u - 1/a`, what is left of an entry,

    y' = -(a/V_c) y - (1/a)'

and from node to node, with the mean of a in the exponential and a straight line for 1/a,

    y(t + d) = e^z y(t) - (1/a(t + d) - 1/a(t)) (e^z - 1)/z,    z = -d a/V_c

a follows from the drive, whose quartic goes on: `a = SR tanh(drive/SR)` less the leak of the stage, w_T/A0 times its
voltage, which is about the swing (docs/opamps.md).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from amc_circuits.engines.exact.nonlinear.laws import Added, Laws
from amc_circuits.engines.exact.nonlinear.method import NODES, interpolated
from netlists.opamps.subcircuit import CLAMP_VOLTAGE
from netlists.record import FloatArray

EARLY = 1e-3
"""Least difference of a and c at the start of the step before, in units of the slew rate, at which a stage enters its
clamp. Behind it c follows a, and its own quartic is nearer: that of the drive multiplies what iterations have left."""
LEAST = 1e-3
"""Least rate a, in units of the slew rate: where a stage leaves its clamp, c falls by itself."""
_GAPS = np.diff(NODES)[:, None] / CLAMP_VOLTAGE


@lru_cache(maxsize=64)
def continuation(ratio: float) -> FloatArray:
    """Return the weights (5, 5) of a quartic at the nodes of a step `ratio` times as long as the one before."""
    found = np.ascontiguousarray(interpolated(1 + NODES * ratio).T)
    found[0] = 0.0, 0.0, 0.0, 0.0, 1.0  # to the last bit
    return found


def continued(laws: Laws, added: Added, drives: FloatArray, ratio: float, length: float) -> Added:
    """Guess what the limits add at the last four nodes of a step.

    Args:
        laws: Limits of the op-amps.
        added: What they added at the five nodes of the step before.
        drives: Drives of the stages there, shape (m, 5, K), V/s.
        ratio: Length of the step in units of the one before.
        length: Length of the step, s.
    """
    weights = continuation(ratio)
    bent = np.matmul(weights[1:], added.bent)
    if added.clamp is None:
        return Added(bent, None, added.stages)
    clamp = np.matmul(weights[1:], added.clamp)
    slew_rate, taken = laws.slew_rate[:, 0], np.abs(added.clamp[:, 0])
    entering = np.abs(slew_rate * np.tanh(np.abs(drives[:, 0]) / slew_rate) - taken) > EARLY * slew_rate
    entering &= np.abs(added.clamp[:, -1]) > laws.least_clamp[:, 0]
    row, column = np.nonzero(entering)
    if row.size:
        drive, held = weights @ drives[row, :, column].T, added.clamp[row, -1, column]
        clamp[row, :, column] = _entered(laws, row, held, drive, length).T
    return Added(bent, clamp, added.stages)


def _entered(laws: Laws, row: NDArray[np.int64], held: FloatArray, drive: FloatArray, length: float) -> FloatArray:
    """Return the rates of clamps at the last four nodes, shape (4, entries), V/s.

    Args:
        laws: Limits of the op-amps.
        row: Op-amp of each entry.
        held: Rates of the clamps at the start, V/s, shape (entries,).
        drive: Drives of the stages at the five nodes, shape (5, entries), V/s.
        length: Length of the step, s.
    """
    slew_rate, leak, sign = laws.slew_rate[row, 0, 0], laws.leak[row, 0, 0], -np.sign(held)
    rate = sign * slew_rate * np.tanh(drive / slew_rate) - leak
    np.maximum(rate, LEAST * slew_rate, out=rate)
    z = (rate[1:] + rate[:-1]) * (-length / 2 * _GAPS)
    still, grown = 1 / rate, np.expm1(z)
    turned = (still[1:] - still[:-1]) * (grown / z)
    left, found = 1 / np.abs(held) - still[0], np.empty_like(z)
    for node in range(len(z)):
        left = left + left * grown[node] - turned[node]
        found[node] = left
    found += still[1:]
    return np.asarray(-sign / found)
