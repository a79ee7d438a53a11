"""Noise of a circuit that grows: spread of the direction and of the time of its reading."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from amc_circuits.linear.noise import noise_after
from amc_circuits.solvers.eigenvectors.egv import EgvCircuit
from amc_circuits.solvers.eigenvectors.metrics import spread
from netlists import SinglePoleOpAmp
from netlists.noise_deck import BOLTZMANN
from tests.cases import spd_matrix
from tests.comparators import assert_close

DENSITY = 8e-9
OPAMP = SinglePoleOpAmp(open_loop_gain=1e6, gbwp=100e6, input_noise=DENSITY)
WIDE = 1e13
"""Bandwidth of a read-out that passes everything, Hz."""


def equal_rows(matrix):
    """The compensated circuit, the common sum of its rows, and its state matrix written by hand."""
    circuit = EgvCircuit.program(matrix, topology="compensated", opamp=OPAMP, margin=0.1, pair="always")
    p = circuit.design
    total = p.conductance_positive.sum(1)[0] + p.balance[1].sum(1)[0]
    cells = p.conductance_positive - p.conductance_negative - p.feedback_conductance * np.eye(p.size)
    state = OPAMP.unity_gain_frequency * (cells / total - np.eye(p.size) / OPAMP.open_loop_gain)
    # Both inputs have the thermal noise of the sum S, 2 k T/S two-sided, and the op-amp has its own.
    intensity = OPAMP.unity_gain_frequency**2 * (4 * BOLTZMANN * p.temperature / total + DENSITY**2 / 2)
    return circuit, state, intensity


def test_noise_grows_from_the_start():
    """Of one row: variance W (exp(2 g t) - 1)/(2 g), which a circuit without growth would end at W/(2 g)."""
    circuit, state, intensity = equal_rows([[1.0]])
    growth = float(state[0, 0])
    for time in (1e-9, 30e-9, 200e-9):
        wanted = intensity * np.expm1(2 * growth * time) / (2 * growth)
        assert noise_after(circuit.circuit, time, WIDE).covariance[0, 0] == pytest.approx(wanted, rel=1e-3)


def test_its_covariance_obeys_its_differential_equation():
    """dP/dt = A P + P A^T + W, integrated by SciPy from P = 0."""
    circuit, state, intensity = equal_rows(spd_matrix(3, 5, 2))

    def rate(_, flat):
        covariance = flat.reshape(3, 3)
        return (state @ covariance + covariance @ state.T + intensity * np.eye(3)).ravel()

    time = 3 / circuit.stability.growth_rate
    wanted = solve_ivp(rate, (0, time), np.zeros(9), rtol=1e-8, atol=1e-20).y[:, -1].reshape(3, 3)
    assert_close(noise_after(circuit.circuit, time, WIDE).covariance, wanted, absolute=2e-3 * wanted.max())


def test_noise_along_the_vector_moves_the_time_and_noise_across_turns_it():
    """Noise of 1 mV in one direction alone, on outputs of 0.3 V and 0.4 V that grow at 1e7/s."""
    outputs = np.array([0.3, 0.4])
    for direction, turns in ((np.array([0.6, 0.8]), 0.0), (np.array([0.8, -0.6]), 1e-3 / 0.5)):
        found = spread(sheer(direction), outputs, 1e7, halves=False)
        assert found["relative_noise"] == pytest.approx(turns, abs=1e-9)
        assert found["time_noise_s"] == pytest.approx(1e-3 * abs(direction[1]) / (1e7 * 0.4))
    phase = np.array([-0.8, 0.6])
    assert spread(sheer(phase), outputs, 1e7, halves=True)["relative_noise"] == pytest.approx(0, abs=1e-9)


def sheer(direction):
    """Noise of 1 mV along a unit vector."""
    from amc_circuits.linear.noise import Noise

    covariance = 1e-6 * np.outer(direction, direction)
    return Noise(covariance, np.zeros_like(covariance), WIDE)


def test_the_command_prints_both(amc):
    """And trials have the noise of the direction."""
    found = amc("egv", "--size", 3, "--topology", "compensated", "--noise", "--format", "json").json
    assert 0 < found["relative_noise"] < 0.01 and 0 < found["time_noise_s"] < 0.1 * found["settling_time_s"]
