"""The resting point of a circuit with macro op-amps, limits included, by Newton's method."""

from __future__ import annotations

import numpy as np

from amc_circuits.engines.exact.nonlinear.stage_equations import Added
from amc_circuits.engines.exact.nonlinear.system import System, times
from amc_circuits.engines.exact.nonlinear.trajectory import NotIntegrableError, Place
from netlists.record import FloatArray

ITERATIONS = 60
LARGEST_MOVE = 0.03
"""Largest move of a stage in an iteration, V: three e-folds of its clamp."""
FEW = 4
"""Iterations of the currents of outputs where nothing is charged: their limits are far away."""
EXACT = 1e-12
"""Last move of a voltage, V."""
SHORTEST = 1e-4
"""Shortest step of the inputs and offsets, in units of the whole."""


def resting(system: System, inputs: FloatArray) -> Place:
    """Return the state in which nothing changes, for inputs (inputs, K), V.

    Raises:
        NotIntegrableError: The iteration does not converge.
    """
    m, count = system.laws.count, inputs.shape[1]
    if not (inputs.any() or system.seen.rest.any()):
        return Place(0.0, np.zeros((len(system.push), count)), Added(np.zeros((2 * m, 1, count)), None))
    still = system.still(np.hstack([system.push, system.drive @ inputs]))
    modal = system.seen.modal @ still
    gain, known = modal[:, : 2 * m], modal[:, 2 * m :] + system.seen.feed @ inputs + system.seen.rest[:, None]
    gain[:, m:] += system.seen.pins
    added = np.empty((3, m, 1, count))
    for k in range(count):
        added[..., k] = _solved(system, gain, known[:, k])
    found = Added(np.concatenate([added[0], added[2]]), added[1] if added[1].any() else None)
    return Place(0.0, still[:, 2 * m :] + times(still[:, : 2 * m], found.whole)[:, 0], found)


def discharged(system: System) -> Place:
    """Return the state in which all capacitors are discharged, with all inputs at 0 V."""
    laws, seen = system.laws, system.seen
    pins = np.zeros((laws.count, 1, 1))
    for _ in range(FEW):
        voltages = (seen.modal @ system.discharged + seen.pins @ pins[:, 0] + seen.rest[:, None])[:, None]
        drive, _, drop = np.split(voltages, 3)
        pins = laws.output(drop)[0]
    return Place(0.0, system.discharged, Added(np.concatenate([laws.stage(drive)[0], pins]), None))


def _solved(system: System, gain: FloatArray, known: FloatArray) -> FloatArray:
    """Solve for what the limits add at rest, shape (3, m, 1): step by step from no inputs and offsets, where need be.

    Deep in their limits the slopes of op-amps vanish, and Newton's method needs a start nearby.
    """
    seen, reached, step = np.zeros_like(known), 0.0, 1.0
    while step > SHORTEST:
        part = min(reached + step, 1.0)
        found = _near(system, gain, part * known, part * known if not reached else seen)
        if found is None:
            step /= 4
            continue
        (seen, added), reached, step = found, part, 2 * step
        if reached == 1.0:
            return added
    raise NotIntegrableError("its resting point is not found")


def _near(
    system: System, gain: FloatArray, known: FloatArray, guess: FloatArray
) -> tuple[FloatArray, FloatArray] | None:
    """Solve from a guess by Newton's method: voltages (3 m,) and what the limits add (3, m, 1); None if it fails."""
    laws, m = system.laws, system.laws.count
    seen, swing = guess.copy(), laws.swing[:, 0, 0]
    seen[m : 2 * m] = np.clip(seen[m : 2 * m], -swing, swing)
    volts = np.concatenate([1 / laws.rate[:, 0, 0], np.ones(2 * m)])
    for _ in range(ITERATIONS):
        drive, stage, drop = seen.reshape(3, m, 1, 1)
        (slewing, a), (clamp, b), (pins, c) = laws.stage(drive), laws.clamp(stage), laws.output(drop)
        both = np.concatenate([(slewing + clamp)[:, 0, 0], pins[:, 0, 0]])
        slopes = np.concatenate([a[:, 0, 0], b[:, 0, 0], c[:, 0, 0]])
        jacobian = np.eye(3 * m) - np.hstack([gain[:, :m], gain]) * slopes
        move = np.linalg.solve(jacobian, known + gain @ both - seen)
        size = float(np.abs(move * volts).max())
        if size < EXACT:
            return seen, np.stack([slewing, clamp, pins])[..., 0]
        seen += move * min(1.0, LARGEST_MOVE / float(np.abs(move[m : 2 * m]).max(initial=1e-300)))
    return None
