"""Stage voltages where clamps draw currents: each op-amp's own clamp at all nodes of a step, by Newton's method."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from amc_circuits.engines.exact.nonlinear.laws import Laws
from amc_circuits.engines.exact.nonlinear.method import DEGREE
from amc_circuits.engines.exact.nonlinear.step.own_effects import OwnEffects
from netlists.opamps.subcircuit import CLAMP_EXPONENT_LIMIT, CLAMP_VOLTAGE
from netlists.record import FloatArray

ITERATIONS = 60
LARGEST_MOVE = 3 * CLAMP_VOLTAGE
"""Largest move of a voltage in an iteration: three e-folds of the clamp."""
EXACT = 1e-4 * CLAMP_VOLTAGE
"""Last move of Newton's method: it leaves half of its square, in units of the clamp's voltage."""
_ONE = np.eye(DEGREE)


def clamped(
    laws: Laws, own_effects: OwnEffects, seen: FloatArray, rates: FloatArray | None, guess: FloatArray
) -> tuple[FloatArray, FloatArray | None, NDArray[np.bool_]]:
    """Solve `x = others + effect clamp(x)` for the stage voltages at the nodes of a step, where clamps draw currents.

    Args:
        laws: Limits of the op-amps.
        own_effects: Effects of what the op-amps add on themselves.
        seen: Stage voltages with the given rates of the clamps, shape (m, 4, K), V.
        rates: These rates, same shape, V/s; None for none.
        guess: First guess of the stage voltages, same shape, V.

    Returns:
        Stage voltages, V; rates of the clamps, V/s, or None if none draws a current; and the responses whose iteration
        does not converge, shape (K,). The rates follow from the equation and not from the law, which multiplies the
        rounding error of the voltages.
    """
    drawing = np.abs(seen) > laws.no_clamp
    if rates is not None:
        drawing |= np.abs(rates) > laws.least_clamp
    place, count = np.flatnonzero(drawing.any(axis=1)), seen.shape[2]
    failed = np.zeros(count, dtype=np.bool_)
    if not place.size:
        return seen, None, failed
    row, found = place // count, _by_entry(seen)
    own, target = own_effects.stage[row], found[place]
    if rates is not None:
        target -= np.matmul(own, _by_entry(rates)[place, :, None])[:, :, 0]
    added = np.zeros_like(found)
    found[place], added[place], circling = _solved(laws.clamping[row], own, target, _by_entry(guess)[place])
    failed[place[circling] % count] = True
    shape = (-1, count, DEGREE)
    return found.reshape(shape).transpose(0, 2, 1), added.reshape(shape).transpose(0, 2, 1), failed


def _by_entry(values: FloatArray) -> FloatArray:
    """Copy values (m, 4, K) to entries of an op-amp in a response, shape (m K, 4)."""
    return values.transpose(0, 2, 1).reshape(-1, DEGREE)


def _solved(
    laws: FloatArray, own: FloatArray, target: FloatArray, guess: FloatArray
) -> tuple[FloatArray, FloatArray, NDArray[np.int64]]:
    """Solve four equations each, shape (entries, 4): voltages, and the rates of the last linear equations.

    The last are the entries where Newton's method goes in circles.
    """
    swing, slew_rate, idle = laws[:, :1], laws[:, 1:2], laws[:, 2:]
    limit = swing + CLAMP_EXPONENT_LIMIT * CLAMP_VOLTAGE
    x = np.minimum(np.maximum(guess, -limit), limit)
    voltages, rates, entry = np.empty_like(x), np.empty_like(x), np.arange(len(x))
    for _ in range(ITERATIONS):
        beyond = (np.abs(x) - swing) * (1 / CLAMP_VOLTAGE)
        held = slew_rate * np.exp(np.minimum(beyond, CLAMP_EXPONENT_LIMIT))
        rate = np.copysign(held * np.maximum(beyond - (CLAMP_EXPONENT_LIMIT - 1), 1.0) - idle, -x)
        slope = held * (-1 / CLAMP_VOLTAGE)
        residual = (x - target)[:, :, None] - np.matmul(own, rate[:, :, None])
        move = np.linalg.solve(_ONE - own * slope[:, None, :], residual)[:, :, 0]
        largest = np.abs(move).max(axis=1)
        x, rate = x - np.minimum(np.maximum(move, -LARGEST_MOVE), LARGEST_MOVE), rate - slope * move
        left = largest >= EXACT
        if not left.any():
            voltages[entry], rates[entry] = x, rate
            return voltages, rates, entry[:0]
        done = ~left
        voltages[entry[done]], rates[entry[done]] = x[done], rate[done]
        entry, x, own, target = entry[left], x[left], own[left], target[left]
        swing, slew_rate, idle = swing[left], slew_rate[left], idle[left]
    voltages[entry], rates[entry] = x, rate[left]
    return voltages, rates, entry
