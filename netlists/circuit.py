"""From a design record to its circuit, whichever kind it is."""

from __future__ import annotations

from PySpice.Spice.Netlist import Circuit

from netlists.inv import inv_circuit, inv_elements, inv_sources
from netlists.mvm import mvm_circuit, mvm_elements, mvm_sources
from netlists.parameters import InvDesign, MvmDesign
from netlists.sources import Drive


def circuit_of(design: InvDesign | MvmDesign, drive: Drive | None = None) -> Circuit:
    """The circuit of a design, with the sources of a step train or without sources."""
    return inv_circuit(design, drive) if isinstance(design, InvDesign) else mvm_circuit(design, drive)


def input_sources(design: InvDesign | MvmDesign, drive: Drive) -> str:
    """The input sources of a design as raw text, to be put under a circuit without them."""
    return inv_sources(design, drive) if isinstance(design, InvDesign) else mvm_sources(design, drive)


def elements(design: InvDesign | MvmDesign) -> list[str]:
    """Everything of a circuit but sources, rails and the op-amp's subcircuit, as raw text."""
    return inv_elements(design) if isinstance(design, InvDesign) else mvm_elements(design)
