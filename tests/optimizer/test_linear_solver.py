"""Both linear solvers on the same systems; the circuit's answers come from the real simulator."""

import numpy as np
import pytest

from amc_circuits import Converters, Device, InvCircuit, ParameterError, device_preset
from optimizer.circuit_settings import CircuitSettings
from optimizer.linear_solver import ARRAY_LIMIT, SOLVERS, Cholesky, InvCircuitSolver, check_circuit, program
from optimizer.solve_result import SolveError
from tests.cases import spd_matrix
from tests.comparators import assert_close

CIRCUIT = CircuitSettings(opamp="single-pole")
EXACT = CircuitSettings(engine="exact")
"""The engine without a simulator, and ideal parts."""


def inverses(settings, matrix, times=1, seed=0):
    """Answers of one solver that programs the same matrix so many times."""
    solver = InvCircuitSolver(settings, seed)
    return [solver.compute(solver.init(matrix), np.eye(len(matrix))) for _ in range(times)]


def test_the_table_names_both_solvers():
    """Each name of the table makes a solver; only the circuit has a largest array."""
    made = {name: make(CIRCUIT, 0, 0) for name, make in SOLVERS.items()}
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
    settings = CIRCUIT.model_copy(update={"g_min": 20e-6, "pair": "never"})
    solver = InvCircuitSolver(settings)
    result = solver.compute(solver.init(matrix), np.eye(5))
    parts = {"opamp": "single-pole", "g_min": 20e-6, "pair": "never", "scaling": "diagonal", "engine": "auto"}
    direct = InvCircuit.program(matrix, **parts).solve(np.eye(5))
    assert result.relative_error > 0.02
    assert np.array_equal(result.value, direct.value)


def test_without_inverters_it_settles_sooner():
    """The compensated topology has half of the op-amps; a signed factor is inverted as well, in less time."""
    matrix, found = spd_matrix(5, 3, 2), {}
    for topology in ("paired", "compensated"):
        settings = EXACT.model_copy(update={"topology": topology})
        assert len(program(settings, matrix).circuit.amplifiers) == (5 if topology == "compensated" else 10)
        (found[topology],) = inverses(settings, matrix)
        assert_close(found[topology].value, np.linalg.inv(matrix), relative=1e-3)
    assert found["compensated"].simulated_seconds < found["paired"].simulated_seconds


def test_op_amps_without_supply_pins_have_no_energy():
    """The single-pole op-amp has no supply, so the energy is unknown, not 0."""
    solver = InvCircuitSolver(CIRCUIT)
    assert solver.compute(solver.init(spd_matrix(3, 2, 3)), np.eye(3)).joules is None


def test_an_unstable_circuit_is_an_error():
    """A negative definite matrix makes the loop grow; the error names the status and the mend."""
    solver = InvCircuitSolver(CIRCUIT.model_copy(update={"scaling": "none"}))
    with pytest.raises(SolveError, match=r"3 of 3 .* UNSTABLE .*raise the damping"):
        solver.compute(solver.init(-spd_matrix(3, 2, 4)), np.eye(3))


def test_circuit_settings_are_checked_without_a_simulation():
    """An op-amp or an engine that there is not, and swapped conductances, are found before any training."""
    with pytest.raises(ParameterError, match="ad999"):
        check_circuit("inv-circuit", CircuitSettings(opamp="ad999"))
    with pytest.raises(ParameterError, match="xyce"):
        check_circuit("inv-circuit", CircuitSettings(engine="xyce"))
    with pytest.raises(ParameterError, match="g_m"):
        check_circuit("inv-circuit", CircuitSettings(g_min=1e-3))
    check_circuit("cholesky", CircuitSettings(opamp="ad999"))


@pytest.mark.parametrize(
    ("key", "value", "named"),
    [
        ("device", "hfo3", "device: got 'hfo3'; .*hfo2-wide"),
        ("levels", 1, "levels: got 1"),
        ("programming_error", -1e-6, "programming_error: got -1e-06"),
        ("programming_error", "wan-2023", "programming_error: got 'wan-2023'; .*wan-2022"),
        ("read_noise", 2.0, r"read_noise: got 2\.0"),
        ("stuck_on", -0.1, r"stuck_on: got -0\.1"),
        ("stuck_off", 1.5, r"stuck_off: got 1\.5"),
        ("drift_time", -1.0, r"drift_time: got -1\.0"),
        ("drift_exponent", 2.0, r"drift_exponent: got 2\.0"),
        ("drift_spread", 2.0, r"drift_spread: got 2\.0"),
        ("offset_spread", -1e-3, r"offset_spread: got -0\.001"),
        ("temperature", 0.0, r"temperature: got 0\.0"),
        ("dac_bits", 1, "dac_bits: got 1"),
        ("adc_bits", 99, "adc_bits: got 99"),
        ("adc_range", 0.0, r"adc_range: got 0\.0"),
    ],
)
def test_a_part_that_cannot_be_made_is_one_line_before_training(key, value, named):
    """The error of a cell, an amplifier or a converter names the key, the value and the mend, in one line."""
    with pytest.raises(ParameterError, match=named) as caught:
        check_circuit("inv-circuit", EXACT.model_copy(update={key: value}))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        ({}, {}),
        ({"device": "gramc-16level"}, {"device": device_preset("gramc-16level")}),
        ({"device": "gramc-16level", "levels": 64}, {"device": Device(levels=64)}),
        ({"g_min": 5e-6, "g_max": 50e-6}, {"device": Device(g_min=5e-6, g_max=50e-6)}),
        ({"programming_error": "wan-2022"}, {"device": Device(programming_error="wan-2022")}),
        ({"read_noise": 0.02}, {"device": Device(read_noise=0.02)}),
        ({"stuck_on": 0.1, "stuck_off": 0.2}, {"device": Device(stuck_on=0.1, stuck_off=0.2)}),
        (
            {"drift_time": 1e4, "drift_exponent": 0.02, "drift_spread": 0.01},
            {"device": Device(drift_time=1e4, drift_exponent=0.02, drift_spread=0.01)},
        ),
        ({"offset_spread": 1e-3}, {"offset_spread": 1e-3}),
        ({"scaling": "powers-of-two"}, {"scaling": "powers-of-two"}),
        ({"temperature": 350.0}, {"temperature": 350.0}),
        (
            {"dac_bits": 6, "adc_bits": 8, "adc_range": 0.5},
            {"converters": Converters(dac_bits=6, adc_bits=8, adc_range=0.5)},
        ),
    ],
)
def test_each_key_reaches_its_part(given, parts):
    """The circuit is the one that is made of those parts directly, in the same trial of the same seed."""
    matrix = spd_matrix(5, 4, 5)
    made = program(CircuitSettings(**given), matrix, seed=3, trial=5)
    direct = InvCircuit.program(matrix, seed=3, trial=5, **{"scaling": "diagonal", **parts})
    assert made.design.sha256 == direct.design.sha256
    assert made.converters == direct.converters
    plain = program(CircuitSettings(), matrix)
    assert (made.design.sha256, made.converters) != (plain.design.sha256, plain.converters) or not given


def test_every_programming_draws_anew_and_every_run_the_same():
    """Two refreshes of one matrix differ, and only in their trial; the same seed repeats both, another gives others."""
    settings = EXACT.model_copy(update={"programming_error": 1e-6, "read_noise": 0.01, "offset_spread": 1e-4})
    matrix = spd_matrix(6, 5, 6)
    first, second = inverses(settings, matrix, times=2)
    assert not np.isclose(first.value, second.value, rtol=1e-6).any()
    again = inverses(settings, matrix, times=2)
    assert np.array_equal(first.value, again[0].value)
    assert np.array_equal(second.value, again[1].value)
    assert np.array_equal(second.value, program(settings, matrix, 0, 1).solve(np.eye(6)).value)
    assert not np.isclose(first.value, inverses(settings, matrix, seed=1)[0].value, rtol=1e-6).any()


def test_ideal_parts_leave_nothing_to_chance():
    """With everything off every programming under every seed is the circuit without devices, bit for bit."""
    matrix = spd_matrix(6, 5, 7)
    wanted = InvCircuit.program(matrix, engine="exact", scaling="diagonal").solve(np.eye(6)).value
    off = EXACT.model_copy(update={"programming_error": 0.0, "read_noise": 0.0, "stuck_on": 0.0})
    for result in [*inverses(EXACT, matrix, times=2, seed=9), *inverses(off, matrix, seed=4)]:
        assert np.array_equal(result.value, wanted)


def test_the_error_of_an_inverse_grows_with_the_programming_error():
    """To first order `D^-1 dD D^-1`: on the same draws twice the error of the cells is twice that of the inverse."""
    matrix = 3.0 * spd_matrix(8, 5, 8)
    errors = np.array(
        [
            [
                result.relative_error
                for result in inverses(EXACT.model_copy(update={"programming_error": sigma}), matrix, times=5)
            ]
            for sigma in (0.05e-6, 0.1e-6)
        ]
    )
    np.testing.assert_allclose(errors[1] / errors[0], 2.0, rtol=0.05)


def test_unit_vectors_are_exact_in_any_dac():
    """A DAC of two bits has zero and full scale, which is all that the columns of the unit matrix ask for."""
    matrix = spd_matrix(6, 5, 9)
    (exact,), (coarse,) = inverses(EXACT, matrix), inverses(EXACT.model_copy(update={"dac_bits": 2}), matrix)
    assert_close(coarse.value, exact.value, relative=1e-12, absolute=1e-14)
