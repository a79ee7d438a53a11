"""Result of a refinement: a frozen record with a named status."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from amc_circuits.linear.stability import Stability
from amc_circuits.results.measurement import bits
from amc_circuits.results.solution import UnusableSolutionError
from amc_circuits.results.status import Status
from amc_circuits.solvers.precision.cost import CycleCost
from amc_circuits.solvers.precision.inverse import Transients
from amc_circuits.solvers.precision.parameters import Refinement
from amc_circuits.values.checks import Numbers
from amc_circuits.values.quantities import format_quantities
from netlists.record import FloatArray
from netlists.short_text import rows_text


@dataclass(frozen=True)
class Refined:
    """Solution of many bits from a circuit of few.

    For K right-hand sides arrays have shape (K,) and `value` (N, K); for a single vector they have one entry, and
    `value` is (N,).

    Attributes:
        value: Solution x.
        statuses: Status of each right-hand side.
        message: Sentence on the worst status.
        notes: Further sentences for the reader.
        cycles: Cycles of each right-hand side.
        residual: `||b - A x|| / ||b||`, computed again from x; with more rows than columns that of the normal equation.
        relative_error: `||x - x_ref|| / ||x_ref||` against NumPy.
        history: Relative residuals after 0, 1, 2 ... cycles, shape (C + 1, K); nan after the end of a right-hand side.
        stability: Poles of the circuit.
        transients: Transients that measured time and energy; None if there was no cycle.
        cost: Cost of a cycle; None if there was no cycle.
        digital_energy: Energy of the multiply-adds of a right-hand side by a direct solver in 32-bit floating point,
            its factorization shared among all, J.
        parameters: Parameters of the loop.
    """

    value: Numbers
    statuses: tuple[Status, ...]
    message: str
    notes: tuple[str, ...]
    cycles: FloatArray
    residual: FloatArray
    relative_error: FloatArray
    history: FloatArray
    stability: Stability
    transients: Transients | None
    cost: CycleCost | None
    digital_energy: float
    parameters: Refinement

    def __repr__(self) -> str:
        return rows_text(
            f"Refined: {self.status.name}",
            {
                "cycles": format_quantities(self.cycles, ""),
                "bits": format_quantities(self.bits, ""),
                "relative error": format_quantities(self.relative_error, ""),
                "time": format_quantities(self.time, "s"),
                "energy": format_quantities(self.energy, "J"),
                "digital": format_quantities(self.digital_energy, "J"),
                "message": self.message,
            },
        )

    @property
    def status(self) -> Status:
        """Worst status of all right-hand sides."""
        return max(self.statuses)

    @property
    def usable(self) -> bool:
        """True if every right-hand side reached its bits."""
        return self.status.usable

    @cached_property
    def bits(self) -> FloatArray:
        """Bits that were reached, `-log2(residual)`."""
        return np.asarray(bits(self.residual))

    @property
    def time(self) -> Any:
        """Time of each right-hand side, s: its cycles, each of the mean time; None without a cycle."""
        return None if self.cost is None else self.cycles * self.cost.time

    @property
    def energy(self) -> Any:
        """Energy of each right-hand side, J: its cycles, each of the mean energy; None if it is not known."""
        energy = None if self.cost is None else self.cost.energy
        return None if energy is None else self.cycles * energy

    def raise_if_unusable(self) -> Refined:
        """Return the result itself.

        Raises:
            UnusableSolutionError: A right-hand side did not reach its bits.
        """
        if not self.usable:
            raise UnusableSolutionError(f"{self.status.name}: {self.message}")
        return self
