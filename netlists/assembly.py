"""What every circuit is put together from: a title, its op-amp, the rails, and raw text."""

from __future__ import annotations

from collections.abc import Sequence

from PySpice.Spice.Netlist import Circuit

from netlists import opamp, sources
from netlists.parameters import NOMINAL_TEMPERATURE, InvDesign, MvmDesign


def assemble(title: str, design: InvDesign | MvmDesign, parts: Sequence[str]) -> Circuit:
    """A PySpice circuit with the op-amp's subcircuit, its rails, the temperature, and the parts as raw text."""
    circuit = Circuit(title)
    texts = [opamp.subcircuit(design.opamp), sources.supply(design.opamp), temperature_line(design), *parts]
    circuit.raw_spice = "\n".join(text for text in texts if text) + "\n"
    return circuit


def temperature_line(design: InvDesign | MvmDesign) -> str:
    """The option in degrees Celsius, where it is not SPICE's own."""
    kelvin = design.temperature
    return "" if kelvin == NOMINAL_TEMPERATURE else f".options temp={kelvin - 273.15!r}"
