"""Circuits beyond their linear ranges that are integrated together: as those alone, and each by itself."""

import warnings
from dataclasses import fields, is_dataclass, replace

import numpy as np
import pytest

from amc_circuits import InvCircuit
from amc_circuits.engines import ExactEngine
from amc_circuits.engines.exact.circuit import ExactCircuit
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


def test_readings_are_those_of_circuits_alone(jobs, readings):
    """Every field, whatever the op-amps: 145 of 300 such designs are read, to 3e-7; half of these to 1e-12."""
    known = [k for k, one in enumerate(readings) if one is not None]
    assert len(known) >= 15
    for k in known:
        (got,), ((wanted,),) = readings[k], ExactEngine().read(ExactCircuit(jobs[k].circuit), [jobs[k]], TOLERANCE)
        assert got.steady == wanted.steady and got.engine == wanted.engine and np.isnan([got.loss, wanted.loss]).all()
        scale = np.abs(wanted.response.outputs).max()
        assert_close(got.final, wanted.final, absolute=1e-6 * scale)
        assert_close(got.terminal_voltage, wanted.terminal_voltage, absolute=1e-6 * scale)
        time, outputs = wanted.response.time, wanted.response.outputs
        for one, other in zip(got.response.outputs.T, outputs.T, strict=True):
            if len(got.response.time) == len(time):
                assert_close(one, other, absolute=5e-5 * scale)
        for name in ("settling_time", "settling_range", "peak_output_current"):
            assert_close(getattr(got, name), getattr(wanted, name), relative=ERROR_OF_STEPS)
        assert_close(got.overshoot, wanted.overshoot, absolute=ERROR_OF_STEPS)
        assert_close(got.attempt.peak_output, wanted.attempt.peak_output, relative=ERROR_OF_STEPS)
        assert_close(list(got.energy.values()), list(wanted.energy.values()), relative=ERROR_OF_STEPS)
        for name in ("input", "output"):
            pair = (getattr(one.amplifiers, name) for one in (got, wanted))
            assert_close(*pair, absolute=1e-6 * scale)


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
    members = [together._Member(0, ExactCircuit(job.circuit).beyond, job.drive) for job in jobs]
    assert len({member.shape for member in members}) == 1
    for (found,), circuit in zip(read(jobs), circuits, strict=True):
        wanted = circuit.solve(vector(2, 3))
        assert_close(found.settling_time, wanted.settling_time, relative=ERROR_OF_STEPS)
        assert_close(found.peak_output_current, wanted.peak_output_current, relative=ERROR_OF_STEPS)


def test_circuits_that_cannot_be_stacked_are_left_alone():
    """Clamps, the linear range, several right-hand sides, first passes, other op-amps; their neighbours are read."""
    given = {"engine": "exact", "fixed_scale": True}
    usual = InvCircuit.program(spd_matrix(2, 5, 1), **given)
    clamped = InvCircuit.program(spd_matrix(2, 5, 1), opamp=MACRO.replace(output_swing=0.2), input_voltage=0.5, **given)
    linear = InvCircuit.program(spd_matrix(2, 5, 1), input_voltage=1e-4, **given)
    single = InvCircuit.program(spd_matrix(2, 5, 1), opamp=SinglePoleOpAmp(), **given)
    mixed = MixedInv.program(spd_matrix(2, 5, 1), **given)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        growing = InvCircuit.program(-spd_matrix(2, 5, 1), force=True, **given)
    assert not growing.stability.stable
    jobs = [one.job(vector(2, 3)[:, None]) for one in (usual, clamped, linear, single, mixed, growing, usual, usual)]
    jobs[-2] = replace(jobs[-2], first_pass=FirstPass("c", 0.01))
    jobs.append(usual.job(np.eye(2)))
    assert [one is not None for one in read(jobs)] == [True, *6 * [False], True, False]
