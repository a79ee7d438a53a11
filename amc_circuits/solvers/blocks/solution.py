"""Result of a solve in blocks: the answer, and the metrics of all steps together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from amc_circuits.linear.stability import Stability
from amc_circuits.results.measurement import Energy, Metric
from amc_circuits.results.response import Response
from amc_circuits.results.solution import Provenance, UnusableSolutionError
from amc_circuits.results.status import Status
from amc_circuits.solvers.blocks.walk import Ranges
from amc_circuits.solvers.blocks.ways import Run
from amc_circuits.values.checks import Numbers
from amc_circuits.values.quantities import counted, format_quantities
from netlists.record import FloatArray
from netlists.short_text import rows_text, short, short_repr


@dataclass(frozen=True)
class BlockStep:
    """One step of a solve: circuits that work at the same time. Arrays have one entry a column of the circuits.

    Attributes:
        text: Circuit and block, such as `INV of A1 (rows 1..8)`.
        statuses: Worst status of the circuits.
        settling_time: Settling time of the slowest circuit, s; 0 where all inputs are zero, nan where one did not
            settle.
        busy: Sum over the op-amps of the times until their circuits have settled, s.
        energy: Energy of the circuits until each has settled, by account, J; None if it is not known.
    """

    text: str
    statuses: tuple[Status, ...]
    settling_time: FloatArray
    busy: FloatArray
    energy: Mapping[str, FloatArray | None]

    __repr__ = short_repr


@dataclass(frozen=True)
class BlockSolution:
    """Solution by blocks. For K right-hand sides arrays have shape (K,); for a single vector they are scalars.

    Attributes:
        value: x, shape (N,) or (N, K).
        status: Worst status of all right-hand sides and steps.
        statuses: Worst status of each right-hand side.
        message: Explanation of `status`, one sentence, with its step.
        settling_time: Sum of the settling times of all steps, s.
        predicted_settling_time: The same, predicted from the slowest poles, s.
        energy: Energy of the circuits of each step until they have settled, J; amplifiers that wait are not charged.
        waiting_energy: Energy of the op-amps of the bank while they wait, J: those of the largest step are on all the
            time. None if their current is not known.
        relative_error: Relative error against the exact answer for the wanted matrix, 2-norm.
        residual: Relative residual, `||A x - b|| / ||b||`.
        bits: Accuracy in bits, `-log2(relative_error)`.
        steps: All steps.
        runs: All simulations.
        scales: Scale k of each column in the first pass and in the last one, shape (2, C), V per unit of b.
        ranges: Power of two of each MVM for every column.
        stability: Poles of the leaf or tile with the slowest or growing pole.
        wall_time: Wall-clock time of the whole solve, s.
    """

    value: Numbers
    status: Status
    statuses: tuple[Status, ...]
    message: str
    settling_time: Metric
    predicted_settling_time: float
    energy: Energy
    waiting_energy: Metric | None
    relative_error: Metric
    residual: Metric
    bits: Metric
    steps: tuple[BlockStep, ...]
    runs: tuple[Run, ...]
    scales: FloatArray
    ranges: Ranges
    stability: Stability
    wall_time: float

    def __repr__(self) -> str:
        rows = {
            "message": "" if self.usable else self.message,
            "value": short(self.value),
            "steps": f"{len(self.steps)}, by {counted(len(self.runs), 'simulation')}",
            "settling time": f"{format_quantities(self.settling_time, 's')}, "
            f"predicted {format_quantities(self.predicted_settling_time, 's')}",
            "energy": self.energy.text,
            "relative error": f"{format_quantities(self.relative_error, '%')} ({format_quantities(self.bits)} bits)",
        }
        return rows_text(f"BlockSolution {self.status.name}: {counted(len(self.statuses), 'right-hand side')}", rows)

    @property
    def provenance(self) -> Provenance | None:
        """Provenance of the last simulation; None if nothing was simulated."""
        return self.runs[-1].solution.provenance if self.runs else None

    @property
    def by_engine(self) -> dict[str, int]:
        """Number of right-hand sides of all simulations that each engine solved."""
        counts = sum((Counter(run.solution.by_engine) for run in self.runs), Counter[str]())
        return dict(sorted(counts.items()))

    @property
    def responses(self) -> tuple[Response, ...]:
        """Waveforms of the simulation that takes longest: one for each of its columns that is not zero."""
        slowest = max(self.runs, key=lambda run: run.known(run.solution.settling_time).max(), default=None)
        return () if slowest is None else tuple(one for one in slowest.solution.responses if one is not None)

    @property
    def usable(self) -> bool:
        """True if every step of every right-hand side has a usable result."""
        return self.status.usable

    def raise_if_unusable(self) -> BlockSolution:
        """Return this solution if it is usable.

        Raises:
            UnusableSolutionError: If it is not usable.
        """
        if not self.usable:
            raise UnusableSolutionError(f"{self.status.name}: {self.message}")
        return self
