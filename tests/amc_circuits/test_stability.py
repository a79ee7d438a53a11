"""Stability of INV: published and derived limits."""

import numpy as np
import pytest

from amc_circuits.inv import InvCircuit, SlowInverterWarning
from amc_circuits.mvm import MvmCircuit
from amc_circuits.solution import Status
from netlists import SinglePoleOpAmp, preset
from tests.cases import spd_matrix

IDEAL = SinglePoleOpAmp(open_loop_gain=1e6, gbwp=100e6)


def with_second_pole(ratio: float):
    """A macro op-amp near to the ideal one, its second pole at `ratio` times its GBWP."""
    return preset("cmos-100meg").replace(
        open_loop_gain=1e6, output_resistance=1e-3, input_capacitance=0.0, second_pole=ratio * 100e6
    )


def test_good_eigenvalues_do_not_make_real_inverters_stable():
    """`[[.2, -1], [1, .2]]` has eigenvalues with positive real part and grows at 1.8e7 /s with 100 MHz op-amps."""
    found = InvCircuit.program([[0.2, -1], [1, 0.2]], opamp=IDEAL).stability
    assert not found.stable
    assert found.slowest.real == pytest.approx(1.8e7, rel=0.02)
    assert "no eigenvalue of A is behind it" in found.cause
    # One-pole op-amps have neither a second pole nor input capacitance: neither may be advised.
    assert "damping" in found.cause
    assert "--" not in found.cause


@pytest.mark.parametrize(("matrix", "limit"), [([[1, -0.95], [-0.95, 1]], 0.364), ([[0.6, -1], [1, 0.6]], 1.187)])
def test_second_pole_limits(matrix, limit):
    """Stable iff the second pole passes `max Im(a)^2/|Re(a)|` of the one-pole circuit's poles: 0.364 and 1.187 w_T."""
    assert not InvCircuit.program(matrix, opamp=with_second_pole(0.985 * limit)).stability.stable
    assert InvCircuit.program(matrix, opamp=with_second_pole(1.015 * limit)).stability.stable


def test_an_all_positive_spd_matrix_never_grows():
    """Real poles only ring, however low the second pole is."""
    assert InvCircuit.program([[1, 0.5], [0.5, 1]], opamp=with_second_pole(0.01)).stability.stable


@pytest.mark.parametrize("seed", range(5))
def test_spd_matrices_with_one_pole_opamps_are_stable(seed):
    """A theorem: symmetric positive definite, one pole, inverters of w_T/2."""
    assert InvCircuit.program(spd_matrix(12, 30, seed), opamp=IDEAL).stability.stable


def test_an_indefinite_matrix_is_unstable_and_its_eigenvalue_is_named():
    """A negative eigenvalue of A makes a growing pole, and the message says which."""
    solution = InvCircuit.program(np.array([[1.0, 2.0], [2.0, 1.0]]), opamp=IDEAL).solve([1, 1])
    assert solution.status is Status.UNSTABLE
    assert "eigenvalue -1 of A" in solution.message
    assert np.isnan(solution.value).all()
    assert solution.responses == (None,)


def test_inverters_with_input_capacitance_can_be_too_slow():
    """N = 16, 500 MHz, 0.6 pF: unstable with inverters of 10 kohm, stable with 1 kohm; the first one warns."""
    opamp = preset("cmos-100meg").replace(gbwp=500e6, input_capacitance=0.6e-12)
    matrix = spd_matrix(16, 10, 0)
    with pytest.warns(SlowInverterWarning, match="take at most 531 ohm"):
        slow = InvCircuit.program(matrix, opamp=opamp)
    with pytest.warns(SlowInverterWarning):
        fast = InvCircuit.program(matrix, opamp=opamp, inverter_resistance=1e3)
    assert not slow.stability.stable
    assert fast.stability.stable


@pytest.mark.parametrize(("ratio", "grows"), [(0.3, True), (0.4, False)])
def test_ngspice_confirms_the_second_pole_limit(ratio, grows):
    """In ngspice, forced, `[[1, -.95], [-.95, 1]]` ends in full oscillation at 0.3 w_T and at rest at 0.4 w_T."""
    circuit = InvCircuit.program([[1, -0.95], [-0.95, 1]], opamp=with_second_pole(ratio), force=True)
    solution = circuit.solve([1.0, -1.0])
    (response,) = solution.responses
    late = response.outputs[response.time > 0.9 * response.time[-1]]
    swing = float(np.ptp(late, axis=0).max())
    assert swing > 0.5 if grows else swing < 1e-4
    assert solution.status is (Status.UNSTABLE if grows else Status.SETTLED)


def test_an_unstable_mvm_says_what_to_try():
    """A low second pole with input capacitance lets a transimpedance amplifier grow; the message names both."""
    opamp = preset("cmos-100meg").replace(second_pole=1e6, input_capacitance=1e-9)
    solution = MvmCircuit.program(np.eye(3) - 0.1, opamp=opamp).matvec([1.0, 0.0, 0.0])
    assert solution.status is Status.UNSTABLE
    assert "--second-pole" in solution.message
    assert "--input-capacitance" in solution.message
