"""Readings of many linear circuits, stacks of those of one shape: each as `engines/exact/reading.py` gives it.

Whether a circuit is read here depends on this circuit alone: not beyond limits of op-amps, with growing poles, modes
that are nearly dependent, very many rings in a slot, or slots that do not start from rest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from amc_circuits.engines.exact.circuit import ExactCircuit
from amc_circuits.engines.exact.energy import WELL_CONDITIONED
from amc_circuits.engines.exact.linear_stack.circuits import CircuitStack
from amc_circuits.engines.exact.linear_stack.energy import slot_energies
from amc_circuits.engines.exact.linear_stack.flows import Flows, shape_of
from amc_circuits.engines.exact.linear_stack.panels import panels_of
from amc_circuits.engines.exact.linear_stack.samples import StackedSamples
from amc_circuits.engines.exact.reading import SAMPLES
from amc_circuits.engines.exact.slots import starts_from_rest
from amc_circuits.engines.known import EXACT, limitless
from amc_circuits.results.observation import terminals
from amc_circuits.results.readings import NARROWER, WIDER, Reading
from netlists import OpAmps, StepTrain
from netlists.record import FloatArray

MOST_VALUES = 512
"""Most right-hand sides times states: with more, a circuit alone takes less time and memory."""
AT_ONCE = 65_536
"""States squared, times right-hand sides, of the circuits of a stack: larger stacks leave the processor's cache."""


def read_linear_circuits(
    states: Sequence[ExactCircuit], drives: Sequence[StepTrain], tolerance: float
) -> list[list[Reading] | None]:
    """Read every slot of one step train of each circuit; None for a circuit that `read_slots` has to read."""
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for k, (state, drive) in enumerate(zip(states, drives, strict=True)):
        if is_stackable(state, drive):
            groups[_kind_of(state, drive)].append(k)
    found: list[list[Reading] | None] = [None] * len(states)
    for places in groups.values():
        for some, edges in _stacks([states[k] for k in places], [drives[k] for k in places]):
            own = [places[k] for k in some]
            reader = _StackReader([states[k] for k in own], [drives[k] for k in own], edges, tolerance)
            for k, readings in zip(own, reader.readings(), strict=True):
                found[k] = readings
    return found


def _stacks(states: Sequence[ExactCircuit], drives: Sequence[StepTrain]) -> Iterator[tuple[list[int], FloatArray]]:
    """Yield the circuits of each stack, by their places, and the edges of their panels.

    Circuits with too many panels are left out. Circuits with nearly as many panels are in one stack: all are sampled as
    often as the one with most.
    """
    values = np.stack([one.linear.modes.values for one in states])
    rise, slot_time = (np.array([getattr(one, name) for one in drives]) for name in ("rise_time", "slot_time"))
    edges, whole = panels_of(values, slot_time, rise)
    counts = (edges[:, 1:] > edges[:, :-1]).sum(axis=1)
    order = np.argsort(counts, kind="stable")
    order = order[whole[order]]
    size = max(1, AT_ONCE // (values.shape[1] ** 2 * drives[0].levels.shape[1]))
    for first in range(0, len(order), size):
        some = order[first : first + size]
        yield some.tolist(), edges[some, : counts[some[-1]] + 1]


def is_stackable(state: ExactCircuit, drive: StepTrain) -> bool:
    """Return True if a circuit can be read here, as far as is known beforehand."""
    count = drive.levels.shape[1]
    few = count * len(state.response.values) <= MOST_VALUES
    plain = few and starts_from_rest(drive) and limitless(state.circuit)
    modes = state.linear.modes if plain else None
    return modes is not None and bool(modes.poles[0].real < 0) and modes.condition < WELL_CONDITIONED


def _kind_of(state: ExactCircuit, drive: StepTrain) -> Hashable:
    """Return what circuits of a stack have in common."""
    modes = state.linear.modes
    all_real = modes.real == len(modes.values)
    return len(modes.values), all_real, drive.levels.shape[1], shape_of(state.circuit)


class _StackReader:
    """Readings of a stack of circuits."""

    def __init__(
        self, states: Sequence[ExactCircuit], drives: Sequence[StepTrain], edges: FloatArray, tolerance: float
    ) -> None:
        """`edges`: edges of the panels of each circuit, shape (P, E + 1), s; the last ones may be empty."""
        rise = np.array([one.rise_time for one in drives])
        self.circuit, self.tolerance = states[0].circuit, tolerance
        self.stack = CircuitStack(states, np.stack([one.levels for one in drives]), rise)
        self.outputs = self.stack.probe(self.stack.rows([self.circuit.outputs]))
        self.samples = StackedSamples(self.outputs, edges)
        self.flows = Flows(self.stack)

    def readings(self) -> list[list[Reading] | None]:
        """Return the readings of each circuit; None where it has to be read alone."""
        samples, count = self.samples, self.stack.levels.shape[2]
        band = samples.band(self.tolerance)
        steady = samples.steady(self.tolerance)
        times = np.where(steady & (band > 0), samples.settled(WIDER * band, band, NARROWER * band), np.nan)
        energies, positive = self._energies(times[1])
        known = np.asarray(positive.reshape(-1, count).all(axis=1))
        peaks, overshoot, terminal = self._peaks(), samples.sampled.overshoot().tolist(), self._terminals()
        found: list[list[Reading] | None] = []
        for k, fine in enumerate(known.tolist()):
            slots = range(k * count, (k + 1) * count)
            rows = [
                (bool(steady[s]), times[:, s].tolist(), overshoot[s], peaks[s].tolist(), terminal[s], energies[s])
                for s in slots
            ]
            found.append([self._reading(s, *row) for s, row in zip(slots, rows, strict=True)] if fine else None)
        return found

    def _energies(self, settled: FloatArray) -> tuple[list[dict[str, float | None]], NDArray[np.bool_]]:
        """Return energies by account of every slot, nan where it is not steady, and where no part is below 0."""
        ends = np.isfinite(settled)
        parts = slot_energies(self.stack, self.flows.forms, self.samples.edges, np.where(ends, settled, 0.0))
        positive = np.all([joules >= 0 for part in parts for joules in part.values()], axis=0)
        total = {name: np.where(ends, parts[0][name] + joules, np.nan).tolist() for name, joules in parts[1].items()}
        # The supply currents of op-amps without limits are not known.
        rest: dict[str, float | None] = {"amplifiers": None}
        return [{name: of[s] for name, of in total.items()} | rest for s in range(len(settled))], positive

    def _peaks(self) -> FloatArray:
        """Return the largest output and the largest output current of the op-amps in each slot, shape (S, 2)."""
        pins, currents = self.stack.rows([part.output for part in self.circuit.of(OpAmps)]), self.flows.currents
        count = pins.shape[1]
        both = self.stack.probe(np.concatenate([pins, currents], axis=1))
        return self.samples.peaks(both, [slice(count), slice(count, 2 * count)])

    def _terminals(self) -> FloatArray:
        """Return the voltages at the ends of the slots of the nodes at which arrays end, shape (S, terminals), V."""
        groups, slots = terminals(self.circuit), self.samples.stop
        if not groups:
            return np.zeros((len(slots), 0))
        probe = self.stack.probe(self.stack.rows(groups))
        return probe.at(self.stack.responses.slots, slots[:, None], False)[:, 0]

    def _reading(
        self,
        slot: int,
        steady: bool,
        times: list[float],
        overshoot: float,
        peaks: list[float],
        terminal: FloatArray,
        energy: dict[str, float | None],
    ) -> Reading:
        samples, (stage, current) = self.samples, peaks
        count = SAMPLES * int(samples.panels[slot]) + 1
        time = samples.sampled.time[slot, :count] - samples.rise[slot] / 2
        return Reading.first(
            slot_time=float(samples.stop[slot]),
            peak_output=stage,
            # Copies, so that one that is kept does not keep all the others.
            waveform=(time, samples.sampled.outputs[slot, :count].copy(), self.tolerance),
            times=times,
            final=samples.sampled.final[slot].copy(),
            steady=steady,
            overshoot=overshoot,
            peak_output_current=current,
            energy=energy,
            terminal_voltage=terminal.copy(),
            engine=EXACT,
            loss=0.0,
        )
