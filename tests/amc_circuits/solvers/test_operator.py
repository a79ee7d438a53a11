"""A programmed circuit is a linear operator of SciPy: its products are solves, and it preconditions."""

import numpy as np
import pytest
from scipy.sparse.linalg import LinearOperator, aslinearoperator, gmres

from amc_circuits import Device, InvCircuit, MvmCircuit, ParameterError, Status, UnusableSolutionError
from amc_circuits.solvers.least_squares.ginv import GinvCircuit
from tests.cases import spd_matrix, vector

EXACT = {"engine": "exact", "opamp": "single-pole"}
TOLERANCE = 1e-3
"""Relative error of a product; an open-loop gain of 1e5 leaves less."""


def iterations(matrix, wanted, **keywords):
    """Number of iterations of GMRES until the residual is 1e-8 of the right-hand side, and its solution."""
    norms = []
    found, failed = gmres(
        matrix, wanted, rtol=1e-8, restart=len(matrix), maxiter=10, callback=norms.append, callback_type="pr_norm",
        **keywords,
    )  # fmt: skip
    assert failed == 0
    return len(norms), found


def test_cells_of_eight_levels_precondition_gmres():
    """GMRES with an INV circuit of 8-level cells as M takes fewer iterations than without it, and than with Jacobi's.

    The unknowns of the SPD matrix have units apart by a factor of 30, so its condition number is above 1000.
    """
    units = np.geomspace(1, 30, 24)
    matrix, wanted = units[:, None] * spd_matrix(24, 5, 2) * units, vector(24, 2)
    assert np.linalg.cond(matrix) > 1000
    circuit = InvCircuit.program(matrix, device=Device(levels=8), scaling="diagonal", **EXACT)
    plain, _ = iterations(matrix, wanted)
    jacobi, _ = iterations(matrix, wanted, M=np.diag(1 / np.diag(matrix)))
    helped, found = iterations(matrix, wanted, M=circuit.as_linear_operator())
    assert helped < jacobi
    assert helped < plain
    assert found == pytest.approx(np.linalg.solve(matrix, wanted), rel=1e-4, abs=1e-8)


@pytest.mark.parametrize(
    ("circuit", "exact"),
    [
        (InvCircuit.program(spd_matrix(4, 5, 1), **EXACT), np.linalg.inv(spd_matrix(4, 5, 1))),
        (InvCircuit.program(np.eye(3) * (2 + 1j), **EXACT), np.eye(3) / (2 + 1j)),
        (MvmCircuit.program([[1.0, -0.5, 0.2], [0.3, 0.4, -1.0]], **EXACT), [[1.0, -0.5, 0.2], [0.3, 0.4, -1.0]]),
        (GinvCircuit.program([[1.0, 0.5], [0.5, 1.0], [0.3, 0.3]], **EXACT), None),
        (InvCircuit.program([[2.0, -0.5], [-0.5, 1.0]], opamp="single-pole"), np.linalg.inv([[2, -0.5], [-0.5, 1]])),
    ],
    ids=["INV", "complex INV", "MVM", "GINV", "ngspice"],
)
def test_products_are_those_of_the_exact_matrix(circuit, exact):
    """Shape, dtype, products with vectors and matrices, and sums of operators are those of the matrix."""
    exact = np.linalg.pinv(circuit.matrix) if exact is None else np.asarray(exact)
    operator = circuit.as_linear_operator()
    assert isinstance(operator, LinearOperator)
    assert (operator.shape, operator.dtype) == (exact.shape, exact.dtype)
    x = np.random.default_rng(0).uniform(-1, 1, (exact.shape[1], 2))
    for given in (x[:, 0], x[:, :1], x):
        wanted = exact @ given
        assert operator @ given == pytest.approx(wanted, abs=TOLERANCE * np.abs(wanted).max())
    both = operator + aslinearoperator(exact)
    assert both @ x[:, 0] == pytest.approx(2 * exact @ x[:, 0], abs=2 * TOLERANCE * np.abs(exact).max())
    assert not np.any(operator @ np.zeros(exact.shape[1]))


def test_an_unusable_solution_raises_unless_it_may_not():
    """Without `strict` the operator returns the value of the solution, nan where nothing settled."""
    unstable = InvCircuit.program([[-1.0, 0.2], [0.1, 2.0]], **EXACT)
    assert unstable.solve([1.0, 1.0]).status is Status.UNSTABLE
    with pytest.raises(UnusableSolutionError, match="UNSTABLE"):
        unstable.as_linear_operator() @ np.ones(2)
    assert np.isnan(unstable.as_linear_operator(strict=False) @ np.ones(2)).all()


def test_a_vector_of_another_length_is_refused():
    """SciPy checks the shape; entries are checked by the circuit."""
    operator = InvCircuit.program([[2.0, -0.5], [-0.5, 1.0]], **EXACT).as_linear_operator()
    with pytest.raises(ValueError, match="dimension mismatch"):
        operator @ np.ones(3)
    with pytest.raises(ParameterError, match="every entry must be finite"):
        operator @ np.array([np.nan, 1.0])
