"""Energies of the exact engine against quadrature, exact stepping and signs."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.linalg import expm

from amc_circuits.engines.exact.circuit import ExactCircuit
from amc_circuits.engines.exact.slots import slots_of
from amc_circuits.linear.probes import probe_of
from amc_circuits.linear.quadratic_form import QuadraticForm
from amc_circuits.linear.response import gauss
from amc_circuits.solvers.inv import InvCircuit
from amc_circuits.solvers.mvm import MvmCircuit
from netlists import preset
from tests.amc_circuits.engines.exact.circuits import EDGE, OPAMP, job_of, programmed
from tests.cases import spd_matrix, vector
from tests.comparators import assert_within


@pytest.mark.parametrize("circuit", ["inv", "mvm"])
def test_closed_form_of_the_energy_is_the_integral_of_the_power(circuit):
    """`integral` against adaptive quadrature of `y^T form y`, on the edge, after it, and over parts of them."""
    rng = np.random.default_rng(5)
    made = (InvCircuit if circuit == "inv" else MvmCircuit).program(
        spd_matrix(4, 8, 5) if circuit == "inv" else rng.standard_normal((4, 3)),
        opamp=preset("cmos-100meg").replace(input_offset=2e-3, second_pole=3e8),
        wire_resistance=2.0, line_capacitance=2e-15, rise_time=2e-9,
    )  # fmt: skip
    whole = ExactCircuit(made.circuit)
    drive = job_of(made, rng.uniform(-1, 1, (made.matrix.shape[1], 2))).drive
    slots = slots_of(whole, drive, True)
    form = whole.dissipation["array"]
    for piece, first, last in ((slots.edge, 0.3e-9, 1.9e-9), (slots.hold, 2e-9, 2.4e-9), (slots.hold, 5e-9, 40e-9)):
        got = form.integral(piece, np.full(2, first), np.full(2, last))
        for k in range(2):

            def power(time, k=k, piece=piece):
                voltage = whole.response.at(piece, form.probe, np.array([time]))[k, 0]
                return float(voltage @ form.form @ voltage)

            wanted = quad(power, first, last, limit=400, epsabs=0, epsrel=1e-11)[0]
            assert_within(got[k], wanted, 1e-8)


def test_array_energy_is_never_negative():
    """Cells and wires only dissipate: the form is positive semidefinite."""
    circuit = programmed(spd_matrix(6, 10, 1), wire_resistance=5.0)
    assert np.linalg.eigvalsh(ExactCircuit(circuit.circuit).dissipation["array"].form).min() > -1e-15


def test_supply_energy_at_rest_is_quiescent():
    """An offset-free circuit draws its quiescent currents, which a tiny input changes by as little."""
    opamp = preset("cmos-100meg")
    circuit = programmed(spd_matrix(3, 5, 0), opamp=opamp, input_voltage=1e-6)
    solution = circuit.solve(vector(3, 0))
    idle = 6 * opamp.quiescent_current * 2 * opamp.supply_voltage
    assert_within(solution.energy.total, idle * solution.settling_time, 1e-6)


def test_energies_of_badly_conditioned_modes_are_integrals():
    """Nearly one-way couplings have eigenvectors of condition 1e7: the energy is that of stepping through it."""
    circuit = programmed(np.eye(16) + 0.9 * np.eye(16, k=-1), opamp=OPAMP, g_min=1e-12, rise_time=EDGE)
    assert circuit.linear.modes.condition > 1e6
    b = vector(16, 2)
    solution = circuit.solve(b)
    levels = circuit.input_levels(b[:, None])[0][:, 0]
    steps = 20_000
    step = solution.settling_time / steps
    # Exact stepping: the matrix exponential of the system with its constant input as one more state.
    system = np.zeros((17, 17))
    system[:16, :16], system[:16, 16] = circuit.linear.state, circuit.linear.drive @ levels
    move, state = expm(system * step), np.append(np.zeros(16), 1.0)
    rows = circuit.linear.read[: 2 * 16], circuit.linear.feed[: 2 * 16]
    laplacian = ExactCircuit(circuit.circuit).dissipation["array"].form
    power = []
    for _ in range(steps + 1):
        voltage = rows[0] @ state[:16] + rows[1] @ levels
        power.append(voltage @ laplacian @ voltage)
        state = move @ state
    assert_within(solution.energy.array, np.trapezoid(power, dx=step), 1e-4)


def test_gauss_points_integrate_what_the_panels_promise():
    """Eight points on six time constants of an exponential: 3e-10 of its integral from there to infinity."""
    points, weights = gauss(np.array([0.0, 6.0]))
    assert abs((np.exp(-points) * weights).sum() - (1 - np.exp(-6))) < 4e-10


def test_a_form_of_zero_modes_is_a_polynomial():
    """With no decaying part the integral is that of a straight line squared."""
    circuit = programmed([[1.0]], opamp=OPAMP)
    whole = ExactCircuit(circuit.circuit)
    probe = probe_of(whole.linear, "c")
    form = QuadraticForm.of(probe, np.eye(1), whole.response.values)
    piece = whole.response.piece(0.0, 1.0, np.zeros((1, 1)), np.zeros((1, 1)), np.ones((1, 1)))
    value, slope = piece.coefficients(probe)[:, 0, 0]
    still = replace(piece, decaying=np.zeros((1, 1)))
    wanted = quad(lambda t: (value + slope * t) ** 2, 0.2, 0.7)[0]
    assert_within(form.integral(still, np.array([0.2]), np.array([0.7]))[0], wanted, 1e-12)
