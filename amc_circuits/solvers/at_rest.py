"""Whether a circuit that has come to rest rests at its steady state, and which amplifier's limit holds it if not.

An amplifier that is linear has `offset - v_inn = (v_out + R_out i)/A0` at rest. What is missing there is taken by a
limit: the current of the clamp that holds the gain stage within its swing, or the drop that a limited output current
adds. It acts as an offset of that amplifier, so its effect on every output is known (`linear_circuit.offset_gain`).
"""

from __future__ import annotations

import numpy as np

from amc_circuits.linear.circuit import offset_gain
from amc_circuits.results.observation import amplifier_names
from amc_circuits.results.readings import AmplifierState, AtRest, Reading
from amc_circuits.values.quantities import format_quantity
from netlists import InvDesign, MacroOpAmp, MvmDesign
from netlists.record import FloatArray

ROUNDING = 1e-3
"""Of the largest voltage at an input: what a simulator's tolerance leaves of it."""
FULL_CURRENT = 0.9
"""Of the largest output current: an amplifier that delivers this much is held by it."""


def at_rest(design: InvDesign | MvmDesign, reading: Reading, wanted: FloatArray, tolerance: float) -> AtRest:
    """The judgement of a reading that is steady.

    Args:
        design: What the circuit is.
        reading: What was read.
        wanted: Outputs in the steady state of the same circuit, shape (N,), V; nan where they are not known.
        tolerance: Largest distance from them, in units of the largest output.
    """
    known = bool(np.isfinite(wanted).all())
    scale = float(np.abs(wanted if known else reading.final).max())
    distance = float(np.abs(reading.final - wanted).max() / max(scale, np.finfo(float).tiny)) if known else np.nan
    # The steady state of linear parts knows no limits; an operating point is held by the same ones as the transient.
    if reading.amplifiers is None or (design.linear and distance <= tolerance):
        return AtRest(distance)
    return AtRest(distance, _held(design, reading.amplifiers, tolerance * scale))


def _held(design: InvDesign | MvmDesign, state: AmplifierState, allowed: float) -> str:
    """The amplifier whose limit moves an output most, if limits move one by more than is allowed, V."""
    opamp = design.opamp.equivalent
    if not isinstance(opamp, MacroOpAmp):
        return ""
    taken = _offsets(design) + opamp.input_offset - state.inverting
    taken = taken - (state.output + opamp.output_resistance * state.current) / opamp.open_loop_gain
    taken[np.abs(taken) < ROUNDING * np.abs(state.inverting).max()] = 0.0
    effect = np.abs(offset_gain(design) * taken)
    if effect.sum(axis=1).max() <= allowed:
        return ""
    worst = int(effect.max(axis=0).argmax())
    name, output, current = amplifier_names(design)[worst], float(state.output[worst]), float(state.current[worst])
    if abs(current) > FULL_CURRENT * opamp.output_current_limit:
        limit = format_quantity(opamp.output_current_limit, "A")
        return f"{name} delivers {format_quantity(current, 'A')} of at most {limit}"
    swing = format_quantity(opamp.output_swing, "V")
    return f"{name} is held at {format_quantity(output, 'V')} by its swing of {swing}"


def _offsets(design: InvDesign | MvmDesign) -> FloatArray:
    """Own offsets of all amplifiers, inverters last, shape (amplifiers,), V."""
    rows, columns = design.conductance_positive.shape
    parts = [np.zeros(rows) if design.amplifier_offset is None else design.amplifier_offset]
    if isinstance(design, InvDesign) and design.signed:
        parts.append(np.zeros(columns) if design.inverter_offset is None else design.inverter_offset)
    return np.concatenate(parts)
