"""First guess of what the limits add in a step: what they added in the step before goes on.

Quartics go on, of time in short steps. In long ones all decays, and they are quartics of `u = exp(-r t)`, with a rate r
near that of the slowest mode: a sum of decays is nearly one of them, and beyond the step it goes on to a limit, where
one of time runs away. They do not go on where a clamp draws a current. There the rate c that one side of it takes from
its stage, that of an idle clamp included, grows by a factor e with every 10 mV, V_c, until it is the rate a with which
the stage is driven, with the same share: `x' = a - c` and `c'/c = x'/V_c`, so that `u = 1/c` follows the linear
equation `V_c u' = 1 - a u`. For `y = u - 1/a`, what is left of an entry,

    y' = -(a/V_c) y - (1/a)'

and over halves of the times between nodes, with the mean of a in the exponential and a straight line for 1/a,

    y(t + d) = e^z y(t) - (1/a(t + d) - 1/a(t)) (e^z - 1)/z,    z = -d a/V_c

The quartic of a goes on. It is the rate by limited slewing and by the finite gain (docs/opamps.md).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from amc_circuits.engines.exact.nonlinear.laws import Added, Laws
from amc_circuits.engines.exact.nonlinear.method import LATER, NODES, interpolated
from amc_circuits.engines.exact.nonlinear.step.entry import Entries
from netlists.opamps.subcircuit import CLAMP_VOLTAGE
from netlists.record import FloatArray

LEAST = 1e-3
"""Least rate a, in units of `Laws.reach`: where a stage leaves its clamp, c falls by itself."""
LEAST_DECAY, MOST_DECAY = 0.02, 20.0
"""Least and largest decay over a step that is taken into account: below, quartics of time are as good."""
_DIAGONAL = np.arange(len(NODES))
_HALVES = np.sort(np.concatenate([NODES, (NODES[1:] + NODES[:-1]) / 2]))
_GAPS = np.diff(_HALVES)[:, None] / CLAMP_VOLTAGE


@lru_cache(maxsize=256)
def continuation(ratio: float, decay: float = 0.0) -> FloatArray:
    """Return the weights (5, 5) of a quartic at the nodes of a step `ratio` times as long as the one before.

    `decay`: r times the step before. A quartic of time goes on where it is 0 or small.
    """
    found = np.eye(len(NODES))[::-1].copy()  # the first is the end of the step before, to the last bit
    found[1:] = continuations(np.array([ratio]), np.array([decay]))[0]
    return found


def continuations(ratio: FloatArray, decay: FloatArray) -> FloatArray:
    """Return the weights at the later nodes of several steps, shape (P, 4, 5); ratios and decays have shape (P,)."""
    wanted, rate = 1 + LATER * ratio[:, None], np.minimum(decay, MOST_DECAY)[:, None]
    known = np.where(rate > LEAST_DECAY, np.expm1(-rate * NODES), NODES)
    wanted = np.where(rate > LEAST_DECAY, np.expm1(-rate * wanted), wanted)
    apart = known[:, :, None] - known[:, None]
    apart[:, _DIAGONAL, _DIAGONAL] = 1.0
    shares = 1 / ((wanted[:, :, None] - known[:, None]) * apart.prod(axis=2)[:, None])
    return np.asarray(shares / shares.sum(axis=2, keepdims=True))


@lru_cache(maxsize=64)
def _halved(ratio: float) -> FloatArray:
    """Return such weights at the nodes and in the middle between two, shape (9, 5)."""
    return np.ascontiguousarray(interpolated(1 + _HALVES * ratio).T)


def continued(laws: Laws, added: Added, entered: Entries | None, ratio: float, length: float, decay: float) -> Added:
    """Guess what the limits add at the last four nodes of a step.

    Args:
        laws: Limits of the op-amps.
        added: What they added at the five nodes of the step before.
        entered: Stages that entered their clamps in it.
        ratio: Length of the step in units of the one before.
        length: Length of the step, s.
        decay: r times the step before.
    """
    weights = continuation(ratio, decay)[1:]
    bent = np.matmul(weights, added.bent)
    if added.clamp is None:
        return Added(bent, None, added.stages)
    clamp = np.matmul(weights, added.clamp)
    if entered is not None:
        held = entered.clamp[-1]
        rate = _halved(ratio) @ entered.driven
        rate *= -np.sign(held)
        rate += entered.idle
        np.maximum(rate, LEAST * laws.reach[entered.row, 0, 0], out=rate)
        found = _entered(rate, np.abs(held) + entered.idle, length) - entered.idle
        clamp[entered.row, :, entered.column] = (found * np.sign(held)).T
    return Added(bent, clamp, added.stages)


def _entered(rate: FloatArray, held: FloatArray, length: float) -> FloatArray:
    """Return the rates of clamps at the last four nodes, shape (4, entries), V/s.

    Args:
        rate: Rates of the stages towards their clamps, at the nodes and between them, shape (9, entries), V/s.
        held: Rates of the clamps at the start, shape (entries,), V/s.
        length: Length of the step, s.
    """
    z = (rate[1:] + rate[:-1]) * (-length / 2 * _GAPS)
    still, grown = 1 / rate, np.expm1(z)
    turned = (still[1:] - still[:-1]) * (grown / z)
    # Two halves at once, from node to node.
    kept = 1 + grown
    found, shifts = kept[1::2] * kept[::2], turned[1::2] + kept[1::2] * turned[::2]
    left = 1 / held - still[0]
    for node, shift in zip(found, shifts, strict=True):
        node *= left
        node -= shift
        left = node
    found += still[2::2]
    return np.asarray(np.divide(1, found, out=found))
