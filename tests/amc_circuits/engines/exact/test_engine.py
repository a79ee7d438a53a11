"""Waveforms and settling times of the exact engine against closed forms, brute force, and its own limits."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq

from amc_circuits import InvCircuit
from amc_circuits.engines.exact.circuit import ExactCircuit
from amc_circuits.engines.exact.slots import slots_of
from amc_circuits.linear.modes import Modes, independent_modes, modes_of
from amc_circuits.linear.response import ExactResponse
from amc_circuits.results.status import Status
from netlists import ParameterError, preset
from tests.amc_circuits.engines.exact.circuits import EDGE, OPAMP, job_of, programmed
from tests.amc_circuits.engines.mixed import MixedInv
from tests.cases import exact_inv, spd_matrix, vector
from tests.comparators import assert_close, assert_within
from tests.runs import exact_outputs, readings

LINEAR = preset("cmos-100meg").replace(slew_rate=1e15, output_current_limit=100.0, output_swing=1.2)
"""Limits that no right-hand side comes near."""


def test_one_amplifier_settles_as_an_exponential_does():
    """One pole p and an edge of T: `c = final (1 - exp(-p t) (exp(p T) - 1)/(p T))` after it, so settling is a log."""
    rise = 3e-9
    circuit = programmed([[1.0]], opamp=OPAMP, rise_time=rise, tolerance=1e-3)
    pole = -circuit.stability.slowest.real
    solution = circuit.solve([1.0])
    end = circuit.timing.slot_time
    factor = (np.exp(pole * rise) - 1) / (pole * rise)
    # Final is the value at the end of the slot, which the exponential has not quite left.
    left = factor * np.exp(-pole * end)
    wanted = np.log(factor / (left + 1e-3 * (1 - left))) / pole - rise / 2
    assert_within(solution.settling_time, wanted, 1e-9)


def test_two_n_states_by_brute_force():
    """Settling time and energies of the 2N-state system, on a grid of 200,000 points and by adaptive quadrature."""
    circuit = programmed(spd_matrix(5, 10, 3), opamp=OPAMP, rise_time=EDGE, tolerance=0.01)
    b = vector(5, 3)
    solution = circuit.solve(b)
    system = exact_inv(circuit.design, circuit.input_levels(b[:, None])[0][:, 0])
    end = circuit.timing.slot_time
    assert abs(solution.settling_time - system.settling_time(0.01, end)) < end / 200_000 + EDGE
    assert_close(circuit.solve(b).responses[0].outputs[-1], system.states(np.array([end]))[0, :5], relative=1e-8)
    for joules, place in ((solution.energy.array, 0), (solution.energy.inputs, 1)):
        power = lambda time, place=place: float(system.powers(np.array([time]))[place][0])  # noqa: E731
        wanted = quad(power, 0, solution.settling_time, limit=200, epsrel=1e-10)[0]
        assert_within(joules, wanted, 1e-5)


def test_critical_damping_has_no_second_eigenvector():
    """p2 = 4a makes both poles -2a: the response is `1 - (1 + 2 a t) exp(-2 a t)`, though no modes span it."""
    first = programmed([[1.0]], opamp=OPAMP.replace(open_loop_gain=1e9))
    a = -first.stability.slowest.real
    macro = LINEAR.replace(
        open_loop_gain=1e9, output_resistance=1e-9, input_capacitance=0.0, second_pole=4 * a / (2 * np.pi)
    )
    circuit = programmed([[1.0]], opamp=macro, rise_time=EDGE, input_voltage=1e-3)
    job = job_of(circuit, np.array([[1.0]]))
    time = np.linspace(EDGE, 8 / a, 50)
    got = exact_outputs(job, time)[:, 0] / job.drive.levels[0, 0]
    after = time - EDGE / 2
    assert_close(got, -(1 - (1 + 2 * a * after) * np.exp(-2 * a * after)), absolute=5e-7)


def test_modes_that_share_an_eigenvector_are_parted():
    """A Jordan block has one eigenvector; jittered by a billionth it still acts as itself."""
    block = np.array([[-1.0, 1.0], [0.0, -1.0]])
    modes = independent_modes(block, modes_of(block))
    rebuilt = np.real(modes.vectors @ np.diag(np.exp(modes.values)) @ modes.inverse)
    assert_close(rebuilt, np.exp(-1) * np.array([[1, 1], [0, 1]]), absolute=1e-7)


def test_offsets_move_the_outputs_as_algebra_says():
    """`c = (G+ - G-)^-1 (S e - 2 G- e_inv)` up to sign, at zero input, all offsets equal."""
    offset = 1e-3
    opamp = preset("cmos-100meg").replace(open_loop_gain=1e10, input_offset=offset, output_resistance=1e-6)
    circuit = programmed(spd_matrix(5, 6, 2), opamp=opamp)
    design = circuit.design
    negative = design.conductance_negative
    wanted = np.linalg.solve(
        design.conductance_positive - negative, design.row_conductance * offset - 2 * negative @ np.full(5, offset)
    )
    rest = circuit.linear.rest[circuit.linear.nodes["c"]]
    assert_close(rest, wanted, relative=1e-6)


@pytest.mark.parametrize("opamp", [OPAMP, LINEAR], ids=["single-pole", "macro"])
def test_a_column_does_not_depend_on_its_neighbours(opamp):
    """Many right-hand sides at once or one alone: the same figures."""
    circuit = programmed(spd_matrix(6, 10, 0), opamp=opamp, input_voltage=0.02)
    columns = np.random.default_rng(0).uniform(-1, 1, (6, 70))
    columns[:, 3] = 0
    together = circuit.solve(columns)
    assert together.statuses == (Status.SETTLED,) * 70
    assert np.isnan(together.settling_time[3])
    for k in (0, 5, 69):
        alone = circuit.solve(columns[:, k])
        assert_close(together.value[:, k], alone.value, relative=1e-12)
        assert_within(together.settling_time[k], alone.settling_time, 1e-9)
        assert_within(together.energy.array[k], alone.energy.array, 1e-9)
        assert_within(together.overshoot[k], alone.overshoot, 1e-9)


def test_from_the_previous_solution_a_repeated_input_has_settled():
    """With `start = previous` a right-hand side that equals the one before needs no time, and no energy."""
    circuit = programmed(spd_matrix(4, 10, 0), start="previous")
    b = vector(4, 0)
    solution = circuit.solve(np.stack([b, b, -b], axis=1))
    assert solution.settling_time[1] == 0
    assert solution.energy.array[1] == 0
    assert solution.settling_time[2] > solution.settling_time[0] > 0


def test_a_crest_between_two_samples_is_not_missed():
    """A ringing output that grazes its band: the settling time is a root beyond which a fine grid finds no exit."""
    opamp = LINEAR.replace(second_pole=1.1e8, output_resistance=1.0, input_capacitance=0.0)
    circuit = programmed(np.array([[1.0, -0.6], [-0.6, 1.0]]), opamp=opamp)
    whole = ExactCircuit(circuit.circuit)
    for tolerance in np.linspace(0.01, 0.2, 40):
        tuned = programmed(np.array([[1.0, -0.6], [-0.6, 1.0]]), opamp=opamp, tolerance=float(tolerance))
        job = job_of(tuned, np.array([[1.0], [0.3]]))
        reading = readings(job, float(tolerance))[0]
        hold = slots_of(whole, job.drive, True).hold
        after = np.linspace(hold.start, hold.stop, 20_001)
        outputs = whole.response.at(hold, whole.outputs, after)[0]
        band = tolerance * np.abs(reading.final).max()
        outside = (np.abs(outputs - reading.final) > band).any(axis=1)
        brute = after[np.flatnonzero(outside)[-1]] - job.drive.step_time(0)
        assert -1e-15 <= reading.settling_time - brute <= after[1] - after[0] + 1e-15


def test_overshoot_is_the_crest_itself():
    """A two-pole response overshoots by `exp(-pi zeta/sqrt(1 - zeta^2))`."""
    macro = LINEAR.replace(open_loop_gain=1e9, output_resistance=1e-9, input_capacitance=0.0)
    first = programmed([[1.0]], opamp=OPAMP.replace(open_loop_gain=1e9))
    a = -first.stability.slowest.real
    circuit = programmed(
        [[1.0]], opamp=macro.replace(second_pole=a / (2 * np.pi)), rise_time=EDGE, input_voltage=1e-3
    )  # fmt: skip
    # s^2/p2 + s + a with p2 = a: natural frequency a, damping ratio 1/2.
    wanted = np.exp(-np.pi * 0.5 / np.sqrt(0.75))
    got = circuit.solve([1.0]).overshoot
    left = np.exp(-0.5 * a * circuit.timing.slot_time)
    assert abs(got - wanted) < 1e-3 * wanted + 2 * left


def test_slots_that_were_doubled_start_from_rest_too():
    """Several columns that are repeated in longer slots, each alone: the figures are those of each by itself."""
    matrix = np.eye(8) + 0.9 * np.eye(8, k=-1)
    circuit = programmed(matrix, opamp="single-pole")
    columns = np.random.default_rng(1).uniform(-1, 1, (8, 4))
    together = circuit.solve(columns)
    assert sum(len(attempts) > 1 for attempts in together.attempts) >= 2
    for k in range(4):
        alone = circuit.solve(columns[:, k])
        assert_within(together.settling_time[k], alone.settling_time, 1e-9)
        assert_within(together.energy.array[k], alone.energy.array, 1e-6)


def test_an_endless_number_of_panels_is_refused():
    """A ring of a billion radians in a slot ends in one clear line, not in a list without end."""
    poles = np.array([-1 + 1e9j, -1 - 1e9j])
    response = ExactResponse(Modes(poles, poles, np.array([[1, 1], [1j, -1j]]), 0), np.ones((2, 1)))
    zero, one = np.zeros((1, 1)), np.ones((1, 1))
    piece = response.piece(0.0, 1.0, np.zeros((2, 1)), zero, one)
    with pytest.raises(ParameterError, match=r"a circuit with poles up to 1e\+09 1/s"):
        response.panels(piece)


LIMITS = [
    ({"slew_rate": 5e6}, "slew rate", Status.SETTLED, ""),
    ({"output_current_limit": 20e-6}, "output current", Status.SATURATED, "of at most 20 uA"),
    ({"output_swing": 0.2}, "output swing", Status.SATURATED, "by its swing of 200 mV"),
    ({"output_swing": 0.12}, "output swing", Status.SATURATED, "by its swing of 120 mV"),
]
each_limit = pytest.mark.parametrize(("change", "limit", "status", "words"), LIMITS)


@each_limit
def test_limits_of_macro_op_amps_are_those_of_ngspice(change, limit, status, words):
    """Values, status and message of a solve beyond a limit, and times within 1 %."""
    matrix, right, opamp = spd_matrix(4, 10, 0), vector(4, 0), preset("cmos-100meg").replace(**change)
    got, wanted = (
        InvCircuit.program(matrix, opamp=opamp, fixed_scale=True, engine=engine).solve(right)
        for engine in ("exact", "ngspice")
    )
    assert got.status is wanted.status is status
    assert words in got.message and words in wanted.message
    assert_close(got.value, wanted.value, absolute=1e-5 * np.abs(wanted.value).max())
    if status is Status.SETTLED:
        assert_within(got.settling_time, wanted.settling_time, 0.01)
        assert_within(got.energy.total, wanted.energy.total, 0.01)


@pytest.mark.parametrize("engine", ["exact", "ngspice"])
@pytest.mark.parametrize(("gain", "words"), [(1.0, "slew rate of 62.83 MV/s, which at a gain of 1"), (1e4, "swing")])
def test_a_small_gain_is_limited_by_the_slew_rate(engine, gain, words):
    """`SR C1` into R1 is `A0 SR/w_T`, 100 mV at a gain of 1: below the swing, which is what limits a large gain."""
    opamp = preset("cmos-100meg").replace(open_loop_gain=gain, gbwp=100e6, slew_rate=2 * np.pi * 1e7)
    circuit = InvCircuit.program(
        [[1.0]], opamp=opamp, pair="never", fixed_scale=True, input_voltage=1.1, engine=engine, tolerance=1e-3
    )
    solution = circuit.solve([1.0])
    assert solution.status is Status.SATURATED
    assert f"by its {words}" in solution.message
    assert ("drives at most 100 mV" in solution.message) == (gain == 1.0)


def test_a_clamp_that_takes_less_than_the_gain_is_the_swing():
    """Both take a millionth of `SR C1`, which may drive MVs: it hardly bends there, and the gain is no limit."""
    opamp = preset("cmos-100meg").replace(open_loop_gain=400.0, slew_rate=1e13)
    circuit = InvCircuit.program(
        [[1.0]], opamp=opamp, pair="never", fixed_scale=True, input_voltage=0.73, engine="exact", tolerance=1e-4
    )
    solution = circuit.solve([1.0])
    assert solution.status is Status.SATURATED
    assert "by its swing of 900 mV" in solution.message


@each_limit
def test_leaving_the_linear_region_of_a_mixed_circuit_is_said(change, limit, status, words):
    """With single-pole inverters beside macro amplifiers the status is NONLINEAR: amplifier, limit, time and excess."""
    opamp = preset("cmos-100meg").replace(**change)
    circuit = MixedInv.program(spd_matrix(4, 10, 0), opamp=opamp, engine="exact", fixed_scale=True)
    solution = circuit.solve(vector(4, 0))
    assert solution.status is Status.NONLINEAR
    assert not solution.usable
    assert "amplifier" in solution.message
    assert f"times its {limit}" in solution.message
    assert "after the step" in solution.message


def test_the_excess_is_what_the_linear_solution_asks_for():
    """Right after the edge one amplifier's input is `G_in v / S`: it asks for `w_T` times that, V/s."""
    slew_rate = 10e6
    opamp = preset("cmos-100meg").replace(slew_rate=slew_rate, input_capacitance=0.0, output_resistance=1e-6)
    circuit = MixedInv.program([[1.0]], opamp=opamp, rise_time=1e-12, engine="exact", pair="always", g_min=1e-12)
    job = job_of(circuit, np.array([[1.0]]))
    excess = readings(job, 0.01)[0].excess
    assert excess.amplifier == "amplifier 1"
    assert_within(excess.ratio, 2 * np.pi * opamp.gbwp * 0.1 / 2 / slew_rate, 1e-2)
    assert 0 <= excess.time < 1e-10


@pytest.mark.parametrize(("opamp", "exact"), [("single-pole", 1e-9), ("cmos-100meg", 1e-5)])
def test_crossing_is_a_root_of_the_response(opamp, exact):
    """The settling time solves `|y(t) - final| = band`, by an independent root finder on the outputs.

    Beyond the linear range, slots and whole waveforms are integrated in steps of their own.
    """
    circuit = programmed(spd_matrix(4, 10, 7), opamp=opamp)
    job = job_of(circuit, vector(4, 7)[:, None])
    reading = readings(job, 0.01)[0]
    band = 0.01 * np.abs(reading.final).max()
    step = job.drive.step_time(0)

    def excess(time):
        return float(np.abs(exact_outputs(job, np.array([time]))[0] - reading.final).max() - band)

    settled = step + reading.settling_time
    assert abs(excess(settled)) < exact * band
    root = brentq(excess, settled * 0.99, settled * 1.01, xtol=1e-20, rtol=1e-14)
    assert_within(settled, root, exact / 10)


@pytest.mark.parametrize("engine", ["exact", "auto"])
def test_circuits_that_are_read_together_have_one_job_each(engine):
    """No circuits have no readings; fewer jobs than circuits are an error."""
    circuit = programmed([[1.0]], opamp=OPAMP) if engine == "exact" else InvCircuit.program([[1.0]], engine="auto")
    assert circuit.simulator.read_together([], [], 0.01) == []
    with pytest.raises(ValueError, match="shorter"):
        circuit.simulator.read_together([circuit.state] * 2, [circuit.job(np.ones((1, 1)))], 0.01)
