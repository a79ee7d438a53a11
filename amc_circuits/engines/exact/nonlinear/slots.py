"""Readings of slots from their samples at the points of panels, by the definitions of docs/measurement.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from amc_circuits.engines.exact.nonlinear.circuit import NonlinearCircuit
from amc_circuits.engines.exact.nonlinear.panels import Panels
from amc_circuits.engines.exact.nonlinear.system import times as product
from amc_circuits.engines.exact.quadrature import joules_until
from amc_circuits.engines.exact.settling import Indices, SampledOutputs
from amc_circuits.results import measurement
from amc_circuits.results.observation import common_modes, of_opamps, terminals
from amc_circuits.results.readings import NARROWER, WIDER, AmplifierState, FirstPass, Reading
from amc_circuits.results.response import Response
from amc_circuits.results.solution import Attempt
from netlists.record import FloatArray
from netlists.short_text import short_repr

FINE = 64
"""Times between two samples at which a first pass is looked for."""


@dataclass(frozen=True)
class Marks:
    """Times of a slot, s.

    Attributes:
        step: Time that settling times count from.
        steady_from: Time from which outputs of a slot that is steady do not change.
        edges: Corners of the inputs, from the beginning of the slot, without its end.
    """

    step: float
    steady_from: float
    edges: tuple[float, ...]

    __repr__ = short_repr

    @classmethod
    def of(cls, step: float, stop: float, edges: Sequence[float]) -> Marks:
        """Return the marks of a slot that stops at a time, s."""
        return cls(step, stop * (1 - 1 / measurement.STEADY_PART), tuple(edges))

    @property
    def cuts(self) -> tuple[float, float]:
        """Edges of panels within steps."""
        return self.step, self.steady_from


class Slots:
    """Some slots of equal duration, sampled."""

    def __init__(
        self,
        exact: NonlinearCircuit,
        panels: Panels,
        first: FloatArray,
        marks: Marks,
        tolerance: float,
        linear: bool = False,
    ) -> None:
        """`first`: outputs at the beginning of the panels, shape (N, K), V; `linear`: limits were left out."""
        self.exact, self.tolerance, self.panels, self._linear = exact, tolerance, panels, linear
        self.step, self.steady_from, self._keep = marks.step, marks.steady_from, (*marks.cuts, *marks.edges)
        seen = self.panels.voltages(exact.outputs)
        self._points = seen.transpose(1, 2, 0)
        self.time = np.append(panels.edges[0], panels.time)
        # In this order: each response is one block of memory.
        self.outputs = np.empty((seen.shape[2], seen.shape[1] + 1, len(seen)))
        self.outputs[:, 0], self.outputs[:, 1:] = first.T, seen.transpose(2, 1, 0)
        self.final = self.outputs[:, -1]
        # It holds no reference to this object: in a ring, all arrays would stay until a garbage collection.
        voltage = partial(_voltage, self.panels, self._points)
        self.sampled = SampledOutputs(self.time, self.outputs, self.final, voltage)
        self.band = tolerance * np.abs(self.final).max(axis=1)

    def _watch(self) -> None:
        """Compute voltages and currents of everything that is read.

        Behind the settling time, too: outputs that stay within a wide band may still move much else.
        """
        # Between corners of limiters panels stay as they are.
        keep = None if self.exact.system.limiters.count else (*self._keep, *self.panels.edges[[0, -1]])
        panels, (outputs,) = self.panels.paired(keep, self._points.transpose(2, 0, 1))
        self._read = panels
        names, rows = self.exact.watched
        nodes = self.exact.system.linear.nodes
        cuts = np.cumsum([nodes[name].stop - nodes[name].start for name in names])[:-1]
        seen = panels.voltages(rows)
        self.voltage = found = dict(zip(names, np.split(seen, cuts), strict=True))
        # They are the last rows, see `NonlinearCircuit.watched`.
        self.stages = seen[len(seen) - sum(len(found[last]) for _, last in self.exact.system.opamps) :]
        for group, weights in self.exact.system.linear.held.items():
            own = weights[:, : self.exact.system.inputs]
            alone = np.array_equal(own, np.eye(len(own)))  # each node has an input of its own
            found[group] = panels.inputs if alone else product(own, panels.inputs)
        for limiter in self.exact.system.limiters.parts:
            found[limiter.output] = panels.voltages(self.exact.system.rows(limiter.output))
        found[self.exact.circuit.outputs] = outputs
        self.drawn = self.exact.account.drawn(panels, found)
        self.currents = self.exact.account.currents(found, self.drawn, self._linear)

    def readings(self, first_pass: FirstPass | None = None) -> list[Reading]:
        """Return one reading a slot, of settled outputs or of a first pass."""
        if first_pass is not None:
            return self._made(*self._passing(first_pass))
        change = self.sampled.largest[:, self.time >= self.steady_from].max(axis=1)
        steady = change * measurement.STEADY_FRACTION <= self.band
        bands = np.array([WIDER, 1.0, NARROWER])[:, None] * self.band
        times = np.maximum(self.sampled.settled(bands) - self.step, 0.0)
        early, settled, late = np.where(steady & (self.band > 0), times, np.nan)
        return self._made(self.final, steady, np.stack([early, settled, late]))

    def _passing(self, first_pass: FirstPass) -> tuple[FloatArray, NDArray[np.bool_], FloatArray]:
        """Outputs when a group first passes a level (K, N), whether it does, and the time, three times (3, K)."""
        system = self.exact.system
        values = self._points
        if first_pass.group not in ("", self.exact.circuit.outputs):
            values = self.panels.voltages(system.rows(first_pass.group)).transpose(1, 2, 0)
        beyond = np.abs(values).max(axis=2) >= first_pass.level
        passed, place = beyond.any(axis=0), beyond.argmax(axis=0)
        final, time = self.final.copy(), np.full(len(self.final), np.nan)
        for k in np.flatnonzero(passed).tolist():
            low = self.panels.time[place[k] - 1] if place[k] else 0.0
            fine = np.linspace(low, self.panels.time[place[k]], FINE)
            seen = self._all_at(values, k, fine)
            time[k] = (
                low if not place[k] else self.step + measurement.first_pass(fine, seen.T, self.step, first_pass.level)
            )
            final[k] = self._all_at(self._points, k, time[k, None])[:, 0]
        return final, passed, np.repeat(np.maximum(time - self.step, 0.0)[None], 3, axis=0)

    def _all_at(self, values: FloatArray, k: int, time: FloatArray) -> FloatArray:
        """Values (points, K, nodes) of response k at times (T,), shape (nodes, T)."""
        nodes = np.arange(values.shape[2])
        every = np.broadcast_to(time, (len(nodes), len(time)))
        return self.panels.between(values, (np.full(len(nodes), k), nodes), every)

    def _made(self, finals: FloatArray, steady: NDArray[np.bool_], times: FloatArray) -> list[Reading]:
        """Readings with these final outputs, and early, right and late settling times, shape (3, K)."""
        early, settled, late = times
        self._watch()
        energy, overshoot = self._energies(settled), self.sampled.overshoot()
        stage, current = (
            np.maximum(self._read.largest(one), _largest(one[:, self._read.count :]))
            for one in (self.stages, self.currents)
        )
        if (laws := self.exact.system.laws).count == len(self.currents):
            current = np.minimum(current, laws.current.max())  # polynomials between points may pass it
        ends, amplifiers = self._ends()
        found = []
        for k, final in enumerate(finals):
            attempt = Attempt(
                scale=1.0, slot_time=float(self.panels.edges[-1]), peak_output=float(stage[k]), why="first"
            )
            settling_time = float(settled[k])
            # A copy, so that one that is kept does not keep all the others.
            outputs = self.outputs[k].copy()
            response = Response(self.time - self.step, outputs, self.tolerance, settling_time)
            found.append(
                Reading(
                    attempt=attempt,
                    attempts=(attempt,),
                    final=final.copy(),
                    steady=bool(steady[k]),
                    settling_time=settling_time,
                    settling_range=(float(early[k]), float(late[k])),
                    overshoot=float(overshoot[k]),
                    peak_output_current=float(current[k]),
                    energy=energy[k],
                    response=response,
                    terminal_voltage=ends[k],
                    amplifiers=amplifiers[k],
                    engine="exact",
                )
            )
        return found

    def _energies(self, settled: FloatArray) -> list[dict[str, float | None]]:
        """Energies by account of every slot, from the step to the settling time, J."""
        last = self.step + settled
        inside = slice(self._read.count)
        voltage, drawn = ({name: one[:, inside] for name, one in held.items()} for held in (self.voltage, self.drawn))
        powers = self.exact.account.of(voltage, drawn, self.currents[:, inside])
        names = [*powers.dissipated]
        every = [*powers.dissipated.values()] + ([] if powers.delivered is None else [powers.delivered])
        # Columns: account by account, every response.
        together = np.concatenate(every, axis=1)

        def cut(slot: Indices, time: FloatArray) -> FloatArray:
            return self._read.between(together, (slot,), time)

        whole = joules_until(np.tile(last, len(every)), self._read.edges, self.step, together.T, cut)
        joules = np.where(np.isnan(last), np.nan, whole.reshape(len(every), -1))
        own = None if powers.delivered is None else joules[-1] - joules[: len(names)].sum(axis=0)
        return [
            dict(zip(names, joules[: len(names), k].tolist(), strict=True))
            | {"amplifiers": None if own is None else float(own[k])}
            for k in range(len(settled))
        ]

    def _ends(self) -> tuple[FloatArray, list[AmplifierState]]:
        """Voltages at the ends of arrays, shape (K, terminals), and states of the op-amps, at the end of the slot."""
        circuit, system = self.exact.circuit, self.exact.system
        end, names = self.panels.end(), list(circuit.groups)
        cuts = np.cumsum([circuit.groups[name] for name in names])[:-1]
        voltage = {
            name: (self.voltage[name] if name in self.voltage else end.voltages(system.rows(name)))[:, -1].T
            for name in names
        }
        inputs, outputs = of_opamps(circuit, voltage)
        currents = self.currents[:, -1].T
        common = self._common_mode(names, cuts)
        ends = np.concatenate([outputs[:, :0], *(voltage[group] for group in terminals(circuit))], axis=1)
        states = [
            AmplifierState(inputs[k], outputs[k], currents[k], None if common is None else common[k])
            for k in range(len(outputs))
        ]
        return ends, states

    def _common_mode(self, names: list[str], cuts: FloatArray) -> FloatArray | None:
        """Largest common mode of every op-amp over the slot, shape (K, op-amps), V; None if no op-amp has a range."""
        circuit = self.exact.circuit
        if all(record.equivalent.common_mode_range is None for record in circuit.opamps):
            return None
        voltages = np.moveaxis(self.panels.voltages(self.exact.system.rows(*names)), 0, 2)
        seen = common_modes(circuit, dict(zip(names, np.split(voltages, cuts, axis=2), strict=True)))
        return None if seen is None else np.abs(seen).max(axis=0)


def _voltage(
    panels: Panels, points: FloatArray, slot: Indices, before: Indices, output: Indices, time: FloatArray
) -> FloatArray:
    """Outputs (points, K, N), each at its own times (brackets, T), V."""
    return panels.between(points, (slot, output), time)


def _largest(values: FloatArray) -> FloatArray:
    """Largest magnitude of values (rows, points, K), shape (K,)."""
    return np.asarray(np.maximum(values.max(axis=(0, 1)), -values.min(axis=(0, 1))))
