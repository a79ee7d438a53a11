"""Derivatives with respect to all parts of a circuit, from the weighted points of `linear/adjoint.py`.

A conductance g between nodes a and b has the derivative -<(p_a - p_b)(y_a - y_b)>, a capacitance -<(p_a - p_b)(y_a -
y_b)'>, with < > the weighted sum. The gain stage of an op-amp follows `s' = w_T (v + offset) - (w_T/A0) s`, so w_T has
<p_s (v + offset - s/A0)>, and so on. Cells in a mesh of wires, and the wires, take their derivatives from
the reduced network (`netlists/arrays/cell_gradient.py`, `wire_gradient.py`).
"""

from __future__ import annotations

import math

import numpy as np

from amc_circuits.linear.adjoint import Adjoint, Points
from amc_circuits.linear.equations import input_factors, siemens_of, stage_of
from netlists import GROUND, Array, Capacitors, Circuit, Conductors, MacroOpAmp, OpAmps, Switches
from netlists.arrays.cell_gradient import cell_gradient
from netlists.arrays.wire_gradient import wire_gradient
from netlists.record import FloatArray

Fields = dict[str, FloatArray]
"""Derivatives by field of a part; one entry for each of its equal elements."""


def resistance_of(circuit: Circuit, switches: Switches) -> str:
    """Return the field with the resistance of switches in the only phase."""
    return "on_resistance" if circuit.phases[0].name in switches.closed_in else "off_resistance"


def part_gradients(adjoint: Adjoint, points: Points) -> dict[str, Fields]:
    """Compute derivatives by part and field: cells (N, M), wires of an array (), other parts (nodes,)."""
    found: dict[str, Fields] = {}
    for part in adjoint.circuit.parts:
        match part:
            case Array():
                found[part.name] = _of_array(adjoint, points, part)
            case Conductors():
                found[part.name] = {"siemens": -_across(adjoint, points, part.a, part.b, points.voltage)}
            case Switches():
                siemens = siemens_of(adjoint.circuit, part)
                across = _across(adjoint, points, part.a, part.b, points.voltage)
                found[part.name] = {resistance_of(adjoint.circuit, part): siemens**2 * across}
            case Capacitors():
                found[part.name] = {"farads": -_across(adjoint, points, part.a, part.b, points.rate)}
            case OpAmps():
                found[part.name] = _of_opamps(adjoint, points, part)
    return found


def _across(adjoint: Adjoint, points: Points, a: str, b: str, other: FloatArray) -> FloatArray:
    """Sum the products of differences between two groups."""
    weighted = points.weight[:, None] * _difference(adjoint, points.adjoint, a, b)
    return np.asarray((weighted * _difference(adjoint, other, a, b)).sum(axis=0))


def _difference(adjoint: Adjoint, values: FloatArray, a: str, b: str) -> FloatArray:
    first = values[:, adjoint.at[a]] if a != GROUND else 0.0
    return np.asarray(first - values[:, adjoint.at[b]] if b != GROUND else first)


def _of_array(adjoint: Adjoint, points: Points, array: Array) -> Fields:
    at = [adjoint.at[group] for group in (array.word_lines, array.bit_lines)]
    values = (points.adjoint, points.voltage, points.rate)
    p, y, rate = (np.hstack([one[:, place] for place in at]) for one in values)
    weighted = points.weight[:, None] * p
    of_laplacian, of_capacitance = -(weighted.T @ y), -(weighted.T @ rate)
    of_cells = cell_gradient(array.conductance, array.interconnect, of_laplacian, of_capacitance)
    return {"conductance": of_cells, **wire_gradient(array, of_cells, of_laplacian, of_capacitance)}


def _of_opamps(adjoint: Adjoint, points: Points, part: OpAmps) -> Fields:
    """Compute derivatives with respect to the parameters of each op-amp; those that it lacks are left out."""
    opamp, y = part.record.equivalent, points.voltage
    stage = y[:, adjoint.at[stage_of(part)]]
    at_stage = points.weight[:, None] * points.adjoint[:, adjoint.at[stage_of(part)]]
    drive = np.zeros_like(stage)
    for group, factor in input_factors(part).items():
        drive += factor * y[:, adjoint.at[group]]
    offset = 0.0 if part.offset is None else opamp.input_weights[0] * part.offset
    if isinstance(opamp, MacroOpAmp):
        offset = offset + opamp.input_offset
    drive += points.driven[:, None] * offset
    w_t, gain = opamp.unity_gain_frequency, opamp.open_loop_gain
    found = {
        "gbwp": 2 * math.pi * (at_stage * (drive - stage / gain)).sum(axis=0),
        "open_loop_gain": w_t / gain**2 * (at_stage * stage).sum(axis=0),
    }
    if isinstance(opamp, MacroOpAmp):
        found |= _of_macro(adjoint, points, part, opamp)
    return found


def _of_macro(adjoint: Adjoint, points: Points, part: OpAmps, opamp: MacroOpAmp) -> Fields:
    y, p = points.voltage, points.weight[:, None] * points.adjoint
    found: Fields = {}
    last = adjoint.at[stage_of(part)]
    if opamp.second_pole is not None:
        second = adjoint.at[stage_of(part, True)]
        found["second_pole"] = 2 * math.pi * (p[:, second] * (y[:, last] - y[:, second])).sum(axis=0)
        last = second
    pin = adjoint.at[part.output]
    drop = (p[:, pin] * (y[:, last] - y[:, pin])).sum(axis=0)
    found["output_resistance"] = -drop / opamp.output_resistance**2
    inputs = [adjoint.at[group] for group in input_factors(part) if group not in adjoint.linear.held]
    found["input_capacitance"] = -sum(
        ((p[:, place] * points.rate[:, place]).sum(axis=0) for place in inputs), np.zeros(len(drop))
    )
    return found
