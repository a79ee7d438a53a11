"""One sample of every registered circuit: what tests that hold all of them take it from."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from amc_circuits.cases.circuits import OURS
from tests.cases import Array, spd_matrix, vector
from tests.kirchhoff import Rest, ginv_at_rest, inv_at_rest, mvm_at_rest


@dataclass(frozen=True)
class Sample:
    """A circuit and its judges.

    Attributes:
        name: Name of the circuit.
        matrix: Programmed matrix.
        vector: A right-hand side.
        at_rest: The same circuit at rest by Kirchhoff's laws, written by hand.
        exact: NumPy's answer.
        bound: Bound on the answer's relative error with ideal wires and a gain of 1e5.
    """

    name: str
    matrix: Array
    vector: Array
    at_rest: Callable[[Any, Array], Rest]
    exact: Callable[[Array, Array], Array]
    bound: float

    def program(self, **fields):
        """The circuit, programmed."""
        return OURS[self.name].load().program(self.matrix, **fields)


def _least_squares(matrix: Array, right: Array) -> Array:
    return np.linalg.lstsq(matrix, right)[0]


def _product(matrix: Array, right: Array) -> Array:
    return np.asarray(matrix @ right)


POSITIVE = np.random.default_rng(3).uniform(0.05, 1, (5, 3))
OBLONG = np.random.default_rng(2).uniform(-1, 1, (4, 3))
LOPSIDED = spd_matrix(4, 6, 1) + 0.05 * np.triu(np.random.default_rng(4).uniform(-1, 1, (4, 4)), 1)
"""Not symmetric: in a symmetric one word and bit lines may be exchanged."""
SAMPLES = (
    Sample("inv", LOPSIDED, vector(4, 1), inv_at_rest, np.linalg.solve, 1e-3),
    Sample("mvm", OBLONG, vector(3, 2), mvm_at_rest, _product, 1e-3),
    Sample("ginv", POSITIVE, vector(5, 3), ginv_at_rest, _least_squares, 5e-3),
)
