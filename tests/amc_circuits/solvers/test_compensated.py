"""Conductance compensation in INV and MVM: closed forms of rest and poles, and the laws of stability.

With equal sums S_i at both inputs, `dc/dt = -w_T diag(1/S) (A c + G_in v) - (w_T/A0) c`, A = G+ - G-, in siemens.
"""

import math
from dataclasses import replace

import numpy as np
import pytest

from amc_circuits import InvCircuit, Status
from amc_circuits.engines import NgspiceEngine
from amc_circuits.linear.equations import linear_circuit
from netlists import GROUND, Capacitors, Conductors, MacroOpAmp, preset
from tests.amc_circuits.solvers.compensated import G0, GAIN, POLE, STEEP, W_T, difference, inv, mvm, sums
from tests.cases import spd_matrix, vector
from tests.comparators import assert_close, assert_within

ROTATING = np.array([[0.2, -1.0], [1.0, 0.2]])
MATRICES = {"steep": STEEP, "rotating": ROTATING, "spd": spd_matrix(5, 12, 3)}
every_matrix = pytest.mark.parametrize("matrix", MATRICES.values(), ids=MATRICES)


def sorted_poles(values):
    """Poles in one order."""
    return np.array(sorted(np.asarray(values, dtype=complex), key=lambda one: (round(one.real, 3), one.imag)))


@every_matrix
@pytest.mark.parametrize("g_min", [1e-9, 1e-6, 10e-6])
def test_sums_are_equal_and_as_small_as_they_can_be(matrix, g_min):
    """S is the larger one of both sums, and g_min more where the difference is below what a cell can hold."""
    design = inv(matrix, g_min=g_min).design
    minus, plus = sums(design, design.input_conductance)
    assert_close(minus, plus, absolute=1e-12 * minus.max())
    before = np.stack([minus - design.balance_inverting.sum(axis=1), plus - design.balance_noninverting.sum(axis=1)])
    tight = np.abs(before[0] - before[1]) >= g_min
    assert_close(minus, before.max(axis=0) + np.where(tight, 0, g_min), absolute=1e-12 * minus.max())
    cells = np.concatenate([design.balance_inverting, design.balance_noninverting])
    held = cells[cells > 0]
    assert held.min() >= g_min * (1 - 1e-12)
    assert held.max() <= 100e-6 * (1 + 1e-12)


@every_matrix
def test_poles_are_the_eigenvalues_of_the_scaled_matrix(matrix):
    """`-w_T (eig(diag(1/S) A) + 1/A0)`, N of them: no inverters, no hidden poles."""
    circuit = inv(matrix)
    design = circuit.design
    scaled = difference(design) / sums(design, design.input_conductance)[1][:, None]
    wanted = -W_T * (np.linalg.eigvals(scaled) + 1 / GAIN)
    poles = circuit.linear.poles
    assert len(poles) == len(matrix) == len(circuit.circuit.amplifiers)
    assert_close(sorted_poles(poles), sorted_poles(wanted), absolute=1e-12 * W_T)


def test_a_rotation_decays_where_the_paired_circuit_grows():
    """`[[.2, -1], [1, .2]]`: poles (-0.1288 +- 0.6143 j) w_T, and with cells from 1 uS (-7.979 +- 38.10 j) 1e7/s."""
    tight = inv(ROTATING, g_min=1e-12, opamp=POLE.replace(open_loop_gain=1e9)).linear.poles
    assert_close(sorted_poles(tight) / W_T, [-0.1288 - 0.6143j, -0.1288 + 0.6143j], absolute=1e-4)
    usual = inv(ROTATING, opamp=POLE.replace(open_loop_gain=1e9)).linear.poles
    assert_close(sorted_poles(usual) / 1e7, [-7.979 - 38.10j, -7.979 + 38.10j], absolute=4e-3)
    paired = InvCircuit.program(ROTATING, opamp=POLE, engine="exact")
    assert not paired.stability.stable
    assert inv(ROTATING).solve([0.3, 0.5]).status is Status.SETTLED


@every_matrix
def test_rest_at_finite_gain_and_with_offsets(matrix):
    """`(A + diag(S)/A0) c = S e - G_in v`, with offsets e at the non-inverting inputs."""
    for spread in (0.0, 2e-3):
        circuit = inv(matrix, offset_spread=spread, seed=5)
        design = circuit.design
        total = sums(design, design.input_conductance)[1]
        offset = np.zeros(len(matrix)) if design.amplifier_offset is None else design.amplifier_offset
        assert bool(offset.any()) == (spread > 0)
        levels = 0.1 * vector(len(matrix), 2)
        right = total * offset - design.input_conductance * levels
        wanted = np.linalg.solve(difference(design) + np.diag(total) / GAIN, right)
        found = circuit.linear.steady("c", levels[:, None])[:, 0]
        assert_close(found, wanted, absolute=1e-12 * np.abs(wanted).max())


@pytest.mark.parametrize("feedback", [None, 30e-6])
def test_mvm_rests_at_the_product_with_one_pole_an_output(feedback):
    """`(G_f + S/A0) out = S e - A v`, poles `-w_T (G_f/S_i + 1/A0)`."""
    matrix = np.random.default_rng(2).uniform(-1, 1, (4, 3))
    circuit = mvm(matrix, feedback_conductance=feedback, offset_spread=2e-3)
    design = circuit.design
    minus, plus = sums(design, design.feedback_conductance)
    assert_close(minus, plus, absolute=1e-12 * minus.max())
    levels = 0.1 * vector(3, 4)
    right = plus * design.amplifier_offset - difference(design) @ levels
    wanted = right / (design.feedback_conductance + plus / GAIN)
    found = circuit.linear.steady("out", levels[:, None])[:, 0]
    assert_close(found, wanted, absolute=1e-12 * np.abs(wanted).max())
    poles = -W_T * (design.feedback_conductance / plus + 1 / GAIN)
    assert_close(sorted_poles(circuit.linear.poles), sorted_poles(poles), absolute=1e-12 * W_T)


def test_balance_changes_no_answer_on_both_inputs_and_the_answer_on_one():
    """A further conductance to ground at both inputs only slows; at one alone it changes A by its share of G-."""
    circuit = inv(STEEP, opamp=POLE.replace(open_loop_gain=1e12))
    levels, extra = 0.1 * vector(3, 2)[:, None], 0.1 * G0
    right = circuit.linear.steady("c", levels)

    def changed(*inputs):
        more = tuple(Conductors(f"extra{group}", group, GROUND, extra) for group in inputs)
        found = linear_circuit(replace(circuit.circuit, parts=circuit.circuit.parts + more))
        return found.steady("c", levels), found.poles

    both, poles = changed("v", "p")
    assert_close(both, right, absolute=1e-9 * np.abs(right).max())
    assert -poles.real.max() < -circuit.linear.poles.real.max()
    design = circuit.design
    total = sums(design, design.input_conductance)[1]
    seen = design.conductance_positive - (1 + extra / total)[:, None] * design.conductance_negative
    wanted = -np.linalg.solve(seen, design.input_conductance * levels)
    one = changed("v")[0]
    assert_close(one, wanted, absolute=1e-9 * np.abs(right).max())
    assert np.abs(one - right).max() > 1e-3 * np.abs(right).max()


def test_cmrr_is_a_gain_error_of_the_negative_array():
    """`A_eff = G+ - (1 + 1/CMRR) G-`: relative error `||A^-1 G- x||/(CMRR ||x||)`, within 2 %."""
    matrix, cmrr = spd_matrix(16, 30, 2), 1e3
    levels = 0.1 * vector(16, 3)[:, None]
    ideal, real = (
        inv(matrix, g_min=1e-6, opamp=POLE.replace(open_loop_gain=1e9, cmrr=one)).linear.steady("c", levels)
        for one in (None, cmrr)
    )
    design = inv(matrix).design
    wanted = np.linalg.norm(np.linalg.solve(difference(design), design.conductance_negative @ ideal)) / cmrr
    assert_within(np.linalg.norm(real - ideal), wanted, 0.02)


def test_a_common_mode_beyond_its_range_is_named():
    """The inputs are not at ground: their common mode is `(G- c)/S`, and it is held against its range."""
    macro, b = preset("cmos-100meg"), vector(3, 1)
    circuit = inv(STEEP, opamp=macro)
    design, solution = circuit.design, circuit.solve(b)
    volts = design.conductance_negative @ (solution.value * solution.attempts[0][-1].scale / circuit.gain)
    largest = np.abs(volts / sums(design, design.input_conductance)[1]).max()
    for engine in ("exact", "ngspice"):
        for share, status in ((0.98, Status.SATURATED), (1.02, Status.SETTLED)):
            record = macro.replace(common_mode_range=share * largest)
            found = inv(STEEP, opamp=record, engine=engine).solve(b)
            assert found.status is status, (engine, share, found.status)
            assert ("common mode" in found.message) == (status is Status.SATURATED)


def slow(second_pole, capacitance):
    """An op-amp with one further pole, in units of w_T, and input capacitance, in units of G0/w_T."""
    return MacroOpAmp(
        open_loop_gain=GAIN, gbwp=100e6, second_pole=None if second_pole is None else second_pole * 100e6,
        slew_rate=1e12, output_resistance=1e-3, output_current_limit=10.0, output_swing=100.0,
        input_capacitance=capacitance * G0 / W_T, supply_voltage=100.0, quiescent_current=None, class_ab_current=None,
    )  # fmt: skip


@pytest.mark.parametrize(("second_pole", "capacitance"), [(0.3, 2.0), (0.3, 6.0), (None, 100.0), (1.0, 100.0)])
def test_second_pole_and_input_capacitance_together(second_pole, capacitance):
    """SPD: stable iff `w_T lambda_max(diag(1/S) A) < p2 + S/C`, one S in all rows; one lag alone is always stable."""
    matrix = spd_matrix(5, 30, 1)
    plain = inv(matrix, g_min=1e-9, g_max=G0).design
    total = sums(plain, plain.input_conductance)[1]
    even = plain.replace(
        balance_inverting=np.hstack([plain.balance_inverting, (total.max() - total)[:, None]]),
        balance_noninverting=np.hstack([plain.balance_noninverting, (total.max() - total)[:, None]]),
        opamp=slow(second_pole, capacitance),
    )
    largest = np.linalg.eigvals(difference(even)).real.max() / total.max()
    limit = math.inf if second_pole is None else second_pole + total.max() / G0 / capacitance
    assert (linear_circuit(even.circuit).poles.real.max() < 0) == (largest < limit)
    if second_pole == 0.3:
        assert (largest < limit) == (capacitance == 2.0)


def test_more_capacitance_at_the_inverting_input_alone_would_grow():
    """So C_in must be at both inputs: with a further capacitor at one an SPD matrix grows, with both it does not."""
    circuit = inv(spd_matrix(5, 30, 1), opamp=slow(None, 0.0)).circuit
    farads = 10 * G0 / W_T
    for groups, stable in ((("v",), False), (("p",), True), (("v", "p"), True)):
        more = tuple(Capacitors(f"extra{group}", group, GROUND, farads) for group in groups)
        poles = linear_circuit(replace(circuit, parts=circuit.parts + more)).poles
        assert (poles.real.max() < 0) == stable
    assert inv(spd_matrix(5, 30, 1), opamp=slow(None, 10.0)).stability.stable


def test_ngspice_grows_and_decays_where_the_law_says():
    """p2 = 0.3 w_T: with C = 2 G0/w_T it settles, with 6 G0/w_T its outputs leave all bounds."""
    matrix, b = spd_matrix(5, 30, 1), vector(5, 1)
    for capacitance, status in ((2.0, Status.SETTLED), (6.0, Status.UNSTABLE)):
        found = inv(matrix, opamp=slow(0.3, capacitance), engine="ngspice", force=True).solve(b)
        assert found.status is status
        assert (found.relative_error > 10) == (status is Status.UNSTABLE)


@pytest.mark.parametrize("wires", [{}, {"wire_resistance": 5.0, "line_capacitance": 1e-15}], ids=["ideal", "wires"])
@pytest.mark.parametrize("opamp", [POLE, preset("cmos-100meg")], ids=["single-pole", "macro"])
@pytest.mark.parametrize("make", [inv, mvm])
def test_engines_agree(make, opamp, wires):
    """Rest in ngspice is that of the exact engine within 1e-6 of the largest output, settling times within 0.5 %."""
    exact, simulated = (make(STEEP, opamp=opamp, engine=engine, **wires) for engine in ("exact", "ngspice"))
    levels, engine = 0.1 * vector(3, 2)[:, None], NgspiceEngine()
    wanted = exact.linear.steady(exact.circuit.outputs, levels)
    assert_close(engine.rest(engine.init(exact.circuit), levels), wanted, absolute=1e-6 * np.abs(wanted).max())
    times = [circuit.solve(vector(3, 2)).settling_time for circuit in (exact, simulated)]
    assert_within(times[1], times[0], 0.005)


def test_the_compensated_circuit_is_faster_by_half():
    """SPD, N = 16, condition 30, floor 0.01 G0: ratio of settling times 1.5 +- 0.2, median of 50 matrices."""
    ratios = []
    for seed in range(50):
        matrix, b = spd_matrix(16, 30, seed), vector(16, seed)
        paired, compensated = (
            InvCircuit.program(matrix, topology=topology, engine="exact", opamp=POLE).solve(b)
            for topology in ("paired", "compensated")
        )
        ratios.append(paired.settling_time / compensated.settling_time)
    assert_within(np.median(ratios), 1.5, 0.2 / 1.5)


def test_other_matrices_bear_as_much_lag_as_their_poles_turn():
    """Stable if `1/p2 + C/S < min |Re a|/Im(a)^2` for the poles a without lags: p2 > 2.93 w_T for a rotation."""
    plain = inv(ROTATING, g_min=1e-12, opamp=slow(None, 0.0))
    pole, total = plain.linear.poles[0] / W_T, sums(plain.design, plain.design.input_conductance)[1] / G0
    allowed = abs(pole.real) / pole.imag**2
    assert_within(1 / allowed, 2.93, 0.01)
    for share, stable, one in ((0.8, True, total.min()), (1.25, False, total.max())):
        for second_pole, capacitance in ((1 / (share * allowed), 0.0), (None, share * allowed * one)):
            circuit = inv(ROTATING, g_min=1e-12, opamp=slow(second_pole, capacitance))
            assert circuit.stability.stable == stable, (share, second_pole)
