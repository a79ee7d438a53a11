"""Poles of the EGV circuit: how many grow, how fast, and along which direction."""

import numpy as np
import pytest

from amc_circuits import Status
from amc_circuits.linear.equations import linear_circuit
from amc_circuits.solvers.eigenvectors.egv import EgvCircuit
from netlists import SinglePoleOpAmp
from tests.cases import spd_matrix
from tests.comparators import assert_close

W_T = 2 * np.pi * 100e6
OPAMP = SinglePoleOpAmp(open_loop_gain=1e6, gbwp=100e6)
TOPOLOGIES = ("paired", "compensated")
RANDOM = np.random.default_rng(11)
MATRICES = {
    "positive": [spd_matrix(size, 20, size) for size in (3, 6)],
    "covariance": [np.cov(RANDOM.normal(size=(size, 3 * size))) for size in (4, 8)],
    "indefinite": [(one + one.T) / 2 for one in (RANDOM.normal(size=(size, size)) for size in (4, 7))],
}
every_topology = pytest.mark.parametrize("topology", TOPOLOGIES)


def programmed(matrix, **fields):
    """An EGV circuit of single poles, of which the poles are wanted alone."""
    return EgvCircuit.program(matrix, **({"opamp": OPAMP} | fields))


def between(values, place):
    """A lambda half-way between an eigenvalue and the next one of those that are sorted."""
    return float(values[place] + values[place + 1]) / 2


@every_topology
@pytest.mark.parametrize("kind", MATRICES)
def test_as_many_poles_grow_as_eigenvalues_are_beyond_lambda(topology, kind):
    """Above it for the dominant eigenvector, below it for the smallest one, wherever lambda is."""
    for matrix in MATRICES[kind]:
        falling = np.linalg.eigvalsh(matrix)[::-1]
        for place in range(int((falling > 0).sum()) - 1):
            given = {"eigenvalue": between(falling, place), "margin": 0.0, "topology": topology}
            assert programmed(matrix, **given).growing_poles == place + 1
            if falling[-1] > 0:
                smallest = programmed(matrix, eigenvector="smallest", **given)
                assert smallest.growing_poles == len(matrix) - place - 1


@pytest.mark.parametrize("smallest", [False, True])
def test_poles_are_those_of_kirchhoffs_laws(smallest):
    """With inverters: rows du/dt = -w_T (g u + P c + N u)/S, inverters dc/dt = -w_T (u + c)/2, all less w_T/A0."""
    matrix = MATRICES["indefinite"][0] + 5 * np.eye(4)
    circuit = programmed(matrix, eigenvector="smallest" if smallest else "dominant", margin=0.1)
    p = circuit.design
    size, eye = p.size, np.eye(p.size)
    total = p.conductance_positive.sum(1) + p.conductance_negative.sum(1) + p.feedback_conductance + p.kick_conductance
    with_u, with_c = p.conductance_negative + p.feedback_conductance * eye, p.conductance_positive
    if smallest:
        with_u, with_c = p.conductance_positive, p.conductance_negative + p.feedback_conductance * eye
    rows = np.hstack([with_u, with_c]) / total[:, None]
    inverters = np.hstack([eye, eye]) / 2
    wanted = -W_T * (np.vstack([rows, inverters]) + np.eye(2 * size) / OPAMP.open_loop_gain)
    assert_close(sorted_poles(circuit.stability.poles), sorted_poles(np.linalg.eigvals(wanted)), absolute=1e-9 * W_T)


def sorted_poles(poles):
    """Poles by their real, then by their imaginary parts."""
    return np.array(sorted(poles, key=lambda pole: (round(pole.real, 2), pole.imag)))


@pytest.mark.parametrize("smallest", [False, True])
def test_equal_rows_grow_along_the_eigenvector_itself(smallest):
    """Compensated, the growth is w_T (+-(lambda_1 - lambda)/S - 1/A0), S the one sum of all rows."""
    matrix = MATRICES["covariance"][1]
    circuit = programmed(matrix, topology="compensated", eigenvector="smallest" if smallest else "dominant")
    p, exact = circuit.design, circuit.exact
    total = p.kick_conductance + p.balance_inverting.sum(1)
    total += (p.conductance_positive if smallest else p.conductance_negative + p.feedback_conductance / 8).sum(1)
    assert_close(total, np.full(8, total[0]), absolute=1e-12 * total[0])
    away = (circuit.threshold - exact.value) * (1 if smallest else -1) * circuit.mapping.unit / circuit.mapping.alpha
    growth = W_T * (away / total[0] - 1 / OPAMP.open_loop_gain)
    assert circuit.stability.growth_rate == pytest.approx(growth, rel=1e-10)
    modes, linear = circuit.linear.modes, circuit.linear
    grown = (linear.read @ modes.vectors[:, np.argmax(modes.values.real)])[linear.nodes["c"]].real
    assert 1 - abs(grown @ exact.vector) / np.linalg.norm(grown) < 1e-10


def test_the_compensated_circuit_obeys_its_closed_form():
    """Where nothing moves, (G+ - G- - G_lambda - S/A0) c = G_in v_in; inputs exchanged for the smallest eigenvalue."""
    for name, sign in (("dominant", 1), ("smallest", -1)):
        circuit = programmed(MATRICES["covariance"][0], topology="compensated", eigenvector=name)
        p, held = circuit.design, pulses_held(circuit.circuit)
        total = p.conductance_positive.sum(1) + p.balance[1 if sign > 0 else 0].sum(1)
        total += p.kick_conductance * (sign < 0)
        matrix = p.conductance_positive - p.conductance_negative - p.feedback_conductance * np.eye(4)
        volts = np.array([[0.1], [-0.2], [0.05], [0.03]])
        wanted = np.linalg.solve(sign * matrix - np.diag(total) / OPAMP.open_loop_gain, p.kick_conductance * volts)
        got = linear_circuit(held).steady("c", volts)
        assert_close(got, wanted, absolute=1e-9 * np.abs(wanted).max())


def pulses_held(circuit):
    """The circuit with an input at every source of its pulse."""
    from dataclasses import replace

    from netlists import Source

    grounds = [Source(one.group, np.zeros((circuit.groups[one.group], 4))) for one in circuit.sources[1:]]
    return replace(circuit, sources=(Source("in"), *grounds))


@every_topology
def test_a_lambda_beyond_the_eigenvalue_lets_nothing_grow(topology):
    """5 % above the largest eigenvalue, and 5 % below the smallest one: a status that names both numbers."""
    matrix = MATRICES["positive"][0]
    values = np.linalg.eigvalsh(matrix)
    for name, given in (("dominant", 1.05 * values[-1]), ("smallest", 0.95 * values[0])):
        found = programmed(matrix, topology=topology, eigenvector=name, eigenvalue=float(given), margin=0.0).solve()
        assert found.status is Status.NOT_GROWING and not found.usable
        assert f"{given:.5g}" in found.message and np.isnan(found.settling_time) and np.isnan(found.value).all()


def test_finite_gain_needs_a_distance():
    """Compensated, lambda must be more than S/A0 away: with a gain of 100 a pole grows only beyond that distance."""
    matrix, opamp = MATRICES["positive"][0], SinglePoleOpAmp(open_loop_gain=100, gbwp=100e6)
    for share, grows in ((0.9, False), (1.1, True)):
        margin = 0.0
        for _ in range(20):  # the common sum holds the feedback, which depends on the margin
            probe = programmed(matrix, topology="compensated", opamp=opamp, margin=margin)
            total = (probe.design.conductance_positive.sum(1) + probe.design.balance[1].sum(1))[0]
            margin = share * total / probe.mapping.unit / 100 * probe.mapping.alpha / probe.exact.value
        assert programmed(matrix, topology="compensated", opamp=opamp, margin=margin).acts is grows
