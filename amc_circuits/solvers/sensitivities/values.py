"""Present values of all elements that a circuit has derivatives for."""

from __future__ import annotations

import numpy as np

from amc_circuits.linear.equations import siemens_of
from amc_circuits.linear.part_gradients import resistance_of
from amc_circuits.solvers.sensitivities.record import FIELDS
from netlists import Array, Capacitors, Circuit, Conductors, Interconnect, OpAmps, Switches
from netlists.record import FloatArray


def values_of(circuit: Circuit) -> dict[str, dict[str, FloatArray]]:
    """Collect the values by part and field; op-amps lack the fields of others.

    Returns:
        Cells have the shape (N, M), wires of arrays (), others (nodes,).
    """
    found: dict[str, dict[str, FloatArray]] = {}
    for part in circuit.parts:
        match part:
            case Array():
                found[part.name] = {"conductance": part.conductance, **_of_wires(part.interconnect)}
            case Conductors():
                found[part.name] = {"siemens": np.full(circuit.groups[part.a], part.siemens)}
            case Switches():
                ohms = 1 / siemens_of(circuit, part)
                found[part.name] = {resistance_of(circuit, part): np.full(circuit.groups[part.a], ohms)}
            case Capacitors():
                found[part.name] = {"farads": np.full(circuit.groups[part.a], part.farads)}
            case OpAmps():
                numbers = {name: getattr(part.record.equivalent, name, None) for name in FIELDS}
                places = circuit.groups[part.output]
                found[part.name] = {
                    name: np.full(places, number) for name, number in numbers.items() if number is not None
                }
    return found


def _of_wires(wires: Interconnect) -> dict[str, FloatArray]:
    """Collect what the wires have; a value of 0 has no derivative."""
    values = {name: getattr(wires, name) for name in ("wire_resistance", "line_capacitance")}
    return {name: np.asarray(value) for name, value in values.items() if value > 0}
