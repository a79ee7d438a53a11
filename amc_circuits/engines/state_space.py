"""The state-space engine: the linear circuit of a design, solved exactly, without a deck."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from amc_circuits.engines.job import Job
from amc_circuits.exact_circuit import exact_circuit
from amc_circuits.exact_reading import read_slots
from amc_circuits.readings import Reading
from amc_circuits.settings import Settings
from netlists.record import FloatArray


@dataclass
class StateSpaceEngine:
    """Reads jobs from the exact response of the linear circuit; says where an amplifier leaves its linear range."""

    name = "state-space"
    version = ""
    klu = False

    @classmethod
    def of(cls, settings: Settings) -> StateSpaceEngine:
        """The engine; it has no settings of its own."""
        return cls()

    def read(self, jobs: Sequence[Job], tolerance: float, processes: int = 1) -> list[list[Reading]]:
        """Readings of every slot of every job; all in this process."""
        return [read_slots(exact_circuit(job.design), job.drive, tolerance) for job in jobs]

    def outputs(self, job: Job, time: FloatArray) -> FloatArray:
        """Output voltages over the whole step train at times (T,), rising, s; shape (T, N)."""
        exact = exact_circuit(job.design)
        response = exact.response
        corners, voltages = job.drive.corners()
        corners, voltages = np.append(corners, time[-1] + corners[-1]), np.vstack([voltages, voltages[-1:]])
        state = np.zeros((len(response.values), 1), dtype=response.values.dtype)
        found = []
        for first, last, before, after in zip(corners[:-1], corners[1:], voltages[:-1], voltages[1:], strict=True):
            piece = response.piece(float(first), float(last), state, before[:, None], after[:, None])
            state = response.end(piece)
            inside = time[(time >= first) & (time < last)]
            found.append(response.at(piece, exact.outputs, inside)[0])
        return np.vstack(found)
