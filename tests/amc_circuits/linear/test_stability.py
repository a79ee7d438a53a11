"""Poles of INV: published and derived limits, growth and decay in ngspice, and what is said about them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from amc_circuits import Device
from amc_circuits.linear.stability import Stability
from amc_circuits.results.status import Status
from amc_circuits.solvers.inv import InvCircuit, SlowInverterWarning
from amc_circuits.solvers.mvm import MvmCircuit
from netlists import SinglePoleOpAmp, preset
from tests import names as node_names
from tests.cases import spd_matrix
from tests.comparators import assert_close, assert_within
from tests.runs import waveforms

IDEAL = SinglePoleOpAmp(open_loop_gain=1e6, gbwp=100e6)
LIMITS_FAR_AWAY = {"slew_rate": 1e12, "output_swing": 1e3, "supply_voltage": 1e3, "output_current_limit": 1e3}
RINGING = [[1, -0.95], [-0.95, 1]]
TURNING = [[0.6, -1], [1, 0.6]]


def with_second_pole(ratio: float):
    """A macro op-amp near to the ideal one, its second pole at `ratio` times its GBWP."""
    return preset("cmos-100meg").replace(
        open_loop_gain=1e6,
        output_resistance=1e-3,
        input_capacitance=0.0,
        second_pole=ratio * 100e6,
        **LIMITS_FAR_AWAY,
    )


def with_slow_inverters(resistance: float):
    """N = 16, 500 MHz, 0.6 pF, which warns, as a circuit that is simulated in any case."""
    opamp = preset("cmos-100meg").replace(gbwp=500e6, input_capacitance=0.6e-12, **LIMITS_FAR_AWAY)
    with pytest.warns(SlowInverterWarning, match="take at most 531 ohm"):
        return InvCircuit.program(spd_matrix(16, 10, 0), opamp=opamp, inverter_resistance=resistance, force=True)


def rate_in_ngspice(circuit: InvCircuit) -> float:
    """How fast the outputs leave (or come to) their steady state after a step of 0.1 mV, 1/s.

    The step has the direction that drives the slowest pole most; the slope of the logarithm of its amplitude is
    fitted from a third to nine tenths of ten time constants.
    """
    linear, slowest = circuit.linear, circuit.stability.slowest
    values, vectors = np.linalg.eig(linear.state)
    direction = (np.linalg.inv(vectors)[np.abs(values - slowest).argmin()] @ linear.drive).real
    kicked = replace(circuit, settings=circuit.settings.replace(input_voltage=1e-4))
    job = kicked.job(direction[:, None] / np.abs(direction).max())
    analysis = job.analysis.replace(max_step=min(job.analysis.max_step, 0.1 / abs(slowest)))
    waves = waveforms(replace(job, analysis=analysis))
    steady = linear.steady("c", job.drive.levels)[:, 0]
    away = np.abs(waves.voltages(node_names.columns(circuit.design.size)) - steady).max(axis=1)
    end = waves.time[-1]
    window = 2 * np.pi / abs(slowest.imag) if slowest.imag else end / 50
    starts = np.arange(0.33 * end, 0.9 * end - window, window)
    peaks = [away[(waves.time >= start) & (waves.time < start + window)].max() for start in starts]
    return float(np.polyfit(starts, np.log(peaks), 1)[0])


CASES = {
    "good eigenvalues, real inverters": (lambda: InvCircuit.program([[0.2, -1], [1, 0.2]], opamp=IDEAL, force=True), 1),
    "symmetric, p2 at 0.3": (lambda: InvCircuit.program(RINGING, opamp=with_second_pole(0.3), force=True), 1),
    "symmetric, p2 at 0.4": (lambda: InvCircuit.program(RINGING, opamp=with_second_pole(0.4), force=True), -1),
    "turning, p2 at 1.1": (lambda: InvCircuit.program(TURNING, opamp=with_second_pole(1.1), force=True), 1),
    "turning, p2 at 1.3": (lambda: InvCircuit.program(TURNING, opamp=with_second_pole(1.3), force=True), -1),
    "inverters of 10 kohm with 0.6 pF": (lambda: with_slow_inverters(10e3), 1),
    "inverters of 1 kohm with 0.6 pF": (lambda: with_slow_inverters(1e3), -1),
}


@pytest.mark.parametrize("name", CASES)
def test_ngspice_grows_and_decays_at_the_slowest_pole(name):
    """A small step grows, or dies out, within 2 % as fast as the slowest of all poles says."""
    program, sign = CASES[name]
    circuit = program()
    assert np.sign(circuit.stability.growth_rate) == sign
    assert_within(rate_in_ngspice(circuit), circuit.stability.growth_rate, 0.02)


def test_good_eigenvalues_do_not_make_real_inverters_stable():
    """`[[.2, -1], [1, .2]]` has eigenvalues with positive real part and grows at 1.8e7 /s with 100 MHz op-amps."""
    found = InvCircuit.program([[0.2, -1], [1, 0.2]], opamp=IDEAL).stability
    assert not found.stable
    assert found.growth_rate == pytest.approx(1.8e7, rel=0.02)
    assert np.isnan(found.settling_time(0.01))
    assert "no eigenvalue of A is behind it" in found.cause
    # One-pole op-amps have neither a second pole nor input capacitance: neither may be advised.
    assert "damping" in found.cause
    assert "--" not in found.cause


def test_an_eigenvalue_of_rounding_is_no_cause():
    """Two levels make all nine cells equal: eigenvalues 3, 0, 0, and zeros decay, slowly, by the finite gain."""
    fields = {"device": Device(levels=2), "pair": "always", "inverter_resistance": 1e6}
    fields["opamp"] = preset("cmos-100meg").replace(second_pole=20e6)
    with pytest.warns(SlowInverterWarning):
        circuit = InvCircuit.program(np.full((3, 3), 0.9) + 0.1 * np.eye(3), **fields)
    cells = circuit.mapping.difference
    np.testing.assert_array_equal(cells, cells[0, 0])
    assert not circuit.stability.stable
    assert "no eigenvalue of A is behind it: it is the lag of amplifiers and inverters" in circuit.stability.cause


@pytest.mark.parametrize(("matrix", "limit"), [(RINGING, 0.364), (TURNING, 1.187)])
def test_second_pole_limits(matrix, limit):
    """Stable iff the second pole passes `max Im(a)^2/|Re(a)|` of the one-pole circuit's poles: 0.364 and 1.187 w_T."""
    assert not InvCircuit.program(matrix, opamp=with_second_pole(0.985 * limit)).stability.stable
    assert InvCircuit.program(matrix, opamp=with_second_pole(1.015 * limit)).stability.stable


def test_an_all_positive_spd_matrix_never_grows():
    """Real poles only ring, however low the second pole is."""
    found = InvCircuit.program([[1, 0.5], [0.5, 1]], opamp=with_second_pole(0.01)).stability
    assert found.stable
    assert 0 < found.damping_ratio < 0.1


@settings(max_examples=60, deadline=None)
@given(factor=arrays(np.float64, st.integers(2, 8).map(lambda n: (n, n)), elements=st.floats(-1, 1, width=32)))
def test_spd_matrices_with_one_pole_opamps_are_stable(factor):
    """A theorem: symmetric positive definite, signed, one pole, inverters of the same op-amps (w_T/2)."""
    matrix = factor @ factor.T + 1e-3 * np.eye(len(factor))
    assume(matrix.min() < 0)
    assert InvCircuit.program(matrix, opamp=IDEAL).stability.stable


def test_an_indefinite_matrix_is_unstable_and_its_eigenvalue_is_named():
    """A negative eigenvalue of A makes a growing pole, and the message says which."""
    solution = InvCircuit.program(np.array([[1.0, 2.0], [2.0, 1.0]]), opamp=IDEAL).solve([1, 1])
    assert solution.status is Status.UNSTABLE
    assert "eigenvalue -1 of A" in solution.message
    assert np.isnan(solution.value).all()
    assert solution.responses == (None,)
    assert solution.stability.least_damped == solution.stability.slowest
    assert solution.stability.damping_ratio == -1


def test_slow_inverters_are_named_and_fast_ones_settle_in_time():
    """N = 16, 500 MHz, 0.6 pF: with 10 kohm the inverters' lag is named; with 1 kohm ngspice settles within 30 ns."""
    slow, fast = with_slow_inverters(10e3), with_slow_inverters(1e3)
    assert "smaller inverter_resistance" in slow.stability.cause
    solution = fast.solve(np.linspace(-1, 1, 16))
    assert solution.status is Status.SETTLED
    assert 10e-9 < solution.settling_time < 30e-9
    assert_within(fast.stability.settling_time(0.01), solution.settling_time, 0.5)


def test_an_unstable_mvm_says_what_to_try():
    """A low second pole with input capacitance lets a transimpedance amplifier grow; the message names both."""
    opamp = preset("cmos-100meg").replace(second_pole=1e6, input_capacitance=1e-9)
    solution = MvmCircuit.program(np.eye(3) - 0.1, opamp=opamp).matvec([1.0, 0.0, 0.0])
    assert solution.status is Status.UNSTABLE
    assert "second_pole" in solution.message
    assert "input_capacitance" in solution.message


def test_poles_of_a_solution_come_slowest_first():
    """Every solution carries all poles of its circuit, sorted; the slowest one gives the prediction."""
    circuit = InvCircuit.program(spd_matrix(4, 10, 1))
    solution = circuit.solve([1.0, 0, 0, 0])
    found = solution.stability
    assert_close(np.sort_complex(found.poles), np.sort_complex(np.linalg.eigvals(circuit.linear.state)), relative=1e-6)
    assert (np.diff(found.poles.real) <= 0).all()
    assert solution.predicted_settling_time == pytest.approx(np.log(100) / -found.poles[0].real)


@pytest.mark.parametrize(
    ("poles", "least", "ratio"),
    [
        ([-1, -3 + 4j, -3 - 4j], -3 + 4j, 0.6),
        ([-3 - 4j, -3 + 4j, -10], -3 + 4j, 0.6),
        ([-1, -2, -3], -1, 1),
        ([-6 + 8j, -6 - 8j, -30 + 40j, -30 - 40j], -6 + 8j, 0.6),
        ([3 + 4j, 3 - 4j, -1], 3 + 4j, -0.6),
        ([5, 3 + 4j, 3 - 4j], 5, -1),
        ([0, -1], 0, 0),
        ([2j, -2j], 2j, 0),
    ],
)
def test_least_damped_pole(poles, least, ratio):
    """The smallest `-Re/|p|`: of a pair the upper one, of equal ones the slowest, below 0 where something grows."""
    found = Stability(np.array(poles, dtype=complex))
    assert found.least_damped == least
    assert found.damping_ratio == pytest.approx(ratio)
    assert found.growth_rate == found.slowest.real == max(np.real(poles))
