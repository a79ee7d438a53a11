"""Sample-and-holds: their errors against closed forms, and what they do to a solve of two equations."""

import numpy as np
import pytest

from amc_circuits import BlockCircuit, SampleHold
from netlists import SinglePoleOpAmp
from tests.comparators import assert_close

A = np.array([[2.0, -0.5], [0.25, 1.0]])
B = np.array([1.0, -0.7])
OPAMP = SinglePoleOpAmp(open_loop_gain=1e12)


def steady(hold):
    """Answer of ideal circuits with sample-and-holds, and the circuit."""
    circuit = BlockCircuit.program(A, opamp=OPAMP, hold=hold, pivoting="none")
    return circuit, circuit.steady(B)


def by_hand(errors, kept):
    """Five steps by their equations; every held value is `(v + error) kept`.

    Scales: s0 = 0.1 V / max|b|; an INV of one cell has `s1 = -s0 |a|`, and an MVM full scale for a full input,
    `s2 = s0 |a1| 2^m`, with the power m that brings the next inputs to half of 0.1 V or more.
    """

    def ranged(scale, product, other):
        largest = max(abs(scale * product), abs(scale * other), abs(scale * (other - product)))
        return scale * 2.0 ** np.floor(np.log2(0.1 / largest))

    (a1, a2), (a3, a4) = A
    f, g = B
    s0 = 0.1 / np.abs(B).max()
    a4s = a4 - a3 * a2 / a1
    h1 = (-s0 * f + errors[0]) * kept[0]  # alpha of one cell is a1, so that -s1 A1^-1 f = -s0 f
    g_t = a3 * h1 / (-s0 * a1)
    s2 = ranged(s0 * a1 / abs(a3), g_t, g)
    z = (g - (g_t + errors[1] / s2) * kept[1]) / a4s
    h3 = (s2 * a4s * z + errors[2]) * kept[2]  # s3 = s2 a4s
    f_t = a2 * h3 / (s2 * a4s)
    s4 = ranged(s2 * a4s / abs(a2), f_t, f)
    y = (f - (f_t - errors[3] / s4) * kept[3]) / a1
    return np.array([y, z])


def test_exact_ones_change_nothing():
    """The answer is NumPy's."""
    assert_close(steady(SampleHold())[1], np.linalg.solve(A, B), relative=1e-9)


def test_injection_adds_its_voltage_at_every_handing_on():
    """A charge q leaves q/C."""
    hold = SampleHold(hold_injection=2e-15, hold_capacitance=2e-12)
    assert hold.step == pytest.approx(1e-3, rel=1e-12)
    assert_close(steady(hold)[1], by_hand([1e-3] * 4, [1.0] * 4), relative=1e-9)


def test_leakage_is_an_exponential_over_the_step_that_takes_the_value():
    """With the predicted settling time of that step; the answer of a held value is smaller."""
    hold = SampleHold(hold_leakage=1e6)
    circuit, found = steady(hold)
    root = circuit.root
    steps = (root.lower.circuits[0, 0], root.last.circuit, root.upper.circuits[0, 0], root.first.circuit)
    kept = [np.exp(-one.predicted_time / 1e-6) for one in steps]
    assert kept[0] < 0.999
    assert_close(found, by_hand([0.0] * 4, kept), relative=1e-9)


def test_offsets_are_drawn_once_for_each_line():
    """Another seed draws others, the same seed the same ones, and their effect scales with their spread."""
    exact = np.linalg.solve(A, B)
    small, large = (steady(SampleHold(hold_offset=spread))[1] - exact for spread in (1e-6, 2e-6))
    assert_close(large, 2 * small, relative=1e-3)
    circuit, found = steady(SampleHold(hold_offset=1e-3))
    again, other = (
        BlockCircuit.program(A, opamp=OPAMP, hold=circuit.hold, seed=seed, pivoting="none").steady(B) for seed in (0, 1)
    )
    assert_close(again, found, relative=1e-15)
    assert np.abs(other - found).min() > 1e-6


def test_a_simulation_holds_the_same_errors():
    """The exact engine hands on what it reads, with the errors of `steady`."""
    hold = SampleHold(hold_injection=2e-15, hold_offset=1e-3, hold_leakage=1e7)
    circuit = BlockCircuit.program(A, engine="exact", hold=hold, pivoting="none")
    assert_close(circuit.solve(B).value, circuit.steady(B), relative=2e-3)
