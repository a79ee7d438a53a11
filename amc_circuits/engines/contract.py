"""Interface of every engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from amc_circuits.engines.job import Job
from amc_circuits.results.readings import Reading
from netlists import Circuit, ParameterError
from netlists.record import FloatArray


@dataclass(frozen=True)
class About:
    """Description of an engine.

    Attributes:
        name: Name of the engine.
        version: Version of the simulator behind it; empty for an engine without a simulator.
        klu: True if KLU solves its matrices.
    """

    name: str
    version: str = ""
    klu: bool = False


class Engine(Protocol):
    """Engine that solves circuits in time and measures them as docs/measurement.md defines. Created from `Settings`.

    `init` does all work that does not depend on the inputs, once. Only the engine that returned its result can use it.
    """

    @property
    def about(self) -> About:
        """Description of the engine."""

    def init(self, circuit: Circuit) -> Any:
        """Do all work that does not depend on the inputs of a circuit.

        Raises:
            ParameterError: If the engine cannot solve the circuit.
        """

    def read(self, state: Any, jobs: Sequence[Job], tolerance: float, processes: int = 1) -> list[list[Reading]]:
        """Return one reading for each slot of every job, in the order of the jobs; some jobs run at the same time.

        Args:
            state: Result of `init` for the circuit of the jobs.
            jobs: Transients to simulate.
            tolerance: Relative tolerance of the settling time.
            processes: Number of simulations that run at the same time.

        Raises:
            SimulationError: If a run failed; the others are stopped.
        """

    def rest(self, state: Any, levels: FloatArray, processes: int = 1) -> FloatArray:
        """Compute the outputs with the inputs held for ever. The end of a slot is compared with them.

        Args:
            state: Result of `init` for a circuit.
            levels: Input voltages, shape (inputs, K), V.
            processes: Number of simulations that run at the same time.

        Returns:
            Outputs, shape (N, K), V; a column of nan where the search for the operating point fails.
        """


class NotIntegrableError(ParameterError):
    """The limits of the op-amps need more or shorter steps than are taken here."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__("engine", "exact", f"cannot integrate this circuit: {why}; take ngspice")

    def __reduce__(self) -> tuple[type[NotIntegrableError], tuple[str]]:  # type: ignore[override]
        return type(self), (self.why,)
