"""GINV against closed forms: finite gain, ridge, least norm, stability, and the choice of the feedback."""

import numpy as np
import pytest

from amc_circuits import ParameterError, Status
from amc_circuits.linear.equations import linear_circuit
from amc_circuits.solvers.least_squares.ginv import GinvCircuit
from netlists import SinglePoleOpAmp, preset
from tests.cases import vector
from tests.comparators import assert_close

G0 = 1e-4
COMPENSATED = {"topology": "compensated"}
every_topology = pytest.mark.parametrize("topology", ["paired", "compensated"])


def gaussian(rows, columns, seed=0):
    """A signed matrix with entries of a normal distribution."""
    return np.random.default_rng(seed).standard_normal((rows, columns))


def ideal(gain=1e5, gbwp=100e6):
    """An op-amp with one pole."""
    return SinglePoleOpAmp(open_loop_gain=gain, gbwp=gbwp)


def programmed(matrix, **fields):
    """A circuit of ideal cells without a floor worth mentioning."""
    return GinvCircuit.program(matrix, **{"engine": "exact", "opamp": ideal(), "g_min": 1e-9, **fields})


@every_topology
@pytest.mark.parametrize("shape", [(7, 4), (4, 7)], ids=["tall", "wide"])
@pytest.mark.parametrize("ridge", [0.0, 0.3])
def test_the_answer_is_numpys(topology, shape, ridge):
    """Of the normal equation with the ridge, and of the shorter one of the other side (push-through identity)."""
    matrix, b = gaussian(*shape), vector(shape[0], 1)
    found = programmed(matrix, ridge=ridge, topology=topology, opamp=ideal(1e9)).steady(b)
    if ridge or shape[0] < shape[1]:
        wanted = matrix.T @ np.linalg.solve(matrix @ matrix.T + ridge * np.eye(shape[0]), b)
    else:
        wanted = np.linalg.pinv(matrix) @ b
    assert_close(found, wanted, absolute=1e-5 * np.abs(wanted).max())


@every_topology
def test_the_feedback_cancels_at_infinite_gain(topology):
    """With and without a ridge, which is `G_r G_f`."""
    matrix, b = gaussian(6, 3), vector(6, 2)
    for ridge in (0.0, 0.2):
        both = [
            programmed(matrix, ridge=ridge, topology=topology, opamp=ideal(1e12), feedback_conductance=feedback).steady(
                b
            )
            for feedback in (2 * G0, 4 * G0)
        ]
        assert_close(both[0], both[1], absolute=1e-9 * np.abs(both[0]).max())


def finite_gain(design, inputs, gain):
    """Outputs of the column amplifiers by the closed form of circuits with equal sums at both inputs.

    `(X^T W X + g_r + S_col/A0) c = X^T W g_in v`, `W = 1/(g_f + S_row/A0)`, v the input in units of b.
    """
    x = design.conductance - (0 if design.conductance_negative is None else design.conductance_negative)
    rows = design.conductance.sum(axis=1) + design.input_conductance + design.feedback_conductance
    columns = design.conductance_transposed.sum(axis=1)
    if design.compensated:
        rows = rows + design.balance_rows_inverting.sum(axis=1)
        columns = columns + design.balance_columns_noninverting.sum(axis=1)
    weights = 1 / (design.feedback_conductance + rows / gain)
    ridge = design.ridge_conductance or 0.0
    left = (x.T * weights) @ x + np.diag(ridge + columns / gain)
    return np.linalg.solve(left, (x.T * weights) @ (design.input_conductance * inputs))


@pytest.mark.parametrize("gain", [1e2, 1e3, 1e5])
@pytest.mark.parametrize("kind", ["one array", "compensated", "compensated with ridge"])
def test_finite_gain_has_a_closed_form(kind, gain):
    """Every connection and every sign is in it; with 1e3 it is not the least-squares solution but that of a ridge."""
    matrix = np.abs(gaussian(6, 3)) if kind == "one array" else gaussian(6, 3)
    fields = {} if kind == "one array" else COMPENSATED | {"ridge": 0.1 * kind.endswith("ridge")}
    circuit = programmed(matrix, opamp=ideal(gain), pair="auto" if fields else "never", **fields)
    inputs = 0.1 * vector(6, 3)
    found = circuit.linear.steady("x", inputs[:, None])[:, 0]
    assert_close(found, finite_gain(circuit.design, inputs, gain), absolute=1e-11 * np.abs(found).max())


@every_topology
@pytest.mark.parametrize("shape", [(12, 5), (16, 8)])
def test_the_error_falls_with_the_gain(topology, shape):
    """At most 1e-3 at 1e5, and as 1/A0."""
    matrix, b = gaussian(*shape, seed=3), vector(shape[0], 4)
    wanted = np.linalg.pinv(matrix) @ b
    errors = []
    for gain in (1e5, 1e6):
        circuit = programmed(matrix, topology=topology, opamp=ideal(gain), feedback_conductance=4 * G0)
        errors.append(np.linalg.norm(circuit.steady(b) - wanted) / np.linalg.norm(wanted))
    assert errors[0] < 1e-3
    assert errors[1] < 0.2 * errors[0]


def growth(circuit):
    """Largest real part of all poles, 1/s."""
    return linear_circuit(circuit).poles.real.max()


@pytest.mark.parametrize("kind", ["one array", "compensated"])
def test_equal_sums_are_stable_at_any_feedback(kind):
    """`E = e^T U^-1 e + x^T D^-1 x` falls at all times."""
    for seed in range(10):
        shape = (6 + seed % 3, 3 + seed % 4)
        matrix = gaussian(*shape, seed)
        for feedback in (0.05 * G0, G0, 20 * G0):
            fields = {"topology": "compensated"} if kind == "compensated" else {}
            circuit = programmed(matrix if fields else np.abs(matrix), feedback_conductance=feedback, **fields)
            assert growth(circuit.circuit) < 0


def test_inverters_need_enough_feedback():
    """With half of G0 nearly all Gaussian 16 x 8 are unstable; with the automatic choice none of them is."""
    unstable = 0
    for seed in range(20):
        matrix = gaussian(16, 8, seed)
        unstable += not programmed(matrix, feedback_conductance=0.5 * G0).stability.stable
        assert programmed(matrix).stability.stable
    assert unstable >= 19


def test_poles_with_uniform_sums_have_a_closed_form():
    """They are the roots of `s^2 + t s + t L` in units of w_T."""
    matrix = gaussian(6, 3)
    design = programmed(matrix, opamp=ideal(1e12), feedback_conductance=2 * G0, **COMPENSATED).design
    x = design.conductance - design.conductance_negative
    rows = design.conductance.sum(axis=1) + design.balance_rows_inverting.sum(axis=1)
    rows = rows + design.input_conductance + design.feedback_conductance
    columns = design.conductance_transposed.sum(axis=1) + design.balance_columns_noninverting.sum(axis=1)
    more, fewer = rows.max() - rows, columns.max() - columns
    even = design.replace(
        balance_rows_inverting=np.column_stack([design.balance_rows_inverting, more]),
        balance_rows_noninverting=np.column_stack([design.balance_rows_noninverting, more]),
        balance_columns_inverting=np.column_stack([design.balance_columns_inverting, fewer]),
        balance_columns_noninverting=np.column_stack([design.balance_columns_noninverting, fewer]),
    )
    ratio = 2 * G0 / rows.max()
    loops = np.linalg.eigvalsh(x.T @ x) / (columns.max() * 2 * G0)
    wanted = [root for loop in loops for root in np.roots([1, ratio, ratio * loop])] + [-ratio] * 3
    found = linear_circuit(even.circuit).poles / (2 * np.pi * 100e6)
    order = lambda values: np.array(sorted(values, key=lambda one: (round(one.real, 6), one.imag)))  # noqa: E731
    assert_close(order(found), order(wanted), absolute=1e-8)


def test_a_rank_that_is_not_full_is_named_and_slow():
    """It is refused without a ridge; a direction without feedback would rest only after A0/w_T."""
    matrix = gaussian(6, 3)
    matrix[:, 2] = matrix[:, 0] + matrix[:, 1]
    with pytest.raises(ParameterError, match="a matrix of rank 2; needs rank 3"):
        programmed(matrix)
    assert programmed(matrix, ridge=0.1).solve(vector(6, 1)).status is Status.SETTLED


@every_topology
def test_second_poles_have_a_limit(topology):
    """Just above the lowest one all poles decay, just below one grows."""
    opamp = preset("cmos-100meg").replace(input_capacitance=0.0)
    circuit = programmed(gaussian(8, 4, 5), opamp=opamp, topology=topology, feedback_conductance=G0 * 4)
    limit = circuit.limits()["lowest_second_pole", "Hz"][0].value
    for factor, stable in ((1.1, True), (0.9, False)):
        changed = circuit.circuit.with_opamps(lambda one, factor=factor: one.replace(second_pole=factor * limit))
        assert (growth(changed) < 0) == stable


@every_topology
def test_the_choice_is_near_its_start_and_no_slower(topology):
    """The slowest true pole decides, with the capacitance and the second pole of the op-amp."""
    for seed in range(3):
        circuit = programmed(gaussian(8, 4, seed), opamp="cmos-100meg", topology=topology)
        found = circuit.feedback
        assert found.chosen / found.start * (1 + 1e-9) >= 1 / 3 and found.chosen / found.start <= 3 * (1 + 1e-9)
        assert found.slowest == pytest.approx(circuit.linear.poles.real.max(), rel=0.2)
        given = programmed(
            gaussian(8, 4, seed), opamp="cmos-100meg", topology=topology, feedback_conductance=found.start
        )
        assert circuit.linear.poles.real.max() <= 0.98 * given.linear.poles.real.max()
        formula = programmed(
            gaussian(8, 4, seed), opamp="cmos-100meg", topology=topology, feedback_conductance="formula"
        )
        assert formula.design.feedback_conductance == found.start and formula.sha256 == given.sha256


@every_topology
def test_complex_matrices_and_lmmse(topology):
    """`(H^H H + s I)^-1 H^H y` is GINV of the real embedding with a ridge, within 5e-4 at a gain of 1e5."""
    random = np.random.default_rng(6)
    channel = (random.standard_normal((8, 3)) + 1j * random.standard_normal((8, 3))) / np.sqrt(2)
    received = random.standard_normal(8) + 1j * random.standard_normal(8)
    found = programmed(channel, ridge=0.09, topology=topology).solve(received)
    wanted = np.linalg.solve(channel.conj().T @ channel + 0.09 * np.eye(3), channel.conj().T @ received)
    assert found.status is Status.SETTLED
    assert np.linalg.norm(found.value - wanted) <= 5e-3 * np.linalg.norm(wanted)
    steady = programmed(channel, ridge=0.09, topology=topology).steady(received)
    assert np.linalg.norm(steady - wanted) <= 5e-4 * np.linalg.norm(wanted)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"ridge": -0.1}, "ridge"),
        ({"feedback_conductance": 0.0}, "feedback_conductance"),
        ({"feedback_conductance": "best"}, "feedback_conductance"),
        ({"topology": "compensated", "inverter_resistance": 1e3}, "inverter_resistance"),
    ],
)
def test_bad_parameters_are_named(fields, named):
    """In one line."""
    with pytest.raises(ParameterError) as raised:
        programmed(gaussian(4, 2), **fields)
    assert raised.value.parameter == named
