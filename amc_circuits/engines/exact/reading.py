"""Right-hand sides read from the exact response, by the definitions of docs/measurement.md."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from amc_circuits.engines.exact.circuit import ExactCircuit, Samples
from amc_circuits.engines.exact.crests import Crests, look_at_response
from amc_circuits.engines.exact.energy import slot_energies
from amc_circuits.engines.exact.linear_range import LARGEST_LOSS, LinearRange
from amc_circuits.engines.exact.settling import Indices, SampledOutputs
from amc_circuits.engines.exact.slots import Slots, slots_of
from amc_circuits.engines.known import EXACT
from amc_circuits.linear.probes import Probe
from amc_circuits.linear.response import ExactResponse, Piece, gauss
from amc_circuits.results import measurement
from amc_circuits.results.readings import NARROWER, WIDER, Reading
from netlists import StepTrain
from netlists.record import FloatArray
from netlists.short_text import short_repr

SAMPLES = 16
"""Samples of the outputs in a panel: at most 3/8 of a radian of the fastest mode that is left apart."""
BATCH_SIZE = 20_000_000
"""Numbers sampled at once."""


def read_slots(
    exact: ExactCircuit, drive: StepTrain, from_rest: bool, tolerance: float, largest_loss: float = LARGEST_LOSS
) -> list[Reading]:
    """Measures every slot of a step train; beyond `largest_loss` of full scale a reading has an excess."""
    return read_responses(exact, slots_of(exact, drive, from_rest), drive.slot_time, tolerance, largest_loss)


def read_responses(
    exact: ExactCircuit, slots: Slots, slot_time: float, tolerance: float, largest_loss: float = LARGEST_LOSS
) -> list[Reading]:
    """Measures responses in slots of equal duration, s; as `read_slots`."""
    panels, steady_from = _panels(exact, slots, slot_time)
    sampled = sum(len(edges) for edges in panels)
    at_once = max(1, BATCH_SIZE // (sampled * (8 * exact.rows + SAMPLES * len(exact.outputs.rest))))
    count = slots.edge.inputs.shape[1]
    found: list[Reading] = []
    for first in range(0, count, at_once):
        part = slots.of(np.arange(first, min(first + at_once, count)))
        found += _SlotReader(exact, part, panels, steady_from, tolerance, largest_loss).readings()
    return found


@dataclass(frozen=True)
class Settling:
    """When slots settle.

    Attributes:
        final: Outputs at their ends, shape (K, N), V.
        steady: True where they are steady there, shape (K,).
        settling_time: Settling times, shape (K,), s; nan where they are not steady.
    """

    final: FloatArray
    steady: NDArray[np.bool_]
    settling_time: FloatArray

    __repr__ = short_repr


def read_settling(exact: ExactCircuit, drive: StepTrain, tolerance: float) -> Settling:
    """Measures the settling of every slot of a step train, each from rest, as `read_slots` does."""
    slots = slots_of(exact, drive, True)
    panels, steady_from = _panels(exact, slots, drive.slot_time)
    each = SAMPLES * sum(len(edges) for edges in panels) * len(exact.outputs.rest)
    count, at_once = drive.levels.shape[1], max(1, BATCH_SIZE // each)
    parts = [slots.of(np.arange(k, min(k + at_once, count))) for k in range(0, count, at_once)]
    found = [_Outputs(exact, part, panels, steady_from, tolerance).settling for part in parts]
    columns = zip(*((one.final, one.steady, one.settling_time) for one in found), strict=True)
    return Settling(*(np.concatenate(column) for column in columns))


def _panels(exact: ExactCircuit, slots: Slots, slot_time: float) -> tuple[tuple[FloatArray, FloatArray], float]:
    """Return the panels of edge and hold, and the time from which outputs have to be steady."""
    steady_from = slot_time * (1 - 1 / measurement.STEADY_PART)
    edge, hold = (exact.response.panels(piece) for piece in (slots.edge, slots.hold))
    return (np.union1d(edge, slots.step), np.union1d(hold, steady_from)), steady_from


def _spread(panels: FloatArray) -> FloatArray:
    """Times evenly spread over each panel, its end left to the next one."""
    steps = np.arange(SAMPLES) / SAMPLES
    return np.asarray((panels[:-1, None] + np.diff(panels)[:, None] * steps).ravel())


class _Outputs:
    """Samples of the outputs of all slots, and when they settle."""

    def __init__(
        self,
        exact: ExactCircuit,
        slots: Slots,
        panels: tuple[FloatArray, FloatArray],
        steady_from: float,
        tolerance: float,
    ) -> None:
        self.exact, self.slots, self.tolerance = exact, slots, tolerance
        self._panels, self.steady_from = panels, steady_from
        on_edge, on_hold = _spread(panels[0]), np.append(_spread(panels[1]), slots.hold.stop)
        self.time = np.concatenate([on_edge, on_hold])
        self.outputs = np.empty((slots.edge.inputs.shape[1], len(self.time), len(exact.outputs.rest)))
        exact.response.at(slots.edge, exact.outputs, on_edge, self.outputs[:, : len(on_edge)])
        exact.response.at(slots.hold, exact.outputs, on_hold, self.outputs[:, len(on_edge) :])
        self.final = exact.response.at(slots.hold, exact.outputs, on_hold[-1:])[:, 0]
        self.outputs[:, -1] = self.final
        voltage = partial(_Rows(exact.response, slots).outputs, exact.outputs, len(on_edge))
        self._sampled = SampledOutputs(self.time, self.outputs, self.final, voltage)
        self.band = tolerance * np.abs(self.final).max(axis=1)

    @cached_property
    def steady(self) -> NDArray[np.bool_]:
        """True where all outputs are steady, shape (K,)."""
        change = self._sampled.largest[:, self.time >= self.steady_from].max(axis=1)
        return np.asarray(change * measurement.STEADY_FRACTION <= self.band)

    def settled(self, *shares: float) -> FloatArray:
        """Settling times at shares of the tolerance, shape (shares, K), s; nan where outputs are not steady."""
        found = np.maximum(self._sampled.settled(np.array(shares)[:, None] * self.band) - self.slots.step, 0.0)
        return np.where(self.steady & (self.band > 0), found, np.nan)

    @property
    def settling(self) -> Settling:
        """Settling of all slots."""
        return Settling(self.final, self.steady, self.settled(1.0)[0])


class _SlotReader(_Outputs):
    """Samples of all slots, and all that is read from them."""

    def __init__(
        self,
        exact: ExactCircuit,
        slots: Slots,
        panels: tuple[FloatArray, FloatArray],
        steady_from: float,
        tolerance: float,
        largest_loss: float,
    ) -> None:
        super().__init__(exact, slots, panels, steady_from, tolerance)
        pieces = zip((slots.edge, slots.hold), panels, strict=True)
        self.parts = [self._observe(*part) for part in pieces] if exact.judged else []
        # Weights of the integral over the slot; the ends of both pieces have none.
        weights = np.concatenate([np.append(gauss(edges)[1], 0.0) for edges in panels])
        slowest = float(exact.linear.poles[0].real)
        self._range = LinearRange(exact.circuit, slowest, self.parts, weights, slots.step, largest_loss)

    def _observe(self, piece: Piece, panels: FloatArray) -> Samples:
        """Samples at Gauss's points of every panel and at the end of the piece."""
        return self.exact.observe(piece, np.append(gauss(panels)[0], piece.stop))

    def readings(self) -> list[Reading]:
        """One reading a slot."""
        times = self.settled(WIDER, 1.0, NARROWER)
        delivered = [part.delivered for part in self.parts if part.delivered is not None]
        metrics = [("stage",), ("current",)] if self.parts else [("stage", "current")]
        stage, current = np.concatenate([self._peaks(*names) for names in metrics])
        each = zip(
            *(one.tolist() for one in (stage, current, self.steady, times.T, self._sampled.overshoot())),
            *(self.final, self.outputs, self.exact.end(self.slots.hold)),
            slot_energies(self.exact, self.slots, self._panels, delivered, times[1]),
            (self._range.judge(k, largest) for k, largest in enumerate(np.abs(self.final).max(axis=1).tolist())),
            strict=True,
        )
        slot_time, time = self.slots.hold.stop, self.time - self.slots.step
        return [
            Reading.first(
                slot_time=slot_time,
                peak_output=peak,
                # Copies, so that one that is kept does not keep all the others.
                waveform=(time, outputs.copy(), self.tolerance),
                times=own_times,
                final=final.copy(),
                steady=rests,
                overshoot=overshoot,
                peak_output_current=largest,
                energy=energy,
                terminal_voltage=end.copy(),
                engine=EXACT,
                loss=loss,
                excess=excess,
            )
            for peak, largest, rests, own_times, overshoot, final, outputs, end, energy, (loss, excess) in each
        ]

    def _peaks(self, *names: str) -> FloatArray:
        """Largest magnitude of metrics of all op-amps in each slot, shape (metrics, K)."""
        probe, count = self.exact.observed.of(*names), len(self.exact.circuit.amplifiers)
        pieces, each = (self.slots.edge, self.slots.hold), np.arange(len(self.final))[:, None]
        ends = [self.exact.response.at(piece, probe, np.array([piece.stop])) for piece in pieces]
        groups = [slice(k * count, (k + 1) * count) for k in range(len(names))]
        crests = Crests(np.abs(ends).max(axis=(0, 2)), groups)
        for place, (piece, panels) in enumerate(zip(pieces, self._panels, strict=True)):
            if not self.parts:
                look_at_response(crests, self.exact.response, piece, probe, panels)
                continue
            samples = getattr(self.parts[place], names[0])[:, :-1]
            owner, start, length = (one.ravel() for one in np.broadcast_arrays(each, panels[:-1], np.diff(panels)))
            crests.look(samples.reshape(len(owner), -1, samples.shape[2]), owner, start, length)
        return crests.found(partial(_Rows(self.exact.response, self.slots).at, probe)).T


@dataclass(frozen=True)
class _Rows:
    """Rows of probes at own times, from the response on the edge and on the hold.

    The reader holds it, not the other way round: a ring of references would keep all arrays until a garbage collection.
    """

    response: ExactResponse
    slots: Slots

    def at(self, probe: Probe, slot: Indices, row: Indices, time: FloatArray) -> FloatArray:
        """Rows of a probe, each in its slot at its own times (rows, T), all on the edge or all after it."""
        # By their middles: the last time of a window on the edge may be later than its end, by rounding.
        return self._each(probe, time[:, [0, -1]].mean(axis=1) < self.slots.edge.stop, slot, row, time)

    def outputs(
        self, probe: Probe, samples: int, slot: Indices, before: Indices, output: Indices, time: FloatArray
    ) -> FloatArray:
        """Outputs, each at its own times (brackets, T) after a sample; `samples`: number of those on the edge."""
        return self._each(probe, before < samples, slot, output, time)

    def _each(
        self, probe: Probe, on_edge: NDArray[np.bool_], slot: Indices, row: Indices, time: FloatArray
    ) -> FloatArray:
        found = np.empty(time.shape)
        for piece, here in ((self.slots.edge, on_edge), (self.slots.hold, ~on_edge)):
            if here.any():
                found[here] = self.response.each_at(piece, probe, time[here], row[here], slot[here])
        return found
