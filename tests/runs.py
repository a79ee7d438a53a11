"""Jobs as engines run them, without the solver around them."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from amc_circuits.engines import ExactEngine, NgspiceEngine


def waveforms(job, engine=None):
    """Waveforms of a job by ngspice, or by another engine."""
    engine = engine or NgspiceEngine()
    return engine.run(engine.init(job.circuit), [job])[0]


def many_waveforms(jobs, processes=2):
    """The same of many jobs, some at the same time."""
    with ThreadPoolExecutor(processes) as pool:
        return list(pool.map(waveforms, jobs))


def readings(job, tolerance, engine=None):
    """Readings of every slot of a job; by the exact engine unless given."""
    engine = engine or ExactEngine()
    return engine.read(engine.init(job.circuit), [job], tolerance)[0]


def exact_outputs(job, time):
    """Output voltages of the linear circuit of a job, shape (T, N)."""
    engine = ExactEngine()
    return engine.outputs(engine.init(job.circuit), job, time)


def with_design(circuit, design):
    """The same solver around another parameter record."""
    other = replace(circuit)
    vars(other)["design"] = design
    return other
