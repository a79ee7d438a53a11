"""INV circuits for the exact engine, and their jobs."""

from amc_circuits.engines import Job
from amc_circuits.solvers.inv import InvCircuit
from amc_circuits.solvers.streaming import stream_job
from netlists import SinglePoleOpAmp

OPAMP = SinglePoleOpAmp(open_loop_gain=1e5, gbwp=100e6)
EDGE = 1e-13
"""A rise time that is next to none: the hand-written systems take ideal steps."""


def programmed(matrix, **options) -> InvCircuit:
    """An INV circuit for the engine under test."""
    return InvCircuit.program(matrix, engine="exact", **options)


def job_of(circuit, columns) -> Job:
    """The job that streams columns."""
    levels = circuit.input_levels(columns)[0]
    return stream_job(circuit.circuit, circuit.linear, circuit.settings, circuit.timing, levels)
