"""Voltages, currents and powers of many circuits at Gauss's points of their panels, one circuit after the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amc_circuits.engines.exact.nonlinear.panels import DERIVATIVE, POINTS, TO_BETWEEN, peaks
from amc_circuits.engines.exact.nonlinear.powers import supply_power
from amc_circuits.engines.exact.stack.courses import Courses
from amc_circuits.engines.exact.stack.integrator import Course
from amc_circuits.engines.exact.stack.losses import sampled_loss
from amc_circuits.engines.exact.stack.panels import PanelsOfMany
from amc_circuits.engines.exact.stack.system import StackedSystem
from amc_circuits.linear.response import GAUSS_WEIGHTS
from amc_circuits.results.observation import common_mode_ranges, opamp_places
from netlists import MacroOpAmp
from netlists.opamps.subcircuit import has_energy
from netlists.record import FloatArray
from netlists.short_text import short_repr


@dataclass(frozen=True)
class Samples:
    """Samples of one circuit at the points of its panels, and at the end of the slot.

    Attributes:
        outputs: Output voltages, shape (B 8 + 1, N), V.
        first: Output voltages at the beginning, shape (N,), V.
        current: Largest current of an output, shape (B 8 + 1,), A.
        peaks: Largest current of an output in each panel, between its points too, shape (B,), A.
        stage: Largest output of an op-amp without its load, V.
        mean: Largest mean of the inputs of an op-amp in units of its common-mode range; 0 without one.
        delivered: Power of supplies and sources, shape (B 8 + 1,), W; nan if it is not known.
        loss: What limits that were left out would take from a waveform, V.
    """

    outputs: FloatArray
    first: FloatArray
    current: FloatArray
    peaks: FloatArray
    stage: float
    mean: float
    delivered: FloatArray
    loss: float

    __repr__ = short_repr


class Sampler:
    """Samples circuits."""

    def __init__(self, system: StackedSystem, course: Course, panels: PanelsOfMany, rise: float) -> None:
        self.system, self.course, self.panels, self.rise = system, course, panels, rise
        self._courses = Courses(system.poles, course, panels)
        self._at_rest = (course.first[:, None] @ system.read.matrix)[:, 0] + system.read.rest
        system.read.add_currents(self._at_rest[:, None], course.pins_at_first[:, None], np.arange(len(course.first)))
        self._powered = all(has_energy(record) for record in system.circuit.opamps)
        laws = system.single
        self._ranges = common_mode_ranges(system.circuit)
        self._bend, self._limit = (laws.resistance * laws.current)[:, 0, 0], laws.current[:, 0, 0]

    def of(self, k: int) -> Samples:
        """Sample circuit k."""
        system, m = self.system, self.system.count
        time, (state, pins) = self._courses.time(k), self._courses.of(k)
        factor = np.append(np.minimum(time / self.rise, 1.0), 1.0)
        seen = state @ system.read.matrix[k]
        seen += factor[:, None] * system.read.feed[k]
        seen += system.read.rest[k]
        system.read.add_currents(seen[None], pins[None], np.array([k]))
        stage, current = seen[:, :m], seen[:, :m] - seen[:, m : 2 * m]
        current /= self._bend
        current = current if self.course.linear[k] else system.single.tanh(current, out=current)
        current *= self._limit
        delivered = np.full(len(factor), np.nan)
        if self._powered:
            drawn = seen[:, 2 * m : 2 * m + len(system.own)] + factor[:, None] * system.own[:, k]
            delivered = factor * drawn[:, 0]
            if drawn.shape[1] > 1:
                delivered[:-1] += factor[:-1] * self._slopes(k, drawn[:-1, 1])
            for record, places in opamp_places(system.circuit):
                assert isinstance(record, MacroOpAmp)
                delivered += supply_power(record, current[:, places]).sum(axis=1)
        largest = np.abs(current).max(axis=1)
        highest, volts = (peaks(one[:-1].reshape(-1, POINTS, m), TO_BETWEEN).max(axis=1) for one in (current, stage))
        highest = np.minimum(highest, self._limit.max())  # polynomials between points may pass it
        outputs, first = seen[:, system.outputs].copy(), self._at_rest[k, system.outputs]
        highest_stage = float(max(volts.max(), np.abs(stage[-1]).max()))
        mean = self._mean(seen[:-1, 2 * m + len(system.own) :])
        loss = self._loss(k, state, factor) if self.course.linear[k] else 0.0
        return Samples(outputs, first, largest, highest, highest_stage, mean, delivered, loss)

    def _loss(self, k: int, state: FloatArray, factor: FloatArray) -> float:
        """Return what limits would take from the waveforms of a linear circuit, V."""
        system, own = self.system, self._courses.own(k)
        seen = state @ system.seen.matrix[k]
        seen += factor[:, None] * system.seen.feed[k] + system.seen.rest[k]
        half = (self.panels.end[own] - self.panels.begin[own])[:, None] / 2
        weights = np.append((half * GAUSS_WEIGHTS).ravel(), 0.0)
        return sampled_loss(system.single, seen, weights, float(system.poles.values[k].real.max()))

    def _mean(self, means: FloatArray) -> float:
        """Return the largest mean of inputs (T, m or 0), V, in units of the common-mode range."""
        if not means.size:
            return 0.0
        found = peaks(means.reshape(-1, POINTS, means.shape[1]), TO_BETWEEN).max(axis=0)
        return float((found / self._ranges).max())

    def _slopes(self, k: int, values: FloatArray) -> FloatArray:
        """Differentiate values at points of the panels of circuit k (T,); same shape."""
        own = self._courses.own(k)
        half = (self.panels.end[own] - self.panels.begin[own])[:, None] / 2
        return np.asarray(values.reshape(-1, POINTS) @ DERIVATIVE.T / half).ravel()
