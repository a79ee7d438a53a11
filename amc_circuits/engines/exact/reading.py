"""Right-hand sides read from the exact response, by the definitions of docs/measurement.md."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from amc_circuits.engines.exact.circuit import ExactCircuit, Samples
from amc_circuits.engines.exact.energy import slot_energies
from amc_circuits.engines.exact.linear_range import LARGEST_LOSS, LinearRange
from amc_circuits.engines.exact.slots import Slots, slots_of
from amc_circuits.linear.response import Piece, gauss
from amc_circuits.results import measurement
from amc_circuits.results.readings import NARROWER, WIDER, Reading
from amc_circuits.results.response import Response
from amc_circuits.results.solution import Attempt
from netlists import StepTrain
from netlists.record import FloatArray

CROSSING_STEPS = 12
"""Steps of false position; each multiplies the number of good digits by 1.4 or more."""
CROSSED = 1e-9
"""Distance from the edge of the band, in units of the band, below which an output crosses it."""
SAMPLES = 16
"""Samples of the outputs in a panel: at most 3/8 of a radian of the fastest mode that is left apart."""
NEAR = 0.75
"""Between two samples a crest can pass its band if the higher sample is above this part of it: a ring of amplitude a is
at most a (1 - cos(3/16)) = 0.018 a above its highest sample, so this holds for rings of up to 14 bands."""
CREST_POINTS = 16
BATCH_SIZE = 20_000_000
"""Numbers sampled at once."""

Indices = NDArray[np.int64]
Bracket = tuple[Indices, Indices, Indices, FloatArray, FloatArray]
"""Slot, sample before, output, and two times between which the output comes into its band."""


def read_slots(
    exact: ExactCircuit, drive: StepTrain, from_rest: bool, tolerance: float, largest_loss: float = LARGEST_LOSS
) -> list[Reading]:
    """Measures every slot of a step train; beyond `largest_loss` of full scale a reading has an excess."""
    return read_responses(exact, slots_of(exact, drive, from_rest), drive.slot_time, tolerance, largest_loss)


def read_responses(
    exact: ExactCircuit, slots: Slots, slot_time: float, tolerance: float, largest_loss: float = LARGEST_LOSS
) -> list[Reading]:
    """Measures responses in slots of equal duration, s; as `read_slots`."""
    steady_from = slot_time * (1 - 1 / measurement.STEADY_PART)
    panels = (
        np.union1d(exact.response.panels(slots.edge), slots.step),
        np.union1d(exact.response.panels(slots.hold), steady_from),
    )
    sampled = sum(len(edges) for edges in panels)
    at_once = max(1, BATCH_SIZE // (sampled * (8 * exact.rows + SAMPLES * exact.outputs.modal.shape[0])))
    count = slots.edge.inputs.shape[1]
    found: list[Reading] = []
    for first in range(0, count, at_once):
        part = slots.of(np.arange(first, min(first + at_once, count)))
        found += _SlotReader(exact, part, panels, steady_from, tolerance, largest_loss).readings()
    return found


def _spread(panels: FloatArray) -> FloatArray:
    """Times evenly spread over each panel, its end left to the next one."""
    steps = np.arange(SAMPLES) / SAMPLES
    return np.asarray((panels[:-1, None] + np.diff(panels)[:, None] * steps).ravel())


class _SlotReader:
    """Samples of all slots, and what is read from them."""

    def __init__(
        self,
        exact: ExactCircuit,
        slots: Slots,
        panels: tuple[FloatArray, FloatArray],
        steady_from: float,
        tolerance: float,
        largest_loss: float,
    ) -> None:
        self.exact, self.slots, self.tolerance = exact, slots, tolerance
        self._panels, self.steady_from = panels, steady_from
        self.parts = [self._observe(*part) for part in zip((slots.edge, slots.hold), panels, strict=True)]
        on_edge, on_hold = _spread(panels[0]), np.append(_spread(panels[1]), slots.hold.stop)
        self.on_edge = len(on_edge)
        self.time = np.concatenate([on_edge, on_hold])
        # Weights of the integral over the slot; the ends of both pieces have none.
        weights = np.concatenate([np.append(gauss(edges)[1], 0.0) for edges in panels])
        self._range = LinearRange(exact, self.parts, weights, slots.step, largest_loss)
        pieces = ((slots.edge, on_edge), (slots.hold, on_hold))
        self.outputs = np.concatenate([exact.response.at(p, exact.outputs, time) for p, time in pieces], axis=1)
        self.final = self.outputs[:, -1]
        self._distance_from_final = np.abs(self.outputs - self.final[:, None])
        self.band = tolerance * np.abs(self.final).max(axis=1)

    def _observe(self, piece: Piece, panels: FloatArray) -> Samples:
        """Samples at Gauss's points of every panel and at the end of the piece."""
        return self.exact.observe(piece, np.append(gauss(panels)[0], piece.stop))

    def readings(self) -> list[Reading]:
        """One reading a slot."""
        change = self._distance_from_final[:, self.time >= self.steady_from].max(axis=(1, 2))
        steady = change * measurement.STEADY_FRACTION <= self.band
        bands = np.array([WIDER, 1.0, NARROWER])[:, None] * self.band
        early, settled, late = np.where(steady & (self.band > 0), self._settled(bands), np.nan)
        energy, overshoot = slot_energies(self.exact, self.slots, self._panels, self.parts, settled), self._overshoot()
        stage, current = (
            np.concatenate([np.abs(getattr(part, name)).max(axis=(1, 2))[:, None] for part in self.parts], axis=1)
            for name in ("stage", "current")
        )
        slot_time = self.slots.hold.stop
        found = []
        for k, final in enumerate(self.final):
            attempt = Attempt(scale=1.0, slot_time=slot_time, peak_output=float(stage[k].max()), why="first")
            settling_time = float(settled[k])
            loss, excess = self._range.judge(k, float(np.abs(final).max()))
            # Copies, so that one that is kept does not keep all the others.
            outputs, final = self.outputs[k].copy(), final.copy()
            response = Response(self.time - self.slots.step, outputs, self.tolerance, settling_time)
            reading = Reading(
                attempt=attempt,
                attempts=(attempt,),
                final=final,
                steady=bool(steady[k]),
                settling_time=settling_time,
                settling_range=(float(early[k]), float(late[k])),
                overshoot=float(overshoot[k]),
                peak_output_current=float(current[k].max()),
                energy=energy[k],
                response=response,
                terminal_voltage=self.parts[-1].terminals[k, -1].copy(),
                engine="state-space",
                loss=loss,
                excess=excess,
            )
            found.append(reading)
        return found

    def _settled(self, bands: FloatArray) -> FloatArray:
        """The last instants at which outputs enter their bands (B, K), V, on the exact response, shape (B, K), s."""
        brackets = [self._brackets(band) for band in bands]
        whole: Any = tuple(np.concatenate(column) for column in zip(*brackets, strict=True))
        place = np.repeat(np.arange(len(bands)), [len(bracket[0]) for bracket in brackets])
        settled = np.zeros(bands.shape)
        np.maximum.at(settled, (place, whole[0]), self._crossing(whole, bands[place, whole[0]]))
        return np.asarray(np.maximum(settled - self.slots.step, 0.0))

    def _brackets(self, band: FloatArray) -> Bracket:
        """Between which samples outputs may enter their bands (K,), V, for the last time."""
        outside = self._distance_from_final - band[:, None, None]
        late = (outside > 0).any(axis=2)
        last = np.where(late.any(axis=1), late.shape[1] - 1 - late[:, ::-1].argmax(axis=1), -1)
        slots = np.flatnonzero(last >= 0)
        leaving = np.nonzero(outside[slots, last[slots]] > 0)
        # What leaves the band: (slot, sample before, output), bracketed by the two samples.
        slot = slots[leaving[0]]
        found = [(slot, last[slot], leaving[1], self.time[last[slot]], self.time[last[slot] + 1])]
        found += self._crests(outside, last, band)
        slot, before, output, start, stop = (np.concatenate(column) for column in zip(*found, strict=True))
        return slot, before, output, start, stop

    def _voltage(self, slot: Indices, before: Indices, output: Indices, time: FloatArray) -> FloatArray:
        """Outputs, each at its own times (brackets, T) between a sample and the next one, V."""
        found = np.empty(time.shape)
        on_edge = before < self.on_edge
        for piece, here in ((self.slots.edge, on_edge), (self.slots.hold, ~on_edge)):
            if here.any():
                rows = self.exact.outputs.rows(output[here])
                found[here] = self.exact.response.each_at(piece, rows, time[here], slot[here])
        return found

    def _distance(
        self, slot: Indices, before: Indices, output: Indices, time: FloatArray, band: FloatArray
    ) -> FloatArray:
        """Distance of these from the edges of their bands (brackets,), V; above 0 outside."""
        voltage = self._voltage(slot, before, output, time)
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

    def _overshoot(self) -> FloatArray:
        """By the definition, the largest crest of each slot looked at more closely, shape (K,)."""
        slot = np.arange(len(self.final))
        scale = np.abs(self.final).max(axis=1)
        away = np.where(self.final < 0, -1.0, 1.0)
        beyond = (self.outputs - self.final[:, None]) * away[:, None]
        place, output = np.divmod(beyond.reshape(len(slot), -1).argmax(axis=1), beyond.shape[2])
        largest = beyond[slot, place, output]
        for before in (np.maximum(place - 1, 0), np.minimum(place, len(self.time) - 2)):
            time = np.linspace(self.time[before], self.time[before + 1], CREST_POINTS, axis=1)
            crest = (self._voltage(slot, before, output, time) - self.final[slot, output, None]) * away[
                slot, output, None
            ]
            largest = np.maximum(largest, crest.max(axis=1))
        return np.asarray(np.divide(np.maximum(largest, 0), scale, out=np.full_like(scale, np.nan), where=scale > 0))
