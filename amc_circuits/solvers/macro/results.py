"""Results of a schedule, phase by phase."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amc_circuits.results.response import Response
from amc_circuits.results.status import Status
from amc_circuits.solvers.macro.plan import Plan
from netlists import Circuit
from netlists.errors import check_name
from netlists.record import FloatArray
from netlists.short_text import short_repr

NOT_RUN = Status.register("NOT_RUN", 45, "another phase of the schedule is unstable, so nothing was simulated")


@dataclass(frozen=True)
class PhaseResult:
    """Result of a phase.

    Attributes:
        name: Name of the phase.
        mode: Circuit of the phase.
        array: Name of its array.
        status: Status of the phase.
        message: Status in one sentence.
        start: Start of the phase in the schedule, s.
        duration: Its duration, s; nan if nothing was simulated.
        value: Answer, shape (outputs,); nan if nothing was simulated. An eigenvector has length 1.
        exact: Exact answer of the whole schedule by NumPy, same shape.
        error: `||value - exact|| / ||exact||`; of an eigenvector the sine of the angle between them.
        outputs: Output voltages at the end, shape (outputs,), V.
        scale: Volts per unit of the answer; nan for an eigenvector.
        settling_time: Time from the start until the outputs stay within the tolerance, s; nan if they do not.
        energy: Energy until then by account, J.
        feedback_conductance: Feedback, siemens; None for INV.
        slowest_pole: Pole with the largest real part, 1/s, of what the phase connects.
        response: Outputs over the phase; None if nothing was simulated.
    """

    name: str
    mode: str
    array: str
    status: Status
    message: str
    start: float
    duration: float
    value: FloatArray
    exact: FloatArray
    error: float
    outputs: FloatArray
    scale: float
    settling_time: float
    energy: dict[str, float | None]
    feedback_conductance: float | None
    slowest_pole: complex
    response: Response | None = None

    __repr__ = short_repr

    @property
    def total_energy(self) -> float | None:
        """Energy of all accounts, J; None if one is not known."""
        known = [joules for joules in self.energy.values() if joules is not None]
        return float(sum(known)) if self.energy and len(known) == len(self.energy) else None


@dataclass(frozen=True)
class MacroSolution:
    """Results of all phases of a schedule.

    Attributes:
        plan: Schedule with scales, feedback and durations.
        phases: Results in order.
        engine: Engine that computed them.
        deck_sha256: Hash of the deck; empty if none was run.
        wall_time: Time of the run, s.
    """

    plan: Plan
    phases: tuple[PhaseResult, ...]
    engine: str
    deck_sha256: str
    wall_time: float

    __repr__ = short_repr

    @property
    def circuit(self) -> Circuit:
        """Circuit with its durations."""
        return self.plan.circuit

    @property
    def usable(self) -> bool:
        """True if every phase has a usable result."""
        return all(phase.status.usable for phase in self.phases)

    @property
    def total_time(self) -> float:
        """Duration of the whole schedule, s; nan if nothing was simulated."""
        return float(sum(np.nan if phase.duration is None else phase.duration for phase in self.circuit.phases))

    def phase(self, name: str) -> PhaseResult:
        """Return the result of the phase of this name.

        Raises:
            ParameterError: There is no such phase.
        """
        check_name("phase", name, [phase.name for phase in self.phases])
        return next(phase for phase in self.phases if phase.name == name)
