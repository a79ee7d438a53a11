"""A programmed circuit before it is asked anything: all that does not depend on the right-hand side."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

import numpy as np

from amc_circuits.cells.mapping import Mapping
from amc_circuits.cells.system import System
from amc_circuits.engines.settings import Settings
from amc_circuits.linear.circuit import LinearCircuit
from amc_circuits.linear.equations import linear_circuit
from amc_circuits.linear.margins import Limit, largest_gbwp, lowest_second_pole
from amc_circuits.linear.stability import Stability, less_lag
from amc_circuits.results.converters import HEADROOM, Converters
from amc_circuits.solvers.hardware import Hardware
from amc_circuits.solvers.streaming import Timing, swing_of, timing
from amc_circuits.values.checks import Numbers
from netlists import Circuit, MacroOpAmp, Record
from netlists.record import FloatArray


class NoParameters(Record):
    """The parameters of a solver that has none of its own."""


@dataclass(frozen=True)
class ProgrammedArray(ABC):
    """A circuit whose arrays are programmed.

    Attributes:
        takes: Name of the right-hand side.
        gives: Name of the answer.
        square: True where the matrix must be square.
        pairs: True where a matrix with negative entries is programmed into a pair of arrays.
        system: The matrix as wanted, and what is programmed for it.
        hardware: Op-amps, cells, wires, and the seed of what chance does to them.
        mappings: Conductances of every programmed matrix (`matrices`).
        settings: How it is driven and measured.
        engine: What simulates it.
        parameters: The solver's own parameters.
        converters: What its inputs come from and its outputs go to.
    """

    takes: ClassVar[str] = "b"
    gives: ClassVar[str] = "x"
    square: ClassVar[bool] = True
    pairs: ClassVar[bool] = True

    system: System
    hardware: Hardware
    mappings: tuple[Mapping, ...]
    settings: Settings
    engine: str
    parameters: Record = field(default_factory=NoParameters)
    converters: Converters = field(default_factory=Converters)

    @property
    @abstractmethod
    def circuit(self) -> Circuit:
        """The circuit as parts; its arrays stand in the order of `mappings`, positive before negative."""

    @property
    @abstractmethod
    def gain(self) -> float:
        """Output volts to units of the scaled system for an input of 1 V per unit: gain * outputs / k."""

    @abstractmethod
    def reference(self, columns: FloatArray) -> FloatArray:
        """The exact answer of the programmed system for right-hand sides (inputs, K), shape (outputs, K)."""

    @classmethod
    def matrices(cls, programmed: FloatArray) -> tuple[FloatArray, ...]:
        """The matrices that arrays hold, each programmed by itself."""
        return (programmed,)

    @classmethod
    def length_of(cls, matrix: Numbers) -> int:
        """Entries of a right-hand side for a matrix (N, M)."""
        return len(matrix)

    @property
    def matrix(self) -> Numbers:
        """A as wanted, shape (N, M), real or complex."""
        return self.system.matrix

    @property
    def mapping(self) -> Mapping:
        """Conductances of the first programmed matrix."""
        return self.mappings[0]

    @property
    def sha256(self) -> str:
        """Hash of the circuit's record."""
        return self.circuit.sha256

    @cached_property
    def linear(self) -> LinearCircuit:
        """The linear circuit around rest."""
        return linear_circuit(self.circuit)

    @cached_property
    def stability(self) -> Stability:
        """All poles of the linear circuit, and the cause where one of them grows."""
        found = Stability(self.linear.poles)
        return found if found.stable else Stability(found.poles, f"{found.growing}{self.unstable_because()}")

    def unstable_because(self) -> str:
        """Cause of a growing pole and what to try, as it goes on after the pole."""
        return f": it is the lag of the amplifiers; {less_lag(self.circuit)}"

    def limits(self) -> dict[tuple[str, str], tuple[Limit, float | None]]:
        """By name and unit, up to where parameters keep the circuit stable, and the value that it has."""
        record = max((one.equivalent for one in self.circuit.opamps), key=lambda one: one.gbwp)
        second_pole = record.second_pole if isinstance(record, MacroOpAmp) else None
        return {
            ("lowest_second_pole", "Hz"): (lowest_second_pole(self.circuit), second_pole),
            ("largest_gbwp", "Hz"): (largest_gbwp(self.circuit), record.gbwp),
        }

    @property
    def natural_range(self) -> float:
        """Voltage that no output of an ideal circuit passes, V: k is reduced beyond 0.8 of the swing."""
        return HEADROOM * swing_of(self.circuit)

    @property
    def output_range(self) -> float:
        """Range of the ADCs, V."""
        return self.converters.output_range(self.natural_range)

    def residual(self, values: Numbers, vectors: Numbers) -> list[float]:
        """Relative residual of values (N, K) for right-hand sides (n, K); nan where there is none."""
        return [np.nan] * values.shape[1]

    def multiply_adds(self, solves: int) -> float:
        """Multiply-adds of the same task on a digital computer, for each of so many right-hand sides."""
        rows, columns = self.matrix.shape
        return float((1 + 3 * self.system.complex) * rows * columns)

    def warnings(self) -> tuple[UserWarning, ...]:
        """Choices of parts that will hardly do."""
        return ()

    def idle_parameters(self) -> Iterator[tuple[str, str]]:
        """Names of parameters that have no effect in this circuit, each with the reason."""
        yield from ()

    @property
    def full_scale(self) -> float:
        """Input full scale, V."""
        return self.settings.input_voltage

    @cached_property
    def timing(self) -> Timing:
        """Slot, return and time step of each right-hand side, from the poles."""
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
