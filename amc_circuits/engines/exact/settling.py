"""Search for settling times and overshoot in sampled outputs that are known exactly between the samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netlists.record import FloatArray
from netlists.short_text import short_repr

CROSSING_STEPS = 12
"""Steps of false position; each multiplies the number of good digits by 1.4 or more."""
CROSSED = 1e-9
"""Distance from the edge of the band, in units of the band, below which an output crosses it."""
CLOSE = 1e-5
"""Distance in such units from where one step of Newton's method comes to the crossing."""
NODES = -np.cos(np.arange(8) * np.pi / 7)
"""Places in a bracket, -1 to 1, where outputs are known. A ring turns by at most 3/8 of a radian, so the polynomial
through them errs by 2 (3/32)^8/8! = 3e-13 of its amplitude."""
COEFFICIENTS = np.linalg.inv(np.vander(NODES, increasing=True)).T
DEGREES = np.arange(len(NODES))
CLOSE_PLACES = np.linspace(-1, 1, 65)
TO_CLOSE = np.vander(CLOSE_PLACES, len(NODES), increasing=True) @ COEFFICIENTS.T
"""Values at `CLOSE_PLACES` from those at `NODES`; a parabola through three of them has a crest to ten digits."""
NEWTON_STEPS = 3
"""From a secant over a seventh of the bracket; a last one follows on the exact outputs."""
NEAR = 0.75
"""Between two samples a crest can pass its band if the higher sample is above this part of it: a ring of amplitude a is
at most a (1 - cos(3/16)) = 0.018 a above its highest sample, so this holds for rings of up to 14 bands."""
CREST_POINTS = 16
SCANNED = 50_000
"""Number of samples scanned at once."""

Indices = NDArray[np.int64]
Bracket = tuple[Indices, Indices, Indices, FloatArray, FloatArray]
"""Slot, sample before, output, and two times between which the output comes into its band."""
Voltage = Callable[[Indices, Indices, Indices, FloatArray], FloatArray]
"""Outputs between samples, V: of slot, sample before and output (brackets,) at times (brackets, T)."""


@dataclass(frozen=True)
class SampledOutputs:
    """Outputs of slots at common or own times, close enough that a ring of the outputs turns little between two.

    Attributes:
        time: Times of the samples, rising, shape (T,) or (K, T), s.
        outputs: Output voltages, shape (K, T, N), V.
        final: Final outputs, shape (K, N), V.
        voltage: Exact outputs between two samples.
    """

    time: FloatArray
    outputs: FloatArray
    final: FloatArray
    voltage: Voltage

    __repr__ = short_repr

    @cached_property
    def largest(self) -> FloatArray:
        """Largest distance of an output from its final value, shape (K, T), V."""
        return self._scanned[0]

    @cached_property
    def _scanned(self) -> tuple[FloatArray, FloatArray, Indices, Indices]:
        """Largest distances, and of each slot the largest excess over the final value, its sample and its output."""
        count, times, outputs = self.outputs.shape
        largest, excess, highest = np.empty((count, times)), np.empty(count), np.empty(count, dtype=np.int64)
        away = np.where(self.final < 0, -1.0, 1.0)[:, None]
        # Few slots at a time, because they stay in the processor's cache.
        together = max(1, SCANNED // (times * outputs))
        for first in range(0, count, together):
            some = slice(first, first + together)
            buffer = self.outputs[some] - self.final[some, None]
            buffer *= away[some]
            flat = buffer.reshape(len(buffer), -1)
            highest[some] = flat.argmax(axis=1)
            excess[some] = flat[np.arange(len(flat)), highest[some]]
            np.abs(buffer, out=buffer)
            # Rows of memory, as `max` takes long for many short ones.
            columns = np.ascontiguousarray(buffer.reshape(-1, outputs).T)
            largest[some] = columns.max(axis=0).reshape(len(buffer), times)
        return largest, excess, *np.divmod(highest, outputs)

    def settled(self, bands: FloatArray) -> FloatArray:
        """The last instants at which outputs enter their bands (B, K), V, shape (B, K), s; -inf if always inside."""
        outside = self.largest > bands[:, :, None]
        last = outside.shape[2] - 1 - outside[:, :, ::-1].argmax(axis=2)
        last[~outside.any(axis=2)] = -1
        found = [self._leaving(bands, last), *self._crests(bands, last)]
        band, slot, before, output, low, high = (np.concatenate(column) for column in zip(*found, strict=True))
        settled = np.full(bands.shape, -np.inf)
        if band.size:
            crossing, slope = self._estimated((slot, before, output, low, high), bands[band, slot])
            np.maximum.at(settled, (band, slot), crossing)
            # Of equal ones the first.
            latest = np.flatnonzero(crossing == settled[band, slot])
            at = latest[np.unique(band[latest] * len(self.final) + slot[latest], return_index=True)[1]]
            bracket = (slot[at], before[at], output[at], low[at], high[at])
            settled[band[at], slot[at]] = self._crossing(bracket, bands[band[at], slot[at]], crossing[at], slope[at])
        return settled

    def _leaving(self, bands: FloatArray, last: Indices) -> tuple[Indices, *Bracket]:
        """Outputs outside their bands (B, K), V, at the last sample (B, K) at which one is."""
        band, slot = np.nonzero(last >= 0)
        before = last[band, slot]
        away = np.abs(self.outputs[slot, before] - self.final[slot]) > bands[band, slot, None]
        one, output = np.nonzero(away)
        before = before[one]
        slot = slot[one]
        return band[one], slot, before, output, self._time(slot, before), self._time(slot, before + 1)

    def _time(self, slot: Indices, sample: Indices) -> FloatArray:
        """Times of samples, s."""
        return self.time[sample] if self.time.ndim == 1 else self.time[slot, sample]

    def _crests(self, bands: FloatArray, last: Indices) -> list[tuple[Indices, *Bracket]]:
        """Where outputs leave their bands (B, K), V, between two samples inside, after the last one outside (B, K)."""
        near = self.largest[:, 1:-1] > NEAR * bands.min(axis=0)[:, None]
        near &= np.arange(1, self.largest.shape[1] - 1) > last.min(axis=0)[:, None]
        slot, place = np.nonzero(near)
        first, middle, second = (
            np.abs(self.outputs[slot, place + k] - self.final[slot]) for k in range(3)
        )  # fmt: skip
        one, output = np.nonzero(
            (middle >= first) & (middle >= second) & (middle > NEAR * bands.min(axis=0)[slot, None])
        )
        if one.size == 0:
            return []
        slot, before = np.repeat(slot[one], 2), (place[one, None] + np.arange(2)).ravel()
        output, middle = np.repeat(output, 2), np.repeat(place[one] + 1, 2)
        height = np.abs(self.outputs[slot, middle, output] - self.final[slot, output])
        time = self._finely(slot, before)
        away = np.abs(self.voltage(slot, before, output, time) - self.final[slot, output, None])
        found: list[Any] = []
        for k, band in enumerate(bands):
            beyond = away > band[slot, None]
            some = np.flatnonzero((middle > last[k, slot]) & (height > NEAR * band[slot]) & beyond.any(axis=1))
            at = np.minimum(CREST_POINTS - 1 - beyond[some, ::-1].argmax(axis=1), CREST_POINTS - 2)
            places = (np.full(len(some), k), slot[some], before[some], output[some])
            found.append((*places, time[some, at], time[some, at + 1]))
        return found

    def _finely(self, slot: Indices, before: Indices) -> FloatArray:
        """Times from samples to the next ones, shape (brackets, CREST_POINTS), s."""
        start, stop = self._time(slot, before)[:, None], self._time(slot, before + 1)[:, None]
        return np.asarray(start + (stop - start) * np.linspace(0.0, 1.0, CREST_POINTS))

    def _distance(
        self, slot: Indices, before: Indices, output: Indices, time: FloatArray, band: FloatArray
    ) -> FloatArray:
        """Distance of outputs from the edges of their bands (brackets,), V; above 0 outside."""
        voltage = self.voltage(slot, before, output, time)
        return np.asarray(np.abs(voltage - self.final[slot, output, None]) - band[:, None])

    def _estimated(self, bracket: Bracket, band: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Last crossings of bands (brackets,), V, by polynomials through the outputs, s, and slopes there, V/s."""
        slot, before, output, low, high = bracket
        half = (high - low) / 2
        time = low[:, None] + half[:, None] * (1 + NODES)
        away = self.voltage(slot, before, output, time) - self.final[slot, output, None]
        each = np.arange(len(slot))
        node = len(NODES) - 2 - (np.abs(away[:, -2::-1]) > band[:, None]).argmax(axis=1)
        away *= np.sign(away[each, node])[:, None]
        away -= band[:, None]
        # One product for each, so that its rounding does not depend on the others.
        coefficients = (away[:, None] @ COEFFICIENTS)[:, 0]
        slopes = coefficients[:, 1:] * DEGREES[1:]
        first, second = away[each, node], away[each, node + 1]
        start, stop = NODES[node], NODES[node + 1]
        place = start + (stop - start) * first / np.where(first == second, 1.0, first - second)
        powers = np.ones_like(coefficients)
        for _ in range(NEWTON_STEPS):
            powers[:, 1:] = place[:, None]
            np.multiply.accumulate(powers, axis=1, out=powers)
            slope = (slopes * powers[:, :-1]).sum(axis=1)
            step = (coefficients * powers).sum(axis=1) / np.where(slope == 0, np.inf, slope)
            place = np.minimum(np.maximum(place - step, start), stop)
        return low + half * (1 + place), slope / half

    def _crossing(self, bracket: Bracket, band: FloatArray, estimated: FloatArray, slope: FloatArray) -> FloatArray:
        """The instants at which outputs come into their bands (brackets,), V, from estimates, s, and slopes, V/s."""
        slot, before, output, low, high = bracket
        distance = self._distance(slot, before, output, estimated[:, None], band)[:, 0]
        close = (np.abs(distance) <= CLOSE * band) & (slope < 0)
        found = np.clip(estimated - np.where(close, distance / np.where(close, slope, 1.0), 0.0), low, high)
        if not close.all():
            far = ~close
            found[far] = self._false_position((slot[far], before[far], output[far], low[far], high[far]), band[far])
        return np.asarray(found)

    def _false_position(self, bracket: Bracket, band: FloatArray) -> FloatArray:
        """The same by the Illinois rule (Dowell, Jarratt, BIT 11, 168, 1971): what stays is halved."""
        slot, before, output, low, high = bracket
        at_low, at_high = self._distance(slot, before, output, np.stack([low, high], axis=1), band).T
        middle, moved, found = high, np.zeros(len(low)), np.zeros(len(low), dtype=np.bool_)
        for _ in range(CROSSING_STEPS):
            next_one = high - at_high * (high - low) / np.where(at_high == at_low, 1, at_high - at_low)
            # What is found stays, so that it does not depend on what else is looked for.
            middle = np.where(found, middle, np.clip(next_one, low, high))
            value = self._distance(slot, before, output, middle[:, None], band)[:, 0]
            found |= np.abs(value) <= CROSSED * band
            if found.all():
                break
            outside, side = value > 0, np.where(value > 0, 1, -1)
            stays = np.where(side == moved, 0.5, 1.0)
            at_low, at_high = np.where(outside, value, at_low * stays), np.where(outside, at_high * stays, value)
            low, high, moved = np.where(outside, middle, low), np.where(outside, high, middle), side
        return middle

    def overshoot(self) -> FloatArray:
        """Overshoot of each slot as `measurement.overshoot` defines it, its largest crest refined, shape (K,)."""
        _, largest, place, output = self._scanned
        scale = np.abs(self.final).max(axis=1)
        slot, output = np.repeat(np.arange(len(scale)), 2), np.repeat(output, 2)
        before = np.maximum((place[:, None] + np.arange(-1, 1)).ravel(), 0)
        np.minimum(before, self.time.shape[-1] - 2, out=before)
        low, high = self._time(slot, before), self._time(slot, before + 1)
        time = low[:, None] + (high - low)[:, None] / 2 * (1 + NODES)
        crest = self.voltage(slot, before, output, time) - self.final[slot, output, None]
        crest *= np.where(self.final[slot, output, None] < 0, -1.0, 1.0)
        largest = np.maximum(largest, highest(crest).reshape(len(scale), -1).max(axis=1))
        return np.asarray(np.divide(np.maximum(largest, 0), scale, out=np.full_like(scale, np.nan), where=scale > 0))


def highest(values: FloatArray) -> FloatArray:
    """Largest value between -1 and 1 of polynomials through values (C, nodes) at `NODES`, shape (C,)."""
    # One product for each, so that its rounding does not depend on the others.
    close = (values[:, None] @ TO_CLOSE.T)[:, 0]
    at = np.clip(close.argmax(axis=1), 1, close.shape[1] - 2)
    before, here, after = (close[np.arange(len(at)), at + k] for k in (-1, 0, 1))
    bend = 2 * here - before - after
    inside = np.abs(after - before) < 2 * bend
    crest = here + (after - before) ** 2 / (8 * np.where(inside, bend, 1.0))
    return np.asarray(np.where(inside, crest, close.max(axis=1)))
