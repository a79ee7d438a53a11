"""Parameters of one circuit: the plan takes circuits that have it, and none of it goes where it does not belong."""

import numpy as np
import pytest

from amc_circuits import UnusableSolutionError, plan
from amc_circuits.solvers.precision.statuses import CONVERGED
from amc_circuits.values.matrices import draw_matrix
from netlists import Conductors

QUICK = {"engine": "exact", "opamp": "single-pole"}


def drawn(family, size, condition):
    """A matrix with a right-hand side."""
    generator = np.random.default_rng(0)
    return draw_matrix(family, size, size, condition, generator), generator.uniform(-1, 1, size)


def check(result, matrix, b, bits=24):
    """The status is earned: NumPy's residual is below the wanted one."""
    assert result.status is CONVERGED
    assert np.linalg.norm(b - matrix @ result.value) <= 2.0**-bits * (1 + 1e-6) * np.linalg.norm(b)


def test_a_parameter_of_one_circuit_leaves_this_circuit():
    """A diagonal in resistors is that of INV, for a matrix that would go to GINV, and without a shift of its own."""
    matrix, b = drawn("random", 8, 3.0)
    made = plan(matrix + 3 * np.eye(8), levels=32, diagonal="resistors", **QUICK)
    assert made.probe.layout.circuit == "inv"
    check(made.solve(b), matrix + 3 * np.eye(8), b)
    positive = matrix.copy()
    np.fill_diagonal(positive, 1e-3)
    with pytest.raises(UnusableSolutionError) as found:
        plan(positive, diagonal="resistors", **QUICK)
    assert "INV" in str(found.value) and "GINV" not in str(found.value)
    definite, _ = drawn("spd", 16, 30.0)
    with pytest.raises(UnusableSolutionError, match="no circuit of the plan solves"):
        plan(definite, diagonal="resistors", max_cycles=1, **QUICK)


def test_ginv_of_a_definite_matrix_takes_no_shift():
    """It has no eigenvalues to keep above 0; the reason is that of the loop."""
    matrix, _ = drawn("spd", 6, 10.0)
    with pytest.raises(UnusableSolutionError, match=r"GINV.*OUT_OF_CYCLES"):
        plan(matrix, circuit="ginv", max_cycles=1, **QUICK)


def test_slices_leave_the_parameters_of_the_inverse():
    """A diagonal in resistors and conductances of INV and GINV are none of the circuits that multiply."""
    matrix, b = drawn("spd", 4, 3.0)
    for own in ({"diagonal": "resistors"}, {"circuit": "ginv", "feedback_conductance": 1e-3}):
        made = plan(matrix, levels=32, residual="slices", bits=16, **own, **QUICK)
        alone = plan(matrix, levels=32, residual="slices", bits=16, **QUICK)
        for one, other in zip(made.product.circuits, alone.product.circuits, strict=True):
            for part, same in zip(one.circuit.of(Conductors), other.circuit.of(Conductors), strict=True):
                np.testing.assert_array_equal(part.siemens, same.siemens)
        check(made.solve(b), matrix, b, 16)
