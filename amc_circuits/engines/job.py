"""What an engine is asked for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netlists import Circuit, StepTrain, Transient


@dataclass(frozen=True)
class Job:
    """One transient of a circuit.

    Attributes:
        circuit: What the circuit is.
        drive: Its inputs.
        analysis: What to simulate and save.
    """

    circuit: Circuit
    drive: StepTrain
    analysis: Transient

    def part(self, slots: list[int]) -> tuple[Job, list[int]]:
        """A job with some of the slots, and which they are: all where each starts from the one before."""
        count = self.drive.levels.shape[1]
        if self.drive.return_time == 0 and count > 1:
            return self, list(range(count))
        drive = self.drive.replace(levels=self.drive.levels[:, slots])
        return Job(self.circuit, drive, self.analysis.replace(stop_time=drive.stop_time)), slots

    def finer(self, parts: int, trtol: float, reltol: float) -> Job:
        """The same job in shorter steps, with the simulator's estimates of its error divided by less."""
        analysis = self.analysis
        step, least = analysis.max_step / parts, min(analysis.reltol, reltol)
        return Job(self.circuit, self.drive, analysis.replace(max_step=step, trtol=trtol, reltol=least))

    def drawn(self, share: float, purpose: str = "") -> NDArray[np.bool_]:
        """Which slots are in a sample: the same wherever and whenever the right-hand side is solved.

        Args:
            share: Of all right-hand sides.
            purpose: Samples for different purposes are drawn apart.
        """
        levels = np.ascontiguousarray(self.drive.levels.T, dtype="<f8")
        seeds = [
            hashlib.sha256(f"{self.circuit.sha256}{purpose}".encode() + level.tobytes()).digest()[:8]
            for level in levels
        ]
        return np.array([int.from_bytes(seed, "little") for seed in seeds]) < share * 2**64
