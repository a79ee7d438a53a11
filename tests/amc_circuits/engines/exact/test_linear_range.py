"""How far the estimate of what bent characteristics take from a linear solution is from what they take in ngspice."""

import numpy as np

from amc_circuits.engines import Job
from amc_circuits.engines.exact.circuit import ExactCircuit
from amc_circuits.engines.exact.reading import read_slots
from amc_circuits.engines.exact.waveform import waveform
from amc_circuits.results.observation import observe
from amc_circuits.solvers.inv import InvCircuit
from netlists import preset
from tests.cases import spd_matrix, vector
from tests.runs import many_waveforms

LEAST, MOST = 0.35, 0.8
"""The waveforms differ by this part of the estimate."""


def _job(seed: int) -> Job:
    """An INV whose amplifiers are driven at 0.1 to 0.6 of their slew rate."""
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 9))
    opamp = preset(("cmos-100meg", "cmos-1g", "ad823")[seed % 3])
    opamp = opamp.replace(slew_rate=opamp.slew_rate * rng.uniform(0.4, 1.2))
    matrix = spd_matrix(size, rng.uniform(2, 15), seed)
    circuit = InvCircuit.program(matrix, opamp=opamp, fixed_scale=True, inverter_resistance=5e3)
    job = circuit.job(vector(size, seed)[:, None])
    # Fine enough for what is left to be the amplifiers' own.
    analysis = job.analysis.replace(max_step=job.analysis.max_step / 6, trtol=0.5, reltol=1e-5)
    return Job(job.circuit, job.drive, analysis)


def test_the_waveforms_differ_by_half_of_the_estimate():
    """An estimate E flags what loses more than its limit: at a limit of d/0.8 it does, at d/0.35 it does not."""
    jobs = [_job(seed) for seed in range(40)]
    counted = 0
    for job, waves in zip(jobs, many_waveforms(jobs), strict=True):
        state = ExactCircuit(job.circuit)
        reading = read_slots(state, job.drive, True, 0.01, 1e9)[0]
        if reading.excess or reading.attempt.peak_output > 0.7 * job.circuit.opamps[0].output_swing:
            continue
        wanted = observe(job.circuit, waves, job.drive).outputs
        got = waveform(state, job.drive, waves.time, limits=False)
        difference = np.abs(got - wanted).max() / np.abs(reading.final).max()
        if difference < 2e-3:
            continue  # here the simulator's own error counts
        counted += 1
        assert read_slots(state, job.drive, True, 0.01, difference / MOST)[0].excess
        assert not read_slots(state, job.drive, True, 0.01, difference / LEAST)[0].excess
    assert counted >= 15
