"""What every engine offers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from amc_circuits.engines.job import Job
from amc_circuits.waveforms import Waveforms


class Engine(Protocol):
    """Solves circuits in time. Made with the keywords `timeout` (s) and `keep` (folder for failed runs, or None)."""

    @property
    def version(self) -> str:
        """Version of the simulator behind it."""

    @property
    def klu(self) -> bool:
        """True when KLU solves its matrices."""

    def run(self, jobs: Sequence[Job], processes: int = 1) -> list[Waveforms]:
        """Runs jobs, some at the same time, and returns their waveforms in the jobs' order.

        Raises:
            SimulationError: A run failed; the others are ended.
        """
