"""MVM in ngspice against closed forms."""

import numpy as np
import pytest

from amc_circuits.results.status import Status
from amc_circuits.solvers.mvm import MvmCircuit
from netlists import SinglePoleOpAmp
from tests.cases import mesh_terminal_currents, vector
from tests.comparators import assert_close, assert_within

GAIN, GBWP = 1e5, 100e6


@pytest.fixture(scope="module")
def multiplied():
    """A signed 32 x 16 matrix, its circuit, x and the result."""
    matrix, x = np.random.default_rng(5).standard_normal((32, 16)), vector(16, 5)
    circuit = MvmCircuit.program(matrix, opamp=SinglePoleOpAmp(open_loop_gain=GAIN, gbwp=GBWP))
    return matrix, x, circuit, circuit.matvec(x)


class Exact:
    """Each row is a first-order system: `out' = -w v - (w/A0) out`, `v = (G_f out + sum G u)/(G_f + S)`."""

    def __init__(self, circuit, x):
        design = circuit.design
        self.inputs = 0.1 * x / np.abs(x).max()
        self.plus, self.minus = design.conductance_positive, design.conductance_negative
        self.feedback = design.feedback_conductance
        self.total = self.feedback + self.plus.sum(axis=1) + self.minus.sum(axis=1)
        self.drive = (self.plus - self.minus) @ self.inputs
        w = 2 * np.pi * GBWP
        self.pole = w * self.feedback / self.total + w / GAIN
        self.final = -w * self.drive / self.total / self.pole

    def outputs(self, time):
        """Shape (T, N)."""
        return self.final * (1 - np.exp(-np.outer(time, self.pole)))

    def array_power(self, time):
        """Cell by cell, shape (T,)."""
        rows = (self.feedback * self.outputs(time) + self.drive) / self.total
        power = np.zeros(len(time))
        for cells, sign in ((self.plus, 1), (self.minus, -1)):
            for j, voltage in enumerate(sign * self.inputs):
                power += (cells[:, j] * (voltage - rows) ** 2).sum(axis=1)
        return power


def test_result_is_that_of_numpy(multiplied):
    """The product is within 1e-3 of NumPy's."""
    matrix, x, _, solution = multiplied
    assert solution.status is Status.SETTLED
    assert np.linalg.norm(solution.value - matrix @ x) <= 1e-3 * np.linalg.norm(matrix @ x)


def test_settling_time_is_that_of_the_first_order_rows(multiplied):
    """Within 3 % of the last row to enter its band."""
    _, x, circuit, solution = multiplied
    time = np.linspace(0, circuit.timing.slot_time, 200_001)
    outputs = Exact(circuit, x).outputs(time)
    outside = np.abs(outputs - outputs[-1]).max(axis=1) > 0.01 * np.abs(outputs[-1]).max()
    assert_within(solution.settling_time, time[np.flatnonzero(outside)[-1] + 1], 0.03)


def test_array_energy_is_the_integral_of_the_exact_power(multiplied):
    """Within 3 %; no input resistors, so no input energy; no supply pins, so no total."""
    _, x, circuit, solution = multiplied
    time = np.linspace(0, solution.settling_time, 20_001)
    assert_within(solution.energy.array, np.trapezoid(Exact(circuit, x).array_power(time), time), 0.03)
    assert solution.energy.inputs == 0
    assert solution.energy.total is None


def test_no_output_passes_the_input_full_scale():
    """The feedback is the largest row sum: with the worst input an output just reaches the full scale."""
    matrix = np.array([[1.0, -2.0, 0.5], [0.3, 0.3, 0.3]])
    solution = MvmCircuit.program(matrix).matvec(np.sign(matrix[0]))
    assert np.abs(solution.responses[0].outputs[-1]).max() == pytest.approx(0.1, rel=1e-3)


@pytest.mark.parametrize("factor", [0.001, 1000])
def test_units_of_the_matrix_change_neither_time_nor_energy(multiplied, factor):
    """A times 0.001 or 1000 settles in the same time at the same energy, and y scales with it."""
    matrix, x, circuit, solution = multiplied
    other = MvmCircuit.program(factor * matrix, opamp=circuit.design.opamp).matvec(x)
    assert other.settling_time == pytest.approx(solution.settling_time, rel=1e-6)
    assert other.energy.array == pytest.approx(solution.energy.array, rel=1e-6)
    assert_close(other.value / factor, solution.value, relative=1e-5, absolute=1e-8)


def test_wires_act_as_kirchhoff_says():
    """With 30 ohm a segment the outputs are those of an independent nodal solve of both meshes."""
    matrix, x = np.random.default_rng(6).standard_normal((4, 6)), vector(6, 6)
    circuit = MvmCircuit.program(matrix, opamp=SinglePoleOpAmp(open_loop_gain=1e7, gbwp=GBWP), wire_resistance=30.0)
    solution = circuit.matvec(x)
    design, inputs = circuit.design, 0.1 * x / np.abs(x).max()
    into_rows = sum(
        mesh_terminal_currents(cells, 30.0, np.zeros(4), sign * inputs)[0]
        for cells, sign in zip(design.arrays, (1, -1), strict=True)
    )
    wanted = into_rows / design.feedback_conductance
    assert_close(solution.responses[0].outputs[-1], wanted, absolute=1e-4 * np.abs(wanted).max())


def test_an_array_of_positive_entries_is_single():
    """Without a negative entry there is one array and the result is right to the floor's error."""
    matrix = np.array([[1.0, 0.5, 0.1], [0.2, 0.8, 0.4]])
    circuit = MvmCircuit.program(matrix)
    assert not circuit.design.signed
    assert_close(circuit.matvec([1.0, -1.0, 0.5]).value, matrix @ [1.0, -1.0, 0.5], absolute=2e-3)
