"""A programmed circuit without right-hand sides: all properties that do not depend on them."""

from __future__ import annotations

import zlib
from abc import ABC, abstractmethod
from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from amc_circuits.cells.devices import Device
from amc_circuits.cells.draws import Draws
from amc_circuits.cells.mapping import Mapping
from amc_circuits.cells.system import System
from amc_circuits.engines.settings import Settings
from amc_circuits.linear.circuit import LinearCircuit
from amc_circuits.linear.equations import linear_circuit
from amc_circuits.linear.stability import Stability, less_lag
from amc_circuits.results.converters import HEADROOM, Converters
from amc_circuits.results.cost.components import component_counts
from amc_circuits.results.readings import FirstPass
from amc_circuits.solvers.answer_rules import AnswerRules
from amc_circuits.solvers.hardware import Hardware
from amc_circuits.solvers.streaming import Timing, swing_of, timing
from amc_circuits.solvers.varied import Varied
from amc_circuits.values.checks import Numbers
from amc_circuits.values.quantities import format_quantity
from netlists import GROUND, Array, Circuit, MacroOpAmp, OpAmps, Record
from netlists.record import FloatArray
from netlists.short_text import rows_text

if TYPE_CHECKING:
    from amc_circuits.linear import margins
    from amc_circuits.linear.noise import Noise


class NoParameters(Record):
    """Parameters of a solver that has no parameters of its own."""


@dataclass(frozen=True)
class ProgrammedArray(AnswerRules, ABC):
    """A circuit whose arrays are programmed.

    Attributes:
        takes: Name of the right-hand side; None for a circuit without one, whose sources have one input, 1.
        gives: Name of the answer.
        square: True if the matrix must be square.
        pairs: True if a matrix with negative entries is programmed into a pair of arrays.
        growing: True if a growing pole is wanted.
        first_pass: Level at which the outputs are read; None reads settled outputs.
        meaningless: Options of all circuits that this one has no use for, with the reasons.
        system: Matrix as wanted, and the matrix that is programmed for it.
        hardware: Op-amps, cells, wires, and the seed of their random spread.
        mappings: Conductances of every programmed matrix (`matrices`).
        settings: Settings of drive and measurement.
        engine: Name of the engine that simulates the circuit.
        parameters: Parameters that only this solver has.
        converters: DACs before the inputs and ADCs behind the outputs.
    """

    takes: ClassVar[str | None] = "b"
    gives: ClassVar[str] = "x"
    square: ClassVar[bool] = True
    pairs: ClassVar[bool] = True
    growing: ClassVar[bool] = False
    first_pass: ClassVar[FirstPass | None] = None
    meaningless: ClassVar[AnyMapping[str, str]] = MappingProxyType({})

    system: System
    hardware: Hardware
    mappings: tuple[Mapping, ...]
    settings: Settings
    engine: str
    parameters: Record = field(default_factory=NoParameters)
    converters: Converters = field(default_factory=Converters)

    def __repr__(self) -> str:
        rows, columns = self.matrix.shape
        opamp, limits = self.hardware.opamp, (self.mapping.positive.min(), self.mapping.positive.max())
        texts = {
            "op-amp": f"{opamp.model}, GBWP {format_quantity(opamp.equivalent.gbwp, 'Hz')}",
            "cells": " .. ".join(format_quantity(float(limit), "S") for limit in limits),
            "arrays": "a pair for a signed matrix" if self.mapping.negative is not None else "one",
            "wires": f"{format_quantity(self.hardware.wire_resistance, 'ohm')} from cell to cell",
            "engine": self.engine,
        }
        takes = self.takes or "no right-hand side"
        return rows_text(f"{type(self).__name__}: {rows} x {columns} matrix, {takes} -> {self.gives}", texts)

    @property
    @abstractmethod
    def circuit(self) -> Circuit:
        """Circuit as parts; its arrays are in the order of `mappings`, positive before negative."""

    @property
    @abstractmethod
    def gain(self) -> float:
        """Factor from output volts to units of the scaled system for 1 V per unit of input: gain * outputs / k."""

    @abstractmethod
    def reference(self, columns: FloatArray) -> FloatArray:
        """Exact answer of the programmed system for right-hand sides (inputs, K), shape (outputs, K).

        A circuit without right-hand side gets a single 1, shape (1, 1).
        """

    @classmethod
    def matrices(cls, programmed: FloatArray) -> tuple[FloatArray, ...]:
        """Matrices that the arrays hold, each programmed separately."""
        return (programmed,)

    @classmethod
    def matrices_of(cls, system: System, parameters: Record) -> tuple[FloatArray, ...]:
        """The same of a system, where they depend on parameters of the circuit, too."""
        return cls.matrices(system.programmed)

    @classmethod
    def length_of(cls, matrix: Numbers) -> int:
        """Number of entries of a right-hand side for a matrix (N, M); 1 if the circuit has none."""
        return 1 if cls.takes is None else len(matrix)

    def further_targets(self, wanted: Sequence[Mapping], device: Device) -> tuple[Mapping, ...]:
        """Return the targets of further cells of a device, given those of `matrices`: `mappings` has them behind."""
        return ()

    def further_cells(self, arrays: Sequence[FloatArray]) -> tuple[FloatArray, ...]:
        """Return the cells besides those of `matrices` in an ideal circuit with given arrays; there are none."""
        return ()

    def array(self, name: str, word_lines: str, bit_lines: str, place: int = 0, negative: bool = False) -> Array:
        """Build the programmed array of one of `matrices`, between two groups of nodes.

        Args:
            name: Name of the part.
            word_lines: Group of as many nodes as the matrix has rows.
            bit_lines: Group of as many nodes as it has columns.
            place: Place of the matrix in `matrices`, from 0.
            negative: True for the negative array of a pair.
        """
        mapping = self.mappings[place]
        cells = mapping.negative if negative else mapping.positive
        assert cells is not None
        bend = self.hardware.device.nonlinearity_voltage
        return Array(name, word_lines, bit_lines, cells, self.hardware.wires, bend)

    def opamps(
        self, name: str, inverting: str, output: str, count: int, noninverting: str = GROUND, label: str = ""
    ) -> OpAmps:
        """Build a row of op-amps, each with its own offset if offsets are drawn; arguments as in `OpAmps`."""
        offset = self.hardware.offsets("part_offset", count, zlib.crc32(name.encode()))
        return OpAmps(name, inverting, output, self.hardware.opamp_in_use, noninverting, offset, label)

    @property
    def matrix(self) -> Numbers:
        """A as wanted, shape (N, M), real or complex."""
        return self.system.matrix

    @property
    def mapping(self) -> Mapping:
        """Conductances of the first programmed matrix."""
        return self.mappings[0]

    def varied(self, arrays: Sequence[FloatArray], draws: Sequence[Draws]) -> Varied | None:
        """Return the circuits of other random draws; None if each of them has to be built.

        Args:
            arrays: Cells of each array in the order of the circuit, shape (P, N, M), S.
            draws: Random draws of each, for the offsets.
        """
        return None

    @property
    def sha256(self) -> str:
        """Hash of the circuit's record."""
        return self.circuit.sha256

    @cached_property
    def linear(self) -> LinearCircuit:
        """Linear circuit around the rest point."""
        return linear_circuit(self.circuit)

    def resting_circuit(self, outputs: FloatArray | None) -> Circuit:
        """Return the circuit that is linear around the rest with outputs (N,), V, or none: the circuit itself."""
        return self.circuit

    def noise(self, bandwidth: float | None = None) -> Noise:
        """Noise of the outputs, as `amc_circuits.linear.noise.noise` computes it.

        Raises:
            ParameterError: The circuit is unstable, or the bandwidth is unusable.
        """
        from amc_circuits.linear.noise import noise  # here, for few circuits are asked for it

        return noise(self.circuit, bandwidth)

    @cached_property
    def stability(self) -> Stability:
        """All poles of the linear circuit, and the cause if one of them grows."""
        found = Stability(self.linear.poles)
        return found if found.stable else Stability(found.poles, f"{found.growing}{self.unstable_because()}")

    def unstable_because(self) -> str:
        """Describe the cause of a growing pole and the mend, as the end of the sentence that names the pole."""
        return f": it is the lag of the amplifiers; {less_lag(self.circuit)}"

    def limits(self) -> dict[tuple[str, str], tuple[margins.Limit, float | None]]:
        """Stability limits of parameters, by name and unit, each with the present value of the parameter."""
        from amc_circuits.linear.margins import largest_gbwp, lowest_second_pole  # here, for few circuits need them

        record = max((one.equivalent for one in self.circuit.opamps), key=lambda one: one.gbwp)
        second_pole = record.second_pole if isinstance(record, MacroOpAmp) else None
        return {
            ("lowest_second_pole", "Hz"): (lowest_second_pole(self.circuit), second_pole),
            ("largest_gbwp", "Hz"): (largest_gbwp(self.circuit), record.gbwp),
        }

    @property
    def cell_count(self) -> int:
        """Number of cells that are written."""
        return component_counts(self.circuit).get("cells", 0)

    @property
    def natural_range(self) -> float:
        """Voltage that no output of an ideal circuit exceeds, V; k is reduced beyond 0.8 of the swing."""
        return HEADROOM * swing_of(self.circuit)

    @property
    def output_range(self) -> float:
        """Range of the ADCs, V."""
        return self.converters.output_range(self.natural_range)

    @property
    def acts(self) -> bool:
        """True if the circuit does what it is for: it is stable, or grows where growth is wanted."""
        return self.stability.stable != self.growing

    @property
    def predicted_time(self) -> float:
        """Predicted settling time, or time to the level of the reading, s; nan if unknown."""
        return self.stability.settling_time(self.settings.tolerance)

    def multiply_adds(self, solves: int) -> float:
        """Multiply-adds of the same task on a digital computer, for each of `solves` right-hand sides."""
        rows, columns = self.matrix.shape
        return float((1 + 3 * self.system.complex) * rows * columns)

    @property
    def full_scale(self) -> float:
        """Input full scale, V."""
        return self.settings.input_voltage

    @cached_property
    def timing(self) -> Timing:
        """Slot time, return time and time step of each right-hand side, from the poles."""
        return timing(self.stability, self.circuit.opamps, self.settings.tolerance, self.settings.rise_time)

    def input_levels(self, columns: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Scale every column to the input full scale; return the input voltages and k.

        Args:
            columns: Right-hand sides, shape (inputs, K).

        Returns:
            Input voltages, V, shape (inputs, K), and k, V per unit, shape (K,); k = 0 for a zero column.
        """
        largest = np.abs(columns).max(axis=0)
        scale = np.divide(self.settings.input_voltage, largest, out=np.zeros_like(largest), where=largest > 0)
        return columns * scale, scale

    def driven_levels(self, columns: FloatArray) -> FloatArray:
        """Output voltages of the DACs, V, for the columns (inputs, K) that are not zero."""
        levels, scale = self.input_levels(columns)
        return self.converters.inputs(levels, self.full_scale)[:, scale > 0]
