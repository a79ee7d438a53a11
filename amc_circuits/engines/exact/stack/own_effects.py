"""Effects of each op-amp's limits on its own drive and drop: `nonlinear/step/own_effects.py`, of many circuits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from amc_circuits.engines.exact.nonlinear.method import DEGREE
from amc_circuits.engines.exact.stack.system import StackedParts, products
from amc_circuits.engines.exact.stack.weights import Weights, swapped

NODES = np.arange(DEGREE)


class OwnEffectsOfMany:
    """Own effects in P circuits, each for the length of its step.

    Attributes:
        values: Effect at the last four nodes of what is added there at an op-amp on its drive, and of the current
            added at its output on its drop, per unit of the slope of the linear op-amp, shape (P, 4, 2 m).
    """

    def __init__(self, system: StackedParts) -> None:
        m = system.count
        self._first = system.poles.first
        read = system.seen.matrix[..., : 2 * m]
        push = system.push.transpose(0, 2, 1)
        self._own = read * push
        self._turning = read[:, self._first :] * swapped(system.push[..., self._first :]).transpose(0, 2, 1)
        places = np.arange(m)
        self._at_once = system.seen.pins[:, places, m + places]
        self._laws = system.laws
        self.values = np.zeros((len(read), DEGREE, 2 * m))

    def set(self, places: NDArray[np.int64], weights: Weights) -> None:
        """Work out the effects in some circuits from the weights of all."""
        found = products(weights.own[places[:, None], NODES, 2 + NODES], self._own, places)
        if self._turning.shape[1]:
            found += products(weights.turning[places[:, None], NODES, 2 + NODES], self._turning, places)
        found[..., self._at_once.shape[1] :] += self._at_once[places, None]
        self.values[places] = self._laws.part(places).slope * found
