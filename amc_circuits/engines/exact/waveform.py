"""Outputs of a circuit over a whole step train, returns to rest included."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from amc_circuits.engines.exact.circuit import ExactCircuit
from netlists import StepTrain
from netlists.record import FloatArray

Stretch = tuple[float, float, FloatArray, FloatArray]
"""Times of two corners of the inputs, s, and the inputs there, V."""


def waveform(exact: ExactCircuit, drive: StepTrain, time: FloatArray, limits: bool) -> FloatArray:
    """Output voltages at times (T,), rising, s; shape (T, N); with the limits of the op-amps, or of the linear circuit."""
    stretches = list(_stretches(drive, float(time[-1])))
    return exact.beyond.outputs_over(stretches, time, drive.rise_time) if limits else _linear(exact, stretches, time)


def _stretches(drive: StepTrain, last: float) -> Iterator[Stretch]:
    corners, voltages = drive.corners()
    corners, voltages = np.append(corners, last + corners[-1]), np.vstack([voltages, voltages[-1:]])
    for first, after, low, high in zip(corners[:-1], corners[1:], voltages[:-1], voltages[1:], strict=True):
        yield float(first), float(after), low[:, None], high[:, None]


def _linear(exact: ExactCircuit, stretches: list[Stretch], time: FloatArray) -> FloatArray:
    response = exact.response
    modes = np.zeros((len(response.values), 1), dtype=response.values.dtype)
    found = []
    for first, last, before, after in stretches:
        piece = response.piece(first, last, modes, before, after)
        modes = response.end(piece)
        inside = time[(time >= first) & (time < last)]
        found.append(response.at(piece, exact.outputs, inside)[0])
    return np.vstack(found)
