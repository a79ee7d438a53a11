"""Resting points of many circuits with all inputs at 0 V, limits of the op-amps included: `nonlinear/rest.py`, stacked.

At rest limits add next to nothing, so what they add is iterated a fixed number of times, for all circuits alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amc_circuits.engines.exact.nonlinear.rest import EXACT
from amc_circuits.engines.exact.stack.equations import StackedEquations
from netlists.record import FloatArray
from netlists.short_text import short_repr

ITERATIONS = 4


@dataclass(frozen=True)
class Rest:
    """Resting points of P circuits.

    Attributes:
        state: Coordinates, shape (P, n).
        added: Rates of stages and currents of outputs that limits add, shape (P, 2 m).
        known: Circuits whose resting points are found, shape (P,).
    """

    state: FloatArray
    added: FloatArray
    known: NDArray[np.bool_]

    __repr__ = short_repr


def resting(equations: StackedEquations) -> Rest:
    """Compute the resting points of all circuits."""
    system = equations.system
    places, m = np.arange(len(system.push)), system.count
    if not system.seen.rest.any():
        return Rest(np.zeros_like(system.drive), np.zeros((len(places), 2 * m)), np.ones(len(places), dtype=np.bool_))
    known, nowhere = system.seen.rest, np.zeros((1, 3 * m))
    seen = known
    for _ in range(ITERATIONS):
        before = seen
        added = system.laws.added(before[:, None], nowhere[..., : 2 * m])[0]
        state = system.still((added @ system.push)[:, 0])
        seen = known + equations.seen(state[:, None], added[..., m:], places)[:, 0]
    change = np.abs((seen - before) * system.laws.volts[:, 0]).max(axis=1)
    return Rest(state, added[:, 0], change < EXACT)
