"""Stage voltages where clamps draw currents: each op-amp's own clamp at all nodes of a step, by Newton's method."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from amc_circuits.engines.exact.nonlinear.laws import Laws
from netlists.opamps.subcircuit import CLAMP_VOLTAGE
from netlists.record import FloatArray

ITERATIONS = 60
LARGEST_MOVE = 3 * CLAMP_VOLTAGE
"""Largest move of a voltage in an iteration: three e-folds of the clamp."""
STIFF = 10.0
"""E-folds below the swing from which a clamp is solved for; below, its slope is at most e^-10 SR/V_c."""
EXACT = 1e-5 * CLAMP_VOLTAGE
"""Last move of Newton's method, which doubles the number of digits with each."""


def clamped(
    laws: Laws, effect: FloatArray, seen: FloatArray, rates: FloatArray, guess: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Solve `x = others + effect clamp(x)` for the stage voltages at the nodes of a step, where clamps are stiff.

    Args:
        laws: Limits of the op-amps.
        effect: Rate added at each node on the stage voltage at each, shape (m, 3, 3), s.
        seen: Stage voltages with the given rates of the clamps, shape (m, 3, K), V.
        rates: These rates, same shape, V/s.
        guess: First guess of the stage voltages, same shape, V.

    Returns:
        Stage voltages, V, and the rates of the clamps, V/s. Where a clamp is solved for, its rates follow from the
        equation and not from the law, which multiplies the rounding error of the voltages.
    """
    without = seen - np.matmul(effect, rates)
    near = (np.maximum(np.abs(without), np.abs(guess)) > laws.swing - STIFF * CLAMP_VOLTAGE).any(axis=1)
    found, adding = seen.copy(), laws.clamp(seen)[0]
    row, column = np.nonzero(near)
    if row.size:
        own, target = effect[row], without[row, :, column]
        x = _solved(laws, own, target, guess[row, :, column], row)
        found[row, :, column] = x
        adding[row, :, column] = np.linalg.solve(own, (x - target)[:, :, None])[:, :, 0]
    return found, adding


def _solved(
    laws: Laws, own: FloatArray, target: FloatArray, guess: FloatArray, row: NDArray[np.int64]
) -> FloatArray:
    """Solve three equations each, shape (entries, 3)."""
    limit = laws.swing[row, 0] + 5 * CLAMP_VOLTAGE
    x = np.clip(guess, -limit, limit)
    for _ in range(ITERATIONS):
        rate, slope = laws.clamp(x, row)
        residual = x - target - np.matmul(own, rate[:, :, None])[:, :, 0]
        move = np.clip(_linear(own * -slope[:, None, :], residual), -LARGEST_MOVE, LARGEST_MOVE)
        x = x - move
        if np.abs(move).max() < EXACT:
            break
    return x


def _linear(matrix: FloatArray, right: FloatArray) -> FloatArray:
    """Solve `(1 + matrix) x = right` for three unknowns each, by Cramer's rule."""
    a, b, c = (matrix + np.eye(3)).transpose(2, 1, 0)
    right = right.T
    bc, ca = _cross(b, c), _cross(c, right)
    whole = (a * bc).sum(axis=0)
    return np.stack([(right * bc).sum(axis=0), (a * -ca).sum(axis=0), (a * _cross(b, right)).sum(axis=0)], axis=1) / (
        whole[:, None]
    )


def _cross(a: FloatArray, b: FloatArray) -> FloatArray:
    return np.stack([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])
