"""Design of a GINV circuit before its cells are programmed: feedback, ridge, targets of compensating cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from amc_circuits.cells.balance import compensating
from amc_circuits.cells.mapping import Mapping
from amc_circuits.solvers.least_squares.copies import CopiesPlan, Sums, fields_of
from amc_circuits.solvers.least_squares.feedback import Feedback, chosen_feedback
from amc_circuits.solvers.least_squares.parameters import GinvParameters
from netlists.circuits.ginv import GinvDesign
from netlists.record import FloatArray
from netlists.short_text import short_repr


@dataclass(frozen=True)
class GinvPlan(CopiesPlan):
    """A GINV circuit before programming.

    Attributes:
        wide: True if A has more columns than rows: X is A^T, and the inputs are at the columns.
        input_rows: Number of equal input resistors at each sum node.
    """

    parameters: GinvParameters
    wide: bool = False
    input_rows: int = 1

    __repr__ = short_repr

    @property
    def ridge(self) -> float:
        """Ridge in the units of the cells, `G_r G_f = ridge (G0/alpha)^2`, S^2."""
        return self.parameters.ridge * (self.unit / self.wanted[0].alpha) ** 2

    @property
    def compensated(self) -> bool:
        """True if there are compensating cells."""
        return self.parameters.topology == "compensated" and (self.signed or self.ridge > 0)

    @property
    def input_conductance(self) -> float:
        """Input conductance, S."""
        given = self.parameters.input_conductance
        return self.unit if given is None else given

    @cached_property
    def feedback(self) -> Feedback | None:
        """Automatic choice of the feedback conductance; None if it is given."""
        given = self.parameters.feedback_conductance
        if not isinstance(given, str):
            return None
        return chosen_feedback(self._ideal(self.unit), scan=given == "auto")

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
        inputs = self.input_rows * self.input_conductance
        at_rows, at_columns = (0.0, inputs) if self.wide else (inputs, 0.0)
        found = (columns[1] + self.ridge / feedback, columns[0] + at_columns)
        return [(rows[0] + feedback + at_rows, rows[1]), found] if self.signed else [found]

    def _ideal(self, feedback: float) -> GinvDesign:
        """Record of the circuit with the wanted cells, ideal compensation, and all its inputs as one row."""
        balance = [compensating(*loads, None) for loads in self.loads(*self.sums(self.hardware.cells), feedback)]
        inputs = self.input_rows * self.input_conductance
        return self._record((*self.wanted, *balance), feedback, input_conductance=inputs)

    def record(self, mappings: Sequence[Mapping], **offsets: FloatArray | None) -> GinvDesign:
        """Return the parameter record with programmed cells: those of X, X^T and the compensating ones."""
        return self._record(mappings, self.feedback_conductance, **offsets)

    def _record(self, mappings: Sequence[Mapping], feedback: float, **own: Any) -> GinvDesign:
        return self.hardware.design(
            GinvDesign,
            **{**fields_of(mappings), "input_conductance": self.input_conductance, **own},
            feedback_conductance=feedback,
            ridge_conductance=self.ridge / feedback if self.ridge else None,
            inputs="columns" if self.wide else "rows",
            inverter_resistance=self.parameters.inverter_resistance,
        )
