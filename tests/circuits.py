"""One sample of every registered circuit: what tests that hold all of them take it from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from sklearn.linear_model import Lasso

from amc_circuits.cases.circuits import OURS
from netlists import Source
from tests.cases import Array, spd_matrix, vector
from tests.kirchhoff import (
    Rest,
    cascade_at_rest,
    egv_at_rest,
    egv_compensated_at_rest,
    ginv_at_rest,
    inv_at_rest,
    inv_compensated_at_rest,
    mvm_at_rest,
    mvm_compensated_at_rest,
)
from tests.kirchhoff_recovery import recover_at_rest


@dataclass(frozen=True)
class Sample:
    """A circuit and its judges.

    Attributes:
        name: Name of the circuit.
        matrix: Programmed matrix.
        vector: A right-hand side; None for a circuit that takes none, and grows.
        at_rest: The same circuit at rest by Kirchhoff's laws, written by hand.
        exact: NumPy's answer.
        bound: Bound on the answer's relative error with ideal wires and a gain of 1e5.
        fields: Keywords with which it is programmed, besides those of a test.
        linear: False for a circuit with limiters.
    """

    name: str
    matrix: Array
    vector: Array | None
    at_rest: Callable[[Any, Array], Rest]
    exact: Callable[[Array, Array], Array]
    bound: float
    fields: Mapping[str, Any] = field(default_factory=dict)
    linear: bool = True

    @property
    def label(self) -> str:
        """Its name, with its topology if that is not the default."""
        return " ".join(
            [self.name, *(value for name, value in self.fields.items() if name in ("topology", "diagonal"))]
        )

    def program(self, **fields):
        """The circuit, programmed."""
        return OURS[self.name].load().program(self.matrix, **self.fields, **fields)

    def driven(self, **fields):
        """The programmed circuit's record with inputs for all its sources, and voltages (inputs, 1) for them.

        What grows has no input but its pulse, which is held here.
        """
        solver = self.program(**fields)
        if self.vector is not None:
            return solver.circuit, solver.input_levels(solver.system.columns(self.vector[:, None]))[0]
        pulse, *grounds = solver.circuit.sources
        size = solver.circuit.groups[pulse.group]
        still = (Source(one.group, np.zeros((solver.circuit.groups[one.group], size))) for one in grounds)
        return replace(solver.circuit, sources=(Source(pulse.group), *still)), vector(size, 5)[:, None]


def _least_squares(matrix: Array, right: Array) -> Array:
    return np.linalg.lstsq(matrix, right)[0]


def _ridge(matrix: Array, right: Array) -> Array:
    return np.asarray(matrix.T @ np.linalg.solve(matrix @ matrix.T + RIDGE * np.eye(len(matrix)), right))


def _product(matrix: Array, right: Array) -> Array:
    return np.asarray(matrix @ right)


def _dominant(matrix: Array, _: Array) -> Array:
    return np.asarray(np.linalg.eig(matrix)[1][:, 0].real)


def _smallest(matrix: Array, _: Array) -> Array:
    return np.asarray(np.linalg.eig(matrix)[1][:, -1].real)


def _sparse(matrix: Array, right: Array) -> Array:
    """Scikit-learn's answer with the penalty of the sample."""
    penalty = SPARSE["weight"] * np.abs(matrix).max() * np.abs(right).max()
    fit = Lasso(alpha=penalty / len(matrix), fit_intercept=False, tol=1e-14, max_iter=10**6).fit(matrix, right)
    return np.asarray(fit.coef_)


POSITIVE = np.random.default_rng(3).uniform(0.05, 1, (5, 3))
OBLONG = np.random.default_rng(2).uniform(-1, 1, (4, 3))
WIDE = np.random.default_rng(25).uniform(-1, 1, (3, 4))
"""Its rows and columns need compensating cells at both inputs."""
TALL = np.random.default_rng(5).uniform(-1, 1, (5, 3))
RIDGE = 0.2
LOPSIDED = spd_matrix(4, 6, 1) + 0.05 * np.triu(np.random.default_rng(4).uniform(-1, 1, (4, 4)), 1)
"""Not symmetric: in a symmetric one word and bit lines may be exchanged."""
STEEP = np.array([[0.5, -1.0, -0.9, -0.8], [0.1, 0.8, 0.1, 0.2], [0.05, -0.1, 0.6, 0.1], [0.1, 0.2, -0.1, 0.9]])
"""Its first row needs compensating cells at the inverting input, the others at the non-inverting one."""
COMPENSATED = {"topology": "compensated"}
SMALL_FEEDBACK = COMPENSATED | {"feedback_conductance": 3e-5}
"""Less than some rows of the negative array, so that both inputs need compensating cells."""
SKEW = np.random.default_rng(20).uniform(-1, 1, (3, 4))
"""Both circuits of a cascade need compensating cells at both inputs."""
SMALL_CASCADE = SMALL_FEEDBACK | {"input_conductance": 2e-5}
SPARSE = {"weight": 0.02, "dead_zone": 0.05, "feedback_conductance": 3e-5}
RESISTORS = {"diagonal": "resistors"}
SMALLEST = COMPENSATED | {"eigenvector": "smallest"}
SAMPLES = (
    Sample("inv", LOPSIDED, vector(4, 1), inv_at_rest, np.linalg.solve, 1e-3),
    Sample("mvm", OBLONG, vector(3, 2), mvm_at_rest, _product, 1e-3),
    Sample("inv", STEEP, vector(4, 1), inv_compensated_at_rest, np.linalg.solve, 1e-3, COMPENSATED),
    Sample("inv", LOPSIDED, vector(4, 1), inv_at_rest, np.linalg.solve, 1e-3, RESISTORS),
    Sample("mvm", OBLONG, vector(3, 2), mvm_compensated_at_rest, _product, 1e-3, SMALL_FEEDBACK),
    Sample("cascade", WIDE, vector(3, 6), cascade_at_rest, _ridge, 2e-3, RESISTORS | {"ridge": RIDGE}),
    Sample("cascade", SKEW, vector(3, 6), cascade_at_rest, _least_squares, 5e-3, SMALL_CASCADE),
    Sample("egv", LOPSIDED, None, egv_at_rest, _dominant, 1e-3),
    Sample("egv", LOPSIDED, None, egv_compensated_at_rest, _dominant, 1e-3, COMPENSATED),
    Sample("egv", LOPSIDED, None, egv_compensated_at_rest, _smallest, 1e-3, SMALLEST),
    Sample("ginv", POSITIVE, vector(5, 3), ginv_at_rest, _least_squares, 5e-3),
    Sample("ginv", TALL, vector(5, 3), ginv_at_rest, _least_squares, 5e-3, {"feedback_conductance": 4e-4}),
    Sample("ginv", TALL.T, vector(3, 4), ginv_at_rest, _ridge, 1e-3, COMPENSATED | {"ridge": RIDGE}),
    Sample("recover", WIDE, vector(3, 5), recover_at_rest, _sparse, 1e-3, SPARSE, linear=False),
)
