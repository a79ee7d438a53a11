"""Readings beyond the linear range: random designs against ngspice, chunks, jobs, and the balance of energies."""

from dataclasses import replace

import numpy as np
import pytest

from amc_circuits import InvCircuit, MvmCircuit, Status
from amc_circuits.engines import ExactEngine
from amc_circuits.engines.exact.nonlinear import reading
from amc_circuits.engines.exact.nonlinear.rest import resting
from amc_circuits.engines.exact.nonlinear.sampling import at_times
from amc_circuits.engines.exact.nonlinear.system import System
from amc_circuits.engines.exact.nonlinear.trajectory import Integrator
from amc_circuits.engines.exact.reading import read_slots
from netlists import Array, Conductors, preset
from tests.cases import spd_matrix, vector
from tests.comparators import assert_close
from tests.exactness import CLAMPED, WAVEFORM, Differences, compare

SLOW = preset("cmos-100meg").replace(slew_rate=20e6)


def test_random_designs_are_those_of_ngspice():
    """Waveforms within 5e-5 of full scale (2e-4 at clamps), settling and energies within 1e-3 for 95 of 100.

    Forty designs of all presets at 0.01 to 1 V, most of them beyond the linear range; ngspice at a 16th of its step.
    """
    found = Differences()
    for seed in range(40):
        compare(seed, found, largest=3)
    assert found.integrated > 25 and len(found.clamped) > 3
    assert max(found.waveform) <= WAVEFORM, found.worst
    assert max(found.clamped) <= CLAMPED, found.worst
    for errors in (found.settling, found.energy):
        assert np.median(errors) <= 2e-4 and np.quantile(errors, 0.95) <= 1e-3, found.worst


@pytest.mark.parametrize("volts", [1e-4, 0.1])
def test_a_response_that_is_kept_keeps_no_others(volts):
    """In the linear range and beyond it, each has memory of its own."""
    circuit = InvCircuit.program(spd_matrix(2, 10, 1), engine="exact", input_voltage=volts, fixed_scale=True)
    first, second = circuit.solve(np.eye(2)).responses
    assert first.outputs.base is None and second.outputs.base is None


def test_no_current_passes_its_limit():
    """Outputs deep in their current limits: the largest current is the limit, to 1e-6."""
    weak = preset("cmos-100meg").replace(output_current_limit=20e-6)
    circuit = MvmCircuit.program(spd_matrix(5, 3, 1), opamp=weak, input_voltage=1.0, engine="exact")
    assert_close(circuit.solve(vector(5, 1)).peak_output_current, 20e-6, relative=1e-6)


@pytest.mark.parametrize(("size", "volts"), [(4, 0.05), (3, 0.2)])
def test_peaks_do_not_depend_on_the_tolerance(size, volts):
    """Op-amps still move much when the outputs have entered a band of 10 %, which is where a wide tolerance settles."""
    lagging = preset("cmos-100meg").replace(second_pole=20e6)
    circuit = InvCircuit.program(
        spd_matrix(size, 10, 5), opamp=lagging, input_voltage=volts, fixed_scale=True, force=True
    )
    job = circuit.job(vector(size, 5)[:, None])
    beyond = ExactEngine().init(job.circuit).beyond
    (wide,), (narrow,) = (reading.read_slots(beyond, job.drive, True, tolerance) for tolerance in (0.1, 1e-4))
    assert not narrow.settling_time <= wide.settling_time  # nan if it never settles so far
    assert (wide.attempt.peak_output, wide.peak_output_current) == pytest.approx(
        (narrow.attempt.peak_output, narrow.peak_output_current), rel=1e-9
    )


@pytest.mark.parametrize("share", [0.03, 0.04, 0.06])
def test_no_peak_of_a_slot_that_does_not_settle_is_missed(share):
    """Within a thousandth, the peak of all stages is that at four thousand times of the slot."""
    lagging = preset("cmos-100meg").replace(second_pole=20e6)
    circuit = InvCircuit.program(spd_matrix(4, 10, 1), opamp=lagging, input_voltage=0.05, fixed_scale=True, force=True)
    job = circuit.job(vector(4, 3)[:, None])
    state, drive = ExactEngine().init(job.circuit).beyond, job.drive
    drive = drive.replace(slot_time=share * drive.slot_time)
    (found,) = reading.read_slots(state, drive, True, 0.01)
    assert not found.steady and np.isnan(found.settling_time)
    time = np.linspace(0.0, drive.slot_time, 4000)
    levels, rise = drive.levels, drive.rise_time
    stretches = [(0.0, rise, 0 * levels, levels), (rise, drive.slot_time, levels, levels)]
    steps, _ = state.integrated(stretches, state.at_rest, state.scale(levels))
    rows = state.system.rows(*(last for _, _, last in state.system.macros))
    inside = [time[(time >= one.start) & (time <= one.start + one.length)] for one in steps]
    peak = max(
        np.abs(at_times(state.system, one, at, rows)).max(initial=0) for one, at in zip(steps, inside, strict=True)
    )
    assert_close(found.attempt.peak_output, peak, relative=1e-3)


@pytest.mark.parametrize("opamp", [SLOW, preset("cmos-1g").replace(output_swing=0.15)], ids=["slew", "clamp"])
def test_a_right_hand_side_is_read_as_if_it_were_alone(opamp):
    """In a chunk of 16 steps are those of all: final outputs are its own within 1e-6 of full scale, others 5e-6."""
    circuit = InvCircuit.program(
        spd_matrix(4, 6, 1), opamp=opamp, engine="exact", fixed_scale=True, wire_resistance=1.0, inverter_resistance=5e3
    )
    columns = np.random.default_rng(2).uniform(-1, 1, (4, 16)) * np.geomspace(1, 1e-3, 16)
    job, engine = circuit.job(circuit.question(columns).columns), ExactEngine()
    state = engine.init(job.circuit)
    together = engine.read(state, [job], 0.01)[0]
    for k, one in enumerate(together):
        part = job.part([k])[0]
        (alone,) = engine.read(state, [part], 0.01)[0]
        scale = np.abs(alone.final).max()
        assert_close(one.final, alone.final, absolute=1e-6 * scale)
        assert_close(one.settling_time, alone.settling_time, relative=1e-4, absolute=1e-14)
        for account, value in alone.energy.items():
            assert_close(one.energy[account], value, relative=1e-4)
        outputs = engine.outputs(state, part, one.response.time + job.drive.rise_time / 2)
        assert_close(one.response.outputs, outputs, absolute=5e-6 * scale)


def test_jobs_change_nothing():
    """Forty right-hand sides in one process or two: equal to the last bit."""
    columns = np.random.default_rng(3).uniform(-1, 1, (4, 40))
    one, two = (
        InvCircuit.program(spd_matrix(4, 6, 1), opamp=SLOW, engine="exact", jobs=jobs).solve(columns) for jobs in (1, 2)
    )
    assert one.status is Status.SETTLED
    assert np.array_equal(one.value, two.value)
    assert np.array_equal(one.settling_time, two.settling_time)
    assert np.array_equal(one.energy.total, two.energy.total)


@pytest.mark.parametrize("kind", [InvCircuit, MvmCircuit])
@pytest.mark.parametrize("start", ["rest", "previous"])
def test_far_limits_give_the_closed_form(kind, start):
    """Integrated although it is linear: times, energies, overshoot and ends are those of the closed form."""
    opamp = preset("cmos-100meg").replace(slew_rate=1e12, output_current_limit=10.0, output_swing=1.2, second_pole=3e8)
    fields = {"opamp": opamp, "wire_resistance": 2.0, "line_capacitance": 1e-15, "offset_spread": 1e-3, "seed": 1}
    circuit = kind.program(spd_matrix(4, 6, 1), start=start, engine="exact", **fields)
    job = circuit.job(circuit.question(np.outer(vector(4, 1), [1.0, -0.5])).columns)
    state, from_rest = ExactEngine().init(job.circuit), start == "rest"
    drive = job.drive.replace(slot_time=1.5 * job.drive.slot_time)
    integrated = reading.read_slots(state.beyond, drive, from_rest, 0.01)
    for got, wanted in zip(integrated, read_slots(state, drive, from_rest, 0.01), strict=True):
        assert got.steady and wanted.steady
        scale = np.abs(wanted.final).max()
        assert_close(got.final, wanted.final, absolute=1e-6 * scale)
        assert_close(got.settling_range, wanted.settling_range, relative=1e-4)
        assert_close(got.settling_time, wanted.settling_time, relative=1e-4)
        assert_close(got.overshoot, wanted.overshoot, absolute=1e-4)
        assert_close(got.peak_output_current, wanted.peak_output_current, relative=1e-2)
        assert_close(got.terminal_voltage, wanted.terminal_voltage, absolute=1e-6 * scale)
        for account, value in wanted.energy.items():
            assert_close(got.energy[account], value, relative=1e-4)


def test_no_input_beside_others_stays_at_rest():
    """Among slewing right-hand sides, and alone: with offsets, the outputs are those at rest all the time."""
    opamp = SLOW.replace(input_offset=1e-3)
    circuit = InvCircuit.program(spd_matrix(4, 6, 1), opamp=opamp, engine="exact", offset_spread=1e-3)
    engine = ExactEngine()
    for levels in (np.outer(0.1 * vector(4, 1), [1.0, 0.0]), np.zeros((4, 1))):
        job = circuit.job(levels)
        still = reading.read_slots(engine.init(job.circuit).beyond, job.drive, True, 0.01)[-1]
        wanted = circuit.linear.steady(circuit.linear.outputs, np.zeros((4, 1)))[:, 0]
        assert_close(still.response.outputs, 0 * still.response.outputs + wanted, absolute=1e-8)
        assert still.settling_time == 0


def test_a_slot_is_sampled_alike_whenever_it_begins():
    """Modes are excited where it begins: at 0, or in the middle of an edge, as phases are."""
    opamp = preset("cmos-1g").replace(input_capacitance=1e-16)
    job = InvCircuit.program(spd_matrix(3, 6, 1), opamp=opamp, engine="exact").job(0.1 * vector(3, 1)[:, None])
    state, levels, rise = ExactEngine().init(job.circuit).beyond, job.drive.levels, job.drive.rise_time
    found = []
    for begin in (0.0, rise / 2):
        corners = begin + np.array([0.0, rise, job.drive.slot_time])
        stretches = state.stretches(corners, np.stack([0 * levels, levels, levels]), [begin], rise)
        start = replace(state.at_rest, time=begin)
        ((one,), _) = reading.read_phase(state, stretches, start, state.scale(levels), 0.01)
        found.append(one.response.time[one.response.time < rise])
    assert np.abs(state.system.values).max() * rise > 100
    assert_close(found[1], found[0], absolute=1e-6 * rise)


def volts_at(system, step, time, name):
    """Voltages of a group or of stages at a time within a step, V."""
    return at_times(system, step, np.array([time]), system.rows(name))[:, 0, 0]


def taken_by_passive_parts(circuit, volts):
    """Power that arrays and resistors take, W, and the currents that they draw from all groups, A."""
    into, taken = {name: np.zeros(count) for name, count in circuit.groups.items()}, 0.0
    for part in circuit.of(Array):
        ends = np.concatenate([volts[part.word_lines], volts[part.bit_lines]])
        flow = part.reduced.laplacian @ ends
        taken += ends @ flow
        into[part.word_lines] += flow[: circuit.groups[part.word_lines]]
        into[part.bit_lines] += flow[circuit.groups[part.word_lines] :]
    for part in circuit.of(Conductors):
        across = volts[part.a] - volts[part.b]
        taken += (part.siemens * across**2).sum()
        into[part.a] += part.siemens * across
        into[part.b] -= part.siemens * across
    return taken, into


@pytest.mark.parametrize("kind", [InvCircuit, MvmCircuit])
def test_power_is_balanced_at_every_time(kind):
    """Without capacitors outside op-amps: what op-amps and sources deliver is what arrays and resistors take."""
    opamp = preset("cmos-1g").replace(slew_rate=3e8, output_current_limit=1e-4, output_swing=0.2, input_capacitance=0.0)
    circuit = kind.program(spd_matrix(3, 6, 1), opamp=opamp, engine="exact", wire_resistance=2.0).circuit
    system, levels = System(circuit), 0.3 * vector(3, 1)[:, None]
    integrator = Integrator(system, np.abs(levels).max(axis=0), 1e-10)
    steps, place = integrator.run(resting(system, 0 * levels), 1e-10, 0 * levels, levels / 1e-10)
    more, _ = integrator.run(place, 2e-8, levels, 0 * levels)
    for step in steps + more:
        for time in step.start + step.length * np.array([0.2, 0.7, 1.0]):
            volts = {name: volts_at(system, step, time, name) for name in circuit.groups}
            taken, into = taken_by_passive_parts(circuit, volts)
            given = sum(volts[source.group] @ into[source.group] for source in circuit.sources)
            for part, record, last in system.macros:
                drop = volts_at(system, step, time, last) - volts[part.output]
                most = record.output_current_limit
                current = most * np.tanh(drop / (record.output_resistance * most))
                given += volts[part.output] @ current
                # Kirchhoff's current law at the outputs.
                assert_close(current, into[part.output], absolute=1e-5 * most)
            assert abs(given - taken) <= 1e-4 * taken + 1e-12
