"""Results of a solve: frozen records with a named status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from amc_circuits.linear.stability import Stability
from amc_circuits.results.budget import NAMED, Budget, largest_causes
from amc_circuits.results.measurement import Energy, Metric
from amc_circuits.results.response import Response
from amc_circuits.results.status import Status
from amc_circuits.values.notebook_html import html_of
from amc_circuits.values.quantities import counted, format_quantities, format_quantity
from netlists.errors import real_number
from netlists.record import FloatArray
from netlists.short_text import rows_text, short, short_repr

WRONG = 0.05
"""Smallest relative error at which a settled result describes the causes of its error."""
COUNTS = 1e-3
"""Part of the error from which a cause is named: a smaller one explains nothing of it, and may be rounding."""


@dataclass(frozen=True)
class Attempt:
    """One simulation of one right-hand side; a right-hand side that is repeated has several.

    Attributes:
        scale: Scale k, volts per unit of b; if the matrix was scaled, per unit of the scaled b.
        slot_time: Time for which the input was held, s.
        peak_output: Largest voltage of an amplifier's stage, V.
        why: Reason of the simulation: `first`, `output scale reduced`, `slot doubled`, or `stream repeated` if another
            right-hand side was the reason.
    """

    scale: float
    slot_time: float
    peak_output: float
    why: str

    __repr__ = short_repr


@dataclass(frozen=True)
class Provenance:
    """Origin of a result: engine, versions and hashes.

    Attributes:
        engine: Name of the engine.
        ngspice_version: Version of ngspice, such as `46`; empty if nothing was simulated.
        klu: True if KLU solved the matrices.
        design_sha256: Hash of the design record.
        deck_sha256: Hash over the hashes of all decks that were run; empty if there was none.
        package_version: Version of this package.
    """

    engine: str
    ngspice_version: str
    klu: bool
    design_sha256: str
    deck_sha256: str
    package_version: str

    __repr__ = short_repr


class Origin(Protocol):
    """Solved problem that a solution belongs to."""

    @property
    def has_budget(self) -> bool:
        """True if the circuit has an error budget."""

    @property
    def near_zero(self) -> NDArray[np.bool_]:
        """True for right-hand sides whose outputs are, and are to be, 0 or rounding of it, shape (K,)."""

    def causes(self, attempts: Sequence[Sequence[Attempt]]) -> dict[str, Metric]:
        """Compute the error at rest from each cause alone, by its name; attempts as in the solution."""

    def budget(
        self,
        causes: Mapping[str, Metric],
        attempts: Sequence[Sequence[Attempt]],
        responses: tuple[Response | None, ...],
    ) -> Budget:
        """Complete the error budget from the result of `causes`; attempts and responses as in the solution."""


@dataclass(frozen=True)
class Solution:
    """Solution from a circuit. For K right-hand sides arrays have shape (K,); for a single vector they are scalars.

    The circuit solves a complex right-hand side of a real matrix as two: its real and its imaginary part. Times and
    energies are the sums of both, and `attempts`, `responses` and `engines` have two entries each.

    Attributes:
        value: Result x of INV or y of MVM, shape (N,) or (N, K); complex if matrix or right-hand sides are.
        status: Worst status of all right-hand sides.
        statuses: Status of each right-hand side.
        message: Explanation of `status`, one sentence.
        notes: Sentences on restrictions of the result: checks that were not possible, effects that were omitted,
            settling times that jump on the smallest change.
        settling_time: Settling time, or time to the level of the reading, s; nan where null.
        predicted_settling_time: Settling time predicted from the slowest pole, s.
        overshoot: Overshoot relative to the largest final output.
        peak_output_current: Largest current of any amplifier, A.
        energy: Energy, J.
        relative_error: Error against the exact answer for the wanted matrix: relative, 2-norm, unless the solver has
            another measure.
        residual: Relative residual, `||A x - b|| / ||b||`; nan for MVM.
        bits: Accuracy in bits, `-log2(relative_error)`.
        attempts: Simulations of each right-hand side.
        responses: Waveform of each right-hand side; None if nothing was simulated.
        engines: Engine that solved each right-hand side; empty if nothing was simulated.
        largest_difference: Largest difference of the waveforms of two engines, in units of full scale; nan if none was
            checked.
        cross_checked: Number of right-hand sides that a second engine checked.
        stability: Poles of the linear circuit.
        provenance: Engine, versions and hashes of the result.
        wall_time: Wall-clock time of the whole solve, s.
        figures: Metrics that only this circuit has, by their names; a name ends in its unit.
        origin: Solved problem, from which the error budget is computed.
    """

    value: FloatArray
    status: Status
    statuses: tuple[Status, ...]
    message: str
    notes: tuple[str, ...]
    settling_time: Metric
    predicted_settling_time: float
    overshoot: Metric
    peak_output_current: Metric
    energy: Energy
    relative_error: Metric
    residual: Metric
    bits: Metric
    attempts: tuple[tuple[Attempt, ...], ...]
    responses: tuple[Response | None, ...]
    engines: tuple[str, ...]
    cross_checked: int
    largest_difference: float
    stability: Stability
    provenance: Provenance
    wall_time: float
    figures: Mapping[str, float]
    origin: Origin = field(repr=False, compare=False)

    def __repr__(self) -> str:
        count = counted(len(self.statuses), "right-hand side")
        engines = ", ".join(dict.fromkeys(name for name in self.engines if name)) or "no simulation"
        rows = {
            "message": "" if self.usable else self.message,
            "value": short(self.value),
            "settling time": f"{format_quantities(self.settling_time, 's')}, "
            f"predicted {format_quantities(self.predicted_settling_time, 's')}",
            "energy": self.energy.text,
            "relative error": f"{format_quantities(self.relative_error, '%')} ({format_quantities(self.bits)} bits)",
            "notes": f"{len(self.notes)}: {self.notes[0]}" if self.notes else "",
        }
        return rows_text(f"Solution {self.status.name}: {count} by {engines}", rows)

    @property
    def by_engine(self) -> dict[str, int]:
        """Number of right-hand sides that each engine solved; those that were not simulated count for none."""
        return {name: self.engines.count(name) for name in sorted(set(self.engines)) if name}

    @property
    def usable(self) -> bool:
        """True if every right-hand side has a usable result: it settled, or passed the level of its reading."""
        return self.status.usable

    @property
    def driven(self) -> list[list[Response]]:
        """Simulated responses of every right-hand side: one; two if it is complex; none if it is 0."""
        each = len(self.responses) // len(self.statuses)
        groups = (self.responses[k : k + each] for k in range(0, len(self.responses), each))
        return [[response for response in group if response is not None] for group in groups]

    def time_to_bits(self, bits: float) -> Metric:
        """Compute the time from the step until the outputs keep this accuracy, (K,) or a scalar, s; nan where never."""
        bits = real_number("bits", bits)
        times = [[one.time_to_bits(bits, error) for one, error in group] for group in self._errors]
        return scalar_or_array([sum(group) if group else np.nan for group in times], self.value.ndim == 1)

    @cached_property
    def _errors(self) -> list[list[tuple[Response, FloatArray | None]]]:
        """Responses of every right-hand side, each with its error over time if it settled."""
        return [
            [(one, one.readout_error if one.settling_time >= 0 else None) for one in group] for group in self.driven
        ]

    @cached_property
    def _causes(self) -> dict[str, Metric]:
        return self.origin.causes(self.attempts)

    @cached_property
    def _budget(self) -> Budget:
        return self.origin.budget(self._causes, self.attempts, self.responses)

    def budget(self) -> Budget:
        """Compute the error budget: every cause alone and all together, from the circuit at rest, without a simulation.

        Raises:
            UnusableSolutionError: If the circuit is unstable, so that it has no rest.
            ParameterError: If the mesh needs more memory than there is.
        """
        if not self.stability.stable:
            raise UnusableSolutionError(f"{self.status.name}: a circuit without rest has no error budget")
        return self._budget

    @property
    def error_note(self) -> str:
        """Describe the causes of an error above 5 % of a settled result in one sentence; empty otherwise."""
        if not (self.usable and self.stability.stable and self.origin.has_budget):
            return ""
        errors = np.where(self.origin.near_zero, 0.0, np.nan_to_num(np.atleast_1d(self.relative_error), posinf=np.inf))
        worst = int(errors.argmax())
        size = float(errors[worst])
        if size <= WRONG:
            return ""
        which = f" in right-hand side {worst + 1} of {len(errors)}" if len(errors) > 1 else ""
        named = [one for one in largest_causes(self._causes, worst)[:NAMED] if one[1] >= COUNTS * size]
        parts = ", ".join(f"{name} {format_quantity(error, '%')}" for name, error in named)
        largest = f"largest causes, each alone: {parts}" if parts else "no cause alone explains it"
        return f"the relative error is {format_quantity(size, '%')}{which}; {largest}; budget = True shows all"

    def _repr_html_(self) -> str | None:
        """Return HTML for a notebook: status, metrics, outputs over time."""
        return html_of(self)

    def raise_if_unusable(self) -> Solution:
        """Return this solution if it is usable.

        Raises:
            UnusableSolutionError: If it is not usable.
        """
        if not self.usable:
            raise UnusableSolutionError(f"{self.status.name}: {self.message}")
        return self


class UnusableSolutionError(RuntimeError):
    """Error for a circuit without a usable result."""


def scalar_or_array(values: list[float], single: bool) -> Metric:
    """Return one number for a single right-hand side, else an array."""
    return float(values[0]) if single else np.array(values, dtype=np.float64)
