"""Circuits of macro op-amps that are integrated together: as those alone, and each by itself."""

import warnings
from dataclasses import fields, is_dataclass, replace

import numpy as np
import pytest

from amc_circuits import InvCircuit
from amc_circuits.engines import ExactEngine
from amc_circuits.engines.exact.circuit import ExactCircuit
from amc_circuits.engines.exact.linear_range import CLOSED_FORM
from amc_circuits.engines.exact.slots import slots_of
from amc_circuits.engines.exact.stack import together
from amc_circuits.results.readings import FirstPass
from netlists import SinglePoleOpAmp, preset
from tests.amc_circuits.engines.mixed import MixedInv
from tests.cases import spd_matrix, vector
from tests.comparators import assert_close
from tests.exactness import draw

TOLERANCE = 0.01
SEEDS = range(40)
ERROR_OF_STEPS = 1e-5
"""Largest difference, relative, that different lengths of steps may leave."""
BETWEEN_POINTS = 1e-4
"""Largest difference, relative, of peaks: alone, those of linear circuits are looked for between points until found."""
MACRO = preset("cmos-100meg")


@pytest.fixture(scope="module")
def jobs():
    """Random INV and MVM designs of one to three outputs: other op-amps, wires, offsets, voltages, edges and slots."""
    drawn = [draw(seed, largest=3) for seed in SEEDS]
    return [one.job for one in drawn if one is not None]


def read(jobs):
    """Readings of jobs together, with states of their own."""
    return together.read_together([ExactCircuit(job.circuit) for job in jobs], jobs, TOLERANCE)


@pytest.fixture(scope="module")
def readings(jobs):
    """Readings of all of them together."""
    return read(jobs)


def numbers(value):
    """All numbers and words of a record, in order, as bytes: the same if and only if every bit is."""
    if is_dataclass(value):
        return b"".join(numbers(getattr(value, field.name)) for field in fields(value))
    if isinstance(value, dict):
        return b"".join(name.encode() + numbers(one) for name, one in value.items())
    if isinstance(value, list | tuple):
        return b"".join(numbers(one) for one in value)
    return value.tobytes() if isinstance(value, np.ndarray) else repr(value).encode()


def assert_as_alone(got, wanted):
    """Every metric of a reading is that of the circuit alone."""
    assert got.steady == wanted.steady and got.engine == wanted.engine
    scale = np.abs(wanted.response.outputs).max()
    assert_close(got.final, wanted.final, absolute=1e-6 * scale)
    assert_close(got.terminal_voltage, wanted.terminal_voltage, absolute=1e-6 * scale)
    if np.array_equal(got.response.time, wanted.response.time):
        assert_close(got.response.outputs, wanted.response.outputs, absolute=5e-5 * scale)
    for name in ("settling_time", "settling_range"):
        assert_close(getattr(got, name), getattr(wanted, name), relative=ERROR_OF_STEPS)
    assert_close(got.overshoot, wanted.overshoot, absolute=ERROR_OF_STEPS)
    assert_close(got.peak_output_current, wanted.peak_output_current, relative=BETWEEN_POINTS)
    assert_close(got.attempt.peak_output, wanted.attempt.peak_output, relative=BETWEEN_POINTS)
    assert_close(list(got.energy.values()), list(wanted.energy.values()), relative=ERROR_OF_STEPS)
    assert (got.amplifiers is None) == (wanted.amplifiers is None)
    for name in ("input", "output") if got.amplifiers else ():
        assert_close(getattr(got.amplifiers, name), getattr(wanted.amplifiers, name), absolute=1e-6 * scale)


def test_readings_are_those_of_circuits_alone(jobs, readings):
    """Beyond the linear range: 145 of 300 such designs are read, to 6e-7."""
    pairs = zip(jobs, readings, strict=True)
    known = [(job, one[0]) for job, one in pairs if one is not None and np.isnan(one[0].loss)]
    assert len(known) >= 15
    for job, got in known:
        ((wanted,),) = ExactEngine().read(ExactCircuit(job.circuit), [job], TOLERANCE)
        assert np.isnan(wanted.loss)
        assert_as_alone(got, wanted)


@pytest.mark.parametrize("options", [{}, {"wire_resistance": 1.0, "line_capacitance": 1e-15}, {"offset_spread": 1e-4}])
def test_circuits_in_their_linear_range_are_those_of_closed_forms(options):
    """Finals to rounding, settling and energies to 1e-8; they lose to limits what they lose alone."""
    weak = MACRO.replace(
        output_current_limit=1e-6, output_resistance=0.2
    )  # tanh would take 19 % of the largest current
    circuits = [
        InvCircuit.program(spd_matrix(3, 10, seed), opamp=opamp, input_voltage=1e-3, engine="exact", **options)
        for seed, opamp in enumerate((MACRO, MACRO.replace(second_pole=300e6), MACRO.replace(gbwp=50e6), weak))
    ]
    jobs = [circuit.job(vector(3, 1)[:, None]) for circuit in circuits]
    for job, (got,) in zip(jobs, read(jobs), strict=True):
        ((wanted,),) = ExactEngine().read(ExactCircuit(job.circuit), [job], TOLERANCE)
        assert 0 < wanted.loss <= CLOSED_FORM and got.amplifiers is None
        assert_as_alone(got, wanted)
        assert_close(got.final, wanted.final, absolute=1e-12 * np.abs(wanted.final).max())
        assert_close(got.settling_time, wanted.settling_time, relative=1e-8)
        assert_close(list(got.energy.values()), list(wanted.energy.values()), relative=1e-8)
        assert_close(got.loss, wanted.loss, relative=1e-4)


def test_a_circuit_that_loses_more_than_few_samples_show_is_left_alone():
    """The loss at all points decides, as it does alone, where the circuit is integrated then."""
    weak = MACRO.replace(output_current_limit=2e-5)
    circuit = InvCircuit.program(spd_matrix(3, 10, 2), opamp=weak, input_voltage=1.5037e-3, engine="exact")
    job = circuit.job(vector(3, 1)[:, None])
    state = ExactCircuit(job.circuit)
    assert state.beyond.losses(slots_of(state, job.drive, True).hold)[0] <= CLOSED_FORM
    assert read([job]) == [None]
    ((alone,),) = ExactEngine().read(state, [job], TOLERANCE)
    assert np.isnan(alone.loss)


def test_a_circuit_does_not_depend_on_its_company(jobs, readings):
    """Alone, in reverse order and without every other one, every bit of a reading is the same."""
    backwards, few = read(jobs[::-1])[::-1], read(jobs[::2])
    for k, wanted in enumerate(readings):
        found = [backwards[k], *read([jobs[k]]), *([few[k // 2]] if k % 2 == 0 else [])]
        assert {numbers(one) for one in found} == {numbers(wanted)}


def test_op_amps_may_be_others_in_one_stack():
    """Bandwidths, limits and resistors that differ: one integration of all, each as alone."""
    opamps = [MACRO.replace(gbwp=gbwp, output_current_limit=limit) for gbwp, limit in ((50e6, 3e-3), (100e6, 1e-3))]
    circuits = [
        InvCircuit.program(spd_matrix(2, 5, 1), opamp=opamp, inverter_resistance=ohm, engine="exact")
        for opamp, ohm in ((MACRO, 1e3), (opamps[0], 2e3), (opamps[1], 1e3))
    ]
    jobs = [circuit.job(vector(2, 3)[:, None]) for circuit in circuits]
    members = [together._Member(0, ExactCircuit(job.circuit).beyond, job.drive, False) for job in jobs]
    assert len({member.shape for member in members}) == 1
    for (found,), circuit in zip(read(jobs), circuits, strict=True):
        wanted = circuit.solve(vector(2, 3))
        assert_close(found.settling_time, wanted.settling_time, relative=ERROR_OF_STEPS)
        assert_close(found.peak_output_current, wanted.peak_output_current, relative=ERROR_OF_STEPS)


def test_circuits_that_cannot_be_stacked_are_left_alone():
    """Clamps, several right-hand sides, first passes, other op-amps; their neighbours are read."""
    given = {"engine": "exact", "fixed_scale": True}
    usual = InvCircuit.program(spd_matrix(2, 5, 1), **given)
    clamped = InvCircuit.program(spd_matrix(2, 5, 1), opamp=MACRO.replace(output_swing=0.2), input_voltage=0.5, **given)
    single = InvCircuit.program(spd_matrix(2, 5, 1), opamp=SinglePoleOpAmp(), **given)
    mixed = MixedInv.program(spd_matrix(2, 5, 1), **given)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        growing = InvCircuit.program(-spd_matrix(2, 5, 1), force=True, **given)
    assert not growing.stability.stable
    jobs = [one.job(vector(2, 3)[:, None]) for one in (usual, clamped, single, mixed, growing, usual, usual)]
    jobs[-2] = replace(jobs[-2], first_pass=FirstPass("c", 0.01))
    jobs.append(usual.job(np.eye(2)))
    assert [one is not None for one in read(jobs)] == [True, *5 * [False], True, False]
