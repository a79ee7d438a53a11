"""Phased circuits by the exact response: one set of linear equations a phase, the state carried over."""

from __future__ import annotations

import numpy as np

from amc_circuits.engines.exact.circuit import ExactCircuit
from amc_circuits.engines.exact.engine import check_known
from amc_circuits.engines.exact.linear_range import LARGEST_LOSS
from amc_circuits.engines.exact.reading import read_responses
from amc_circuits.engines.exact.slots import Slots
from amc_circuits.linear.durations import with_durations
from amc_circuits.linear.equations import phase_circuits
from amc_circuits.linear.probes import Modal
from amc_circuits.linear.response import Piece
from amc_circuits.results.readings import Reading
from netlists import Circuit, Limiter, ParameterError, expanded, in_phase, phase_train
from netlists.record import FloatArray


def read_phases(
    circuit: Circuit,
    levels: FloatArray,
    tolerance: float,
    rise_time: float = 100e-12,
    largest_loss: float = LARGEST_LOSS,
) -> list[Reading]:
    """Reading of every phase of every right-hand side, each from where the one before ended; the first from rest.

    Args:
        circuit: Circuit with phases; one without a duration gets it from its poles (`with_durations`).
        levels: Inputs of each right-hand side, shape (inputs, K), V.
        tolerance: Relative tolerance of the settling time.
        rise_time: Rise time of every edge, s.
        largest_loss: As in `ExactEngine`.

    Returns:
        K times P readings, phase by phase.

    Raises:
        ParameterError: A part is not linear or not modelled, or a phase without a duration has a growing pole.
    """
    _check(circuit)
    circuit = with_durations(circuit, tolerance, rise_time)
    drive, whole = phase_train(circuit, levels, rise_time), expanded(circuit)
    alone = [in_phase(whole, phase) for phase in whole.phases]
    exact = [ExactCircuit(one, linear) for one, linear in zip(alone, phase_circuits(alone), strict=True)]
    phase, before = exact[0], drive.start
    voltage = phase.linear.rest[phase.linear.kept] + phase.linear.feed[phase.linear.kept] @ before
    found = []
    for slot, level in enumerate(drive.levels.T):
        middle, length, half = drive.middle(before, level), drive.length(slot), drive.rise_time / 2
        _, _, voltage = _moved(phase, voltage, (0.0, half), before, middle)
        phase = exact[slot % len(exact)]
        edge, state, _ = _moved(phase, voltage, (half, drive.rise_time), middle, level)
        hold = phase.response.piece(drive.rise_time, length, state, level[:, None], level[:, None])
        found += read_responses(phase, Slots(edge, hold, half), length, tolerance, largest_loss)
        before, voltage = level, _voltage(phase, phase.response.end(hold), level)
    return found


def _check(circuit: Circuit) -> None:
    check_known(circuit)
    if circuit.of(Limiter):
        raise ParameterError("circuit", "limiters", "phases are linear here; take simulate_phases")


def _moved(
    phase: ExactCircuit, voltage: FloatArray, times: tuple[float, float], first: FloatArray, last: FloatArray
) -> tuple[Piece, Modal, FloatArray]:
    """A piece of the response from voltages at capacitors (states,), the modes at its end, and the voltages there."""
    linear = phase.linear
    given = linear.rest[linear.kept] + linear.feed[linear.kept] @ first
    state: Modal = (linear.modes.inverse @ (voltage - given))[:, None]
    piece = phase.response.piece(*times, state, first[:, None], last[:, None])
    end = phase.response.end(piece)
    return piece, end, _voltage(phase, end, last)


def _voltage(phase: ExactCircuit, modes: Modal, inputs: FloatArray) -> FloatArray:
    """Voltages at capacitors, shape (states,), V."""
    linear = phase.linear
    moved = np.real(linear.modes.vectors @ modes[:, 0])
    return np.asarray(moved + linear.rest[linear.kept] + linear.feed[linear.kept] @ inputs)
