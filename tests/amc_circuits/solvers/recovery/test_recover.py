"""Sparse recovery against scikit-learn, the optimality conditions, and Kirchhoff's laws at finite gain."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from amc_circuits import NgspiceEngine, ParameterError, RecoverCircuit
from amc_circuits.solvers.recovery import lasso as reference
from amc_circuits.solvers.recovery.lasso import lasso, violation
from netlists import SinglePoleOpAmp, preset
from tests.comparators import assert_close
from tests.lasso import problem, scikit


def programmed(matrix, gain=1e5, **fields):
    """A circuit of ideal cells without a floor worth mentioning, and one-pole op-amps."""
    opamp = SinglePoleOpAmp(open_loop_gain=gain, gbwp=100e6)
    return RecoverCircuit.program(matrix, **{"opamp": opamp, "g_min": 1e-9, **fields})


@pytest.mark.parametrize("shape", [(8, 16, 2), (6, 6, 3), (12, 4, 2)], ids=["wide", "square", "tall"])
@pytest.mark.parametrize("weight", [0.01, 0.1])
def test_the_reference_is_scikit_learns(shape, weight):
    """And it fulfils the optimality conditions to rounding."""
    matrix, y = problem(*shape, seed=5)
    penalty = weight * np.abs(matrix.T @ y).max()
    found = lasso(matrix, y, penalty)
    assert violation(matrix, found, y, penalty) < 1e-11
    assert_close(found, scikit(matrix, y, penalty), absolute=1e-9)


def test_a_reference_that_is_not_optimal_is_refused(monkeypatch):
    """Where the sweeps end too early."""
    matrix, y = problem(3, 5, 1, seed=1)
    monkeypatch.setattr(reference, "SWEEPS", 0)
    with pytest.raises(ParameterError, match=r"weight: .* not optimal"):
        lasso(matrix, y, 0.1 * np.abs(matrix.T @ y).max())


def test_a_violation_is_that_of_algebra():
    """One entry of 1, F of 1 x 2: `g = F (y - x)` is 2 and 1 for y = 3 and x = (1, 0)."""
    matrix, y = np.array([[1.0, 0.5]]), np.array([3.0])
    assert violation(matrix, np.array([1.0, 0.0]), y, 2.0) == 0
    assert violation(matrix, np.array([1.0, 0.0]), y, 0.8) == pytest.approx(1.2 / 0.8)
    assert violation(matrix, np.zeros(2), y, 3.0) == 0


@cache
def solved(seed):
    """Circuit, right-hand side and solution of an 8 x 16 problem."""
    matrix, y = problem(8, 16, 2, seed)
    circuit = programmed(matrix, weight=0.2, engine="exact" if seed else "ngspice")
    return circuit, y, circuit.solve(y)


@pytest.mark.parametrize("seed", range(3))
def test_the_answer_is_that_of_lasso(seed):
    """Within 5e-3 and with the same support; the optimality conditions hold to 1e-3 lambda and the finite gain.

    The first is solved by ngspice, the others by the exact engine.
    """
    circuit, y, solution = solved(seed)
    penalty, design = circuit.penalties(y[:, None])[0], circuit.design
    wanted = scikit(circuit.matrix, y, penalty)
    assert solution.status.name == "SETTLED"
    assert np.linalg.norm(solution.value - wanted) < 5e-3 * np.linalg.norm(wanted)
    assert (np.sign(solution.value) == np.sign(np.where(np.abs(wanted) > 1e-9, wanted, 0))).all()
    # The gain lets `S q/A0` remain at a column; e is off by `S/(A0 G_f)` of itself, and so are its products.
    rows, columns = sums(design)
    largest = np.abs(solution.value).max() * circuit.mapping.alpha * circuit.settings.input_voltage / np.abs(y).max()
    gain = columns.max() * (largest + design.dead_zone) / 1e5 / (design.leak_conductance * design.dead_zone)
    assert solution.residual < 1e-3 + gain + rows.max() / design.feedback_conductance / 1e5
    assert solution.figures["support_differences"] == 0
    assert solution.figures["nonzeros"] == (solution.value != 0).sum()
    assert solution.settling_time < solution.predicted_settling_time


def sums(design):
    """Sums of conductances at the inputs of row and of column amplifiers, S."""
    rows = design.conductance.sum(axis=1) + design.input_conductance + design.feedback_conductance
    rows = rows + (0 if design.balance_rows_inverting is None else design.balance_rows_inverting.sum(axis=1))
    columns = design.conductance_transposed.sum(axis=1) + design.leak_conductance
    return rows, columns + design.balance_columns_noninverting.sum(axis=1)


@pytest.mark.parametrize("sign", ["signed", "unsigned"])
@pytest.mark.parametrize("gain", [1e3, 1e5])
def test_finite_gain_has_a_closed_form(sign, gain):
    """`F^T W (G_in v - F x) = G_l clip(q) + S_c q/A0` and W = 1/(G_f + S_r/A0): every connection and sign is in it."""
    matrix, y = problem(6, 9, 3, seed=2)
    matrix, fields = (matrix, {}) if sign == "signed" else (np.abs(matrix), {"pair": "never"})
    solver = programmed(matrix, gain, weight=0.1, **fields)
    circuit, design, levels = solver.circuit, solver.design, 0.1 * y[:, None] / np.abs(y).max()
    engine, both = NgspiceEngine(), replace(circuit, outputs="q")
    x, q = (engine.rest(engine.init(one), levels)[:, 0] for one in (circuit, both))
    assert_close(x, q - np.clip(q, -design.dead_zone, design.dead_zone), absolute=1e-9 * np.abs(q).max())
    assert 0 < np.count_nonzero(x) < 9
    held = design.conductance - (0 if design.conductance_negative is None else design.conductance_negative)
    rows, columns = sums(design)
    error = (design.input_conductance * levels[:, 0] - held @ x) / (design.feedback_conductance + rows / gain)
    drawn = design.leak_conductance * np.clip(q, -design.dead_zone, design.dead_zone) + columns * q / gain
    assert_close(held.T @ error, drawn, absolute=1e-9 * np.abs(drawn).max())


def test_auto_is_exact_and_checked_by_ngspice():
    """Without a simulation but that of the sample, whose waveform is the same."""
    matrix, y = problem(4, 6, 2, seed=1)
    found = programmed(matrix, weight=0.2, engine="auto", cross_check=1.0).solve(y)
    assert found.engines == ("exact",) and found.cross_checked == 1
    assert 0 < found.largest_difference < 2e-3


def test_the_error_falls_with_the_gain():
    """As 1/A0, to the optimality conditions and to the minimum."""
    _, y, coarse = solved(0)
    fine = programmed(solved(0)[0].matrix, 1e6, weight=0.2).solve(y)
    assert fine.relative_error < 0.2 * coarse.relative_error
    assert fine.residual < 0.2 * coarse.residual


def test_a_large_lambda_gives_zero():
    """No output passes its dead zone once lambda is at least `max|F^T y|`, here with 1 % to spare."""
    matrix, y = problem(5, 8, 2, seed=3)
    weight = 1.01 * np.abs(matrix.T @ y).max() / (np.abs(matrix).max() * np.abs(y).max())
    solution = programmed(matrix, weight=weight).solve(y)
    assert solution.status.name == "SETTLED"
    assert (solution.value == 0).all() and solution.relative_error == 0
    assert (programmed(matrix, weight=0.9 * weight).solve(y).value != 0).any()


def test_lambda_follows_every_right_hand_side():
    """It is relative to max|y|, so answers are proportional; columns of a matrix are independent."""
    matrix, y = problem(5, 8, 2, seed=3)
    both = programmed(matrix).solve(np.column_stack([y, -1e3 * y]))
    assert both.value[:, 1] == pytest.approx(-1e3 * both.value[:, 0], abs=1e-3 * np.abs(both.value).max())
    assert np.shape(both.residual) == (2,)


def test_an_amplifier_beyond_its_range_is_a_status():
    """The scale of the inputs sets lambda, so that it is not reduced."""
    matrix, y = problem(5, 8, 2, seed=3)
    solution = programmed(matrix, opamp=preset("cmos-100meg"), input_voltage=0.5).solve(y)
    assert solution.status.name == "BEYOND_SWING"
    assert all(attempt.why != "output scale reduced" for attempt in solution.attempts[0])
    assert programmed(matrix, opamp=preset("cmos-100meg"), input_voltage=0.02).solve(y).usable


def test_low_second_poles_make_it_unstable():
    """With every output beyond its dead zone poles grow where the second pole is a third below the limit."""
    matrix, _ = problem(5, 8, 2, seed=3)
    opamp = preset("cmos-100meg").replace(second_pole=1e9)
    limit = programmed(matrix, opamp=opamp).limits()["lowest_second_pole", "Hz"][0].value
    assert programmed(matrix, opamp=opamp.replace(second_pole=1.2 * limit)).stability.stable
    assert not programmed(matrix, opamp=opamp.replace(second_pole=limit / 1.5)).stability.stable


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"weight": 0.0}, "weight: got 0"),
        ({"weight": -1.0}, "weight: got -1"),
        ({"dead_zone": 0.0}, "dead_zone: got 0"),
        ({"dead_zone": 2.0, "opamp": preset("cmos-100meg")}, "below the swing"),
        ({"fixed_scale": True}, "sets lambda"),
        ({"scaling": "diagonal"}, "another penalty"),
        ({"feedback_conductance": 0.0}, "feedback_conductance"),
    ],
)
def test_bad_parameters_are_refused(fields, words):
    """In one line that names them."""
    with pytest.raises(ParameterError, match=words) as caught:
        programmed(problem(3, 5, 1, seed=1)[0], **fields)
    assert "\n" not in str(caught.value)


def test_bad_numbers_are_refused():
    """Zeros and complex numbers as y, a complex F, and what only a linear circuit has."""
    matrix, y = problem(3, 5, 1, seed=1)
    circuit = programmed(matrix)
    zeros = [(np.zeros(3, kind), "y: got zeros") for kind in (float, int, bool, complex)]
    for wrong, words in (*zeros, (y + 1j, "y: got complex"), (y[:2], "y: got shape")):
        with pytest.raises(ParameterError, match=words):
            circuit.solve(wrong)
    with pytest.raises(ParameterError, match="a complex matrix"):
        programmed(matrix + 1j)
    with pytest.raises(ParameterError, match="take solve"):
        circuit.steady(y)
    with pytest.raises(ParameterError, match="not linear"):
        circuit.sensitivity(y, "settling_time")
