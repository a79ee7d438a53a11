"""What every engine offers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from amc_circuits.engines.job import Job
from amc_circuits.results.readings import Reading
from netlists import InvDesign, MvmDesign
from netlists.record import FloatArray


class Engine(Protocol):
    """Solves circuits in time and reads them by the definitions of docs/measurement.md. Made of `Settings`."""

    @property
    def version(self) -> str:
        """Version of the simulator behind it; empty for an engine without one."""

    @property
    def klu(self) -> bool:
        """True when KLU solves its matrices."""

    def read(self, jobs: Sequence[Job], tolerance: float, processes: int = 1) -> list[list[Reading]]:
        """One reading a slot of every job, in the jobs' order; some jobs run at the same time.

        Args:
            jobs: What to simulate.
            tolerance: Relative tolerance of the settling time.
            processes: Simulations at the same time.

        Raises:
            SimulationError: A run failed; the others are ended.
        """

    def rest(self, design: InvDesign | MvmDesign, levels: FloatArray, processes: int = 1) -> FloatArray:
        """Outputs with the inputs held for ever, of a design that is not linear; what a slot's end is compared with.

        Args:
            design: What the circuit is.
            levels: Input voltages, shape (inputs, K), V.
            processes: Simulations at the same time.

        Returns:
            Shape (N, K), V; a column of nan where no operating point is found.
        """
