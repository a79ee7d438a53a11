"""The GINV circuit as a solver of least-squares problems in one step."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from amc_circuits.solvers.solver import Solver
from netlists import Circuit
from netlists.circuits.ginv import GinvDesign
from netlists.record import FloatArray


class GinvCircuit(Solver):
    """Two arrays programmed with A, without negative entries: `solve(b)` gives the x that minimizes ||A x - b||."""

    square, pairs = False, False

    @classmethod
    def matrices(cls, programmed: FloatArray) -> tuple[FloatArray, ...]:
        """A and its transpose, each programmed separately."""
        return programmed, programmed.T

    @cached_property
    def design(self) -> GinvDesign:
        """Parameter record of the circuit; input and feedback conductance are the conductance of max|A|."""
        (first, second), hardware = self.mappings, self.hardware
        rows, columns = first.positive.shape
        return hardware.design(
            GinvDesign,
            conductance=first.positive,
            conductance_transposed=second.positive,
            input_conductance=first.unit,
            feedback_conductance=first.unit,
            row_offset=hardware.offsets("part_offset", rows, 0),
            column_offset=hardware.offsets("part_offset", columns, 1),
        )

    @property
    def circuit(self) -> Circuit:
        """Circuit as parts."""
        return self.design.circuit

    def reference(self, columns: FloatArray) -> FloatArray:
        """Least-squares solution by NumPy, shape (M, K)."""
        return np.asarray(np.linalg.lstsq(self.system.programmed, columns)[0])

    @property
    def gain(self) -> float:
        """Factor from output volts to units of x for an input of 1 V per unit: x = gain * outputs / k."""
        return 1 / self.mapping.alpha
