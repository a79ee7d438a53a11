"""Samples of the responses of many circuits in panels of their slots, and the largest magnitudes in them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from amc_circuits.engines.exact.crests import Crests
from amc_circuits.engines.exact.linear_stack.responses import StackedProbe
from amc_circuits.engines.exact.reading import SAMPLES
from amc_circuits.engines.exact.settling import Indices, SampledOutputs
from amc_circuits.linear.response import GAUSS_NODES
from amc_circuits.results import measurement
from netlists.record import FloatArray

AT_ONCE = 512
"""Panels that are sampled at once: their samples stay in the processor's cache."""


class StackedSamples:
    """Samples in panels of S slots.

    Attributes:
        stop: Ends of the slots, shape (S,), s.
        panels: Numbers of panels of the slots, shape (S,).
        sampled: Outputs of all slots; times after the end are the end.
    """

    def __init__(self, outputs: StackedProbe, edges: FloatArray) -> None:
        """`edges`: edges of the panels of each circuit, shape (P, E + 1), s; the last ones may be empty."""
        edges = np.repeat(edges, outputs.responses.columns, axis=0)
        self.edges, self.stop, self._outputs = edges, edges[:, -1], outputs
        self.rise = outputs.responses.rise
        filled = edges[:, 1:] > edges[:, :-1]
        self.panels = filled.sum(axis=1)
        self.slot, self.place = np.nonzero(filled)
        self.start, self.length = edges[self.slot, self.place], np.diff(edges, axis=1)[self.slot, self.place]
        self.sampled = SampledOutputs(*self._sampled(), self._voltage)

    def steady(self, tolerance: float) -> NDArray[np.bool_]:
        """True where the outputs are steady at the end, shape (S,)."""
        late = self.sampled.time >= self.stop[:, None] * (1 - 1 / measurement.STEADY_PART)
        change = np.where(late, self.sampled.largest, 0.0).max(axis=1)
        return np.asarray(change * measurement.STEADY_FRACTION <= self.band(tolerance))

    def band(self, tolerance: float) -> FloatArray:
        """Bands around the final outputs, shape (S,), V."""
        return np.asarray(tolerance * np.abs(self.sampled.final).max(axis=1))

    def settled(self, *bands: FloatArray) -> FloatArray:
        """Times from the step until outputs stay in bands (S,), V; shape (bands, S), s."""
        return np.asarray(np.maximum(self.sampled.settled(np.stack(bands)) - self.rise / 2, 0.0))

    def peaks(self, probe: StackedProbe, groups: Sequence[slice] = (slice(None),)) -> FloatArray:
        """Largest magnitudes of groups of rows of a probe in each slot, shape (S, groups)."""
        slots = probe.responses.slots
        ends = np.stack([self.rise, self.stop], axis=1)
        crests = Crests(np.abs(probe.at(slots, ends, False)).max(axis=1), groups)
        for part, edge in self.parts():
            half = self.length[part] / 2
            time = (self.start[part] + half)[:, None] + half[:, None] * GAUSS_NODES
            crests.look(probe.at(self.slot[part], time, edge), self.slot[part], self.start[part], self.length[part])

        def values(slot: Indices, row: Indices, time: FloatArray) -> FloatArray:
            # By their middles: the last time of a window on the edge may be later than its end, by rounding.
            return _each(probe, slot, row, time, time[:, [0, -1]].mean(axis=1) < self.rise[slot])

        return crests.found(values)

    def parts(self) -> list[tuple[Indices, bool]]:
        """Return the panels a few at a time, and whether they are on the edge."""
        on_edge = self.start < self.rise[self.slot]
        parts = ((np.flatnonzero(on_edge), True), (np.flatnonzero(~on_edge), False))
        return [(of[k : k + AT_ONCE], edge) for of, edge in parts for k in range(0, len(of), AT_ONCE)]

    def _sampled(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return times (S, T), outputs (S, T, N), and those at the end, (S, N)."""
        probe, slots = self._outputs, self._outputs.responses.slots
        final = probe.at(slots, self.stop[:, None], False)[:, 0]
        shape = (*self.edges.shape, SAMPLES)
        time = np.broadcast_to(self.stop[:, None, None], shape).copy()
        outputs = np.broadcast_to(final[:, None, None], (*shape, final.shape[1])).copy()
        for part, edge in self.parts():
            slot, place, start, step = self.slot[part], self.place[part], self.start[part], self.length[part] / SAMPLES
            time[slot, place] = start[:, None] + step[:, None] * np.arange(SAMPLES)
            outputs[slot, place] = probe.at(slot, time[slot, place], edge)
        return time.reshape(len(slots), -1), outputs.reshape(len(slots), -1, final.shape[1]), final

    def _voltage(self, slot: Indices, before: Indices, output: Indices, time: FloatArray) -> FloatArray:
        """Outputs, each at its own times (brackets, T) between a sample and the next one, V."""
        on_edge = self.edges[slot, before // SAMPLES] < self.rise[slot]
        return _each(self._outputs, slot, output, time, on_edge)


def _each(probe: StackedProbe, slot: Indices, row: Indices, time: FloatArray, on_edge: NDArray[np.bool_]) -> FloatArray:
    """Rows of a probe, each in one slot at its own times (C, T), all on the edge or all after it; V or A."""
    found = np.empty(time.shape)
    for here, edge in ((on_edge, True), (~on_edge, False)):
        if here.any():
            found[here] = probe.row_at(slot[here], row[here], time[here], edge)
    return found
