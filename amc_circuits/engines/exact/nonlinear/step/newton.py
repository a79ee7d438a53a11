"""Newton's method for the equations of a step of one response, for limits that couple the op-amps strongly.

The unknowns are drives, stages, drops and inputs of limiters at the four later nodes, `v = known + G N(v)`: N is what
the limits add, and G the dense response of the linear part to it. Only limits whose slope counts are unknowns of the
linear systems.
"""

from __future__ import annotations

import numpy as np

from amc_circuits.engines.exact.nonlinear.method import DEGREE
from amc_circuits.engines.exact.nonlinear.system import StepWeights, System, times
from netlists.opamps.subcircuit import CLAMP_VOLTAGE
from netlists.record import FloatArray

ITERATIONS = 30
COUNTS = 1e-4
"""Least effect of a limit on itself that makes it an unknown."""
LARGEST = 3.0
"""E-folds beyond the swing to which a stage may move in one iteration."""
KEPT = 4
"""Step lengths whose dense responses are kept."""


class Newton:
    """Solver of the equations of a step of one response."""

    def __init__(self, system: System) -> None:
        self.system, self._dense = system, dict[float, FloatArray]()

    def dense(self, weights: StepWeights) -> FloatArray:
        """Return G: voltages (3 m + k) at four nodes per rate, current or volt added (2 m + k) at four nodes."""
        found = self._dense.get(weights.step)
        if found is None:
            found = np.stack([self._response(weights, node) for node in range(DEGREE)], axis=3)
            m = self.system.laws.count
            node = np.arange(DEGREE)
            found[:, node, m:, node] += self.system.seen.pins
            if len(self._dense) >= KEPT:
                self._dense.pop(next(iter(self._dense)))
            self._dense[weights.step] = found
        return found

    def _response(self, weights: StepWeights, node: int) -> FloatArray:
        """Return the voltages (3 m + k, 4, 2 m + k) per rate, current or volt added at one node."""
        of_real, of_pairs = weights.later
        pairs = of_pairs.reshape(*of_pairs.shape[:2], 2, DEGREE)[..., node]
        blocks = (np.ascontiguousarray(of_real[..., node : node + 1]), np.ascontiguousarray(pairs))
        return times(self.system.seen.modal, self.system.applied(blocks, self.system.push[:, None]))

    def solve(
        self, weights: StepWeights, known: FloatArray, guess: FloatArray, in_tolerances: FloatArray, close: float
    ) -> tuple[FloatArray, FloatArray] | None:
        """Solve for the voltages (3 m + k, 4) of one response and what the limits add (2 m + k, 4).

        None where the iteration does not converge. What is added is that of the last linear system: the laws multiply
        the rounding error of the voltages, as clamps are stiff.

        Args:
            weights: Weights of the step.
            known: Voltages without what the limits add, shape (3 m + k, 4), V and V/s.
            guess: First guess of the voltages.
            in_tolerances: Voltages in units of the tolerance, shape (3 m + k, 1).
            close: Change, in these units, at which the iteration ends.
        """
        m, gain = self.system.laws.count, self.dense(weights)
        whole = gain.reshape(-1, *gain.shape[2:])
        own = np.abs(self._own(gain))
        voltages = guess.copy()
        for _ in range(ITERATIONS):
            added, slopes = limits(self.system, voltages)
            rest = known + np.einsum("vij,ij->v", whole, added).reshape(-1, DEGREE) - voltages
            channel, node = np.nonzero(np.abs(slopes) * own > COUNTS)
            place = np.where(channel < m, channel, channel - m)
            columns = whole[:, place, node] * slopes[channel, node]
            rows = channel * DEGREE + node
            at = np.linalg.solve(np.eye(len(rows)) - columns[rows], rest.reshape(-1)[rows])
            change = rest + (columns @ at).reshape(-1, DEGREE)
            moved = self._held(voltages, change)
            if (moved == voltages + change).all() and np.abs(change * in_tolerances).max() <= close:
                np.add.at(added, (place, node), slopes[channel, node] * at)
                return moved, added
            voltages = moved
        return None

    def _own(self, gain: FloatArray) -> FloatArray:
        """Return the effect of each channel on itself at the same node, shape (3 m + k, 4)."""
        m, channel = self.system.laws.count, np.arange(len(gain))
        place = np.where(channel < m, channel, channel - m)
        return np.stack([gain[channel, node, place, node] for node in range(DEGREE)], axis=1)

    def _held(self, voltages: FloatArray, change: FloatArray) -> FloatArray:
        """Return the next voltages; no stage moves deep into its clamp."""
        m, laws = self.system.laws.count, self.system.laws
        found = voltages + change
        edge = laws.swing[:, 0] + LARGEST * CLAMP_VOLTAGE
        bound = np.maximum(edge, np.abs(voltages[m : 2 * m]))
        found[m : 2 * m] = np.clip(found[m : 2 * m], -bound, bound)
        return found


def limits(system: System, voltages: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return what the limits add, shape (2 m + k, 4), and the slopes of all limits, shape (3 m + k, 4)."""
    laws, (drive, stage, drop, limited) = system.laws, system.parted(voltages[..., None])
    (slewing, a), (clamp, b), (pins, c) = laws.stage(drive), laws.clamp(stage), laws.output(drop)
    volts, d = system.limited(limited)
    return np.concatenate([slewing + clamp, pins, volts])[..., 0], np.concatenate([a, b, c, d])[..., 0]
