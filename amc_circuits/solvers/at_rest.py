"""Check that a circuit at rest is at its steady state; if not, name the amplifier whose limit holds it.

A linear op-amp at rest satisfies `offset + v_inp - v_inn = (v_out + R_out i)/A0`. Its finite CMRR adds a term to
`v_inp - v_inn`. A difference between the two sides is caused by a limit. The limit is the current of the clamp that
holds the gain stage within its swing, or the drop that a limited output current adds. At a small gain it may be the
largest current of the input stage, which drives no more than `A0 SR/w_T`. The difference acts as an offset of that
amplifier, so its effect on every output follows from `equations.offset_gain`. A common mode beyond its range does not
change the waveform, since the model does not include it. It is reported whatever the outputs are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from amc_circuits.linear.equations import offset_gain
from amc_circuits.results.holding_limit import FULL_CURRENT, HoldingLimit
from amc_circuits.results.observation import common_mode_ranges, opamp_places
from amc_circuits.results.readings import AmplifierState, AtRest, Reading
from amc_circuits.values.quantities import format_quantity
from netlists import Circuit, ClippingOpAmps, MacroOpAmp, OpAmps, SubcircuitOpAmp
from netlists.record import FloatArray

ROUNDING = 1e-3
"""Rounding error of the input voltages that a simulator's tolerance allows, relative to the largest one."""
NOTHING = 1e-12
"""Part of the largest input below which outputs are rounding: some thousands of roundings of it."""
NEAR_SWING = 0.5
"""Part of the swing above which it may hold an amplifier of a subcircuit, which saturates softly; a choice here."""


def at_rest(
    circuit: Circuit, reading: Reading, wanted: FloatArray, tolerance: float, largest_input: float = 0.0
) -> AtRest:
    """Compare a steady reading with the steady state of the circuit.

    Args:
        circuit: Circuit that was simulated.
        reading: Reading of one right-hand side, whose outputs are steady.
        wanted: Outputs in the steady state of the same circuit, shape (N,), V; nan where they are not known.
        tolerance: Largest allowed distance from the steady state, in units of the largest output.
        largest_input: Largest input, V. Outputs below `NOTHING` of it count as 0: what is left of terms that cancel.
    """
    apart = distances(reading.final[:, None], wanted[:, None], np.array([largest_input]))
    return _compared(circuit, [reading.amplifiers], *apart, tolerance)[0]


def _compared(
    circuit: Circuit,
    states: Sequence[AmplifierState | None],
    distances: FloatArray,
    scales: FloatArray,
    tolerance: float,
) -> list[AtRest]:
    """Return the comparisons of outputs at distances from the steady state, in units of their full scales, V."""
    # The steady state of linear parts has no limits. An operating point has the same limits as the transient.
    held: dict[int, HoldingLimit | str] = {}
    known = {k: state for k, state in enumerate(states) if state is not None}
    some = [k for k in known if not (circuit.linear and distances[k] <= tolerance)]
    if some:
        held = dict(zip(some, _held(circuit, [known[k] for k in some], tolerance * scales[some]), strict=True))
    return [
        AtRest(distance, held.get(k) or _beyond_common_mode(circuit, known[k])) if k in known else AtRest(distance)
        for k, distance in enumerate(distances.tolist())
    ]


def judged(
    circuit: Circuit, readings: Sequence[Reading], wanted: FloatArray, tolerance: float, levels: FloatArray
) -> list[Reading]:
    """Compare steady readings with the steady states of the circuit, and return them with the comparisons.

    Args:
        circuit: Circuit that was simulated.
        readings: Readings of K right-hand sides, whose outputs are steady.
        wanted: Outputs in the steady states, shape (N, K), V; nan where they are not known.
        tolerance: As in `at_rest`.
        levels: Input voltages, shape (inputs, K), V.
    """
    largest = np.abs(levels).max(axis=0)
    apart = distances(np.stack([one.final for one in readings], axis=1), wanted, largest)
    found = _compared(circuit, [one.amplifiers for one in readings], *apart, tolerance)
    # `replace` is slow, and these are many.
    return [Reading(**{**vars(one), "at_rest": own}) for one, own in zip(readings, found, strict=True)]


def near_zero(readings: Mapping[int, Reading], levels: FloatArray) -> dict[int, Reading]:
    """Return as steady the readings that are not, of outputs that are rounding of 0 from the step to the end.

    Nothing moves there, and they have no settling time, as outputs that are 0.

    Args:
        readings: Readings by the columns of the right-hand sides.
        levels: Input voltages, shape (inputs, columns), V.
    """
    return {
        k: replace(one, steady=True)
        for k, one in readings.items()
        if not one.steady
        and np.abs(one.response.outputs).max() <= NOTHING * one.attempt.scale * np.abs(levels[:, k]).max()
    }


def distances(final: FloatArray, wanted: FloatArray, largest_input: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return distances of outputs from their steady states, in units of full scales, and these, shape (K,) each.

    Args:
        final: Outputs, shape (N, K), V.
        wanted: Outputs in the steady states, shape (N, K), V; nan where they are not known, as their distances.
        largest_input: Largest inputs, shape (K,), V, as in `at_rest`.
    """
    known = np.isfinite(wanted).all(axis=0)
    scale = np.maximum(np.abs(np.where(known, wanted, final)).max(axis=0), NOTHING * largest_input)
    apart = np.abs(final - wanted).max(axis=0) / np.maximum(scale, np.finfo(float).tiny)
    return np.where(known, apart, np.nan), scale


def _beyond_common_mode(circuit: Circuit, state: AmplifierState) -> str:
    """Name the amplifier whose common mode exceeded its range most, relative to the range; empty for none."""
    if state.common_mode is None:
        return ""
    ranges = common_mode_ranges(circuit)
    worst = int((state.common_mode / ranges).argmax())
    seen, limit = float(state.common_mode[worst]), float(ranges[worst])
    if seen <= limit:
        return ""
    volts, most = format_quantity(seen, "V"), format_quantity(limit, "V")
    return f"{circuit.amplifiers[worst]} has a common mode of {volts} beyond its range of {most}"


def _held(circuit: Circuit, states: Sequence[AmplifierState], allowed: FloatArray) -> list[HoldingLimit | str]:
    """Name the amplifier of each response whose limit moves an output most; empty if by no more than `allowed`, V."""
    effect = np.abs(offset_gain(circuit) * _taken(circuit, states)[:, None])
    moved, worst = effect.sum(axis=2).max(axis=1), effect.max(axis=1).argmax(axis=1).tolist()
    return [
        "" if most <= least else _limit_of(circuit, state, place)
        for state, place, most, least in zip(states, worst, moved.tolist(), allowed.tolist(), strict=True)
    ]


def _taken(circuit: Circuit, states: Sequence[AmplifierState]) -> FloatArray:
    """Input voltages that limits of op-amps take, shape (K, op-amps), V: what their outputs at rest do not explain."""
    inputs, outputs, currents = (
        np.stack([getattr(one, name) for one in states]) for name in ("input", "output", "current")
    )
    taken = _offsets(circuit) + inputs
    for part, (record, places) in zip(circuit.of(OpAmps), opamp_places(circuit), strict=True):
        opamp = record.equivalent
        if isinstance(opamp, MacroOpAmp):
            driven = outputs[:, places] + opamp.output_resistance * currents[:, places]
            taken[:, places] += opamp.input_offset - driven / opamp.open_loop_gain
            if isinstance(record, SubcircuitOpAmp):
                # Far from its limits the difference is that of the fit: of its gain, its offset, its common mode.
                near = np.abs(currents[:, places]) > FULL_CURRENT * opamp.output_current_limit
                near |= np.abs(driven) > NEAR_SWING * opamp.output_swing
                taken[:, places] *= near
        if not isinstance(opamp, MacroOpAmp) or isinstance(part, ClippingOpAmps):
            taken[:, places] = 0.0  # it has no limits, or its swing is to hold it
    taken[np.abs(taken) < ROUNDING * np.abs(inputs).max(axis=1, keepdims=True)] = 0.0
    return np.asarray(taken)


def _limit_of(circuit: Circuit, state: AmplifierState, place: int) -> HoldingLimit:
    """Return the limit of an op-amp, by its place among all."""
    opamp = next(one.equivalent for one, places in opamp_places(circuit) if places.start <= place < places.stop)
    assert isinstance(opamp, MacroOpAmp)
    return HoldingLimit(circuit.amplifiers[place], opamp, float(state.output[place]), float(state.current[place]))


def _offsets(circuit: Circuit) -> FloatArray:
    """Part of the drawn offsets in the input voltage that drives each op-amp, shape (op-amps,), V."""
    found = []
    for part in circuit.of(OpAmps):
        own = np.zeros(circuit.groups[part.output]) if part.offset is None else part.offset
        found.append(part.record.equivalent.input_weights[0] * own)
    return np.concatenate(found)
