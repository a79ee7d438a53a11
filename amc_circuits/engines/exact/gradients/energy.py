"""Derivative of the energy that supplies and sources deliver from the step to the settling time.

With the power P of the voltages y and their rates y',

    J = integral of P,    dJ = P(t_s) dt_s + integral of (P_y dy + P_y' dy') + explicit terms

The adjoint modes z follow `z' = -values z - g` backwards from t_s, with g = P_y in modal coordinates. They are computed
panel by panel by the collocation method of Gauss, whose points are those of the integral (E. Hairer, G. Wanner, Solving
Ordinary Differential Equations II, 1996, chapter IV.5).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amc_circuits.engines.exact.circuit import ExactCircuit
from amc_circuits.engines.exact.gradients.graded_panels import panels
from amc_circuits.engines.exact.gradients.settling import OneSlot
from amc_circuits.linear.adjoint import Points
from amc_circuits.linear.probes import Modal
from amc_circuits.linear.response import GAUSS_NODES, GAUSS_WEIGHTS, gauss
from amc_circuits.results.observation import ideal_drivers
from netlists import MacroOpAmp, OpAmps
from netlists.record import FloatArray
from netlists.short_text import short_repr


def _collocation() -> FloatArray:
    """Integrals of the Lagrange polynomials at Gauss's points of 0 .. 1 from 0 to each point, shape (8, 8)."""
    nodes = (1 + GAUSS_NODES) / 2
    powers = np.arange(len(nodes))
    moments = nodes[:, None] ** (powers + 1) / (powers + 1)
    return np.asarray(np.linalg.solve((nodes[:, None] ** powers).T, moments.T).T)


COLLOCATION = _collocation()


@dataclass(frozen=True)
class Power:
    """Delivered power at some times, and its derivatives.

    Attributes:
        value: Power, shape (Q,), W.
        of_voltage: Derivative with respect to the voltage of every row, shape (Q, rows), W/V.
        of_rate: Derivative with respect to their rates, shape (Q, rows), W s/V.
        of_current: Derivative with respect to the current of each op-amp by its row, shape (Q, nodes), W/A.
        root: Voltage of class AB, `sqrt(i^2/4 + I_ab^2)`, by the row of op-amps, shape (Q, nodes), A.
        drivers: Derivative with respect to the current out of each ideal driver, at its rows, shape (Q, rows), V.
    """

    value: FloatArray
    of_voltage: FloatArray
    of_rate: FloatArray
    of_current: dict[str, FloatArray]
    root: dict[str, FloatArray]
    drivers: FloatArray

    __repr__ = short_repr


@dataclass(frozen=True)
class EnergyPoints:
    """Energy up to a fixed time, and its derivatives.

    Attributes:
        value: Energy, J.
        last: Power at the end, W.
        points: Points of the energy.
        explicit: Derivatives by part and field without a change of any voltage, shape (nodes,) each.
        of_level: Derivative with respect to the logarithm of the input voltages, J.
    """

    value: float
    last: float
    points: Points
    explicit: dict[str, dict[str, FloatArray]]
    of_level: float

    __repr__ = short_repr


@dataclass(frozen=True)
class _Supply:
    """Numbers of an op-amp with a known supply."""

    output_resistance: float
    supply_voltage: float
    quiescent_current: float
    class_ab_current: float


def _supplied(part: OpAmps) -> _Supply:
    opamp = part.record.equivalent
    assert isinstance(opamp, MacroOpAmp) and opamp.class_ab_current is not None
    assert opamp.quiescent_current is not None
    return _Supply(opamp.output_resistance, opamp.supply_voltage, opamp.quiescent_current, opamp.class_ab_current)


class EnergySlot:
    """Energy of one slot, from the step to its settling time."""

    def __init__(self, exact: ExactCircuit, slot: OneSlot, settled: float) -> None:
        """`settled`: time at which the integral ends, from the beginning of the slot, s."""
        self.exact, self.slot, self.adjoint, self.settled = exact, slot, slot.adjoint, settled
        self.step = slot.slots.step

    def power(self, time: FloatArray) -> Power:
        """Compute the delivered power at times (Q,)."""
        at = self.adjoint.at
        y, rate = self.slot.voltages(time), self.slot.rates(time)
        value, of_voltage, of_rate, drivers = np.zeros(len(time)), np.zeros_like(y), np.zeros_like(y), np.zeros_like(y)
        of_current, root = {}, {}
        for part, last in zip(self.exact.circuit.of(OpAmps), self.exact.linear.stages, strict=True):
            opamp = _supplied(part)
            current = (y[:, at[last]] - y[:, at[part.output]]) / opamp.output_resistance
            found = np.sqrt(current**2 / 4 + opamp.class_ab_current**2)
            idle = opamp.quiescent_current - opamp.class_ab_current
            value += 2 * opamp.supply_voltage * (found + idle).sum(axis=1)
            slope = opamp.supply_voltage * current / (2 * found)
            of_voltage[:, at[last]] += slope / opamp.output_resistance
            of_voltage[:, at[part.output]] -= slope / opamp.output_resistance
            of_current[part.name], root[part.name] = slope, found
        for group in ideal_drivers(self.exact.circuit):
            drivers[:, at[group]] = y[:, at[group]]
            for other, laplacian, charge in self.exact.drawn[group]:
                drawn = y[:, at[other]] @ laplacian + rate[:, at[other]] @ charge
                value += (y[:, at[group]] * drawn).sum(axis=1)
                of_voltage[:, at[group]] += drawn
                of_voltage[:, at[other]] += y[:, at[group]] @ laplacian.T
                of_rate[:, at[other]] += y[:, at[group]] @ charge.T
        return Power(value, of_voltage, of_rate, of_current, root, drivers)

    def energy(self) -> EnergyPoints:
        """Compute the energy up to a fixed time, and its points."""
        adjoint, start, stop = self.adjoint, self.step, self.settled
        corners = sorted({0.0, start, *(time for time in (self.slot.corner,) if time < stop), stop})
        edges = panels(adjoint.response.values, corners)
        times, weights = (part.ravel() for part in gauss(edges))
        inside, power = times > start, self.power(times)
        drive = power.of_voltage - self._turning(power, times)
        drive[~inside] = 0.0
        at_ends = self.power(np.array([stop, start]))
        ends = at_ends.of_rate * np.array([[1.0], [-1.0]])
        modes, first = self._backwards(edges, adjoint.modal(drive), adjoint.modal(ends))
        p = adjoint.of_modes(modes) + adjoint.instant(drive)
        for group in ideal_drivers(self.exact.circuit):
            p[inside, adjoint.at[group]] -= power.drivers[inside, adjoint.at[group]]
        time = np.append(times, [stop, start])
        y, rate = self.slot.voltages(time), self.slot.rates(time)
        points = Points.of(np.append(weights, [1.0, 1.0]), np.vstack([p, adjoint.instant(ends)]), y, rate)
        if (before := adjoint.at_rest(first)) is not None:
            points = points.and_(before)
        window = np.where(inside, weights, 0.0)
        rest = np.zeros(adjoint.count)
        rest[: len(adjoint.linear.rest)] = adjoint.linear.rest
        scaled = (power.of_voltage * (y[:-2] - rest) + power.of_rate * rate[:-2]).sum(axis=1)
        explicit = self._explicit(window, power, y[:-2])
        return EnergyPoints(
            float(window @ power.value), float(at_ends.value[0]), points, explicit, float(window @ scaled)
        )

    def _explicit(self, window: FloatArray, power: Power, y: FloatArray) -> dict[str, dict[str, FloatArray]]:
        """Compute the derivatives that the op-amps' supplies have without a change of any voltage."""
        found, at, duration = {}, self.adjoint.at, float(window.sum())
        for part, last in zip(self.exact.circuit.of(OpAmps), self.exact.linear.stages, strict=True):
            opamp = _supplied(part)
            drop = y[:, at[last]] - y[:, at[part.output]]
            root, nodes = power.root[part.name], np.ones(drop.shape[1])
            twice = 2 * opamp.supply_voltage
            idle = opamp.quiescent_current - opamp.class_ab_current
            of_ab = twice * (window @ (opamp.class_ab_current / root) - duration)
            found[part.name] = {
                "output_resistance": -(window @ (power.of_current[part.name] * drop)) / opamp.output_resistance**2,
                "supply_voltage": 2 * (window @ root + duration * idle),
                "quiescent_current": twice * duration * nodes,
                "class_ab_current": of_ab,
            }
        return found

    def _turning(self, power: Power, time: FloatArray) -> FloatArray:
        """Compute the rate of change of the derivative with respect to rates: sources move on the edge alone."""
        if not power.of_rate.any():
            return np.zeros_like(power.of_rate)
        adjoint, found = self.adjoint, np.zeros_like(power.of_rate)
        rate = self.slot.rates(time)
        for group in ideal_drivers(self.exact.circuit):
            for other, _, charge in self.exact.drawn[group]:
                found[:, adjoint.at[other]] += rate[:, adjoint.at[group]] @ charge.T
        return found

    def _backwards(self, edges: FloatArray, drive: Modal, ends: Modal) -> tuple[Modal, Modal]:
        """Integrate the adjoint modes backwards over all panels, to Gauss's points (n, 8 P) and to the first edge (n,).

        Args:
            edges: Edges of the panels; the step is one of them.
            drive: Drive of the modes at these points, shape (n, 8 P).
            ends: What the modes have at the end, and what the step adds, shape (n, 2).
        """
        values = self.adjoint.response.values
        found = np.empty(drive.shape, dtype=np.result_type(drive, values))
        rates, base = np.linalg.eig(COLLOCATION)
        back = np.linalg.inv(base)
        state = ends[:, 0].astype(found.dtype)
        complex_ = np.iscomplexobj(found)
        for k in range(len(edges) - 2, -1, -1):
            length, part = edges[k + 1] - edges[k], slice(8 * k, 8 * k + 8)
            pushed = drive[:, part][:, ::-1]
            right = state[:, None] + length * pushed @ COLLOCATION.T
            inner = (right @ back.T) / (1 - length * values[:, None] * rates) @ base.T
            inner = inner if complex_ else np.real(inner)
            found[:, part] = inner[:, ::-1]
            state = state + length / 2 * ((values[:, None] * inner + pushed) @ GAUSS_WEIGHTS)
            if edges[k] == self.step:
                state = state + ends[:, 1]
        return found, state
