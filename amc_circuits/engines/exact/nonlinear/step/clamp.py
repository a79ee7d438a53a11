"""Stage voltages where clamps draw currents: each op-amp's own clamp at all nodes of a step, by Newton's method."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amc_circuits.engines.exact.nonlinear.laws import Added, Laws
from amc_circuits.engines.exact.nonlinear.method import DEGREE, every
from amc_circuits.engines.exact.nonlinear.step.elimination import solved
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
_NODES = np.arange(DEGREE)


@dataclass(frozen=True)
class Clamped:
    """Stages of a step where clamps draw currents.

    Attributes:
        which: True at the nodes of these stages, shape (m, 4, K).
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


class _Stages:
    """Some stages of a step.

    Attributes:
        own: Effects in the step.
        which: True for the stages, shape (m, K).
        every: The same at the nodes, shape (m, 4, K).
        column: Response of each, shape (E,).
        at: Places of their nodes in arrays (m, 4, K), shape (4, E): to `take` there is five times as fast as indices.
        law: Swings, V, slew rates, and rates of clamps at 0 V, V/s, shape (3, 4, E).
        effect: Effects of their rates on themselves, shape (4, 4, E), s.
    """

    def __init__(self, laws: Laws, own: OwnEffects, which: NDArray[np.bool_]) -> None:
        self.own, self.which = own, which
        row, self.column = np.nonzero(which)
        count = which.shape[1]
        self.every = np.repeat(which[:, None], DEGREE, axis=1)
        self.at = row * (DEGREE * count) + self.column + _NODES[:, None] * count
        self.law, self.effect = laws.clamping.take(row, axis=2), own.stage.take(row, axis=2)


class Clamps:
    """Clamps of the stages of some responses."""

    def __init__(self, laws: Laws, responses: int, exact: float) -> None:
        """`responses`: their number K; `exact`: last move of Newton's method, V (`last_move`)."""
        self._laws, self._exact = laws, exact
        self._volts = every(laws.no_clamp + _WEAK_VOLTS, responses=responses)
        self._rates = every(laws.least_clamp * _WEAK_RATE, responses=responses)
        self._stages: _Stages | None = None

    def solved(
        self, own: OwnEffects, seen: FloatArray, drives: FloatArray, added: Added, guess: FloatArray
    ) -> Clamped | None:
        """Solve `x = others + effect (slewing + clamp(x))` for the stage voltages at the nodes of a step.

        The rates follow from the equation and not from the law, which multiplies the rounding error of the voltages.
        That of limited slewing is part of them: a clamp that holds its stage draws whatever the stage is driven with,
        and their sum does not change when the drive does.

        Args:
            own: Effects of what the op-amps add on themselves.
            seen: Stage voltages with what the limits were found to add, shape (m, 4, K), V; the solved ones are written
                there.
            drives: Drives of the stages, by which they slew now, same shape, V/s.
            added: What the limits were found to add.
            guess: First guess of the stage voltages, same shape, V.

        Returns:
            None if no clamp draws a current.
        """
        drawing = np.abs(seen) > self._volts
        if added.clamp is not None:
            drawing |= np.abs(added.clamp) > self._rates
        if not drawing.any():
            return None
        some, rates = self._of(own, np.logical_or.reduce(drawing, axis=1)), added.stage_rates.copy()
        at, drive = some.at, drives.take(some.at)
        slewing = some.law[1] * np.tanh(drive / some.law[1]) - drive
        target = seen.take(at) + _times(some.effect, slewing - rates.take(at))
        voltages, clamp, circling = _solved(some.law, some.effect, target, guess.take(at), self._exact)
        seen.put(at, voltages)
        rates.put(at, slewing + clamp)
        failed = np.zeros(seen.shape[2], dtype=np.bool_)
        failed[some.column[circling]] = True
        return Clamped(some.every, rates, failed)

    def _of(self, own: OwnEffects, which: NDArray[np.bool_]) -> _Stages:
        """Return these stages, which seldom change within a step."""
        last = self._stages
        if last is None or last.own is not own or (last.which != which).any():
            last = self._stages = _Stages(self._laws, own, which)
        return last


def _times(matrices: FloatArray, values: FloatArray) -> FloatArray:
    """Multiply small matrices (i, j, E) by values (j, E)."""
    return np.asarray(np.einsum("ije,je->ie", matrices, values))


def _solved(
    law: FloatArray, own: FloatArray, target: FloatArray, guess: FloatArray, exact: float
) -> tuple[FloatArray, FloatArray, NDArray[np.int64]]:
    """Solve four equations each, shape (4, entries): voltages, and the rates of the last linear equations.

    `law`: swing, V, slew rate, and rate of the clamp at 0 V, V/s, shape (3, 4, entries).
    The last are the entries where Newton's method goes in circles. Entries are dropped when half of them are solved: to
    copy the others takes as long as an iteration.
    """
    limit = law[0] + CLAMP_EXPONENT_LIMIT * CLAMP_VOLTAGE
    x = np.minimum(np.maximum(guess, -limit), limit)
    voltages, rates, entry = np.empty_like(x), np.empty_like(x), np.arange(x.shape[1])
    for _ in range(ITERATIONS):
        rate, held = _law(x, *law)
        rows = np.empty((DEGREE, DEGREE + 1, x.shape[1]))
        np.multiply(own, held, out=rows[:, :DEGREE])
        rows.reshape(-1, x.shape[1])[:: DEGREE + 2] += 1.0
        residual = np.einsum("ije,je->ie", own, rate, out=rows[:, DEGREE])
        residual += target
        residual -= x
        move = solved(rows)
        held *= move
        rate -= held
        largest = np.abs(move)
        if largest.max() < exact:
            x += move
            if len(entry) == voltages.shape[1]:
                return x, rate, entry[:0]
            voltages[:, entry], rates[:, entry] = x, rate
            return voltages, rates, entry[:0]
        x = x + np.minimum(np.maximum(move, -LARGEST_MOVE), LARGEST_MOVE)
        left = np.asarray(~(largest < exact).all(axis=0))  # what is no number, too
        if np.count_nonzero(left) <= len(left) // 2:
            done = ~left
            voltages[:, entry[done]], rates[:, entry[done]] = x[:, done], rate[:, done]
            entry, x, own, target, rate = entry[left], x[:, left], own[..., left], target[:, left], rate[:, left]
            law, left = law[..., left], left[left]
    voltages[:, entry], rates[:, entry] = x, rate
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
