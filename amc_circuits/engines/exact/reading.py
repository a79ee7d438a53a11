"""Right-hand sides read from the exact response, by the definitions of docs/measurement.md."""

from __future__ import annotations

import numpy as np

from amc_circuits.engines.exact.circuit import ExactCircuit, Samples
from amc_circuits.engines.exact.energy import slot_energies
from amc_circuits.engines.exact.linear_range import LARGEST_LOSS, LinearRange
from amc_circuits.engines.exact.settling import Indices, SampledOutputs
from amc_circuits.engines.exact.slots import Slots, slots_of
from amc_circuits.linear.response import Piece, gauss
from amc_circuits.results import measurement
from amc_circuits.results.readings import NARROWER, WIDER, Reading
from amc_circuits.results.response import Response
from amc_circuits.results.solution import Attempt
from netlists import StepTrain
from netlists.record import FloatArray

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
    steady_from = slot_time * (1 - 1 / measurement.STEADY_PART)
    panels = (
        np.union1d(exact.response.panels(slots.edge), slots.step),
        np.union1d(exact.response.panels(slots.hold), steady_from),
    )
    sampled = sum(len(edges) for edges in panels)
    at_once = max(1, BATCH_SIZE // (sampled * (8 * exact.rows + SAMPLES * len(exact.outputs.rest))))
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


def _largest(samples: FloatArray) -> FloatArray:
    """Largest magnitude in each slot, shape (K,)."""
    return np.asarray(np.maximum(samples.max(axis=(1, 2)), -samples.min(axis=(1, 2))))


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
        slowest = float(exact.linear.poles[0].real)
        self._range = LinearRange(exact.circuit, slowest, self.parts, weights, slots.step, largest_loss)
        self.outputs = np.empty((slots.edge.inputs.shape[1], len(self.time), len(exact.outputs.rest)))
        exact.response.at(slots.edge, exact.outputs, on_edge, self.outputs[:, : self.on_edge])
        exact.response.at(slots.hold, exact.outputs, on_hold, self.outputs[:, self.on_edge :])
        self.final = exact.response.at(slots.hold, exact.outputs, on_hold[-1:])[:, 0]
        self.outputs[:, -1] = self.final
        self._sampled = SampledOutputs(self.time, self.outputs, self.final, self._voltage)
        self.band = tolerance * np.abs(self.final).max(axis=1)

    def _observe(self, piece: Piece, panels: FloatArray) -> Samples:
        """Samples at Gauss's points of every panel and at the end of the piece."""
        return self.exact.observe(piece, np.append(gauss(panels)[0], piece.stop))

    def readings(self) -> list[Reading]:
        """One reading a slot."""
        change = self._sampled.largest[:, self.time >= self.steady_from].max(axis=1)
        steady = change * measurement.STEADY_FRACTION <= self.band
        bands = np.array([WIDER, 1.0, NARROWER])[:, None] * self.band
        settled = np.maximum(self._sampled.settled(bands) - self.slots.step, 0.0)
        early, settled, late = np.where(steady & (self.band > 0), settled, np.nan)
        energy = slot_energies(self.exact, self.slots, self._panels, self.parts, settled)
        overshoot = self._sampled.overshoot()
        stage, current = (
            np.max([_largest(getattr(part, name)) for part in self.parts], axis=0) for name in ("stage", "current")
        )
        slot_time, terminals = self.slots.hold.stop, self.exact.end(self.slots.hold)
        found = []
        for k, final in enumerate(self.final):
            attempt = Attempt(scale=1.0, slot_time=slot_time, peak_output=float(stage[k]), why="first")
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
                peak_output_current=float(current[k]),
                energy=energy[k],
                response=response,
                terminal_voltage=terminals[k].copy(),
                engine="exact",
                loss=loss,
                excess=excess,
            )
            found.append(reading)
        return found

    def _voltage(self, slot: Indices, before: Indices, output: Indices, time: FloatArray) -> FloatArray:
        """Outputs, each at its own times (brackets, T) between a sample and the next one, V."""
        found = np.empty(time.shape)
        on_edge = before < self.on_edge
        for piece, here in ((self.slots.edge, on_edge), (self.slots.hold, ~on_edge)):
            if here.any():
                found[here] = self.exact.response.each_at(
                    piece, self.exact.outputs, time[here], output[here], slot[here]
                )
        return found
