"""A programmed array: all that does not depend on the right-hand side is done once, here."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from amc_circuits.cells.mapping import Mapping
from amc_circuits.cells.system import System
from amc_circuits.engines.settings import Settings
from amc_circuits.linear.circuit import LinearCircuit
from amc_circuits.linear.equations import linear_circuit
from amc_circuits.linear.stability import Stability, stability
from amc_circuits.results.converters import Converters
from amc_circuits.solvers.hardware import Hardware
from amc_circuits.solvers.streaming import Timing, timing
from amc_circuits.values.checks import Numbers
from netlists import Circuit, InvDesign, MvmDesign
from netlists.record import FloatArray


@dataclass(frozen=True)
class ProgrammedArray(ABC):
    """What is known of a circuit once its array is programmed, before it is asked anything.

    Attributes:
        system: A as wanted, and what is programmed for it.
        hardware: What it is built of.
        mapping: What is programmed as conductances.
        design: What the circuit is.
        settings: How it is driven and measured.
        engine: What simulates it.
        converters: What its inputs come from and its outputs go to.
    """

    system: System
    hardware: Hardware
    mapping: Mapping
    design: InvDesign | MvmDesign
    settings: Settings
    engine: str
    converters: Converters = field(default_factory=Converters)

    @property
    def matrix(self) -> Numbers:
        """A as wanted, shape (N, M), real or complex."""
        return self.system.matrix

    @property
    def circuit(self) -> Circuit:
        """The circuit as parts."""
        return self.design.circuit

    @cached_property
    def linear(self) -> LinearCircuit:
        """The linear circuit around rest."""
        return linear_circuit(self.circuit)

    @cached_property
    def stability(self) -> Stability:
        """All poles of the linear circuit."""
        name = "A" if self.system.scaling == "none" else "the scaled A"
        return stability(self.linear, self.design, self.mapping, self.system.programmed, name)

    @property
    def full_scale(self) -> float:
        """Input full scale, V."""
        return self.settings.input_voltage

    @cached_property
    def timing(self) -> Timing:
        """What each right-hand side is given, from the poles."""
        return timing(self.stability, self.circuit.opamps, self.settings.tolerance, self.settings.rise_time)

    def input_levels(self, columns: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Input voltages with every column at the input full scale, and k.

        Args:
            columns: Right-hand sides, shape (inputs, K).

        Returns:
            Volts, shape (inputs, K), and k, volts per unit, shape (K,); k = 0 for a zero column.
        """
        largest = np.abs(columns).max(axis=0)
        scale = np.divide(self.settings.input_voltage, largest, out=np.zeros_like(largest), where=largest > 0)
        return columns * scale, scale

    def driven_levels(self, columns: FloatArray) -> FloatArray:
        """What the DACs give for the columns (inputs, K) that are not zero, V."""
        levels, scale = self.input_levels(columns)
        return self.converters.inputs(levels, self.full_scale)[:, scale > 0]

    @property
    @abstractmethod
    def gain(self) -> float:
        """Output volts to units of the scaled system for an input of 1 V per unit: gain * outputs / k."""
