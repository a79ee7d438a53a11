"""Both linear solvers on the same systems; the circuit's answers come from the real simulator."""

import numpy as np
import pytest

from amc_circuits import InvCircuit, ParameterError
from optimizer.linear_solver import ARRAY_LIMIT, SOLVERS, Cholesky, InvCircuitSolver, SolveError, check_circuit
from optimizer.model import build_model, check_widths
from optimizer.settings import CircuitSettings, ConvolutionShape
from tests.cases import spd_matrix
from tests.comparators import assert_close

CIRCUIT = CircuitSettings(opamp="single-pole")


def test_the_table_names_both_solvers():
    """Each name of the table makes a solver; only the circuit has a largest array."""
    made = {name: make(CIRCUIT) for name, make in SOLVERS.items()}
    assert made["cholesky"].largest is None
    assert made["inv-circuit"].largest == ARRAY_LIMIT == 128


def test_cholesky_solves_and_costs_nothing():
    """The answer is that of a dense solve; there is no simulated time and no energy."""
    matrix, b = spd_matrix(7, 30, 0), np.random.default_rng(0).standard_normal((7, 3))
    solver = Cholesky()
    result = solver.compute(solver.init(matrix), b)
    assert_close(result.value, np.linalg.solve(matrix, b), relative=1e-9)
    assert (result.simulated_seconds, result.joules, result.relative_error) == (0.0, None, 0.0)


@pytest.fixture(scope="module")
def inverted():
    """A 6 x 6 matrix and what the macro op-amps' circuit makes of the identity."""
    matrix, solver = 5.0 * spd_matrix(6, 4, 1), InvCircuitSolver(CircuitSettings())
    return matrix, solver.compute(solver.init(matrix), np.eye(6))


def test_the_circuit_inverts(inverted):
    """The circuit's inverse is within 0.1 % of NumPy's, and the reported error is the distance to it."""
    matrix, result = inverted
    wanted = np.linalg.inv(matrix)
    error = np.linalg.norm(result.value - wanted) / np.linalg.norm(wanted)
    assert 0 < error < 1e-3
    assert result.relative_error == pytest.approx(error, rel=1e-6)


def test_the_circuit_reports_what_it_took(inverted):
    """Every column has a settling time; their sum is the simulated time; op-amps with supply pins have an energy."""
    _, result = inverted
    assert result.settling_times.shape == (6,)
    assert (result.settling_times > 0).all()
    assert result.simulated_seconds == pytest.approx(result.settling_times.sum(), rel=1e-12)
    assert result.joules > 0
    assert set(result.statuses) == {"settled"}


def test_what_the_circuit_answers_is_what_comes_back():
    """With coarse conductances the answer is wrong, and it is handed on as it is: no digital inverse replaces it."""
    matrix = np.abs(spd_matrix(5, 3, 2))
    settings = CIRCUIT.model_copy(update={"g_min": 20e-6})
    solver = InvCircuitSolver(settings)
    result = solver.compute(solver.init(matrix), np.eye(5))
    direct = InvCircuit.program(matrix, opamp="single-pole", g_min=20e-6).solve(np.eye(5))
    assert result.relative_error > 0.02
    assert np.array_equal(result.value, direct.value)


def test_op_amps_without_supply_pins_have_no_energy():
    """The single-pole op-amp has no supply, so the energy is unknown, not 0."""
    solver = InvCircuitSolver(CIRCUIT)
    assert solver.compute(solver.init(spd_matrix(3, 2, 3)), np.eye(3)).joules is None


def test_an_unstable_circuit_is_an_error():
    """A negative definite matrix makes the loop grow; the error names the status and the mend."""
    solver = InvCircuitSolver(CIRCUIT)
    with pytest.raises(SolveError, match=r"3 of 3 .* UNSTABLE .*raise the damping"):
        solver.compute(solver.init(-spd_matrix(3, 2, 4)), np.eye(3))


def test_a_factor_wider_than_an_array_is_refused():
    """The model is refused before any training, naming stage, factor and width; without a limit it passes."""
    model = build_model((28, 28), (ConvolutionShape(channels=6, kernel=5, pool=2),), 10)
    with pytest.raises(ParameterError, match="a_factor of dense is 1177 wide"):
        check_widths(model, ARRAY_LIMIT)
    check_widths(model, None)


def test_circuit_settings_are_checked_without_a_simulation():
    """An op-amp or an engine that there is not, and swapped conductances, are found before any training."""
    with pytest.raises(ParameterError, match="ad999"):
        check_circuit("inv-circuit", CircuitSettings(opamp="ad999"))
    with pytest.raises(ParameterError, match="xyce"):
        check_circuit("inv-circuit", CircuitSettings(engine="xyce"))
    with pytest.raises(ParameterError, match="g_m"):
        check_circuit("inv-circuit", CircuitSettings(g_min=1e-3))
    check_circuit("cholesky", CircuitSettings(opamp="ad999"))
