"""RRAM cells: the filament-gap compact model, its parameters, closed forms and its ngspice subcircuit.

    I = I0 exp(-g/g0) sinh(V/V0)
    dg/dt = -v0 exp(-Ea/kT) sinh(gamma a0 q V/(t_ox kT)),   gamma = gamma0 - beta (g/1 nm)^alpha
    T = T0 + |V I| R_th,   no movement while gamma |V|/t_ox < F_min,   gap_min <= g <= gap_max

Stanford-PKU form, version 1.0: Jiang, Wong, doi 10.4231/D37H1DN48; Guan, Yu, Wong, IEEE EDL 2012. The subcircuit is
`netlists/rram/rram_filament.lib`, whose values are the published set; docs/rram.md lists what is not modelled.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Self

import numpy as np
from pydantic import model_validator

from netlists.record import FloatArray, NonNegative, ParameterError, Positive, Record

SUBCIRCUIT = "rram_filament"
READ_VOLTAGE = 0.1
"""Voltage that defines a conductance as current over voltage, V; a choice: the circuits' input full scale."""


class Filament(Record):
    """Parameters of a cell.

    Attributes:
        current_scale: Current scale I0, A.
        gap_scale: Gap scale g0, m.
        voltage_scale: Voltage scale V0, V.
        attempt_velocity: Attempt velocity v0, m/s.
        activation_energy: Activation energy Ea, eV.
        hopping_distance: Hopping distance a0, m.
        oxide_thickness: Oxide thickness t_ox, m.
        field_enhancement: Field enhancement gamma0.
        enhancement_loss: Loss of enhancement with the gap, beta.
        enhancement_power: Power of the gap in this loss, alpha.
        minimum_field: Minimum F_min of the enhanced field gamma |V|/t_ox, V/m.
        field_edge: The speed rises from 0 to its full value between F_min and F_min (1 + this). The published model has
            a step; with a step a cell that holds itself at F_min through a series resistance has no solution in a
            simulator.
        gap_min: Smallest gap, m.
        gap_max: Largest gap, m.
        thermal_resistance: Thermal resistance R_th, K/W.
        temperature: Ambient temperature T0, K. Its limits are a choice: between them the circuits ran in simulations.
        largest_velocity: Upper limit of the gap's speed, m/s; far above the speed in a pulse.
    """

    current_scale: Positive
    gap_scale: Positive
    voltage_scale: Positive
    attempt_velocity: Positive
    activation_energy: Positive
    hopping_distance: Positive
    oxide_thickness: Positive
    field_enhancement: Positive
    enhancement_loss: NonNegative
    enhancement_power: Positive
    minimum_field: Positive
    field_edge: Positive = 0.005  # a choice here: voltages within 5 mV
    gap_min: Positive
    gap_max: Positive
    thermal_resistance: NonNegative
    temperature: Positive = 300.15
    largest_velocity: Positive = 100.0  # a choice here: the working set moves at 5 m/s at 1.5 V

    @model_validator(mode="after")
    def _limits(self) -> Self:
        if self.gap_min >= self.gap_max:
            raise ParameterError("gap_min", self.gap_min, f"must be below gap_max, {self.gap_max:g} m")
        if not 200 <= self.temperature <= 450:
            raise ParameterError("temperature", f"{self.temperature:g} K", "must be from 200 to 450 K")
        return self

    def current(self, gap: FloatArray | float, voltage: FloatArray | float) -> FloatArray:
        """Current of a cell with this gap, m, at this voltage, V; amperes."""
        decay = np.exp(-np.asarray(gap) / self.gap_scale)
        return np.asarray(self.current_scale * decay * np.sinh(np.asarray(voltage) / self.voltage_scale))

    def conductance(self, gap: FloatArray | float) -> FloatArray:
        """Current over voltage at the read voltage, siemens."""
        return np.asarray(self.current(gap, READ_VOLTAGE) / READ_VOLTAGE)

    def gap_of(self, conductance: FloatArray | float) -> FloatArray:
        """Gap of a cell with this conductance, m; the limits are not applied."""
        full = self.current_scale * np.sinh(READ_VOLTAGE / self.voltage_scale) / READ_VOLTAGE
        return np.asarray(self.gap_scale * np.log(full / np.asarray(conductance)))

    def field(self, gap: FloatArray | float, voltage: FloatArray | float) -> FloatArray:
        """Enhanced field gamma |V|/t_ox, V/m, to be compared with F_min."""
        gamma = self.field_enhancement - self.enhancement_loss * (np.asarray(gap) / 1e-9) ** self.enhancement_power
        return np.asarray(gamma * np.abs(voltage) / self.oxide_thickness)

    @property
    def conductance_range(self) -> tuple[float, float]:
        """Conductance at the largest and at the smallest gap, siemens."""
        return float(self.conductance(self.gap_max)), float(self.conductance(self.gap_min))


PUBLISHED = Filament(  # every value: defaults of version 1.0, as in public code
    current_scale=1e-3,
    gap_scale=0.25e-9,
    voltage_scale=0.25,
    attempt_velocity=10.0,
    activation_energy=0.6,
    hopping_distance=0.25e-9,
    oxide_thickness=12e-9,
    field_enhancement=16.0,
    enhancement_loss=0.8,
    enhancement_power=3.0,
    minimum_field=1.4e9,
    gap_min=0.2e-9,
    gap_max=1.7e-9,
    thermal_resistance=2100.0,
)
WORKING = PUBLISHED.replace(  # a choice for 1 to 400 uS at some 100 uA; the published set reaches 1800 uS at mA
    current_scale=0.45e-3,
    voltage_scale=0.5,
    oxide_thickness=10e-9,
)
FILAMENTS = {"published": PUBLISHED, "working": WORKING}

_LIBRARY_NAMES = {
    "i0": ("current_scale", 1.0),
    "g0": ("gap_scale", 1e9),
    "vs": ("voltage_scale", 1.0),
    "vel": ("attempt_velocity", 1.0),
    "ea": ("activation_energy", 1.0),
    "a0": ("hopping_distance", 1e9),
    "tox": ("oxide_thickness", 1e9),
    "gamma0": ("field_enhancement", 1.0),
    "beta": ("enhancement_loss", 1.0),
    "alpha": ("enhancement_power", 1.0),
    "fmin": ("minimum_field", 1e-9),
    "edge": ("field_edge", 1.0),
    "gmin": ("gap_min", 1e9),
    "gmax": ("gap_max", 1e9),
    "rth": ("thermal_resistance", 1.0),
    "tamb": ("temperature", 1.0),
    "cap": ("largest_velocity", 1.0),
}
"""Parameter of the library file: field of the record, and library units per SI unit."""


def filament(name: str) -> Filament:
    """Parameters of a named set.

    Raises:
        ParameterError: There is no such set.
    """
    if name not in FILAMENTS:
        raise ParameterError("filament", repr(name), f"must be one of {', '.join(FILAMENTS)}")
    return FILAMENTS[name]


@cache
def library() -> str:
    """Text of the library file."""
    return (files("netlists") / "rram" / "rram_filament.lib").read_text(encoding="ascii")


def subcircuit(cell: Filament) -> str:
    """Format the `.subckt` block of a record: the library file with the record's values."""

    def line(found: re.Match[str]) -> str:
        field, scale = _LIBRARY_NAMES[found[1]]
        return f".param {found[1]}={float(f'{getattr(cell, field) * scale:.15g}')!r}"

    names = "|".join(_LIBRARY_NAMES)
    return re.sub(rf"^\.param ({names})=\S+$", line, library(), flags=re.MULTILINE).rstrip()


def instance(name: str, top: str, bottom: str, gap: float) -> str:
    """Format one cell with this gap, m, at t = 0."""
    return f"X{name} {top} {bottom} {SUBCIRCUIT} gap0={gap * 1e9!r}"
