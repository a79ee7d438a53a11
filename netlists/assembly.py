"""What every circuit is put together from: a title, its op-amp, the rails, and raw text."""

from __future__ import annotations

from collections.abc import Sequence

from PySpice.Spice.Netlist import Circuit

from netlists import opamp, sources
from netlists.parameters import OpAmp


def assemble(title: str, amplifier: OpAmp, parts: Sequence[str]) -> Circuit:
    """A PySpice circuit with the op-amp's subcircuit, its rails, and the parts as raw text."""
    circuit = Circuit(title)
    texts = [opamp.subcircuit(amplifier), sources.supply(amplifier), *parts]
    circuit.raw_spice = "\n".join(text for text in texts if text) + "\n"
    return circuit
