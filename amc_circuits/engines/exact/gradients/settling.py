"""Derivative of the settling time: the implicit function theorem at the last crossing of an output into its band.

With output o, its final value at the end T of the slot, and the band of the largest final output j, the time t solves

    f = s (y_o(t) - y_o(T)) - tolerance |y_j(T)| = 0,    dt = -df / (s y_o'(t))

T moves with the slowest pole and the slewing time of the op-amps, from which it is computed. Where another output,
crest or largest output takes over, the settling time has a kink or a jump; between these places it is smooth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amc_circuits.engines.exact.gradients.graded_panels import panels
from amc_circuits.engines.exact.slots import Slots
from amc_circuits.linear.adjoint import Adjoint, Points
from amc_circuits.linear.probes import Probe
from amc_circuits.linear.response import gauss
from netlists.record import FloatArray
from netlists.short_text import short_repr

NEWTON_STEPS = 2
"""Steps that give the crossing all its digits, from the nine of the reading."""


@dataclass(frozen=True)
class Crossing:
    """Last crossing of an output into its band.

    Attributes:
        output: Index of the output.
        largest: Index of the largest final output.
        sides: Sign of the distance of the output from its final value, and that of the largest final output.
        time: Time of the crossing, from the beginning of the slot, s.
        slope: Rate at which the output comes nearer to the edge of its band, V/s, below 0.
    """

    output: int
    largest: int
    sides: tuple[float, float]
    time: float
    slope: float

    __repr__ = short_repr


class OneSlot:
    """Response of a circuit to one right-hand side in its slot, with voltages of all rows at any times."""

    def __init__(self, adjoint: Adjoint, slots: Slots) -> None:
        self.adjoint, self.slots = adjoint, slots
        self.corner = slots.hold.start
        self.outputs = adjoint.at[adjoint.linear.outputs]
        self._of_outputs = adjoint.every.rows(self.outputs)

    def voltages(self, time: FloatArray) -> FloatArray:
        """Compute voltages of all rows at times (Q,), shape (Q, rows), V."""
        return self._each(time, self.adjoint.voltages)

    def rates(self, time: FloatArray) -> FloatArray:
        """Compute their rates of change, shape (Q, rows), V/s."""
        return self._each(time, self.adjoint.rates)

    def _each(self, time: FloatArray, of_piece: object) -> FloatArray:
        assert callable(of_piece)
        found = np.empty((len(time), self.adjoint.count))
        for piece, here in ((self.slots.edge, time < self.corner), (self.slots.hold, time >= self.corner)):
            if here.any():
                found[here] = of_piece(piece, time[here])
        return found

    def _output(self, time: float) -> tuple[FloatArray, FloatArray]:
        """Compute voltages of the outputs at a time, V, and their rates of change, V/s."""
        return self._observed(self._of_outputs, time)

    def row(self, row: int, time: float) -> tuple[float, float]:
        """Compute the voltage of a row at a time, V, and its rate of change, V/s; that of a stage, too."""
        voltage, rate = self._observed(self.adjoint.every.rows(slice(row, row + 1)), time)
        return float(voltage[0]), float(rate[0])

    def _observed(self, probe: Probe, time: float) -> tuple[FloatArray, FloatArray]:
        """Compute the voltages of a probe at a time, V, and their rates of change, V/s."""
        response = self.adjoint.response
        piece = self.slots.edge if time < self.corner else self.slots.hold
        at = np.array([time])
        rates = response.at(response.derivative(piece), probe.without_rest(), at)
        return response.at(piece, probe, at)[0, 0], rates[0, 0]

    def points(self, ends: list[tuple[float, FloatArray]]) -> Points:
        """Return the points of a sum of weighted voltages of all rows (rows,), each at its own end."""
        adjoint, times = self.adjoint, sorted({time for time, _ in ends})
        corners = sorted({0.0, *(time for time in (self.corner,) if time < times[-1]), *times})
        inner, weights = (part.ravel() for part in gauss(panels(adjoint.response.values, corners)))
        found, first = np.zeros((len(inner), adjoint.count)), np.zeros(1)
        for end, weight in ends:
            here, modes = inner < end, adjoint.modal(weight[None])[:, 0]
            found[here] += adjoint.before(modes, end - inner[here])
            first = first + modes * np.exp(adjoint.response.values * end)
        at_ends = np.array([end for end, _ in ends])
        time = np.append(inner, at_ends)
        p = np.vstack([found, adjoint.instant(np.array([weight for _, weight in ends]))])
        points = Points.of(np.append(weights, np.ones(len(ends))), p, self.voltages(time), self.rates(time))
        before = adjoint.at_rest(first)
        return points if before is None else points.and_(before)

    def crossing(self, near: float, tolerance: float) -> Crossing:
        """Find the crossing near the time that a reading has, from the beginning of the slot, s."""
        final = self._output(self.slots.hold.stop)[0]
        largest = int(np.abs(final).argmax())
        band = tolerance * abs(final[largest])
        away, rate = self._output(near)
        output = int(np.abs(np.abs(away - final) - band).argmin())
        side, time = float(np.sign(away[output] - final[output])), near
        for _ in range(NEWTON_STEPS):
            beyond = side * float(away[output] - final[output]) - band
            time -= beyond / (side * float(rate[output]))
            away, rate = self._output(time)
        slope = side * float(rate[output])
        return Crossing(output, largest, (side, float(np.sign(final[largest]))), time, slope)


def settling_points(
    slot: OneSlot, crossing: Crossing, tolerance: float, slot_per_time_constant: float
) -> tuple[Points, float]:
    """Return the points of the settling time, and its derivative with respect to the end of the slot.

    Args:
        slot: The slot that was read.
        crossing: Last crossing.
        tolerance: Relative tolerance.
        slot_per_time_constant: Part of the slot that is in proportion to the slowest time constant, in units of it.
    """
    adjoint, (side, sign) = slot.adjoint, crossing.sides
    at_crossing, at_end = np.zeros((2, adjoint.count))
    at_crossing[slot.outputs.start + crossing.output] = side
    at_end[slot.outputs.start + crossing.output] = -side
    at_end[slot.outputs.start + crossing.largest] -= tolerance * sign
    end = slot.slots.hold.stop
    found = slot.points([(crossing.time, at_crossing), (end, at_end)])
    # The end of the slot moves by slot_per_time_constant / rate^2 for a change of the real part of the slowest pole.
    rate, of_rate = adjoint.of_slowest()
    of_end = float(at_end @ slot.rates(np.array([end]))[0])
    found = found.and_(of_rate.times(of_end * slot_per_time_constant / rate**2))
    return found.times(-1 / crossing.slope), -of_end / crossing.slope
