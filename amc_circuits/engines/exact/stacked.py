"""Readings of many circuits at once, each from its own exact response: `reading.py` over a stack of linear circuits.

Samples, searches and definitions are those of a circuit that is read alone. All steps work circuit by circuit inside
NumPy's loops, with products of fixed sizes: what is read does not depend, bit for bit, on the other circuits. A circuit
whose modes need care is left to a reading of its own: growing poles, poles far apart, (nearly) dependent modes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from amc_circuits.engines.exact.crests import Crests
from amc_circuits.engines.exact.reading import SAMPLES
from amc_circuits.engines.exact.settling import Indices, SampledOutputs
from amc_circuits.linear.modes import ComplexArray
from amc_circuits.linear.response import DECAYED, GAUSS_NODES, PANEL
from amc_circuits.linear.stacks import Rows, StackedCircuit, StackedModes
from amc_circuits.results import measurement
from netlists.record import FloatArray
from netlists.short_text import short_repr

MOST_PANELS = 400
"""Most panels of a slot here; a circuit with more is read alone."""
AT_ONCE = 512
"""Panels that are sampled at once: their samples stay in the processor's cache."""
RAMP = [1 / math.factorial(k) for k in range(2, 13)]
"""Coefficients of the power series of `(exp(x) - 1 - x)/x^2`: up to 0.5 the next term is 8e-14 of the first."""


@dataclass(frozen=True)
class StackedReadings:
    """Readings of K right-hand sides in each of P circuits, all from rest.

    Attributes:
        known: Circuits that were read: stable, steady and at their steady states; shape (P,).
        final: Outputs at the end of the slot, shape (P, K, N), V.
        settling_time: Shape (P, K), s.
        overshoot: Shape (P, K).
        peak_output_current: Shape (P, K), A.
        energy: From the step to the settling time, shape (P, K), J; None where it is not known.
        peak_output: Largest output of an op-amp without its load, shape (P, K), V; None of op-amps without a swing.
    """

    known: NDArray[np.bool_]
    final: FloatArray
    settling_time: FloatArray
    overshoot: FloatArray
    peak_output_current: FloatArray
    energy: FloatArray | None = None
    peak_output: FloatArray | None = None

    __repr__ = short_repr

    @classmethod
    def beside(cls, parts: Sequence[StackedReadings]) -> StackedReadings:
        """Return the readings of some right-hand sides each; all know the energies and the largest outputs."""
        names = [field.name for field in fields(cls)][1:]
        known = np.logical_and.reduce([part.known for part in parts])
        return cls(known, *(np.concatenate([getattr(part, name) for part in parts], axis=1) for name in names))


def ramp(x: ComplexArray) -> ComplexArray:
    """Compute `(exp(x) - 1 - x)/x^2`, where x is small by its power series."""
    found = np.full_like(x, RAMP[-1])
    for coefficient in RAMP[-2::-1]:
        found *= x
        found += coefficient
    large = np.abs(x) > 0.5
    if large.any():
        some = x[large]
        found[large] = (np.exp(some) - 1 - some) / some**2
    return found


def _complex(values: ComplexArray, coordinates: FloatArray) -> ComplexArray:
    """Return the modes of eigenvalues (P, n) from their coordinates (P, K, n) in `StackedModes`, same shape."""
    side = np.sign(values.imag)[:, None]
    later, before = np.roll(coordinates, -1, axis=2), np.roll(coordinates, 1, axis=2)
    upper, lower = coordinates + 1j * later, before - 1j * coordinates
    return np.where(side == 0, coordinates, np.where(side > 0, upper, lower))


class _Responses:
    """Responses of S slots, those of a circuit one after the other: its modes, and what starts them."""

    def __init__(self, modes: StackedModes, drive: FloatArray, levels: FloatArray, rise: float) -> None:
        self.rise, self.columns = rise, levels.shape[1]
        self.vectors = modes.vectors
        self.values = np.repeat(modes.values, self.columns, axis=0)
        self.lower = self.values.imag < 0
        driven = _complex(modes.values, (modes.inverse @ (drive @ levels)).transpose(0, 2, 1)).reshape(
            self.values.shape
        )
        self.rising = driven / rise
        self.still = -driven / self.values
        self.decaying = self.rising * rise**2 * ramp(self.values * rise) - self.still
        self.levels = np.tile(levels.T, (len(modes.values), 1))

    def owner(self, slot: Indices) -> Indices:
        """Circuits of slots."""
        return np.asarray(slot // self.columns)

    def started(self, slot: Indices, time: FloatArray, edge: bool) -> ComplexArray:
        """Moving part of the modes of slots (B,) at times (B, T), shape (B, T, n)."""
        values = self.values[slot, None]
        if edge:
            return self.rising[slot, None] * time[..., None] ** 2 * ramp(values * time[..., None])
        return self.decaying[slot, None] * np.exp(values * (time[..., None] - self.rise))

    def evenly(self, slot: Indices, start: FloatArray, step: FloatArray) -> ComplexArray:
        """The same after the edge at `SAMPLES` times from `start`, `step` apart (B,), by powers of one factor."""
        values, found = self.values[slot], np.empty((len(slot), SAMPLES, self.values.shape[1]), dtype=np.complex128)
        found[:, 0] = self.decaying[slot] * np.exp(values * (start - self.rise)[:, None])
        factor, known = np.exp(values * step[:, None]), 1
        while known < SAMPLES:
            found[:, known : 2 * known] = found[:, :known] * factor[:, None]
            factor, known = factor * factor, 2 * known
        return found

    def packed(self, slot: Indices, modal: ComplexArray) -> FloatArray:
        """Real numbers for `_Probe.packed`: of a conjugate pair the real, then the imaginary part of the upper one."""
        return np.where(self.lower[slot, None], -modal.imag, modal.real)


class _Probe:
    """Rows of voltages or currents of all circuits, and their values in all slots."""

    def __init__(self, responses: _Responses, rows: Rows) -> None:
        read, feed, rest = rows
        self.responses = responses
        self.packed = (read @ responses.vectors).transpose(0, 2, 1)
        slots = np.arange(len(responses.values))
        levels, owner = responses.levels[:, :, None], responses.owner(slots)
        modal = responses.packed(slots, responses.still[:, None])
        self.rest, self.feed = rest[owner, :, 0], (feed[owner] @ levels)[..., 0]
        self.still = (modal @ self.packed[owner])[:, 0] + self.feed + self.rest

    def at(self, slot: Indices, time: FloatArray, edge: bool) -> FloatArray:
        """Values in slots (B,) at times (B, T), all on the edge or all after it; shape (B, T, rows)."""
        return self._of(slot, self.responses.started(slot, time, edge), time, edge)

    def evenly(self, slot: Indices, start: FloatArray, step: FloatArray) -> FloatArray:
        """Values after the edge at `SAMPLES` times from `start`, `step` apart (B,); shape (B, SAMPLES, rows)."""
        return self._of(slot, self.responses.evenly(slot, start, step), start[:, None], False)

    def _of(self, slot: Indices, modal: ComplexArray, time: FloatArray, edge: bool) -> FloatArray:
        found = self.responses.packed(slot, modal) @ self.packed[self.responses.owner(slot)]
        return np.asarray(found + self._inputs(slot, time, edge))

    def _inputs(self, slot: Indices, time: FloatArray, edge: bool) -> FloatArray:
        if not edge:
            return self.still[slot, None]
        return self.rest[slot, None] + self.feed[slot, None] * (time[..., None] / self.responses.rise)

    def row_at(self, slot: Indices, row: Indices, time: FloatArray, edge: bool) -> FloatArray:
        """One row each of slots (B,) at times (B, T), shape (B, T)."""
        modal = self.responses.packed(slot, self.responses.started(slot, time, edge))
        moved = (modal * self.packed[self.responses.owner(slot), :, row][:, None]).sum(axis=2)
        each = np.arange(len(slot))
        inputs = np.broadcast_to(self._inputs(slot, time, edge), (*time.shape, self.still.shape[1]))
        return np.asarray(moved + inputs[each, :, row])


def read_stack(
    circuits: StackedCircuit,
    modes: StackedModes,
    levels: FloatArray,
    slot_time: FloatArray,
    rise_time: float,
    tolerance: float,
) -> StackedReadings:
    """Read right-hand sides in many circuits, each from rest.

    Args:
        circuits: Linear circuits.
        modes: Their modes; all are readable.
        levels: Input voltages, the same for all circuits, shape (inputs, K), V.
        slot_time: Duration of the slots of each circuit, shape (P,), s.
        rise_time: Rise time of the inputs, s.
        tolerance: Relative tolerance of the settling time.
    """
    linear = circuits.linear
    responses = _Responses(modes, linear.drive, levels, rise_time)
    outputs = _Probe(responses, circuits.outputs)
    panels, whole = _panels(modes.values, slot_time, rise_time)
    reader = _Reader(responses, outputs, np.repeat(panels, responses.columns, axis=0))
    sampled = SampledOutputs(*reader.sampled(), reader.voltage)
    shape = (len(modes.values), responses.columns)
    band = tolerance * np.abs(sampled.final).max(axis=1)
    late = sampled.time >= reader.stop[:, None] * (1 - 1 / measurement.STEADY_PART)
    change = np.where(late, sampled.largest, 0.0).max(axis=1)
    wanted = linear.steady(linear.outputs, levels).transpose(0, 2, 1).reshape(sampled.final.shape)
    resting = np.abs(sampled.final - wanted).max(axis=1) <= tolerance * np.abs(wanted).max(axis=1)
    known = resting & (change * measurement.STEADY_FRACTION <= band) & (band > 0)
    settled = np.maximum(sampled.settled(band[None])[0] - rise_time / 2, 0.0)
    return StackedReadings(
        known=known.reshape(shape).all(axis=1) & whole,
        final=sampled.final.reshape(*shape, -1),
        settling_time=settled.reshape(shape),
        overshoot=sampled.overshoot().reshape(shape),
        peak_output_current=reader.peak(_Probe(responses, circuits.currents)).reshape(shape),
    )


class _Reader:
    """Samples in panels of the slots."""

    def __init__(self, responses: _Responses, outputs: _Probe, edges: FloatArray) -> None:
        """`edges`: edges of the panels of each slot, shape (S, E + 1), s; the last ones may be empty."""
        self.rise, self.outputs, self.stop = responses.rise, outputs, edges[:, -1]
        self.edges = edges
        self.slot, self.place = np.nonzero(edges[:, 1:] > edges[:, :-1])
        self.start, self.length = edges[self.slot, self.place], np.diff(edges, axis=1)[self.slot, self.place]

    def _parts(self) -> list[tuple[Indices, bool]]:
        """Return the panels a few at a time, and whether they are on the edge."""
        on_edge = self.start < self.rise
        parts = ((np.flatnonzero(on_edge), True), (np.flatnonzero(~on_edge), False))
        return [(of[k : k + AT_ONCE], edge) for of, edge in parts for k in range(0, len(of), AT_ONCE)]

    def sampled(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return times (S, T), outputs (S, T, N), and those at the end, (S, N); times after it are the end."""
        slots = np.arange(len(self.stop))
        final = self.outputs.at(slots, self.stop[:, None], False)[:, 0]
        shape = (*self.edges.shape, SAMPLES)
        time = np.broadcast_to(self.stop[:, None, None], shape).copy()
        outputs = np.broadcast_to(final[:, None, None], (*shape, final.shape[1])).copy()
        for part, edge in self._parts():
            slot, place, start, step = self.slot[part], self.place[part], self.start[part], self.length[part] / SAMPLES
            time[slot, place] = start[:, None] + step[:, None] * np.arange(SAMPLES)
            found = self.outputs.at(slot, time[slot, place], True) if edge else self.outputs.evenly(slot, start, step)
            outputs[slot, place] = found
        return time.reshape(len(slots), -1), outputs.reshape(len(slots), -1, final.shape[1]), final

    def voltage(self, slot: Indices, before: Indices, output: Indices, time: FloatArray) -> FloatArray:
        """Outputs, each at its own times (brackets, T) between a sample and the next one, V."""
        on_edge = self.edges[slot, before // SAMPLES] < self.rise
        return self._each(self.outputs, slot, output, time, on_edge)

    def peak(self, probe: _Probe) -> FloatArray:
        """Largest magnitude of a probe in each slot, shape (S,)."""
        slots = np.arange(len(self.stop))
        ends = np.stack([np.full_like(self.stop, self.rise), self.stop], axis=1)
        crests = Crests(np.abs(probe.at(slots, ends, False)).max(axis=1))
        for part, edge in self._parts():
            half = self.length[part] / 2
            time = (self.start[part] + half)[:, None] + half[:, None] * GAUSS_NODES
            crests.look(probe.at(self.slot[part], time, edge), self.slot[part], self.start[part], self.length[part])

        def values(slot: Indices, row: Indices, time: FloatArray) -> FloatArray:
            return self._each(probe, slot, row, time, time[:, -1] <= self.rise)

        return crests.found(values)[:, 0]

    def _each(
        self, probe: _Probe, slot: Indices, row: Indices, time: FloatArray, on_edge: NDArray[np.bool_]
    ) -> FloatArray:
        """Rows of a probe, each in one slot at its own times (C, T), all on the edge or all after it; V or A."""
        found = np.empty(time.shape)
        for here, edge in ((on_edge, True), (~on_edge, False)):
            if here.any():
                found[here] = probe.row_at(slot[here], row[here], time[here], edge)
        return found


def _panels(values: ComplexArray, slot_time: FloatArray, rise: float) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return edges of the panels of edge and hold as for one circuit, (P, E + 1), and whether they reach the end."""
    edge = _edges(values, np.zeros_like(slot_time), np.full_like(slot_time, rise))
    hold = _edges(values, np.full_like(slot_time, rise), slot_time)
    steady_from = slot_time * (1 - 1 / measurement.STEADY_PART)
    inner = np.stack([np.full_like(slot_time, rise / 2), steady_from], axis=1)
    whole = (edge[:, -1] == rise) & (hold[:, -1] == slot_time)
    edges = np.sort(np.concatenate([edge, hold, inner, slot_time[:, None]], axis=1), axis=1)
    # An edge that is there twice would be an empty panel between others: it becomes one after the end.
    edges[:, 1:][edges[:, 1:] == edges[:, :-1]] = np.inf
    return np.sort(np.minimum(edges, slot_time[:, None]), axis=1), whole


def _edges(values: ComplexArray, start: FloatArray, stop: FloatArray) -> FloatArray:
    """Return edges of `ExactResponse.panels` for many circuits, shape (P, E + 1); the last may be repeated."""
    ordered = np.take_along_axis(values, np.argsort(-values.real, axis=1), axis=1)
    speeds, decays = np.maximum.accumulate(np.abs(ordered), axis=1), -ordered.real
    edges, each = [start], np.arange(len(values))
    while (edges[-1] < stop).any() and len(edges) <= MOST_PANELS:
        place = edges[-1]
        left = np.maximum(1, (decays * (place - start)[:, None] <= DECAYED).sum(axis=1))
        until = place + PANEL / speeds[each, left - 1]
        edges.append(np.where(until > stop - 1e-3 * (stop - place), stop, until))
    return np.stack(edges, axis=1)
