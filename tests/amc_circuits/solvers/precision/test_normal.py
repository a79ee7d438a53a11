"""Normal equations: exact conversions against NumPy, and the circuit against its algebra."""

import numpy as np
import pytest

from amc_circuits import ParameterError, Status
from amc_circuits.solvers.precision.normal import NormalCircuit, NormalProblem
from netlists import SinglePoleOpAmp


@pytest.fixture(params=[(7, 3), (3, 7)], ids=["tall", "wide"])
def matrix(request):
    """A complex matrix with columns and rows of several sizes."""
    generator = np.random.default_rng(1)
    sizes = 10.0 ** generator.uniform(-2, 2, min(request.param))
    found = generator.standard_normal(request.param) + 1j * generator.standard_normal(request.param)
    return found * sizes if request.param[0] > request.param[1] else sizes[:, None] * found


@pytest.mark.parametrize("ridge", [0.0, 0.3])
def test_the_system_has_the_answer_of_numpy(matrix, ridge):
    """What solves the loop's system is the user's x after the way back; factors are powers of two."""
    problem = NormalProblem.of(matrix, ridge, True)
    vectors = np.random.default_rng(2).standard_normal((len(matrix), 2)) + 0j
    columns = problem.columns(vectors)
    loop = np.linalg.solve(problem.product(np.eye(problem.size)), columns)
    adjoint = matrix.conj().T
    if matrix.shape[0] > matrix.shape[1]:
        wanted = np.linalg.solve(adjoint @ matrix + ridge * np.eye(3), adjoint @ vectors)
    else:
        wanted = adjoint @ np.linalg.solve(matrix @ adjoint + ridge * np.eye(3), vectors)
    np.testing.assert_allclose(problem.values(loop, 2), wanted, rtol=1e-7)
    np.testing.assert_allclose(problem.reference(vectors), wanted, rtol=1e-7)
    np.testing.assert_array_equal(np.log2(problem.factors), np.rint(np.log2(problem.factors)))


@pytest.mark.parametrize("ridge", [0.0, 2.0])
def test_the_circuit_solves_the_normal_equation(ridge):
    """At a gain of 1e9 at rest; with usual op-amps its transient settles there, too."""
    generator = np.random.default_rng(3)
    tall, g = generator.standard_normal((6, 3)), generator.standard_normal((3, 2))
    wanted = np.linalg.solve(tall.T @ tall + ridge * np.eye(3), g)
    ideal = SinglePoleOpAmp(open_loop_gain=1e9, gbwp=100e6)
    for own in ({}, {"input_conductance": 3e-5}):
        circuit = NormalCircuit.program(tall.T, opamp=ideal, ridge=ridge, **own)
        np.testing.assert_allclose(circuit.steady(g), wanted, rtol=1e-6)
    solution = NormalCircuit.program(tall.T, engine="exact", ridge=ridge).solve(g)
    assert solution.status is Status.SETTLED
    np.testing.assert_allclose(solution.value, wanted, rtol=2e-2, atol=1e-2 * np.abs(wanted).max())
    assert max(solution.residual) < 0.02


@pytest.mark.parametrize("turned", [False, True], ids=["tall", "wide"])
def test_units_of_columns_do_not_decide_the_rank(turned):
    """A column in other units is no column that depends on the others; without scaling the circuit sees one."""
    tall = np.random.default_rng(4).standard_normal((5, 3)) * np.array([1.0, 1e-20, 1e15])
    matrix = tall.T if turned else tall
    assert np.linalg.matrix_rank(matrix) < 3
    assert np.linalg.matrix_rank(NormalProblem.of(matrix, 0.0, True).held) == 3
    with pytest.raises(ParameterError, match="needs rank 3"):
        NormalProblem.of(matrix, 0.0, False)


def test_dependent_columns_need_a_ridge():
    """The error names the rank and the mend."""
    with pytest.raises(ParameterError, match=r"rank 1.*needs rank 2; add a ridge"):
        NormalProblem.of(np.ones((3, 2)), 0.0, True)
