"""Outputs of a circuit over a whole step train, returns to rest included."""

from __future__ import annotations

import numpy as np

from amc_circuits.engines.exact.circuit import ExactCircuit
from netlists import StepTrain
from netlists.record import FloatArray


def waveform(exact: ExactCircuit, drive: StepTrain, time: FloatArray, limits: bool) -> FloatArray:
    """Output voltages at times (T,), rising, s; shape (T, N); with the limits of the op-amps, or without."""
    return exact.beyond.outputs_over(drive, time) if limits else _linear(exact, drive, time)


def _linear(exact: ExactCircuit, drive: StepTrain, time: FloatArray) -> FloatArray:
    response = exact.response
    corners, voltages = drive.corners()
    corners, voltages = np.append(corners, time[-1] + corners[-1]), np.vstack([voltages, voltages[-1:]])
    modes = np.zeros((len(response.values), 1), dtype=response.values.dtype)
    found = []
    for first, last, before, after in zip(corners[:-1], corners[1:], voltages[:-1], voltages[1:], strict=True):
        piece = response.piece(float(first), float(last), modes, before[:, None], after[:, None])
        modes = response.end(piece)
        inside = time[(time >= first) & (time < last)]
        found.append(response.at(piece, exact.outputs, inside)[0])
    return np.vstack(found)
