"""Job: the transient that an engine simulates."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from amc_circuits.results.readings import FirstPass
from netlists import Circuit, StepTrain, Transient
from netlists.short_text import short_repr


@dataclass(frozen=True)
class Job:
    """One transient of a circuit.

    Attributes:
        circuit: Circuit to simulate.
        drive: Inputs of the circuit.
        analysis: Transient analysis, with the vectors to save.
        first_pass: Level at which the outputs are read; None reads settled outputs.
    """

    circuit: Circuit
    drive: StepTrain
    analysis: Transient
    first_pass: FirstPass | None = None

    __repr__ = short_repr

    def part(self, slots: list[int]) -> tuple[Job, list[int]]:
        """Return a job with some of the slots, and their numbers: all slots if each starts from the one before."""
        count = self.drive.levels.shape[1]
        if self.drive.return_time == 0 and count > 1:
            return self, list(range(count))
        drive = self.drive.replace(levels=self.drive.levels[:, slots])
        return replace(self, drive=drive, analysis=self.analysis.replace(stop_time=drive.stop_time)), slots

    def finer(self, parts: int, trtol: float, reltol: float) -> Job:
        """Return the same job with shorter time steps and a smaller trtol, the divisor of the error estimates."""
        analysis = self.analysis
        step, least = analysis.max_step / parts, min(analysis.reltol, reltol)
        return replace(self, analysis=analysis.replace(max_step=step, trtol=trtol, reltol=least))

    def drawn(self, share: float, purpose: str = "") -> NDArray[np.bool_]:
        """Select the slots of a sample: the same on every machine and in every run for the same right-hand side.

        Args:
            share: Fraction of all right-hand sides in the sample.
            purpose: Purpose of the sample; samples for different purposes are independent.
        """
        levels = np.ascontiguousarray(self.drive.levels.T, dtype="<f8")
        if share <= 0:  # no circuit is hashed
            return np.zeros(len(levels), dtype=np.bool_)
        seeds = [
            hashlib.sha256(f"{self.circuit.sha256}{purpose}".encode() + level.tobytes()).digest()[:8]
            for level in levels
        ]
        return np.array([int.from_bytes(seed, "little") for seed in seeds]) < share * 2**64
