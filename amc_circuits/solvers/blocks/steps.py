"""Circuits of a step: INV or GINV with one or two rows of inputs, MVM with switched feedback; all work in volts."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from amc_circuits.cells.system import System
from amc_circuits.results.converters import HEADROOM
from amc_circuits.solvers.blocks.shifted_inv import ShiftedInv
from amc_circuits.solvers.hardware import Hardware
from amc_circuits.solvers.least_squares.ginv import GinvCircuit
from amc_circuits.solvers.mvm import MvmCircuit, MvmParameters
from amc_circuits.solvers.programmed import ProgrammedArray
from amc_circuits.solvers.solver import Solver
from amc_circuits.solvers.streaming import swing_of
from amc_circuits.values.checks import Numbers
from netlists import Circuit, Conductors, Source
from netlists.record import FloatArray


class InVolts(ProgrammedArray):
    """A circuit whose right-hand sides are input voltages: it does not choose its scale k."""

    def input_levels(self, columns: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the input voltages as they are, and k: 1, or 0 for a column of zeros, which is not simulated."""
        return columns, np.any(columns != 0, axis=0).astype(np.float64)

    def steady_volts(self, levels: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Compute the steady outputs of the linear circuit for levels (inputs, K), V.

        Returns:
            Outputs, shape (N, K), 0 for columns of zeros; and the largest voltage of any gain stage in units of 0.8 of
            the swing, shape (K,).
        """
        driven = self.input_levels(levels)[1]
        outputs = self.linear.steady(self.linear.outputs, levels) * driven
        peaks = np.abs(self.linear.steady_stages(levels)).max(axis=0) * driven
        return outputs, peaks / (HEADROOM * swing_of(self.circuit))


class HeldInputs(InVolts, Solver):
    """A leaf with two equal rows of input resistors: one from DACs, one from sample-and-holds."""

    input_rows = 2

    @property
    @abstractmethod
    def alone(self) -> Solver:
        """The same cells and op-amps with the resistors of the sample-and-holds switched off."""

    def _without_held(self) -> dict[str, Any]:
        """Return the fields of the circuit alone."""
        names = ("hardware", "mappings", "settings", "engine", "parameters", "converters")
        factors = self.system.input_factors[: len(self.matrix)]
        return {"system": replace(self.system, input_factors=factors), **{name: getattr(self, name) for name in names}}

    @classmethod
    def system_of(cls, matrix: Numbers, hardware: Hardware) -> System:
        """Build the system, whose right-hand sides are the voltages of both rows, one above the other."""
        system = super().system_of(matrix, hardware)
        return replace(system, input_factors=np.tile(system.input_factors, cls.input_rows))

    @classmethod
    def length_of(cls, matrix: Numbers) -> int:
        """Number of inputs, 2 N."""
        return cls.input_rows * len(matrix)

    def _two_rows(self, one: Circuit) -> Circuit:
        """Add the inputs from sample-and-holds to a circuit."""
        size = len(self.matrix)
        resistors = next(part for part in one.parts if isinstance(part, Conductors) and part.name == "in")
        parts = (*one.parts, replace(resistors, name="hold", a="hold"))
        wider = [
            Source(each.group, np.pad(each.matrix(one.groups[each.group], size), ((0, 0), (0, size))))
            for each in one.sources
        ]
        held = Source("hold", np.hstack([np.zeros((size, size)), np.eye(size)]))
        title = f"{one.title} with held inputs"
        return replace(one, title=title, groups={**one.groups, "hold": size}, parts=parts, sources=(*wider, held))

    @property
    def sha256(self) -> str:
        """Hash of the circuit."""
        return self.circuit.sha256

    def residual(self, values: Numbers, vectors: Numbers) -> list[float]:
        """Relative residual against the sum of both rows."""
        return super().residual(values, self._sums(vectors))

    def _sums(self, columns: Numbers) -> Numbers:
        size = len(self.matrix)
        return np.asarray(columns[:size] + columns[size:])


class PlainInv(InVolts, ShiftedInv):
    """INV with one row of input resistors, from DACs."""


class HeldInv(HeldInputs, ShiftedInv):
    """INV with two rows of input resistors."""

    @cached_property
    def circuit(self) -> Circuit:
        """Circuit as parts."""
        return self._two_rows(super().circuit)

    def reference(self, columns: FloatArray) -> FloatArray:
        """Solution for the sum of both rows, shape (N, K)."""
        return super().reference(self._sums(columns))

    @cached_property
    def alone(self) -> PlainInv:
        """The same cells and op-amps with the resistors of the sample-and-holds switched off."""
        return PlainInv(**self._without_held())


class PlainGinv(InVolts, GinvCircuit):
    """GINV of a square block with one row of input resistors; like INV it gives `-A^-1`: no input is inverted."""

    @cached_property
    def circuit(self) -> Circuit:
        """Circuit as parts."""
        one = super().circuit
        return replace(one, sources=tuple(Source("in") if each.group == "in" else each for each in one.sources))

    @property
    def gain(self) -> float:
        """Factor from output volts to units of x for an input of 1 V per unit of b."""
        return -super().gain


class HeldGinv(HeldInputs, PlainGinv):
    """GINV of a square block with two rows of input resistors."""

    @cached_property
    def circuit(self) -> Circuit:
        """Circuit as parts."""
        return self._two_rows(super().circuit)

    def reference(self, columns: FloatArray) -> FloatArray:
        """Solution for the sum of both rows, shape (N, K)."""
        return super().reference(self._sums(columns))

    @cached_property
    def alone(self) -> PlainGinv:
        """The same cells, feedback and op-amps with the resistors of the sample-and-holds switched off."""
        own = self.parameters.replace(feedback_conductance=self.plan.feedback_conductance)
        return PlainGinv(**self._without_held() | {"parameters": own})


LeafCircuit = PlainInv | HeldInv | PlainGinv | HeldGinv
"""Circuit of a leaf."""
LEAVES: dict[tuple[str, str], type[LeafCircuit]] = {
    ("inv", "two"): HeldInv,
    ("inv", "one"): PlainInv,
    ("ginv", "two"): HeldGinv,
    ("ginv", "one"): PlainGinv,
}
"""Classes of leaves by the names of their circuit and of their inputs."""


class RangedMvm(InVolts, MvmCircuit):
    """MVM whose feedback conductance is switched by powers of two."""

    parameters: MvmParameters

    @cached_property
    def _ranges(self) -> dict[int, RangedMvm]:
        return {}

    def at_range(self, power: int) -> RangedMvm:
        """Return the circuit with its outputs 2^power times as large, by its feedback conductance."""
        if power == 0:
            return self  # not kept: a circuit that refers to itself would stay in memory
        if power not in self._ranges:
            conductance = self.design.feedback_conductance * 2.0**-power
            parameters = self.parameters.replace(feedback_conductance=conductance)
            self._ranges[power] = replace(self, parameters=parameters)
        return self._ranges[power]
