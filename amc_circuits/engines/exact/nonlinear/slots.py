"""Readings of slots from their samples at the points of panels, by the definitions of docs/measurement.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from amc_circuits.engines.exact.nonlinear.circuit import NonlinearCircuit
from amc_circuits.engines.exact.nonlinear.panels import POINTS, Panels
from amc_circuits.engines.exact.nonlinear.system import times as product
from amc_circuits.engines.exact.quadrature import joules_until
from amc_circuits.engines.exact.settling import Indices, SampledOutputs
from amc_circuits.engines.known import EXACT
from amc_circuits.results import measurement
from amc_circuits.results.observation import common_modes, of_opamps, terminals
from amc_circuits.results.readings import NARROWER, WIDER, AmplifierState, FirstPass, Reading
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
        self._read, (outputs,) = self.panels.paired(keep, self._points.transpose(2, 0, 1))
        account, (places, rows) = self.exact.account, self.exact.watched
        self._every = self._read.voltages(rows, further=self.exact.opamps)
        self.currents = self._every[len(rows.rest) :]
        self.voltage = found = {name: self._every[place] for name, place in places.items()}
        for group, weights in self.exact.held.items():
            found[group] = self._read.inputs if weights is None else product(weights, self._read.inputs)
        for limiter in self.exact.system.limiters.parts:
            found[limiter.output] = self._read.voltages(self.exact.system.rows(limiter.output))
        found[self.exact.circuit.outputs] = outputs
        self.drawn = account.drawn(self._read, found)
        account.currents(found, self.drawn, self._linear, self.currents)

    def readings(self, first_pass: FirstPass | None = None) -> list[Reading]:
        """Return one reading a slot, of settled outputs or of a first pass."""
        if first_pass is not None:
            return self._made(*self._passing(first_pass))
        change = self.sampled.largest[:, self.time >= self.steady_from].max(axis=1)
        steady = change * measurement.STEADY_FRACTION <= self.band
        bands = np.array([WIDER, 1.0, NARROWER])[:, None] * self.band
        times = np.maximum(self.sampled.settled(bands) - self.step, 0.0)
        return self._made(self.final, steady, np.where(steady & (self.band > 0), times, np.nan))

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
        self._watch()
        # The stages are the last rows before the currents, see `NonlinearCircuit.watched`.
        both = self._every[-2 * len(self.currents) :]
        stage, current = self._read.largest(both.reshape(2, -1, *both.shape[1:]))
        if (laws := self.exact.system.laws).count == len(self.currents):
            current = np.minimum(current, laws.current.max())  # polynomials between points may pass it
        each = zip(
            *(one.tolist() for one in (stage, current, steady, times.T, self.sampled.overshoot())),
            *(finals, self.outputs, self._energies(times[1]), *self._ends()),
            strict=True,
        )
        slot_time, time = float(self.panels.edges[-1]), self.time - self.step
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
                terminal_voltage=end,
                amplifiers=state,
                engine=EXACT,
            )
            for peak, largest, rests, own_times, overshoot, final, outputs, energy, end, state in each
        ]

    def _energies(self, settled: FloatArray) -> list[dict[str, float | None]]:
        """Energies by account of every slot, from the step to the settling time, J."""
        account, last, edges = self.exact.account, self.step + settled, self._read.edges
        panels = 1 + int(np.searchsorted(edges[1:-1], last.max(where=np.isfinite(last), initial=0.0)))
        inside = slice(POINTS * panels)  # behind them no energy is read
        voltage, drawn = ({name: one[:, inside] for name, one in held.items()} for held in (self.voltage, self.drawn))
        powers = account.powers(voltage, drawn, self.currents[:, inside])
        accounts = powers.shape[1]
        # Columns: account by account, every response.
        powers = powers.reshape(len(powers), -1)

        def cut(slot: Indices, time: FloatArray) -> FloatArray:
            return self._read.between(powers, (slot,), time)

        whole = joules_until(np.tile(last, accounts), edges[: panels + 1], self.step, powers.T, cut)
        joules = np.where(np.isnan(last), np.nan, whole.reshape(accounts, -1))
        passive = joules[: len(account.dissipating)]
        own = joules[-1] - passive.sum(axis=0) if account.known else np.full(len(last), None)
        return [
            dict(zip((*account.dissipating, "amplifiers"), column, strict=True))
            for column in zip(*passive.tolist(), own.tolist(), strict=True)
        ]

    def _ends(self) -> tuple[FloatArray, list[AmplifierState]]:
        """Voltages at the ends of arrays, shape (K, terminals), and states of the op-amps, at the end of the slot."""
        circuit, system, panels = self.exact.circuit, self.exact.system, self.panels
        end = [one[:, -1] for one in (panels.state, panels.inputs, panels.pins)]
        voltage = {
            name: (self.voltage[name][:, -1] if name in self.voltage else system.rows(name).at(*end)).T
            for name in circuit.groups
        }
        inputs, outputs = of_opamps(circuit, voltage)
        currents = self.currents[:, -1].T
        common = self._common_mode()
        ends = np.concatenate([outputs[:, :0], *(voltage[group] for group in terminals(circuit))], axis=1)
        states = [
            AmplifierState(inputs[k], outputs[k], currents[k], None if common is None else common[k])
            for k in range(len(outputs))
        ]
        return ends, states

    def _common_mode(self) -> FloatArray | None:
        """Largest common mode of every op-amp over the slot, shape (K, op-amps), V; None if no op-amp has a range."""
        circuit = self.exact.circuit
        if all(record.equivalent.common_mode_range is None for record in circuit.opamps):
            return None
        names = list(circuit.groups)
        voltages = np.moveaxis(self.panels.voltages(self.exact.system.rows(*names)), 0, 2)
        cuts = np.cumsum([circuit.groups[name] for name in names])[:-1]
        seen = common_modes(circuit, dict(zip(names, np.split(voltages, cuts, axis=2), strict=True)))
        return None if seen is None else np.abs(seen).max(axis=0)


def _voltage(
    panels: Panels, points: FloatArray, slot: Indices, before: Indices, output: Indices, time: FloatArray
) -> FloatArray:
    """Outputs (points, K, N), each at its own times (brackets, T), V."""
    return panels.between(points, (slot, output), time)
