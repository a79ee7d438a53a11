"""Outputs of a linear circuit at a time after a step of its inputs."""

from __future__ import annotations

import numpy as np

from amc_circuits.linear.circuit import LinearCircuit
from amc_circuits.linear.probes import probe_of
from amc_circuits.linear.response import response_of
from netlists import ParameterError
from netlists.record import FloatArray


def after_step(circuit: LinearCircuit, levels: FloatArray, time: float) -> FloatArray:
    """Compute the outputs after an ideal step from zero to levels (inputs, K), V, from rest; shape (N, K), V.

    Args:
        circuit: Linear circuit; a growing one is permitted.
        levels: Inputs after the step, V.
        time: Time after the step, s; at 0 the capacitors still have their charges.

    Raises:
        ParameterError: The time is negative or not finite.
    """
    if not (np.isfinite(time) and time >= 0):
        raise ParameterError("at", time, "must be 0 or more, in seconds after the step, and finite")
    response, probe = response_of(circuit), probe_of(circuit, circuit.outputs)
    rest = np.zeros((len(response.values), levels.shape[1]), dtype=response.values.dtype)
    # A piece must not be much longer than the time: modes far slower than it are polynomials there.
    piece = response.piece(0.0, time or 1.0 / float(np.abs(response.values).max()), rest, levels, levels)
    return response.at(piece, probe, np.array([time]))[:, 0].T
