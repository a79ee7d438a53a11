"""Readings beyond the linear range: random designs against ngspice, chunks, jobs, and the balance of energies."""

import numpy as np
import pytest

from amc_circuits import InvCircuit, Status
from amc_circuits.engines import ExactEngine
from netlists import preset
from tests.cases import spd_matrix
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


@pytest.mark.parametrize("opamp", [SLOW, preset("cmos-1g").replace(output_swing=0.15)], ids=["slew", "clamp"])
def test_a_right_hand_side_is_read_as_if_it_were_alone(opamp):
    """In a chunk of 16 its step lengths are those of all; the results are its own within 1e-6 of full scale."""
    circuit = InvCircuit.program(
        spd_matrix(4, 6, 1), opamp=opamp, engine="exact", fixed_scale=True, wire_resistance=1.0, inverter_resistance=5e3
    )
    columns = np.random.default_rng(2).uniform(-1, 1, (4, 16)) * np.geomspace(1, 1e-3, 16)
    job, engine = circuit.job(circuit.question(columns).columns), ExactEngine()
    state = engine.init(job.circuit)
    together = engine.read(state, [job], 0.01)[0]
    for k, reading in enumerate(together):
        part = job.part([k])[0]
        (alone,) = engine.read(state, [part], 0.01)[0]
        scale = np.abs(alone.final).max()
        assert_close(reading.final, alone.final, absolute=1e-6 * scale)
        assert_close(reading.settling_time, alone.settling_time, relative=1e-4, absolute=1e-14)
        for account, value in alone.energy.items():
            assert_close(reading.energy[account], value, relative=1e-4)
        outputs = engine.outputs(state, part, reading.response.time + job.drive.rise_time / 2)
        assert_close(reading.response.outputs, outputs, absolute=1e-6 * scale)


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
