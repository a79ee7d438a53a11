"""Parts of a circuit besides its matrix: op-amps, cells, wires, and the seed of their random spread."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import BeforeValidator, Field, InstanceOf, model_validator

from amc_circuits.cells.devices import Device, device_preset, programmed
from amc_circuits.cells.draws import Draws
from amc_circuits.cells.mapping import Mapping, Pair, map_matrix
from amc_circuits.cells.scaling import Scaling
from netlists import NOMINAL_TEMPERATURE, Interconnect, OpAmp, ParameterError, Record, preset
from netlists.opamps.presets import DEFAULT
from netlists.opamps.temperature import opamp_at
from netlists.record import FloatArray
from netlists.temperature import COPPER, Kelvin, wire_resistance_at


def _opamp(value: Any) -> Any:
    return preset(value) if isinstance(value, str) else value


def _device(value: Any) -> Any:
    return device_preset(value) if isinstance(value, str) else value


class Hardware(Record):
    """Parts of a circuit, and the seed of their random spread.

    Attributes:
        opamp: Op-amp of every amplifier: a record, or the name of a preset.
        device: Device of every cell: a record, or the name of a preset.
        g_min: Lowest conductance of a cell instead of the device's, S.
        g_max: Highest conductance of a cell instead of the device's, S.
        conductances: Conductances of a programmed array (`amc program`), instead of those that the device gives.
        pair: Use of a pair of arrays: `always`, `never`, or if a single array cannot hold the matrix (`auto`); see
            `map_matrix`.
        scaling: Scaling of the matrix before programming; it is undone digitally. See `scaling_factors`.
        wire_resistance: Resistance of each wire segment, ohm.
        line_capacitance: Capacitance of each line per cell, F.
        interconnect: Form of the wires in the deck: reduced to the array's terminals, or the flat mesh.
        contacts: Contacts of each line: at one end, or at both ends.
        line_model: Model of the line capacitance of a reduced array: reduced with the mesh, or lumped at the terminals.
        offset_spread: Standard deviation of the input offset from amplifier to amplifier, V.
        temperature: Temperature of the whole circuit, K. All other numbers are those of 300.15 K.
        wire_temperature_coefficient: Relative temperature coefficient of the wires at 20 degrees Celsius, 1/K; 0 for
            none.
        opamp_temperature_law: Temperature law of op-amps that are not subcircuits: that of CMOS op-amps, or none.
        seed: Seed of all random draws.
        trial: Number of the circuit among those of this seed.
    """

    opamp: Annotated[OpAmp, BeforeValidator(_opamp)] = DEFAULT  # type: ignore[assignment]
    device: Annotated[Device, BeforeValidator(_device)] = Device()
    g_min: float | None = None
    g_max: float | None = None
    conductances: InstanceOf[Mapping] | None = None
    pair: Pair = "auto"
    scaling: Scaling = "none"
    wire_resistance: Annotated[float, Field(ge=0, le=1e6)] = 0.0
    line_capacitance: Annotated[float, Field(ge=0, le=1e-9)] = 0.0
    interconnect: Literal["reduced", "flat"] = "reduced"
    contacts: Literal["one", "both"] = "one"
    line_model: Literal["reduced", "lumped"] = "reduced"
    offset_spread: Annotated[float, Field(ge=0, le=1)] = 0.0
    temperature: Kelvin = NOMINAL_TEMPERATURE
    wire_temperature_coefficient: Annotated[float, Field(ge=0, le=0.01)] = COPPER
    opamp_temperature_law: Literal["cmos", "none"] = "cmos"
    seed: int = 0
    trial: int = 0

    @model_validator(mode="after")
    def _all_act(self) -> Self:
        """Refuse `pair` and `scaling` beside given conductances, on which they have no effect."""
        for name, value, default in (("pair", self.pair, "auto"), ("scaling", self.scaling, "none")):
            if self.conductances is not None and value != default:
                raise ParameterError(name, value, "has no effect beside conductances; leave it out")
        return self

    @property
    def draws(self) -> Draws:
        """Random draws of this seed and trial."""
        return Draws(self.seed, self.trial)

    @property
    def drawn(self) -> bool:
        """True if the circuit has random spread: another seed or trial gives another circuit."""
        return self.offset_spread > 0 or (self.conductances is None and self.device.drawn)

    def mapping(self, matrix: FloatArray, place: int = 0) -> Mapping:
        """Map a matrix to conductances as the cells hold them.

        Args:
            matrix: Real, shape (N, M).
            place: Place of the matrix among those of the circuit, from 0.

        Raises:
            ParameterError: The limits are unusable, every entry is zero, or the conductances are of another shape.
        """
        if self.conductances is not None:
            shape = self.conductances.positive.shape
            if shape != matrix.shape or place > 0:
                raise ParameterError("conductances", f"shape {shape}", f"must have that of the matrix, {matrix.shape}")
            return self.conductances
        return programmed(self.cells, self.wanted(matrix), self.draws, self.temperature, place)

    @property
    def cells(self) -> Device:
        """Device with the given conductance limits in place of its own."""
        limits = {"g_min": self.g_min, "g_max": self.g_max}
        return self.device.replace(**{name: value for name, value in limits.items() if value is not None})

    def wanted(self, matrix: FloatArray) -> Mapping:
        """Map a matrix to the conductances that its cells should hold.

        Raises:
            ParameterError: The limits are unusable, or every entry is zero.
        """
        return map_matrix(matrix, self.cells.g_min, self.cells.g_max, self.pair)

    def parts(self, mapping: Mapping) -> dict[str, Any]:
        """Fields that the records of INV and MVM share."""
        return {
            "conductance_positive": mapping.positive,
            "conductance_negative": mapping.negative,
            "opamp": self.opamp_in_use,
            "interconnect": self.wires,
            "nonlinearity_voltage": self.device.nonlinearity_voltage,
            "amplifier_offset": self.offsets("offset", len(mapping.positive)),
            "temperature": self.temperature,
        }

    @property
    def opamp_in_use(self) -> OpAmp:
        """Op-amp at the temperature of the circuit."""
        return opamp_at(self.opamp, self.temperature) if self.opamp_temperature_law == "cmos" else self.opamp

    @property
    def wires(self) -> Interconnect:
        """Wires of every array, at the temperature of the circuit."""
        return Interconnect(
            wire_resistance=wire_resistance_at(
                self.wire_resistance, self.temperature, self.wire_temperature_coefficient
            ),
            line_capacitance=self.line_capacitance,
            form=self.interconnect,
            contacts=self.contacts,
            line_model=self.line_model,
        )

    def offsets(self, effect: str, count: int, *child: int) -> FloatArray | None:
        """Draw independent Gaussian offsets of `count` op-amps, V; None without offset spread."""
        if self.offset_spread == 0:
            return None
        return np.asarray(self.offset_spread * self.draws.generator(effect, *child).standard_normal(count))
