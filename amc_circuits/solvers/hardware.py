"""Parts of a circuit besides its matrix: op-amps, cells, wires, and the seed of their random spread."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Any, Literal, Self, TypeVar

import numpy as np
from pydantic import BeforeValidator, InstanceOf, model_validator

from amc_circuits.cells.compensation import compensated
from amc_circuits.cells.devices import DEVICES, Device, device_preset, programmed
from amc_circuits.cells.draws import Draws, generators
from amc_circuits.cells.mapping import Mapping, Pair, map_matrix
from amc_circuits.cells.scaling import Scaling
from netlists import NOMINAL_TEMPERATURE, PRESETS, Interconnect, OpAmp, ParameterError, Record, preset
from netlists.arrays.interconnect import Contacts, Form, LineCapacitance, LineModel, WireResistance
from netlists.opamps.presets import DEFAULT
from netlists.opamps.temperature import opamp_at
from netlists.record import FloatArray, about
from netlists.temperature import COPPER, Kelvin, wire_resistance_at


def _opamp(value: Any) -> Any:
    return preset(value) if isinstance(value, str) else value


def _device(value: Any) -> Any:
    return device_preset(value) if isinstance(value, str) else value


Design = TypeVar("Design", bound=Record)


class Hardware(Record):
    """Parts of a circuit, and the seed of their random spread.

    Op-amp and device are records, or names of presets. All parameters but the temperature are those of 300.15 K. The
    scaling of the matrix is undone digitally, see `scaling_factors`; `pair` is explained in `map_matrix`. Op-amps that
    are subcircuits need no temperature law.
    """

    opamp: Annotated[OpAmp, BeforeValidator(_opamp), about(f"Op-amp of every amplifier: {', '.join(PRESETS)}")] = (
        DEFAULT  # type: ignore[assignment]
    )
    device: Annotated[Device, BeforeValidator(_device), about(f"Device of every cell: {', '.join(DEVICES)}")] = Device()
    g_min: Annotated[float | None, about("Lowest conductance of a cell instead of the device's", "S")] = None
    g_max: Annotated[float | None, about("Highest conductance of a cell instead of the device's", "S")] = None
    conductances: Annotated[
        InstanceOf[Mapping] | None, about("Conductances that amc program wrote, instead of a device's", "FILE.npz")
    ] = None
    pair: Annotated[Pair, about("Pair of arrays (auto: if A is negative or cells cannot go low enough)")] = "auto"
    scaling: Annotated[
        Scaling,
        about("Scaling of A before it is programmed (diagonal: D^-1/2 A D^-1/2)"),
    ] = "none"
    wire_resistance: WireResistance = 0.0
    line_capacitance: LineCapacitance = 0.0
    interconnect: Form = "reduced"
    contacts: Contacts = "one"
    line_model: LineModel = "reduced"
    compensate_wires: Annotated[bool, about("Cells that make up for the wires' resistance")] = False
    offset_spread: Annotated[
        float, about("Standard deviation of the input offset from amplifier to amplifier", "V", ge=0, le=1)
    ] = 0.0
    temperature: Kelvin = NOMINAL_TEMPERATURE
    wire_temperature_coefficient: Annotated[
        float, about("Temperature coefficient of the wires at 20 degrees Celsius", "1/K", ge=0, le=0.01)
    ] = COPPER
    opamp_temperature_law: Annotated[Literal["cmos", "none"], about("Change of an op-amp with temperature")] = "cmos"
    seed: Annotated[int, about("Seed of all random draws")] = 0
    trial: Annotated[int, about("Number of the circuit among those of this seed, from 0")] = 0

    @model_validator(mode="after")
    def _all_act(self) -> Self:
        """Refuse what has no effect: on given conductances, or without wires."""
        own = (("pair", self.pair, "auto"), ("scaling", self.scaling, "none"))
        for name, value, default in (*own, ("compensate_wires", self.compensate_wires, False)):
            if self.conductances is not None and value != default:
                raise ParameterError(name, value, "has no effect beside conductances; leave it out")
        if self.compensate_wires and self.wire_resistance == 0:
            raise ParameterError(
                "compensate_wires", True, "has no effect without wire_resistance; add it, or leave this out"
            )
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
        """Map a matrix to the conductances that its cells should hold, with compensation of the wires if it is wanted.

        Raises:
            ParameterError: The limits are unusable, every entry is zero, or no cells make up for the wires.
        """
        limits = self.cells.g_min, self.cells.g_max
        mapping = map_matrix(matrix, *limits, self.pair)
        return compensated(mapping, matrix, limits, self.wires) if self.compensate_wires else mapping

    def design(self, record: type[Design], **own: Any) -> Design:
        """Create the parameter record of a circuit with these op-amps, wires and cells, at this temperature.

        Args:
            record: Parameter record with the fields opamp, interconnect, nonlinearity_voltage and temperature.
            **own: Its other fields.
        """
        return record(
            opamp=self.opamp_in_use,
            interconnect=self.wires,
            nonlinearity_voltage=self.device.nonlinearity_voltage,
            temperature=self.temperature,
            **own,
        )

    @property
    def opamp_in_use(self) -> OpAmp:
        """Op-amp at the temperature of the circuit."""
        return opamp_at(self.opamp, self.temperature) if self.opamp_temperature_law == "cmos" else self.opamp

    @cached_property
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

    def offsets_of_many(self, effect: str, count: int, draws: Sequence[Draws], *child: int) -> FloatArray:
        """Draw the offsets of `count` op-amps in many circuits as `offsets` does, shape (P, count), V."""
        return np.stack([self.offset_spread * one.standard_normal(count) for one in generators(draws, effect, *child)])
