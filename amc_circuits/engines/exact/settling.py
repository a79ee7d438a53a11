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
NEAR = 0.75
"""Between two samples a crest can pass its band if the higher sample is above this part of it: a ring of amplitude a is
at most a (1 - cos(3/16)) = 0.018 a above its highest sample, so this holds for rings of up to 14 bands."""
CREST_POINTS = 16

Indices = NDArray[np.int64]
Bracket = tuple[Indices, Indices, Indices, FloatArray, FloatArray]
"""Slot, sample before, output, and two times between which the output comes into its band."""
Voltage = Callable[[Indices, Indices, Indices, FloatArray], FloatArray]
"""Outputs between samples, V: of slot, sample before and output (brackets,) at times (brackets, T)."""


@dataclass(frozen=True)
class SampledOutputs:
    """Outputs of slots at common times, close enough that a ring of the outputs turns little between two.

    Attributes:
        time: Times of the samples, rising, shape (T,), s.
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
    def distance(self) -> FloatArray:
        """Distances from the final outputs, shape (K, T, N), V."""
        return np.abs(self.outputs - self.final[:, None])

    def settled(self, bands: FloatArray) -> FloatArray:
        """The last instants at which outputs enter their bands (B, K), V, shape (B, K), s; -inf if always inside."""
        brackets = [self._brackets(band) for band in bands]
        whole: Any = tuple(np.concatenate(column) for column in zip(*brackets, strict=True))
        place = np.repeat(np.arange(len(bands)), [len(bracket[0]) for bracket in brackets])
        settled = np.full(bands.shape, -np.inf)
        np.maximum.at(settled, (place, whole[0]), self._crossing(whole, bands[place, whole[0]]))
        return settled

    def _brackets(self, band: FloatArray) -> Bracket:
        """Between which samples outputs may enter their bands (K,), V, for the last time."""
        outside = self.distance - band[:, None, None]
        late = np.asarray((outside > 0).any(axis=2))
        last = np.where(late.any(axis=1), late.shape[1] - 1 - late[:, ::-1].argmax(axis=1), -1)
        slots = np.flatnonzero(last >= 0)
        leaving = np.nonzero(outside[slots, last[slots]] > 0)
        # What leaves the band: (slot, sample before, output), bracketed by the two samples.
        slot = slots[leaving[0]]
        found = [(slot, last[slot], leaving[1], self.time[last[slot]], self.time[last[slot] + 1])]
        found += self._crests(outside, last, band)
        slot, before, output, start, stop = (np.concatenate(column) for column in zip(*found, strict=True))
        return slot, before, output, start, stop

    def _distance(
        self, slot: Indices, before: Indices, output: Indices, time: FloatArray, band: FloatArray
    ) -> FloatArray:
        """Distance of these from the edges of their bands (brackets,), V; above 0 outside."""
        voltage = self.voltage(slot, before, output, time)
        found: FloatArray = np.abs(voltage - self.final[slot, output, None]) - band[:, None]
        return found

    def _crests(self, outside: FloatArray, last: Indices, band: FloatArray) -> list[Bracket]:
        """Where an output leaves its band between two samples that are inside, after the last sample outside."""
        middle = outside[:, 1:-1]
        crest = (middle >= outside[:, :-2]) & (middle >= outside[:, 2:])
        crest &= middle > -(1 - NEAR) * band[:, None, None]
        crest &= np.arange(1, outside.shape[1] - 1)[None, :, None] > last[:, None, None]
        slot, place, output = np.nonzero(crest)
        found = []
        for before in (place, place + 1):
            time = np.linspace(self.time[before], self.time[before + 1], CREST_POINTS, axis=1)
            beyond = self._distance(slot, before, output, time, band[slot]) > 0
            some = np.flatnonzero(beyond.any(axis=1))
            at = CREST_POINTS - 1 - beyond[some, ::-1].argmax(axis=1)
            found.append((slot[some], before[some], output[some], time[some, at], time[some, at + 1]))
        return found

    def _crossing(self, bracket: Bracket, band: FloatArray) -> FloatArray:
        """The instants at which outputs come into their bands (brackets,), V, between the ends of brackets, s.

        False position with the Illinois rule (Dowell, Jarratt, BIT 11, 168, 1971): what stays is halved.
        """
        slot, before, output, low, high = bracket
        if slot.size == 0:
            return low
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
        slot = np.arange(len(self.final))
        scale = np.abs(self.final).max(axis=1)
        away = np.where(self.final < 0, -1.0, 1.0)
        beyond = (self.outputs - self.final[:, None]) * away[:, None]
        place, output = np.divmod(beyond.reshape(len(slot), -1).argmax(axis=1), beyond.shape[2])
        largest = beyond[slot, place, output]
        for before in (np.maximum(place - 1, 0), np.minimum(place, len(self.time) - 2)):
            time = np.linspace(self.time[before], self.time[before + 1], CREST_POINTS, axis=1)
            crest = self.voltage(slot, before, output, time) - self.final[slot, output, None]
            largest = np.maximum(largest, (crest * away[slot, output, None]).max(axis=1))
        return np.asarray(np.divide(np.maximum(largest, 0), scale, out=np.full_like(scale, np.nan), where=scale > 0))
