"""The resting point of a circuit, limits of macro op-amps and limiters included, by Newton's method."""

from __future__ import annotations

import numpy as np

from amc_circuits.engines.contract import NotIntegrableError
from amc_circuits.engines.exact.nonlinear.laws import Added
from amc_circuits.engines.exact.nonlinear.system import System, times
from amc_circuits.engines.exact.nonlinear.trajectory import Place
from netlists.record import FloatArray

ITERATIONS = 60
LARGEST_MOVE = 0.03
"""Largest move of a stage in an iteration, V: three e-folds of its clamp."""
EXACT = 1e-12
"""Last move of a voltage, V."""
SHORTEST = 1e-4
"""Shortest step of the inputs and offsets, in units of the whole."""


def resting(system: System, inputs: FloatArray) -> Place:
    """Return the state in which nothing changes, for inputs (inputs, K), V.

    Raises:
        NotIntegrableError: The iteration does not converge.
    """
    m, count, channels = system.laws.count, inputs.shape[1], system.push.shape[1]
    if not (inputs.any() or system.seen.rest.any()):
        return Place(0.0, np.zeros((len(system.push), count)), Added(np.zeros((channels, 1, count)), None, m))
    still = system.still(np.hstack([system.push, system.drive @ inputs]))
    modal = system.seen.modal @ still
    gain, known = modal[:, :channels], modal[:, channels:] + system.seen.feed @ inputs + system.seen.rest[:, None]
    gain[:, m:] += system.seen.pins
    bent, clamp = np.empty((channels, 1, count)), np.empty((m, 1, count))
    for k in range(count):
        bent[:, 0, k], clamp[:, 0, k] = _solved(system, gain, known[:, k])
    found = Added(bent, clamp if clamp.any() else None, m)
    return Place(0.0, still[:, channels:] + times(still[:, :channels], found.whole)[:, 0], found)


def discharged(system: System) -> Place:
    """Return the state in which all capacitors are discharged, with all inputs at 0 V."""
    return placed(system, system.discharged, np.zeros((system.inputs, 1)))


def placed(system: System, coordinates: FloatArray, inputs: FloatArray) -> Place:
    """Return the place with given coordinates (n, K) and inputs (inputs, K), V, at time 0.

    Currents of outputs and volts of limiters act at once; rates of stages move no voltage yet.

    Raises:
        NotIntegrableError: The iteration does not converge.
    """
    seen, m = system.seen, system.laws.count
    known = seen.modal @ coordinates + seen.feed @ inputs + seen.rest[:, None]
    gain = np.hstack([np.zeros((len(known), m)), seen.pins])
    each = [_solved(system, gain, column) for column in known.T]
    bent, clamp = (np.stack(one, axis=1)[:, None] for one in zip(*each, strict=True))
    return Place(0.0, coordinates, Added(bent, clamp if clamp.any() else None, m))


def _solved(system: System, gain: FloatArray, known: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Solve for what the limits add, shape (2 m + k,), and for the rates of the clamps, shape (m,).

    Step by step from no inputs and offsets, where need be: deep in their limits the slopes of op-amps vanish, and
    Newton's method needs a start nearby.
    """
    seen, reached, step = np.zeros_like(known), 0.0, 1.0
    while step > SHORTEST:
        part = min(reached + step, 1.0)
        found = _near(system, gain, part * known, part * known if not reached else seen)
        if found is None:
            step /= 4
            continue
        (seen, bent, clamp), reached, step = found, part, 2 * step
        if reached == 1.0:
            return bent, clamp
    raise NotIntegrableError("its resting point is not found")


def _near(
    system: System, gain: FloatArray, known: FloatArray, guess: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray] | None:
    """Solve from a guess by Newton's method; None if it fails.

    Returns:
        Voltages, shape (3 m + k,), what the limits add, shape (2 m + k,), and rates of the clamps, shape (m,).
    """
    laws, m = system.laws, system.laws.count
    seen, swing = guess.copy(), laws.swing[:, 0, 0]
    seen[m : 2 * m] = np.clip(seen[m : 2 * m], -swing, swing)
    volts = np.concatenate([1 / laws.rate[:, 0, 0], np.ones(len(seen) - m)])
    for _ in range(ITERATIONS):
        drive, stage, drop, limited = system.parted(seen[:, None, None])
        (slewing, a), (clamp, b), (pins, c) = laws.stage(drive), laws.clamp(stage), laws.output(drop)
        limiting, d = system.limited(limited)
        both = np.concatenate([slewing + clamp, pins, limiting])[:, 0, 0]
        slopes = np.concatenate([a, b, c, d])[:, 0, 0]
        jacobian = np.eye(len(seen)) - np.hstack([gain[:, :m], gain]) * slopes
        move = np.linalg.solve(jacobian, known + gain @ both - seen)
        size = float(np.abs(move * volts).max())
        if size < EXACT:
            return seen, np.concatenate([slewing, pins, limiting])[:, 0, 0], clamp[:, 0, 0]
        seen += move * min(1.0, LARGEST_MOVE / float(np.abs(move[m : 2 * m]).max(initial=1e-300)))
    return None
