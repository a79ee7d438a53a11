"""Circuits that do one thing after the other: ends by NumPy, charges by closed forms, and both engines."""

from dataclasses import replace

import numpy as np
import pytest

from amc_circuits.engines import ExactEngine, NgspiceEngine, read_phases, simulate_phases
from amc_circuits.linear.durations import with_durations
from amc_circuits.linear.equations import linear_circuit
from amc_circuits.linear.noise import noise
from netlists import (
    GROUND,
    Array,
    Buffers,
    Capacitors,
    Circuit,
    Conductors,
    Hold,
    Interconnect,
    Kick,
    Limiter,
    OpAmps,
    ParameterError,
    Phase,
    SinglePoleOpAmp,
    Source,
    Switches,
    expanded,
    phase_train,
    preset,
    spice_circuit,
)
from netlists.opamps.subcircuit import CLAMP_VOLTAGE
from netlists.sources import source_voltage
from tests.comparators import assert_close, assert_within

N = 3
UNIT = 1e-4
MATRIX = np.random.default_rng(1).uniform(0.1, 1, (N, N)) + 2 * np.eye(N)
VECTORS = np.random.default_rng(2).uniform(-0.02, 0.02, (N, 2))
OPAMPS = {"single-pole": SinglePoleOpAmp(open_loop_gain=1e6, gbwp=100e6), "macro": preset("cmos-100meg")}
IDEAL = Interconnect()
WIRES = Interconnect(wire_resistance=5.0, line_capacitance=1e-15)


def macro(opamp=OPAMPS["single-pole"], *, wires=IDEAL, on=1.0, offset=0.0, duration=300e-9):
    """One array and one row of op-amps: `h = -A u` is held, then solved for, so that the answer is u again."""
    parts = (
        Array("a", "w", "c", MATRIX * UNIT, wires),
        Switches("drive", "u", "c", ("multiply",), on),
        Switches("loop", "o", "c", ("invert",), on),
        Conductors("fb", "f", "w", UNIT),
        Switches("fbs", "o", "f", ("multiply",), on),
        Conductors("in", "p", "w", UNIT),
        Switches("ins", "h", "p", ("invert",), on),
        OpAmps("amp", "w", "o", opamp),
        Hold("sample", "o", "h", 1e-12, offset),
    )
    phases = (Phase("multiply", hold=("sample",), duration=duration), Phase("invert", inputs=(), duration=duration))
    return Circuit("two phases", {group: N for group in "uwcofph"}, parts, (Source("u"),), "o", phases)


def test_ends_are_numpys():
    """Product, then solution; what the hold adds is solved for too. Gain and switches leave 2e-4."""
    offset = 1e-3
    readings = read_phases(macro(offset=offset), VECTORS, 0.01)
    assert len(readings) == 4
    for vector, (product, solution) in zip(VECTORS.T, (readings[:2], readings[2:]), strict=True):
        wanted = vector - np.linalg.solve(MATRIX, np.full(N, offset))
        assert_close(product.final, -MATRIX @ vector, absolute=1e-3 * np.abs(MATRIX @ vector).max())
        assert_close(solution.final, wanted, absolute=2e-4 * np.abs(wanted).max())


@pytest.mark.parametrize("opamp", OPAMPS)
@pytest.mark.parametrize("wires", [IDEAL, WIRES], ids=["ideal wires", "wires"])
def test_both_engines_agree_in_every_phase(opamp, wires):
    """Ends within 1e-6, settling times and energies in the array within 1 %; sources and holds begin where it ended."""
    circuit = macro(OPAMPS[opamp], wires=wires, on=100.0, offset=1e-3)
    exact, simulated = read_phases(circuit, VECTORS, 0.01), simulate_phases(circuit, VECTORS, 0.01, max_step=0.2e-9)
    for one, other in zip(exact, simulated, strict=True):
        assert one.steady and other.steady
        assert_close(other.final, one.final, absolute=1e-6 * np.abs(one.final).max())
        assert_within(other.settling_time, one.settling_time, 0.01)
        assert_within(other.energy["array"], one.energy["array"], 0.01)


HARD = {
    "slew": OPAMPS["macro"].replace(slew_rate=3e6),
    "all": OPAMPS["macro"].replace(
        slew_rate=10e6, output_current_limit=40e-6, output_resistance=500.0, output_swing=0.1, input_offset=2e-3
    ),
}


@pytest.mark.parametrize(("opamp", "wires"), [("slew", WIRES), ("all", IDEAL)], ids=["slew", "all limits"])
def test_beyond_the_linear_range_both_engines_agree(opamp, wires):
    """Driven hard, phase after phase: ends within 1e-6, settling times and energies within 2e-3."""
    circuit = macro(HARD[opamp], wires=wires, on=100.0, offset=1e-3, duration=200e-9)
    linear = macro(OPAMPS["macro"], wires=wires, on=100.0, offset=1e-3, duration=200e-9)
    exact = read_phases(circuit, 6 * VECTORS, 0.01)
    simulated = simulate_phases(circuit, 6 * VECTORS, 0.01, max_step=0.1e-9)
    for one, other, free in zip(exact, simulated, read_phases(linear, 6 * VECTORS, 0.01), strict=True):
        assert one.steady and other.steady and one.excess is None
        assert_close(other.final, one.final, absolute=1e-6 * np.abs(one.final).max())
        assert_within(other.settling_time, one.settling_time, 2e-3)
        assert_within(other.energy["array"], one.energy["array"], 2e-3)
        assert_within(other.energy["amplifiers"], one.energy["amplifiers"], 2e-3)
        moved = np.abs(one.final / free.final - 1).max(), abs(one.settling_time / free.settling_time - 1)
        assert max(moved) > 0.2  # limits take their part in every phase


def test_an_open_loop_begins_at_its_clamp():
    """An op-amp with an offset, without feedback in the first phase and a follower of ground in the second.

    Its clamp holds it where `SR tanh(w_T v_os/SR) = SR exp((s - swing)/V_c)`.
    """
    opamp = OPAMPS["macro"].replace(input_offset=2e-3, output_swing=0.3)
    spare = (
        OpAmps("spare", "n", "s", opamp),
        Conductors("tie", "n", GROUND, UNIT),
        Switches("close", "s", "n", ("invert",), 100.0),
    )
    circuit = macro(opamp, on=100.0, duration=200e-9)
    circuit = replace(circuit, groups={**circuit.groups, "n": N, "s": N}, parts=(*circuit.parts, *spare), outputs="s")
    exact = read_phases(circuit, VECTORS[:, :1], 0.01)
    simulated = simulate_phases(circuit, VECTORS[:, :1], 0.01, max_step=0.1e-9)
    clamp = 0.3 + CLAMP_VOLTAGE * np.log(np.tanh(opamp.unity_gain_frequency * 2e-3 / opamp.slew_rate))
    for one, other, volts in zip(exact, simulated, (clamp, 2e-3 * (1 + 100.0 * UNIT)), strict=True):
        assert_close(one.final, np.full(N, volts), absolute=2e-5)
        assert_close(other.final, one.final, absolute=1e-6)
    assert_within(simulated[1].settling_time, exact[1].settling_time, 2e-3)


def bent(limiter="clip", level=0.02, nonlinearity_voltage=None, opamp="macro"):
    """The two phases with a limiter before the hold, and with sinh cells."""
    circuit, array = macro(OPAMPS[opamp], duration=200e-9), ("a", "w", "c", MATRIX * UNIT, IDEAL)
    new = {"a": Array(*array, nonlinearity_voltage), "sample": Hold("sample", "q", "h", 1e-12)}
    parts = (*(new.get(part.name, part) for part in circuit.parts), Limiter("limit", "o", "q", limiter, level))
    return replace(circuit, groups={**circuit.groups, "q": N}, parts=parts)


@pytest.mark.parametrize("opamp", OPAMPS)
def test_what_a_limiter_leaves_is_solved_for(opamp):
    """Product, clipped or without the dead zone, then solution, by NumPy; gain and switches leave 1e-3."""
    for limiter in ("clip", "dead-zone"):
        solved = [reading.final for reading in read_phases(bent(limiter, opamp=opamp), VECTORS, 0.01)[1::2]]
        product, clipped = MATRIX @ VECTORS, np.clip(MATRIX @ VECTORS, -0.02, 0.02)
        wanted = np.linalg.solve(MATRIX, clipped if limiter == "clip" else product - clipped).T
        assert_close(solved, wanted, absolute=1e-3 * np.abs(wanted).max())
        assert np.abs(wanted - VECTORS.T).max() > 0.2 * np.abs(VECTORS).max()  # the limiter counts


@pytest.mark.parametrize("fields", [{"limiter": "dead-zone"}, {"nonlinearity_voltage": 0.02, "level": 9.0}], ids=str)
def test_phases_that_are_not_linear_are_ngspices(fields):
    """Ends within 1e-5, settling times within 1e-3, energies within 1 %: ngspice's steps are coarse."""
    exact = read_phases(bent(**fields), VECTORS, 0.01)
    for one, other in zip(exact, simulate_phases(bent(**fields), VECTORS, 0.01, max_step=0.2e-9), strict=True):
        assert one.steady and other.steady
        assert_close(other.final, one.final, absolute=1e-5 * np.abs(one.final).max())
        assert_within(other.settling_time, one.settling_time, 1e-3)
        assert_within(other.energy["array"], one.energy["array"], 0.01)


def test_a_phase_that_ends_early_is_carried_over():
    """Shorter than the product needs: what is held is on its way, in both engines, and the state goes on from there."""
    circuit = macro(duration=15e-9)
    exact, simulated = read_phases(circuit, VECTORS, 0.01), simulate_phases(circuit, VECTORS, 0.01, max_step=0.05e-9)
    assert np.abs(exact[0].final + MATRIX @ VECTORS[:, 0]).max() > 1e-3
    for one, other in zip(exact, simulated, strict=True):
        assert not one.steady and not other.steady
        assert_close(other.final, one.final, absolute=1e-3 * np.abs(one.final).max())


def reader(group, size):
    """An array that a group drives, and its amplifiers."""
    opamp = OpAmps("amp", "v", "out", OPAMPS["single-pole"])
    return Array("a", "v", group, np.full((size, size), UNIT / size)), Conductors("fb", "v", "out", UNIT), opamp


def sampler(*, injection=0.0, overlap=0.0, on=1e3, duration=50e-9):
    """Two samplers of the input, one a part, one a switch and a capacitor, of 1 pF each; switches open at the end."""
    parts = (
        *reader("a", 2),
        Hold("part", "in", "a", 1e-12, injection=injection, on_resistance=on),
        Switches("sw", "in", "b", ("sample",), on, overlap_capacitance=overlap),
        Capacitors("cap", "b", GROUND, 1e-12),
    )
    phases = (
        Phase("sample", outputs="a", hold=("part",), duration=duration),
        Phase("part", inputs=(), outputs="a", duration=duration),
        Phase("switch", inputs=(), outputs="b", duration=duration),
    )
    return Circuit("samplers", dict.fromkeys(("in", "a", "b", "v", "out"), 2), parts, (Source("in"),), "a", phases)


LEVELS = np.array([[0.3], [-0.2]])


@pytest.mark.parametrize("charge", [0.0, 5e-15, -2e-15])
def test_injected_charge_moves_what_is_held_by_q_over_c(charge):
    """Whatever was held; the rest drains within 1e-7, through 1e12 ohm."""
    circuit = sampler(injection=charge)
    for readings in (read_phases(circuit, LEVELS, 0.01), simulate_phases(circuit, LEVELS, 0.01, max_step=0.2e-9)):
        assert_close(readings[0].final, LEVELS[:, 0], absolute=1e-7)
        assert_close(readings[1].final, LEVELS[:, 0] + charge / 1e-12, absolute=2e-6)


def test_overlap_takes_half_of_its_swing():
    """A switch of small resistance absorbs the first half of the control's fall; the other divides between C and C_ov.

    In ngspice a switch changes a step late: at 2 ps in an edge of 100 ps some 2 % of this are missing.
    """
    on, overlap, slope = 0.1, 20e-15, 1e10
    wanted = LEVELS[:, 0] - 0.5 * overlap / (1e-12 + overlap) - on * overlap * slope
    circuit = sampler(overlap=overlap, on=on, duration=5e-9)
    assert_close(read_phases(circuit, LEVELS, 0.01)[2].final, wanted, absolute=1e-7)
    simulated = simulate_phases(circuit, LEVELS, 0.01, max_step=2e-12)
    assert_close(simulated[2].final, wanted, absolute=0.03 * 0.5 * overlap / 1e-12)


def test_durations_come_from_the_poles():
    """Where none is given a phase is steady in its first four fifths; a leaking hold, 1e12 ohm, is no pole."""
    circuit = with_durations(macro(duration=None), 0.01)
    durations = [phase.duration for phase in circuit.phases]
    assert max(durations) < 1e-6
    for reading, own in zip(read_phases(macro(duration=None), VECTORS, 0.01), 2 * durations, strict=True):
        assert reading.steady and reading.settling_time < 0.8 * own
    given = macro()
    assert with_durations(given, 0.01) is given


def test_a_growing_phase_has_no_duration_of_its_own():
    """Op-amps with their inputs exchanged."""
    parts = [
        replace(part, noninverting="w", inverting=GROUND) if part.name == "amp" else part for part in macro().parts
    ]
    circuit = replace(macro(duration=None), parts=tuple(parts))
    with pytest.raises(ParameterError, match=r"duration.*multiply.*growing pole; give seconds"):
        read_phases(circuit, VECTORS, 0.01)


def test_a_kick_goes_through_the_phases_of_every_right_hand_side():
    """Ngspice alone: it adds to the source at the beginning of each, and not later."""
    kicked = replace(macro(), sources=(Source("u", kick=Kick(0.01, 200e-9)),))
    drive = phase_train(kicked, VECTORS)
    (source,) = [one for one in expanded(kicked).sources if one.group == "u"]
    times = np.array([100e-9, 250e-9, 400e-9, 700e-9])
    wanted = np.array([VECTORS[:, 0] + 0.01, VECTORS[:, 0], np.zeros(N), VECTORS[:, 1] + 0.01])
    assert_close(source_voltage(drive, source, times), wanted, absolute=1e-12)
    with pytest.raises(ParameterError, match="kicks"):
        read_phases(kicked, VECTORS, 0.01)
    (reading, *_) = simulate_phases(kicked, VECTORS, 0.01, max_step=0.5e-9)
    assert_close(reading.final, -MATRIX @ VECTORS[:, 0], absolute=1e-3 * np.abs(MATRIX @ VECTORS[:, 0]).max())


def test_what_is_not_modelled_is_refused():
    """A phase without duration, phases in a plain engine, a hold in a plain deck, more charge than a volt takes."""
    for duration in (-1e-9, 0.0, np.nan, np.inf):
        with pytest.raises(ParameterError, match=r"duration.*of phase multiply must be finite and above 0"):
            macro(duration=duration)
    with pytest.raises(ParameterError, match="levels: got nan; every entry must be finite"):
        read_phases(macro(), np.full((3, 1), np.nan), 0.01)
    with pytest.raises(ParameterError, match=r"levels.*shape \(3,\).*must be 3 inputs x"):
        read_phases(macro(), VECTORS[:, 0], 0.01)
    with pytest.raises(ParameterError, match=r"duration.*multiply.*give every phase a duration"):
        phase_train(macro(duration=None), VECTORS)
    for engine in (ExactEngine(), NgspiceEngine()):
        with pytest.raises(ParameterError, match=r"multiply, invert.*read_phases or simulate_phases"):
            engine.init(macro())
    for works_out in (linear_circuit, noise):
        with pytest.raises(ParameterError, match="read_phases or simulate_phases"):
            works_out(macro())
    with pytest.raises(ParameterError, match="expanded circuits only"):
        spice_circuit(macro())
    with pytest.raises(ParameterError, match=r"injection.*1e-12 C"):
        expanded(sampler(injection=2e-12))
    with pytest.raises(ParameterError, match=r"rise_time.*must be shorter than every phase"):
        read_phases(macro(), VECTORS, 0.01, rise_time=1e-6)


@pytest.mark.parametrize("order", [1, -1])
def test_buffers_follow_each_other_in_any_order(order):
    """Each adds its offset to the one before; a ring of them is refused."""
    parts = (
        *reader("c", 2),
        Buffers("one", "in", "a"),
        Buffers("two", "a", "b", 1e-3),
        Buffers("three", "b", "c", 2e-3),
    )
    ends = (Conductors("l", "in", "s", UNIT), Conductors("m", "s", "i", UNIT), OpAmps("inv", "s", "i", OPAMPS["macro"]))
    chain = tuple(replace(part, input="i") if part.name == "one" else part for part in parts)
    groups = dict.fromkeys(("in", "s", "i", "a", "b", "c", "v", "out"), 2)
    circuit = Circuit("chain", groups, (*chain, *ends)[::order], (Source("in"),), "c")
    wanted = linear_circuit(circuit).steady("i", LEVELS)[:, 0] + 3e-3
    assert_close(linear_circuit(circuit).steady("c", LEVELS)[:, 0], wanted, absolute=1e-12)
    assert_close(wanted, 3e-3 - LEVELS[:, 0], absolute=1e-3)
    with pytest.raises(ParameterError, match="ring"):
        linear_circuit(circuit.with_parts(Buffers("one", "c", "a")))
