"""Stage voltages where clamps draw currents: each op-amp's own clamp at all nodes of a step, by Newton's method."""

from __future__ import annotations

import numpy as np

from amc_circuits.engines.exact.nonlinear.laws import Laws
from amc_circuits.engines.exact.nonlinear.method import DEGREE
from netlists.opamps.subcircuit import CLAMP_VOLTAGE
from netlists.record import FloatArray

ITERATIONS = 60
LARGEST_MOVE = 3 * CLAMP_VOLTAGE
"""Largest move of a voltage in an iteration: three e-folds of the clamp."""
STIFF = 10.0
"""E-folds below the swing from which a clamp is solved for; below, its slope is at most e^-10 SR/V_c."""
EXACT = 1e-4 * CLAMP_VOLTAGE
"""Last move of Newton's method: it leaves half of its square, in units of the clamp's voltage."""


def clamped(
    laws: Laws, effect: FloatArray, seen: FloatArray, rates: FloatArray, guess: FloatArray
) -> tuple[FloatArray, FloatArray] | None:
    """Solve `x = others + effect clamp(x)` for the stage voltages at the nodes of a step, where clamps are stiff.

    Args:
        laws: Limits of the op-amps.
        effect: Rate added at each node on the stage voltage at each, shape (m, 4, 4), s.
        seen: Stage voltages with the given rates of the clamps, shape (m, 4, K), V.
        rates: These rates, same shape, V/s.
        guess: First guess of the stage voltages, same shape, V.

    Returns:
        Stage voltages, V, and the rates of the clamps, V/s; None if the iteration does not converge. Where a clamp is
        solved for, its rates follow from the equation and not from the law, which multiplies the rounding error of the
        voltages.
    """
    without = seen - np.matmul(effect, rates)
    near = (np.maximum(np.abs(without), np.abs(guess)) > laws.swing - STIFF * CLAMP_VOLTAGE).any(axis=1)
    found, adding = seen.copy(), laws.clamp(seen)[0]
    row, column = np.nonzero(near)
    if row.size:
        solved = _solved(laws.some(row), effect[row], without[row, :, column], guess[row, :, column])
        if solved is None:
            return None
        found[row, :, column], adding[row, :, column] = solved
    return found, adding


def _solved(laws: Laws, own: FloatArray, target: FloatArray, guess: FloatArray) -> tuple[FloatArray, FloatArray] | None:
    """Solve four equations each, shape (entries, 4): voltages, and the rates of the last linear equations.

    None where Newton's method goes in circles.
    """
    limit, one = laws.swing + 5 * CLAMP_VOLTAGE, np.eye(DEGREE)
    x = np.minimum(np.maximum(guess, -limit), limit)
    for _ in range(ITERATIONS):
        rate, slope = laws.clamp(x)
        residual = x - target - np.matmul(own, rate[:, :, None])[:, :, 0]
        move = np.linalg.solve(one - own * slope[:, None, :], residual[:, :, None])[:, :, 0]
        largest = np.abs(move).max()
        if largest > LARGEST_MOVE:
            move = np.clip(move, -LARGEST_MOVE, LARGEST_MOVE)
        x = x - move
        if largest < EXACT:
            return x, rate - slope * move
    return None
