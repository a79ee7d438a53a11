"""Design of a GINV circuit before its cells are programmed: feedback, ridge, targets of compensating cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from amc_circuits.cells.balance import compensating
from amc_circuits.cells.devices import Device
from amc_circuits.cells.mapping import Mapping
from amc_circuits.solvers.hardware import Hardware
from amc_circuits.solvers.least_squares.feedback import Feedback, chosen_feedback
from amc_circuits.solvers.least_squares.parameters import GinvParameters
from amc_circuits.solvers.topologies import balancing, designed_sums
from netlists.circuits.ginv import GinvDesign
from netlists.record import FloatArray
from netlists.short_text import short_repr

Sums = tuple[FloatArray, FloatArray]
"""Sums of conductances for each row of op-amps, S: of positive and of negative cells, or at both inputs."""


def pair_sums(arrays: Sequence[FloatArray]) -> Sums:
    """Return the row sums of a positive and, if there is one, a negative array, S."""
    sums = [cells.sum(axis=1) for cells in arrays]
    return sums[0], sums[1] if len(sums) == 2 else np.zeros_like(sums[0])


@dataclass(frozen=True)
class GinvPlan:
    """A GINV circuit before programming.

    Attributes:
        wanted: Conductances that the cells of X and X^T should hold.
        hardware: Parts.
        parameters: Parameters of the circuit.
        wide: True if A has more columns than rows: X is A^T, and the inputs are at the columns.
    """

    wanted: tuple[Mapping, ...]
    hardware: Hardware
    parameters: GinvParameters
    wide: bool

    __repr__ = short_repr

    @classmethod
    def of(
        cls, programmed: FloatArray, wanted: tuple[Mapping, ...], hardware: Hardware, parameters: GinvParameters
    ) -> GinvPlan:
        """Plan the circuit of a matrix (N, M)."""
        return cls(wanted[:2], hardware, parameters, programmed.shape[0] < programmed.shape[1])

    @property
    def unit(self) -> float:
        """Conductance of max|A|, which is the input conductance, S."""
        return self.wanted[0].unit

    @property
    def ridge(self) -> float:
        """Ridge in the units of the cells, `G_r G_f = ridge (G0/alpha)^2`, S^2."""
        return self.parameters.ridge * (self.unit / self.wanted[0].alpha) ** 2

    @property
    def compensated(self) -> bool:
        """True if there are compensating cells."""
        return self.parameters.topology == "compensated" and (self.signed or self.ridge > 0)

    @property
    def signed(self) -> bool:
        """True for pairs of arrays."""
        return self.wanted[0].negative is not None

    @cached_property
    def feedback(self) -> Feedback | None:
        """Automatic choice of the feedback conductance; None if it is given."""
        if self.parameters.feedback_conductance != "auto":
            return None
        return chosen_feedback(self._ideal(self.unit))

    @property
    def feedback_conductance(self) -> float:
        """Feedback conductance of the row amplifiers, S."""
        given = self.parameters.feedback_conductance
        return float(given) if self.feedback is None else self.feedback.chosen

    def loads(self, rows: Sums, columns: Sums, feedback: float | None = None) -> list[Sums]:
        """Return the sums at inverting and non-inverting inputs of the op-amps with compensating cells, S.

        Args:
            rows: Sums of positive and negative cells of the rows of X.
            columns: The same of X^T.
            feedback: Feedback conductance, S; None for that of the circuit.
        """
        if not self.compensated:
            return []
        feedback = self.feedback_conductance if feedback is None else feedback
        at_rows, at_columns = (0.0, self.unit) if self.wide else (self.unit, 0.0)
        found = (columns[1] + self.ridge / feedback, columns[0] + at_columns)
        return [(rows[0] + feedback + at_rows, rows[1]), found] if self.signed else [found]

    def targets(self, device: Device) -> tuple[Mapping, ...]:
        """Return the targets of the compensating cells: of the rows, then of the columns, those that there are."""
        rows, columns = (designed_sums(mapping, self.hardware, device) for mapping in self.wanted)
        return tuple(balancing(loads, self.hardware, device) for loads in self.loads(rows, columns))

    def _ideal(self, feedback: float) -> GinvDesign:
        """Record of the circuit with the wanted cells and ideal compensation."""
        rows, columns = (designed_sums(mapping, self.hardware, self.hardware.cells) for mapping in self.wanted)
        balance = [compensating(*loads, None) for loads in self.loads(rows, columns, feedback)]
        return self._record((*self.wanted, *balance), feedback)

    def record(self, mappings: Sequence[Mapping], **offsets: FloatArray | None) -> GinvDesign:
        """Return the parameter record with programmed cells: those of X, X^T and the compensating ones."""
        return self._record(mappings, self.feedback_conductance, **offsets)

    def _record(self, mappings: Sequence[Mapping], feedback: float, **own: Any) -> GinvDesign:
        first, second, *balance = mappings
        names = ("rows", "columns")[2 - len(balance) :]
        for name, cells in zip(names, balance, strict=True):
            own |= {f"balance_{name}_inverting": cells.positive, f"balance_{name}_noninverting": cells.negative}
        return self.hardware.design(
            GinvDesign,
            conductance=first.positive,
            conductance_transposed=second.positive,
            conductance_negative=first.negative,
            conductance_transposed_negative=second.negative,
            input_conductance=self.unit,
            feedback_conductance=feedback,
            ridge_conductance=self.ridge / feedback if self.ridge else None,
            inputs="columns" if self.wide else "rows",
            inverter_resistance=self.parameters.inverter_resistance,
            **own,
        )
