"""The GINV circuit as a solver: least squares in one step."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from amc_circuits.solvers.solver import Solver
from netlists import Circuit
from netlists.circuits.ginv import GinvDesign
from netlists.record import FloatArray


class GinvCircuit(Solver):
    """Two arrays that hold A, without negative entries: `solve(b)` gives the x that makes ||A x - b|| smallest."""

    square, pairs = False, False

    @classmethod
    def matrices(cls, programmed: FloatArray) -> tuple[FloatArray, ...]:
        """A and its transpose, each programmed by itself."""
        return programmed, programmed.T

    @cached_property
    def design(self) -> GinvDesign:
        """The parameter record of the circuit; input and feedback are what stands for max|A|."""
        (first, second), hardware = self.mappings, self.hardware
        rows, columns = first.positive.shape
        return GinvDesign(
            conductance=first.positive,
            conductance_transposed=second.positive,
            input_conductance=first.unit,
            feedback_conductance=first.unit,
            opamp=hardware.opamp_in_use,
            interconnect=hardware.wires,
            nonlinearity_voltage=hardware.device.nonlinearity_voltage,
            row_offset=hardware.offsets("part_offset", rows, 0),
            column_offset=hardware.offsets("part_offset", columns, 1),
            temperature=hardware.temperature,
        )

    @property
    def circuit(self) -> Circuit:
        """The circuit as parts."""
        return self.design.circuit

    def reference(self, columns: FloatArray) -> FloatArray:
        """Least squares by NumPy, shape (M, K)."""
        return np.asarray(np.linalg.lstsq(self.system.programmed, columns)[0])

    @property
    def gain(self) -> float:
        """Output volts to units of x for an input of 1 V per unit: x = gain * outputs / k."""
        return 1 / self.mapping.alpha
