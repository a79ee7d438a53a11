"""Readings of many circuits beyond their linear range, each from rest: `nonlinear/reading.py`, stacked."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from amc_circuits.engines.exact.linear_range import CLOSED_FORM
from amc_circuits.engines.exact.linear_stack.reading import StackedReadings
from amc_circuits.engines.exact.nonlinear.circuit import full_scale
from amc_circuits.engines.exact.nonlinear.panels import POINTS, weights_at
from amc_circuits.engines.exact.settling import Indices, SampledOutputs
from amc_circuits.engines.exact.stack.integrator import Course, integrated
from amc_circuits.engines.exact.stack.losses import losses
from amc_circuits.engines.exact.stack.panels import panels_of
from amc_circuits.engines.exact.stack.samples import Sampler
from amc_circuits.engines.exact.stack.system import StackedSystem
from amc_circuits.linear.response import GAUSS_NODES, GAUSS_WEIGHTS
from amc_circuits.linear.stacks import InjectedStack, StackedModes
from amc_circuits.results import measurement
from netlists import Circuit
from netlists.record import FloatArray


def read_macros(
    circuit: Circuit,
    stack: InjectedStack,
    modes: StackedModes,
    levels: FloatArray,
    slot_time: FloatArray,
    rise_time: float,
    tolerance: float,
) -> StackedReadings:
    """Read one right-hand side in many circuits with macro op-amps, each from rest.

    Where limits take next to nothing, the response is that of the linear circuit. A circuit is left to a reading of its
    own where clamps draw a current, inputs leave the common-mode range, or the equations of a step are hard.

    Args:
        circuit: One of the circuits.
        stack: Their linear circuits.
        modes: Their modes; all are readable.
        levels: Input voltages, the same for all circuits, shape (inputs,), V.
        slot_time: Duration of the slots of each circuit, shape (P,), s.
        rise_time: Rise time of the inputs, s.
        tolerance: Relative tolerance of the settling time.
    """
    system = StackedSystem(circuit, stack, modes, levels)
    steady, linear = _steady(system), losses(system, slot_time, rise_time) <= CLOSED_FORM
    scale = full_scale(np.abs(levels).max(keepdims=True), steady[..., None])[:, 0]
    course = integrated(system, slot_time, rise_time, scale, linear)
    return _Reader(system, course, slot_time, rise_time, tolerance).readings(steady)


def _steady(system: StackedSystem) -> FloatArray:
    """Return the outputs of the linear circuits in their steady states, shape (P, N), V."""
    still, read = system.still(system.drive), system.read
    return (still[:, None] @ read.matrix[..., system.outputs])[:, 0] + (read.feed + read.rest)[:, system.outputs]


class _Reader:
    """Readings of circuits from their courses."""

    def __init__(
        self, system: StackedSystem, course: Course, slot_time: FloatArray, rise: float, tolerance: float
    ) -> None:
        self.whole, self.stop, self.step, self.tolerance = course.whole, slot_time, rise / 2, tolerance
        self.steady_from = slot_time * (1 - 1 / measurement.STEADY_PART)
        self.panels = panels_of(course, system.poles, rise, self.steady_from)
        count = len(slot_time)
        self.first = np.searchsorted(self.panels.owner, np.arange(count + 1))
        sampler = Sampler(system, course, self.panels, rise)
        self.samples = {k: sampler.of(k) for k in np.flatnonzero(self.whole).tolist()}
        self._pad(system.outputs.stop - system.outputs.start)

    def _pad(self, outputs: int) -> None:
        """Set times (P, T) and outputs (P, T, N) of all circuits; those after the end are those at the end."""
        count, most = len(self.stop), int(np.diff(self.first).max())
        self.time = np.broadcast_to(self.stop[:, None], (count, 2 + POINTS * most)).copy()
        self.outputs = np.zeros((*self.time.shape, outputs))
        self.time[:, 0], points = 0.0, self.panels.time
        for k, one in self.samples.items():
            own = points[self.first[k] : self.first[k + 1]].ravel()
            self.time[k, 1 : 1 + own.size] = own
            self.outputs[k, 0] = one.first
            self.outputs[k, 1 : 1 + own.size] = one.outputs[:-1]
            self.outputs[k, 1 + own.size :] = one.outputs[-1]

    def readings(self, wanted: FloatArray) -> StackedReadings:
        """Return the readings; `wanted`: outputs in the steady states, shape (P, N), V."""
        if not self.samples:
            nothing = np.full((len(self.stop), 1), math.nan)
            return StackedReadings(self.whole, nothing[..., None] + 0 * wanted[:, None], *5 * [nothing])
        final = self.outputs[:, -1]
        sampled = SampledOutputs(self.time, self.outputs, final, self._voltage)
        band = self.tolerance * np.abs(final).max(axis=1)
        change = np.where(self.time >= self.steady_from[:, None], sampled.largest, 0.0).max(axis=1)
        resting = np.abs(final - wanted).max(axis=1) <= self.tolerance * np.abs(wanted).max(axis=1)
        known = self.whole & resting & (change * measurement.STEADY_FRACTION <= band) & (band > 0)
        lost = CLOSED_FORM * np.maximum(np.abs(final).max(axis=1), np.finfo(float).tiny)
        fine = {k for k, one in self.samples.items() if one.mean <= 1 and one.loss <= lost[k]}
        known &= [k in fine for k in range(len(known))]
        settled = np.maximum(sampled.settled(band[None])[0] - self.step, 0.0)
        return StackedReadings(
            known=known,
            final=final[:, None],
            settling_time=settled[:, None],
            overshoot=sampled.overshoot()[:, None],
            peak_output_current=self._each(known, self._peak),
            energy=self._energies(settled)[:, None],
            peak_output=self._each(known, lambda k: self.samples[k].stage),
        )

    def _each(self, known: NDArray[np.bool_], of: Callable[[int], float]) -> FloatArray:
        """Return a metric of every circuit that is known, shape (P, 1)."""
        return np.array([[of(k) if one else math.nan] for k, one in enumerate(known.tolist())])

    def _voltage(self, slot: Indices, before: Indices, output: Indices, time: FloatArray) -> FloatArray:
        """Outputs, each at its own times (brackets, T) between a sample and the next one, V."""
        last = self.first[slot + 1] - 1
        panel = np.minimum(self.first[slot] + np.maximum(before - 1, 0) // POINTS, last)[:, None]
        panel = np.where(time > self.panels.end[panel], np.minimum(panel + 1, last[:, None]), panel)
        points = 1 + POINTS * (panel - self.first[slot, None])[:, :, None] + np.arange(POINTS)
        picked = self.outputs[slot[:, None, None], points, output[:, None, None]]
        return self._between(panel, time, picked)

    def _between(self, panel: Indices, time: FloatArray, values: FloatArray) -> FloatArray:
        """Interpolate values at Gauss's points (..., 8) of panels at times in them, s."""
        begin, end = self.panels.begin[panel], self.panels.end[panel]
        return np.asarray((weights_at((2 * time - begin - end) / (end - begin)) * values).sum(axis=-1))

    def _peak(self, k: int) -> float:
        """Largest current of an output in the whole slot, A."""
        own = self.samples[k]
        return float(max(own.peaks.max(), own.current[-1]))

    def _energies(self, settled: FloatArray) -> FloatArray:
        """Energy from the step to the settling times (P,), s, shape (P,), J."""
        begin, end, owner = self.panels.begin, self.panels.end, self.panels.owner
        power, last = self._padded_powers(), (self.step + settled)[owner]
        joules = (power * GAUSS_WEIGHTS).sum(axis=1) * (end - begin) / 2
        counted = begin + end > 2 * self.step  # by their middles, as in `joules_until`
        whole = np.where(counted & (end <= last), joules, 0.0)
        found = np.array([whole[first:after].sum() for first, after in pairwise(self.first.tolist())])
        cut = np.flatnonzero(counted & (begin < last) & (end > last))
        half = (last[cut] - begin[cut])[:, None] / 2
        values = self._between(cut[:, None], begin[cut, None] + half * (1 + GAUSS_NODES), power[cut, None])
        found[owner[cut]] += (values * (half * GAUSS_WEIGHTS)).sum(axis=1)
        return found

    def _padded_powers(self) -> FloatArray:
        """Delivered powers at Gauss's points of all panels, shape (B, 8), W."""
        return np.concatenate([one.delivered[:-1] for one in self.samples.values()]).reshape(-1, POINTS)
