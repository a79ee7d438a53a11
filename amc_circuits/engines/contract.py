"""What every engine offers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from amc_circuits.engines.job import Job
from amc_circuits.results.readings import Reading
from netlists import Circuit
from netlists.record import FloatArray


@dataclass(frozen=True)
class About:
    """What an engine is.

    Attributes:
        name: Of the engine.
        version: Of the simulator behind it; empty for an engine without one.
        klu: True when KLU solves its matrices.
    """

    name: str
    version: str = ""
    klu: bool = False


class Engine(Protocol):
    """Solves circuits in time and reads them by the definitions of docs/measurement.md. Made of `Settings`.

    What does not depend on the inputs is done once, by `init`; its result belongs to the engine that made it.
    """

    @property
    def about(self) -> About:
        """What it is."""

    def init(self, circuit: Circuit) -> Any:
        """All that does not depend on the inputs of a circuit.

        Raises:
            ParameterError: The engine cannot solve the circuit.
        """

    def read(self, state: Any, jobs: Sequence[Job], tolerance: float, processes: int = 1) -> list[list[Reading]]:
        """One reading a slot of every job, in the jobs' order; some jobs run at the same time.

        Args:
            state: Of the jobs' circuit, by `init`.
            jobs: What to simulate.
            tolerance: Relative tolerance of the settling time.
            processes: Simulations at the same time.

        Raises:
            SimulationError: A run failed; the others are ended.
        """

    def rest(self, state: Any, levels: FloatArray, processes: int = 1) -> FloatArray:
        """Outputs with the inputs held for ever; what a slot's end is compared with.

        Args:
            state: Of a circuit, by `init`.
            levels: Input voltages, shape (inputs, K), V.
            processes: Simulations at the same time.

        Returns:
            Shape (N, K), V; a column of nan where no operating point is found.
        """
