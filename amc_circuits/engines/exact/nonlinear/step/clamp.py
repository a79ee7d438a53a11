"""Stage voltages where clamps draw currents: each op-amp's own clamp at all nodes of a step, by Newton's method."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amc_circuits.engines.exact.nonlinear.laws import Added, Laws
from amc_circuits.engines.exact.nonlinear.method import DEGREE
from amc_circuits.engines.exact.nonlinear.step.own_effects import OwnEffects
from netlists.opamps.subcircuit import CLAMP_EXPONENT_LIMIT, CLAMP_VOLTAGE
from netlists.record import FloatArray
from netlists.short_text import short_repr

ITERATIONS = 60
LARGEST_MOVE = 3 * CLAMP_VOLTAGE
"""Largest move of a voltage in an iteration: three e-folds of the clamp."""
LEAST_MOVE, MOST_MOVE = 1e-6, 3e-2
"""Least and largest last move of Newton's method that is asked for, in units of the clamp's voltage."""
WEAK = 7.0
"""E-folds of the clamp above `NO_CLAMP` from which it is solved for: e^-18 of the slew rate, over w_T 3 nV at the input
of `cmos-100meg`, is what a weaker one takes. It bounds steps alone."""
_WEAK_VOLTS, _WEAK_RATE = WEAK * CLAMP_VOLTAGE, float(np.exp(WEAK))
_ONE, _NODES = np.eye(DEGREE), np.arange(DEGREE)


@dataclass(frozen=True)
class Clamped:
    """Stages of a step where clamps draw currents.

    Attributes:
        which: True for these stages, shape (m, 1, K).
        rates: Rates of limited slewing and of clamps together, shape (m, 4, K), V/s; those given elsewhere.
        failed: Responses whose iteration does not converge, shape (K,).
    """

    which: NDArray[np.bool_]
    rates: FloatArray
    failed: NDArray[np.bool_]

    __repr__ = short_repr


def last_move(error: float) -> float:
    """Return the last move of Newton's method that leaves an error, V: half of its square over the clamp's voltage."""
    move = np.sqrt(2 * error * CLAMP_VOLTAGE)
    return float(np.clip(move, LEAST_MOVE * CLAMP_VOLTAGE, MOST_MOVE * CLAMP_VOLTAGE))


def clamped(
    laws: Laws, own: OwnEffects, seen: FloatArray, drives: FloatArray, added: Added, guess: FloatArray, exact: float
) -> Clamped | None:
    """Solve `x = others + effect (slewing + clamp(x))` for the stage voltages at the nodes of a step.

    The rates follow from the equation and not from the law, which multiplies the rounding error of the voltages. That
    of limited slewing is part of them: a clamp that holds its stage draws whatever the stage is driven with, and their
    sum does not change when the drive does.

    Args:
        laws: Limits of the op-amps.
        own: Effects of what the op-amps add on themselves.
        seen: Stage voltages with what the limits were found to add, shape (m, 4, K), V; the solved ones are written
            there.
        drives: Drives of the stages, by which they slew now, same shape, V/s.
        added: What the limits were found to add.
        guess: First guess of the stage voltages, same shape, V.
        exact: Last move of Newton's method, V (`last_move`).

    Returns:
        None if no clamp draws a current.
    """
    drawing = np.abs(seen) > laws.no_clamp + _WEAK_VOLTS
    if added.clamp is not None:
        drawing |= np.abs(added.clamp) > laws.least_clamp * _WEAK_RATE
    if not drawing.any():
        return None
    which = np.asarray(drawing.any(axis=1, keepdims=True))
    row, column = np.nonzero(which[:, 0])
    # Places of the entries' four nodes: to `take` them there takes a fifth of the time of indices.
    at = (row * (DEGREE * seen.shape[2]) + column)[:, None] + _NODES * seen.shape[2]
    law, effect = laws.clamping.take(row, axis=1), own.stage.take(row, axis=0)
    drive, rates = drives.take(at), added.stage_rates.copy()
    slewing = law[1] * np.tanh(drive / law[1]) - drive
    target = seen.take(at) + np.matmul(effect, (slewing - rates.take(at))[:, :, None])[:, :, 0]
    voltages, clamp, circling = _solved(law, effect, target, guess.take(at), exact)
    seen.put(at, voltages)
    rates.put(at, slewing + clamp)
    return Clamped(which, rates, np.bincount(column[circling], minlength=seen.shape[2]) > 0)


def _solved(
    law: FloatArray, own: FloatArray, target: FloatArray, guess: FloatArray, exact: float
) -> tuple[FloatArray, FloatArray, NDArray[np.int64]]:
    """Solve four equations each, shape (entries, 4): voltages, and the rates of the last linear equations.

    `law`: swing, V, slew rate, and rate of the clamp at 0 V, V/s, shape (3, entries, 4).
    The last are the entries where Newton's method goes in circles. Entries are dropped when half of them are solved: to
    copy the others takes as long as an iteration.
    """
    limit = law[0] + CLAMP_EXPONENT_LIMIT * CLAMP_VOLTAGE
    x = np.minimum(np.maximum(guess, -limit), limit)
    voltages, rates, entry = np.empty_like(x), np.empty_like(x), np.arange(len(x))
    for _ in range(ITERATIONS):
        rate, held = _law(x, *law)
        residual = np.matmul(own, rate[:, :, None])
        residual += (target - x)[:, :, None]
        matrix = own * held[:, None]
        matrix += _ONE
        move = np.linalg.solve(matrix, residual)[:, :, 0]
        held *= move
        rate -= held
        largest = np.abs(move)
        if largest.max() < exact:
            x += move
            if len(entry) == len(voltages):
                return x, rate, entry[:0]
            voltages[entry], rates[entry] = x, rate
            return voltages, rates, entry[:0]
        x = x + np.minimum(np.maximum(move, -LARGEST_MOVE), LARGEST_MOVE)
        left = np.asarray(~(largest < exact).all(axis=1))  # what is no number, too
        if np.count_nonzero(left) <= len(left) // 2:
            done = ~left
            voltages[entry[done]], rates[entry[done]] = x[done], rate[done]
            entry, x, own, target, rate = entry[left], x[left], own[left], target[left], rate[left]
            law, left = law[:, left], left[left]
    voltages[entry], rates[entry] = x, rate
    return voltages, rates, entry[left]


def _law(x: FloatArray, swing: FloatArray, slew_rate: FloatArray, idle: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return rates of clamps and their falling slopes, as `Laws.clamp` does, with fewer temporary arrays."""
    beyond = np.abs(x)
    beyond -= swing
    beyond *= 1 / CLAMP_VOLTAGE
    held = np.exp(np.minimum(beyond, CLAMP_EXPONENT_LIMIT))
    held *= slew_rate
    beyond -= CLAMP_EXPONENT_LIMIT - 1
    rate = held * np.maximum(beyond, 1.0, out=beyond)
    rate -= idle
    held *= 1 / CLAMP_VOLTAGE
    return np.copysign(rate, -x, out=rate), held
