"""Design of a recovery circuit before its cells are programmed: feedback, leak, targets of compensating cells.

On any set of outputs beyond their dead zones the circuit is a GINV circuit with equal sums, so its rule for the
feedback holds: `G_f = (q l + sqrt(q^2 l^2 + 4 q l S))/2`, `l` the largest eigenvalue of `diag(1/S_c) F^T F`, S the
largest sum at a row amplifier without G_f. Fewer columns have no larger l, so the rule for all of them is safe.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from amc_circuits.cells.mapping import Mapping
from amc_circuits.solvers.least_squares.copies import CopiesPlan, Sums, fields_of
from amc_circuits.solvers.recovery.parameters import RecoverParameters
from netlists.circuits.inv import INVERTER_RESISTANCE
from netlists.circuits.recover import RecoverDesign
from netlists.record import FloatArray
from netlists.short_text import short_repr

DIFFERENCE_RESISTANCE = INVERTER_RESISTANCE
"""Resistance of the four resistors of a difference amplifier, ohm."""
Q = 2.0
"""Ratio of `t = G_f/S_row` to the largest L: above 1, so that a second pole of 60 degrees stays safe."""


@dataclass(frozen=True)
class RecoverPlan(CopiesPlan):
    """A recovery circuit before programming."""

    parameters: RecoverParameters

    __repr__ = short_repr

    @cached_property
    def feedback_conductance(self) -> float:
        """Feedback conductance of the row amplifiers, S: the given one, or the closed form."""
        given = self.parameters.feedback_conductance
        if given != "auto":
            return float(given)
        rows, columns = self.sums(self.hardware.cells)
        held, row_sum = self.wanted[0].difference, float(np.maximum(rows[0] + self.unit, rows[1]).max())
        largest = Q * float(np.linalg.eigvals(held.T @ held / np.maximum(*columns)[:, None]).real.max())
        return float((largest + np.sqrt(largest**2 + 4 * largest * row_sum)) / 2)

    def leak_conductance(self, input_voltage: float) -> float:
        """Leak of the column amplifiers, S: `G_f G_l theta = weight G0^2 V_in`, V_in the largest input."""
        own = self.parameters
        return own.weight * self.unit**2 * input_voltage / (self.feedback_conductance * own.dead_zone)

    @property
    def made(self) -> bool:
        """True if the dead zones are made of op-amps."""
        return self.parameters.dead_zone_type == "op-amps"

    def loads(self, rows: Sums, columns: Sums) -> list[Sums]:
        """Return the sums at inverting and non-inverting inputs of the op-amps with compensating cells, S.

        The leak is left out: it is the same at both inputs of the column amplifiers.

        Args:
            rows: Sums of positive and negative cells of the rows of F.
            columns: The same of F^T.
        """
        found = columns[1], columns[0]
        return [(rows[0] + self.feedback_conductance + self.unit, rows[1]), found] if self.signed else [found]

    def record(self, mappings: Sequence[Mapping], input_voltage: float, **own: FloatArray | None) -> RecoverDesign:
        """Return the parameter record with programmed cells: those of F, F^T and the compensating ones."""
        return self.hardware.design(
            RecoverDesign,
            **fields_of(mappings),
            input_conductance=self.unit,
            feedback_conductance=self.feedback_conductance,
            leak_conductance=self.leak_conductance(input_voltage),
            dead_zone=self.parameters.dead_zone,
            difference_resistance=DIFFERENCE_RESISTANCE if self.made else None,
            **own,
        )
