"""Cases that once were wrong without a word: each by the public API and, where it was typed, by the command.

Right is what algebra says of the circuit, or the judge of `kirchhoff_in_time.py`, which shares no code with the
package.
"""

import json

import numpy as np
import pytest

from amc_circuits import InvCircuit, MvmCircuit, Status
from netlists import preset
from tests.cases import spd_matrix, vector
from tests.comparators import assert_close
from tests.kirchhoff_in_time import judged

TOLERANCE = 0.01
NEAR_SINGULAR, OPPOSITE = [[1.0, 0.99], [0.99, 1.0]], [1.0, -1.0]
LINEAR = preset("cmos-100meg").replace(slew_rate=1e15, output_current_limit=100.0, output_swing=1.2)
"""Limits that no right-hand side comes near: the judge is linear."""
UNSTABLE = np.array([[0.2, -1.0], [1.0, 0.2]])


def _steady(circuit, solution, vectors):
    """Largest distance of each right-hand side's ends from the judge's steady state, in units of the largest output."""
    found = []
    for k, response in enumerate(solution.responses):
        column = vectors[:, k] if np.ndim(vectors) == 2 else np.asarray(vectors)
        levels = column * solution.attempts[k][-1].scale
        exact = judged(circuit.design, levels, circuit.settings.rise_time, solution.attempts[k][-1].slot_time)
        wanted = exact.judge.output(exact.judge.at_rest(levels))
        found.append(float(np.abs(response.outputs[-1] - wanted).max() / np.abs(wanted).max()))
    return np.array(found)


def _check_settled(circuit, vectors):
    """Solves; asserts that what is SETTLED rests where the judge says, and returns the solution."""
    solution = circuit.solve(vectors)
    distances = _steady(circuit, solution, vectors)
    for status, distance in zip(solution.statuses, distances, strict=True):
        assert status is not Status.SETTLED or distance <= TOLERANCE, (status, distance)
    return solution


@pytest.mark.parametrize("engine", ["ngspice", "auto", "exact"])
def test_an_output_that_a_limit_holds_is_no_answer(engine):
    """Slow amplifiers with a fast slew rate creep to the clamp; they rested in 6 us with 90 % of error."""
    circuit = InvCircuit.program(NEAR_SINGULAR, opamp=preset("cmos-100meg").replace(gbwp=1e6), engine=engine)
    solution = _check_settled(circuit, OPPOSITE)
    if solution.usable:
        assert solution.settling_time > 0.3 * solution.predicted_settling_time
        assert solution.relative_error < 0.05
    else:
        assert solution.status is Status.SATURATED


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"output_swing": 0.15}, "is held at"), ({"output_current_limit": 4e-6}, "of at most 4 uA")],
    ids=["swing", "current"],
)
def test_a_limit_is_named(changes, words):
    """At a fixed scale the answer needs more than there is: SATURATED, with what holds which amplifier."""
    circuit = InvCircuit.program(
        [[0.2, -0.1], [-0.1, 0.2]], opamp=preset("cmos-100meg").replace(**changes), fixed_scale=True
    )
    solution = _check_settled(circuit, [1.0, 1.0])
    assert solution.status is Status.SATURATED
    assert words in solution.message and "away from the steady state" in solution.message


@pytest.mark.parametrize("seed", range(4))
def test_natural_designs_of_slow_amplifiers_settle_at_the_right_place(seed):
    """8 x 8, condition 100, 1 MHz: six of eight were up to 74 % wrong."""
    circuit = InvCircuit.program(spd_matrix(8, 100, seed), opamp=preset("cmos-100meg").replace(gbwp=1e6))
    solution = _check_settled(circuit, vector(8, seed))
    assert solution.usable and solution.relative_error < 0.05


def test_the_command_says_what_holds_an_output(amc, tmp_path):
    """Exit code 3 and a word on the limit, or the right answer."""
    np.save(tmp_path / "A.npy", NEAR_SINGULAR)
    np.save(tmp_path / "b.npy", OPPOSITE)
    for engine in ("ngspice", "auto"):
        outcome = amc(
            "inv", tmp_path / "A.npy", tmp_path / "b.npy", "--gbwp", "1M", "--engine", engine, "--format", "json"
        )
        if outcome.code == 0:
            assert outcome.json["relative_error"] < 0.05
        else:
            assert outcome.code == 3 and "SATURATED" in outcome.err


@pytest.mark.parametrize("name", ["ad823", "opa690"])
def test_presets_survive_saturation(name):
    """Newton's method ended with "timestep too small"."""
    circuit = InvCircuit.program(NEAR_SINGULAR, opamp=name)
    _check_settled(circuit, OPPOSITE)


@pytest.mark.parametrize("capacitance", [1e-24, 1e-20, 1e-18, 1e-16, 1e-15])
def test_lines_that_charge_at_once_cost_no_digits(capacitance):
    """Poles and x beside those without line capacitance, which as little as that does not move."""
    fields = {"opamp": "single-pole", "engine": "exact", "wire_resistance": 1.0}
    matrix, right = spd_matrix(6, 20, 3), vector(6, 3)
    plain = InvCircuit.program(matrix, **fields).solve(right)
    circuit = InvCircuit.program(matrix, line_capacitance=capacitance, **fields)
    found = _check_settled(circuit, right)
    # N c on a summing node of 100 uS against the op-amps' time constant: what the capacitance may change at all.
    moved = 6 * capacitance / 100e-6 * 2 * np.pi * 100e6
    assert_close(found.value, plain.value, relative=1e-6)
    slowest, without = (max(one.stability.poles.real) for one in (found, plain))
    assert_close(slowest, without, relative=1e-6 + moved)
    exact = judged(circuit.design, right * found.attempts[0][-1].scale, 1e-10, found.attempts[0][-1].slot_time)
    early, late = exact.settling_time(1.03 * TOLERANCE), exact.settling_time(0.97 * TOLERANCE)
    assert early <= found.settling_time <= late


@pytest.mark.parametrize("gbwp", [1.0, 100.0, 1e4, 1e6, 1e9])
@pytest.mark.parametrize("rise_time", [1e-13, 1e-10])
def test_energies_of_passive_parts_are_what_the_judge_says(gbwp, rise_time):
    """However short the edge is beside the slowest pole: closed forms lost 23 % there, or came out negative."""
    matrix, right = [[1.0, 0.2], [0.2, 1.0]], np.array([1.0, -1.0])
    opamp = preset("single-pole").replace(gbwp=gbwp)
    circuit = InvCircuit.program(matrix, opamp=opamp, engine="exact", rise_time=rise_time)
    found = circuit.solve(right)
    exact = judged(circuit.design, right * found.attempts[0][-1].scale, rise_time, found.attempts[0][-1].slot_time)
    wanted = exact.energies(found.settling_time)
    for account in ("array", "inputs"):
        assert getattr(found.energy, account) > 0
        assert_close(getattr(found.energy, account), wanted[account], relative=1e-3)


@pytest.mark.parametrize("engine", ["ngspice", "exact", "auto"])
def test_a_zero_does_not_hide_what_the_circuit_is(amc, tmp_path, engine):
    """UNSTABLE with b = 0 as with any other; in a stable circuit the answer is 0 without a simulation."""
    for right in (np.zeros(2), np.column_stack([np.zeros(2), [1.0, 0.0]])):
        found = InvCircuit.program(UNSTABLE, engine=engine).solve(right)
        assert set(found.statuses) == {Status.UNSTABLE}
        assert np.isnan(found.value).all()
    np.save(tmp_path / "A.npy", UNSTABLE)
    np.save(tmp_path / "b.npy", np.zeros(2))
    outcome = amc("inv", tmp_path / "A.npy", tmp_path / "b.npy", "--engine", engine)
    assert outcome.code == 3 and "UNSTABLE" in outcome.err
    found = InvCircuit.program(np.eye(2), engine=engine).solve(np.zeros(2))
    assert found.usable and not found.value.any() and np.isnan(found.settling_time)


@pytest.mark.parametrize("engine", ["ngspice", "exact"])
def test_what_starts_from_the_previous_answer_is_measured_from_it(engine):
    """The last of four right-hand sides is repeated at a smaller scale: with all that came before it.

    One pole: an error of e0 at the beginning takes `ln(e0/(tolerance largest))` time constants of the slowest mode,
    here `[1, -1]`, in which A is 0.1. It was measured from rest, as 11 ns.
    """
    matrix = np.array([[1.0, 0.9], [0.9, 1.0]])
    columns = np.array([[1.0, 1.0, -1.0, 0.1], [-1.0, 1.0, 1.0, 1.0]])
    circuit = InvCircuit.program(matrix, opamp="single-pole", engine=engine, start="previous")
    found = _check_settled(circuit, columns)
    assert found.usable
    scales = np.array([attempts[-1].scale for attempts in found.attempts])
    for k in range(1, 4):
        before = columns[:, k - 1] * scales[k - 1]
        levels = columns[:, k] * scales[k]
        exact = judged(circuit.design, levels, circuit.settings.rise_time, found.attempts[k][-1].slot_time, before)
        early, late = exact.settling_time(1.03 * TOLERANCE), exact.settling_time(0.97 * TOLERANCE)
        assert early * 0.999 <= found.settling_time[k] <= late * 1.001
        decay = max(found.stability.poles.real)
        mode = np.array([1.0, -1.0]) / np.sqrt(2)
        start = abs(mode @ np.linalg.solve(matrix, before - levels))
        largest = np.abs(np.linalg.solve(matrix, levels)).max()
        if start / largest > 0.1:
            single = np.log(start / np.sqrt(2) / largest / TOLERANCE) / -decay
            assert_close(found.settling_time[k], single, relative=0.1)


@pytest.mark.parametrize(("second_pole", "seed"), [(150e6, 0), (120e6, 1), (200e6, 2), (110e6, 3)])
def test_ringing_is_followed_in_short_enough_steps(second_pole, seed):
    """A settling time was wrong by 16 % where time steps were coarse for the ringing."""
    opamp = preset("cmos-100meg").replace(second_pole=second_pole)
    circuit = InvCircuit.program(spd_matrix(4, 5, seed) + 0.5 * np.eye(4), opamp=opamp, input_voltage=0.01)
    right = vector(4, seed)
    found = _check_settled(circuit, right)
    assert found.usable
    attempt = found.attempts[0][-1]
    exact = judged(circuit.design, right * attempt.scale, circuit.settings.rise_time, attempt.slot_time)
    early, late = exact.settling_time(1.03 * TOLERANCE), exact.settling_time(0.97 * TOLERANCE)
    assert early <= found.settling_time <= late


@pytest.mark.parametrize("slow", [1.0, 0.02])
def test_a_crest_that_grazes_the_band_is_said(slow):
    """The tolerance is set to the height of a later crest of a ringing output, so that the time jumps there.

    Also beside an output at rest that is 50 times as slow.
    """
    opamp = preset("cmos-100meg").replace(second_pole=60e6)
    fields = {"opamp": opamp, "engine": "exact", "input_voltage": 1e-3}
    matrix, right = np.diag([1.0, slow]), np.array([1.0, 0.0])
    found = InvCircuit.program(matrix, **fields).solve(right)
    away = np.abs(found.responses[0].outputs[:, 0] / found.responses[0].outputs[-1, 0] - 1)
    crests = [away[k] for k in range(1, len(away) - 1) if away[k - 1] < away[k] > away[k + 1] and 0.005 < away[k] < 0.2]
    assert crests
    grazing = InvCircuit.program(matrix, tolerance=float(crests[-1]), **fields).solve(right)
    assert any("a crest grazes the edge of its band" in note for note in grazing.notes), grazing.notes
    between = InvCircuit.program(matrix, tolerance=float(1.2 * crests[-1]), **fields).solve(right)
    assert not any("grazes" in note for note in between.notes)


@pytest.mark.parametrize("change", [0.0098, 0.01, 0.0103])
def test_an_exponential_that_begins_at_its_band_has_no_crest(change):
    """It takes ln(1.03/0.97) = 0.06 time constants between both tolerances, whatever part of its time that is."""
    fields = {"opamp": "single-pole", "engine": "exact", "start": "previous", "pair": "always"}
    found = InvCircuit.program(np.eye(2), **fields).solve(np.array([[1.0, 1.0], [1.0, 1.0 - change]]))
    early, late = found.origin.readings[1].settling_range
    assert late > 1.1 * early and late - early < 0.07 / -found.stability.slowest.real
    assert not any("grazes" in note for note in found.notes)


@pytest.mark.parametrize("engine", ["exact", "ngspice", "auto"])
@pytest.mark.parametrize("fields", [{}, {"input_voltage": 0.5}, {"opamp": "ad823"}], ids=["small", "large", "slow"])
def test_outputs_that_are_rounding_of_zero_are_at_rest(engine, fields):
    """Equal columns of a pair cancel at every time: nothing moves, nothing is wrong, and nothing is the cause."""
    found = MvmCircuit.program([[1.0, -1.0]], engine=engine, **fields).solve([1.0, 1.0])
    assert found.status is Status.SETTLED, found.message
    assert abs(found.value[0]) < 1e-12 and found.error_note == ""


@pytest.mark.parametrize("kind", [InvCircuit, MvmCircuit])
@pytest.mark.parametrize("opamp", [preset("single-pole"), LINEAR], ids=["single-pole", "macro"])
def test_energy_is_balanced_at_every_time(kind, opamp):
    """Up to twelve settling times of one response: each account is the judge's, passive parts only take.

    The judge's accounts are checked among themselves: what sources deliver is dissipated or stored.
    """
    matrix, right = spd_matrix(4, 8, 1), vector(4, 1)
    fields = {"opamp": opamp, "engine": "exact", "wire_resistance": 2.0, "line_capacitance": 1e-15}
    last = {"array": 0.0, "inputs": 0.0}
    for tolerance in np.geomspace(0.5, 1e-4, 12):
        circuit = kind.program(matrix, tolerance=float(tolerance), **fields)
        found = circuit.answer(circuit.question(right))
        attempt = found.attempts[0][-1]
        exact = judged(circuit.design, right * attempt.scale, circuit.settings.rise_time, attempt.slot_time)
        wanted = exact.energies(found.settling_time)
        for account in ("array", "inputs", "amplifiers"):
            value = getattr(found.energy, account)
            if value is not None:
                assert_close(value, wanted[account], relative=1e-3, absolute=1e-3 * wanted["array"])
        for account, before in last.items():
            assert getattr(found.energy, account) >= before * (1 - 1e-9)
            last[account] = getattr(found.energy, account)


def test_json_holds_what_is_noted(amc):
    """A list, empty where there is nothing to say."""
    outcome = amc("inv", "--size", 2, "--engine", "exact", "--format", "json")
    assert json.loads(outcome.out)["notes"] == [] and outcome.err == ""


def test_what_a_fit_does_not_know_is_no_limit():
    """Far from its swing a fit differs from transistors by more than a tight tolerance; at the swing they are held."""
    matrix, options = [[1.0, -0.4], [0.2, 0.8]], {"opamp": "cmos-0.9g-low-power-transistor", "inverter_resistance": 1e3}
    tight = InvCircuit.program(matrix, tolerance=1e-3, **options).solve(OPPOSITE)
    assert tight.status is Status.SETTLED, tight.message
    held = InvCircuit.program(matrix, fixed_scale=True, input_voltage=2.0, **options).solve(OPPOSITE)
    assert held.status is Status.SATURATED and "is held at" in held.message
