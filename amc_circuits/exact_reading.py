"""Right-hand sides read from the exact response, by the definitions of docs/measurement.md."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from amc_circuits import measurement
from amc_circuits.exact_circuit import ExactCircuit, Samples
from amc_circuits.exact_response import GAUSS_NODES, GAUSS_WEIGHTS, Piece, gauss
from amc_circuits.exact_slots import Slots, slots_of
from amc_circuits.readings import Excess, Reading
from amc_circuits.solution import Attempt, Response
from netlists import MacroOpAmp, StepTrain
from netlists.opamp import CLAMP_VOLTAGE
from netlists.record import FloatArray

LARGEST_LOSS = 0.02
"""Of full scale, that an amplifier's bent characteristic may take from a waveform. The waveform then differs by 0.35 to
0.8 times what is estimated here (`tests/amc_circuits/engines/test_linear_range.py`)."""
CLAMP_FREE = 15 * CLAMP_VOLTAGE
"""Below the swing; there the clamp takes e^-15 of the gain stage's largest current."""
CROSSING_STEPS = 12
"""Of false position; each multiplies the number of good digits by 1.4 or more."""
SAMPLES = 16
"""Of the outputs in a panel: at most 3/8 of a radian of the fastest mode that is left apart."""
NEAR = 0.75
"""Between two samples a crest can pass its band if the higher sample is above this part of it: a ring of amplitude a is
at most a (1 - cos(3/16)) = 0.018 a above its highest sample, so this holds for rings of up to 14 bands."""
CREST_POINTS = 16
WELL_CONDITIONED = 1e5
"""Eigenvectors up to here leave ten digits in the closed forms of energies, whose error grows with the square."""
BATCH_SIZE = 20_000_000
"""Numbers sampled at once."""

Indices = NDArray[np.int64]
Power = Callable[[Piece, FloatArray], FloatArray]
Bracket = tuple[Indices, Indices, Indices, FloatArray, FloatArray]
"""Slot, sample before, output, and two times between which the output comes into its band."""


def read_slots(
    exact: ExactCircuit, drive: StepTrain, from_rest: bool, tolerance: float, largest_loss: float = LARGEST_LOSS
) -> list[Reading]:
    """Measures every slot of a step train; beyond `largest_loss` of full scale a reading has an excess."""
    slots = slots_of(exact, drive, from_rest)
    steady_from = drive.slot_time * (1 - 1 / measurement.STEADY_PART)
    panels = (
        np.union1d(exact.response.panels(slots.edge), slots.step),
        np.union1d(exact.response.panels(slots.hold), steady_from),
    )
    sampled = sum(len(edges) for edges in panels)
    at_once = max(1, BATCH_SIZE // (sampled * (8 * exact.rows + SAMPLES * exact.outputs.modal.shape[0])))
    count = drive.levels.shape[1]
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
        self.exact, self.slots, self.tolerance, self.largest_loss = exact, slots, tolerance, largest_loss
        self.edge_panels, self.hold_panels = panels
        self.steady_from = steady_from
        parts = [self._observe(slots.edge, self.edge_panels), self._observe(slots.hold, self.hold_panels)]
        self.parts = parts
        self.sampled = np.concatenate([part.time for part in parts])
        on_edge, on_hold = _spread(self.edge_panels), np.append(_spread(self.hold_panels), slots.hold.stop)
        self.on_edge = len(on_edge)
        self.time = np.concatenate([on_edge, on_hold])
        # Weights of the integral over the slot; the ends of both pieces have none.
        self._weights = np.concatenate([np.append(gauss(p)[1], 0.0) for p in (self.edge_panels, self.hold_panels)])
        pieces = ((slots.edge, on_edge), (slots.hold, on_hold))
        self.outputs = np.concatenate([exact.response.at(p, exact.outputs, time) for p, time in pieces], axis=1)
        self.final = self.outputs[:, -1]
        self.band = tolerance * np.abs(self.final).max(axis=1)

    def _observe(self, piece: Piece, panels: FloatArray) -> Samples:
        """Samples at Gauss's points of every panel and at the end of the piece."""
        return self.exact.observe(piece, np.append(gauss(panels)[0], piece.stop))

    def readings(self) -> list[Reading]:
        """One reading a slot."""
        change = np.abs(self.outputs[:, self.time >= self.steady_from] - self.final[:, None]).max(axis=(1, 2))
        steady = change * measurement.STEADY_FRACTION <= self.band
        settled = np.where(steady & (self.band > 0), self._settled(), np.nan)
        energy, overshoot = self._energy(settled), self._overshoot()
        stage, current = (
            np.concatenate([np.abs(getattr(part, name)).max(axis=(1, 2))[:, None] for part in self.parts], axis=1)
            for name in ("stage", "current")
        )
        slot_time = self.slots.hold.stop
        found = []
        for k, final in enumerate(self.final):
            attempt = Attempt(scale=1.0, slot_time=slot_time, peak_output=float(stage[k].max()), why="first")
            settling_time = float(settled[k])
            # Copies, so that one that is kept does not keep all the others.
            outputs, final = self.outputs[k].copy(), final.copy()
            response = Response(self.time - self.slots.step, outputs, self.tolerance, settling_time)
            reading = Reading(
                attempt=attempt,
                attempts=(attempt,),
                final=final,
                steady=bool(steady[k]),
                saturated=False,
                settling_time=settling_time,
                overshoot=float(overshoot[k]),
                peak_output_current=float(current[k].max()),
                energy=energy[k],
                response=response,
                terminal_voltage=self.parts[-1].terminals[k, -1].copy(),
                engine="state-space",
                excess=self._excess(k),
            )
            found.append(reading)
        return found

    def _settled(self) -> FloatArray:
        """The last instant at which an output enters its band, found on the exact response, shape (K,), s."""
        outside = np.abs(self.outputs - self.final[:, None]) - self.band[:, None, None]
        late = (outside > 0).any(axis=2)
        last = np.where(late.any(axis=1), late.shape[1] - 1 - late[:, ::-1].argmax(axis=1), -1)
        slots = np.flatnonzero(last >= 0)
        leaving = np.nonzero(outside[slots, last[slots]] > 0)
        # What leaves the band: (slot, sample before, output), bracketed by the two samples.
        slot = slots[leaving[0]]
        found = [(slot, last[slot], leaving[1], self.time[last[slot]], self.time[last[slot] + 1])]
        found += self._crests(outside, last)
        slot, before, output, start, stop = (np.concatenate(column) for column in zip(*found, strict=True))
        settled = np.zeros(len(self.final))
        np.maximum.at(settled, slot, self._crossing(slot, before, output, start, stop))
        return np.asarray(np.maximum(settled - self.slots.step, 0.0))

    def _voltage(self, slot: Indices, before: Indices, output: Indices, time: FloatArray) -> FloatArray:
        """Outputs, each at its own times (brackets, T) between a sample and the next one, V."""
        found = np.empty(time.shape)
        on_edge = before < self.on_edge
        for piece, here in ((self.slots.edge, on_edge), (self.slots.hold, ~on_edge)):
            if here.any():
                rows = self.exact.outputs.rows(output[here])
                found[here] = self.exact.response.each_at(piece, rows, time[here], slot[here])
        return found

    def _distance(self, slot: Indices, before: Indices, output: Indices, time: FloatArray) -> FloatArray:
        """How far these are outside of their bands, V."""
        voltage = self._voltage(slot, before, output, time)
        found: FloatArray = np.abs(voltage - self.final[slot, output, None]) - self.band[slot, None]
        return found

    def _crests(self, outside: FloatArray, last: Indices) -> list[Bracket]:
        """Where an output leaves its band between two samples that are inside, after the last sample outside."""
        middle = outside[:, 1:-1]
        crest = (middle >= outside[:, :-2]) & (middle >= outside[:, 2:])
        crest &= middle > -(1 - NEAR) * self.band[:, None, None]
        crest &= np.arange(1, outside.shape[1] - 1)[None, :, None] > last[:, None, None]
        slot, place, output = np.nonzero(crest)
        found = []
        for before in (place, place + 1):
            time = np.linspace(self.time[before], self.time[before + 1], CREST_POINTS, axis=1)
            beyond = self._distance(slot, before, output, time) > 0
            some = np.flatnonzero(beyond.any(axis=1))
            at = CREST_POINTS - 1 - beyond[some, ::-1].argmax(axis=1)
            found.append((slot[some], before[some], output[some], time[some, at], time[some, at + 1]))
        return found

    def _crossing(
        self, slot: Indices, before: Indices, output: Indices, low: FloatArray, high: FloatArray
    ) -> FloatArray:
        """The instants at which outputs that are outside at `low` are inside again at `high`, shape (brackets,), s.

        False position with the Illinois rule (Dowell, Jarratt, BIT 11, 168, 1971): what stays is halved.
        """
        if slot.size == 0:
            return low
        at_low, at_high = self._distance(slot, before, output, np.stack([low, high], axis=1)).T
        middle, moved = high, np.zeros(len(low))
        for _ in range(CROSSING_STEPS):
            middle = high - at_high * (high - low) / np.where(at_high == at_low, 1, at_high - at_low)
            middle = np.clip(middle, low, high)
            value = self._distance(slot, before, output, middle[:, None])[:, 0]
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

    def _energy(self, settled: FloatArray) -> list[tuple[float | None, float, float]]:
        """Amplifiers, array and inputs of every slot, from the step to the settling time, J."""
        edge, hold = self.slots.edge, self.slots.hold
        first = np.full(len(settled), self.slots.step)
        last = first + settled
        middle = np.clip(last, self.slots.step, edge.stop)
        forms = [form for form in (self.exact.array_energy, self.exact.input_energy) if form is not None]
        begun, reached = np.full_like(last, hold.start), np.maximum(last, hold.start)
        parts = []
        closed = self.exact.linear.modes.condition < WELL_CONDITIONED and edge.straight and hold.straight
        for form in forms:
            if closed:
                parts.append(form.integral(edge, first, middle) + form.integral(hold, begun, reached))
            if not closed or (parts[-1] < 0).any():
                parts[len(parts) - closed :] = [self._integrated(partial(form.value, self.exact.response), last)]
        array = parts[0]
        inputs = parts[1] if len(parts) > 1 else np.where(np.isnan(settled), np.nan, 0.0)
        if self.parts[0].delivered is None:
            return [(None, float(array[k]), float(inputs[k])) for k in range(len(settled))]
        # The root in class AB has no closed form.
        delivered = self._integrated(self._delivered, last, [part.delivered for part in self.parts])
        return [
            (float(delivered[k] - array[k] - inputs[k]), float(array[k]), float(inputs[k])) for k in range(len(settled))
        ]

    def _delivered(self, piece: Piece, time: FloatArray) -> FloatArray:
        """Power of supplies and input sources, shape (K, T), W."""
        delivered = self.exact.observe(piece, time).delivered
        assert delivered is not None
        return delivered

    def _integrated(
        self, power: Power, last: FloatArray, known: Sequence[FloatArray | None] = (None, None)
    ) -> FloatArray:
        """A power from the step to `last` (K,) by Gauss's rule; `known` at the points of all panels, where it is."""
        total = np.zeros(len(last))
        pieces = ((self.slots.edge, self.edge_panels), (self.slots.hold, self.hold_panels))
        for (piece, panels), sampled in zip(pieces, known, strict=True):
            points, weights = gauss(panels)
            values = power(piece, points.ravel()) if sampled is None else sampled[:, :-1]
            whole = (values.reshape(len(last), *points.shape) * weights).sum(axis=2)
            counted = panels[:-1] >= self.slots.step
            total += np.where(counted & (panels[1:] <= last[:, None]), whole, 0.0).sum(axis=1)
            slot, panel = np.nonzero(counted & (panels[:-1] < last[:, None]) & (panels[1:] > last[:, None]))
            if slot.size:
                half = (last[slot] - panels[panel])[:, None] / 2
                rest = power(piece.of(slot), panels[panel][:, None] + half * (1 + GAUSS_NODES))
                total[slot] += (rest * (half * GAUSS_WEIGHTS)).sum(axis=1)
        return np.where(np.isnan(last), np.nan, total)

    def _excess(self, k: int) -> Excess | None:
        """Where slot k asks most of an amplifier, if that is more than a linear one may be asked."""
        opamp = self.exact.design.opamp
        if not isinstance(opamp, MacroOpAmp):
            return None
        asked = {
            "slew rate": self._asked("slewing", k) / opamp.slew_rate,
            "output current": self._asked("current", k) / opamp.output_current_limit,
            "output swing": self._asked("stage", k) / opamp.output_swing,
        }
        # What tanh takes from the rate that charges the gain stage, added up over the slot ...
        bent = asked["slew rate"] - np.tanh(asked["slew rate"])
        lost = opamp.slew_rate * (self._weights[:, None] * bent).sum(axis=0)
        # ... what its inverse adds to the drop over the output resistance, at its largest ...
        drop = np.arctanh(np.minimum(asked["output current"], 1 - 1e-12)) - asked["output current"]
        more = opamp.output_resistance * opamp.output_current_limit * drop.max(axis=0)
        scale = self.largest_loss * max(float(np.abs(self.final[k]).max()), np.finfo(float).tiny)
        losses = {
            "slew rate": np.maximum(lost / scale, asked["slew rate"].max(axis=0)),
            "output current": np.maximum(more / scale, asked["output current"].max(axis=0)),
            # ... and the clamp, which is nothing or all.
            "output swing": asked["output swing"].max(axis=0) / max(1 - CLAMP_FREE / opamp.output_swing, 0.5),
        }
        limit = max(losses, key=lambda name: float(losses[name].max()))
        amplifier = int(losses[limit].argmax())
        if losses[limit][amplifier] <= 1:
            return None
        place = int(asked[limit][:, amplifier].argmax())
        time = float(self.sampled[place] - self.slots.step)
        return Excess(limit, self.exact.amplifiers[amplifier], time, float(asked[limit][place, amplifier]))

    def _asked(self, name: str, k: int) -> FloatArray:
        """A figure of all amplifiers in slot k without its sign, shape (T, amplifiers)."""
        asked: FloatArray = np.abs(np.concatenate([getattr(part, name)[k] for part in self.parts]))
        return asked
