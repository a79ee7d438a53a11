"""Answers of a planned solve, one entry a right-hand side: as arrays for files, as a record, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from rich.table import Table

from amc_circuits.results.measurement import bits
from amc_circuits.results.status import Status
from amc_circuits.solvers.planning.plan import Plan
from amc_circuits.solvers.precision.cost import CycleCost, digital_energy
from amc_circuits.solvers.precision.refined import Refined
from amc_circuits.values.plain import plain
from amc_circuits.values.quantities import format_quantities, format_quantity


@dataclass(frozen=True)
class Answers:
    """Answers of a planned solve.

    Attributes:
        arrays: Arrays by name, the last axis over right-hand sides: `x` (N, K), `history` (C + 1, K), and `status`,
            `cycles`, `residual`, `relative_error` (K,).
        cost: Cost of a cycle; None if there was no cycle.
        messages: Sentences on the worst status and notes.
    """

    arrays: dict[str, Any]
    cost: CycleCost | None
    messages: tuple[str, ...]

    @classmethod
    def of(cls, found: Refined) -> Self:
        """Take the arrays of a result."""
        count = len(found.statuses)
        arrays = {
            "x": found.value.reshape(-1, count),
            "status": np.array([status.name for status in found.statuses]),
            "cycles": found.cycles,
            "residual": found.residual,
            "relative_error": found.relative_error,
            "history": found.history,
        }
        return cls(arrays, found.cost, (found.message, *found.notes))

    @classmethod
    def joined(cls, parts: Sequence[Answers]) -> Answers:
        """Put the right-hand sides of several parts side by side; a cycle costs the mean of all measured transients."""
        longest = max(len(part.arrays["history"]) for part in parts)
        arrays = {
            name: np.concatenate([_filled(part.arrays[name], longest) if name == "history" else part.arrays[name]
                                  for part in parts], axis=-1)
            for name in parts[0].arrays
        }  # fmt: skip
        costs = [part.cost for part in parts if part.cost is not None]
        worst = max(parts, key=lambda part: part.status.severity)
        notes = dict.fromkeys(note for part in parts for note in part.messages[1:])
        return cls(arrays, CycleCost.joined(costs) if costs else None, (worst.messages[0], *notes))

    @property
    def time(self) -> Any:
        """Time of each right-hand side, s; nan without a cycle."""
        return self.arrays["cycles"] * (np.nan if self.cost is None else self.cost.time)

    @property
    def energy(self) -> Any:
        """Energy of each right-hand side, J; nan if it is not known."""
        energy = None if self.cost is None else self.cost.energy
        return self.arrays["cycles"] * (np.nan if energy is None else energy)

    @property
    def statuses(self) -> list[Status]:
        """Status of each right-hand side.

        Raises:
            ValueError: There is no status of a stored name.
        """
        found = []
        for name in map(str, self.arrays["status"]):
            if (status := Status.named(name)) is None:
                raise ValueError(f"there is no status {name}")
            found.append(status)
        return found

    @property
    def status(self) -> Status:
        """Worst status."""
        return max(self.statuses)

    def record(self, plan: Plan, single: bool) -> dict[str, Any]:
        """Build the object that `--format json` prints; numbers for a single right-hand side, otherwise lists."""
        own = {"bits": bits(self.arrays["residual"]), "time_s": self.time, "energy_j": self.energy}
        arrays = self.arrays | own
        found = {name: array[..., 0] if single else array for name, array in arrays.items()}
        return {
            "status": self.status.name,
            "message": self.messages[0],
            "notes": list(self.messages[1:]),
            "plan": plain(plan.record),
            **{name: plain(value) for name, value in found.items() if name != "status"},
            "statuses": [status.name for status in self.statuses],
            "digital_energy_j": digital_energy(plan.problem, len(self.statuses)),
        }

    def table(self, plan: Plan) -> Table:
        """Build the printed table: the prediction beside the result; several right-hand sides as a range."""
        arrays, count = self.arrays, len(self.statuses)
        grid = Table(title=f"Solve to {plan.refinement.bits:g} bits: {self.status.name}", title_justify="left")
        for heading in ("metric", "predicted", "result"):
            grid.add_column(heading, justify="left" if heading == "metric" else "right")
        for name, predicted, result, unit in (
            ("cycles", float(plan.cycles), arrays["cycles"], ""),
            ("bits of the residual", None, bits(arrays["residual"]), ""),
            ("error of one pass", plan.first_error, None, "%"),
            ("relative error", None, arrays["relative_error"], ""),
            ("time", plan.time, self.time, "s"),
            ("energy", plan.energy, self.energy, "J"),
            ("digital arithmetic", digital_energy(plan.problem, count), None, "J"),
        ):
            result_text = "" if result is None else format_quantities(result, unit)
            grid.add_row(name, "" if predicted is None else format_quantity(predicted, unit), result_text)
        return grid


def _filled(history: Any, length: int) -> Any:
    """Add rows of nan to a history up to a length."""
    return np.concatenate([history, np.full((length - len(history), history.shape[1]), np.nan)])
