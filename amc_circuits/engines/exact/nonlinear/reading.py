"""Right-hand sides read from responses beyond the linear range, by the definitions of docs/measurement.md."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from amc_circuits.engines.exact.nonlinear.panels import POINTS, at_times, sampled
from amc_circuits.engines.exact.nonlinear.powers import Account
from amc_circuits.engines.exact.nonlinear.rest import resting
from amc_circuits.engines.exact.nonlinear.system import Rows, System, times
from amc_circuits.engines.exact.nonlinear.trajectory import Integrator, Place, Step
from amc_circuits.engines.exact.quadrature import joules_until
from amc_circuits.engines.exact.settling import Indices, SampledOutputs
from amc_circuits.results import measurement
from amc_circuits.results.observation import common_modes, of_opamps, terminals
from amc_circuits.results.readings import NARROWER, WIDER, AmplifierState, Reading
from amc_circuits.results.response import Response
from amc_circuits.results.solution import Attempt
from netlists import Circuit, MacroOpAmp, StepTrain
from netlists.record import FloatArray

CHUNK = 16
"""Right-hand sides that are integrated at once: a fixed number, so that results do not depend on the number of jobs."""


def applies(circuit: Circuit) -> bool:
    """Return True if every op-amp of a circuit is a macro model, so that its limits are known here."""
    return circuit.linear and all(isinstance(record, MacroOpAmp) for record in circuit.opamps)


class NonlinearCircuit:
    """A circuit with macro op-amps, with all that does not depend on its inputs worked out."""

    def __init__(self, circuit: Circuit) -> None:
        self.circuit = circuit
        self.system = System(circuit)
        self.account = Account(self.system)

    @cached_property
    def at_rest(self) -> Place:
        """The circuit with all inputs at 0 V."""
        return resting(self.system, np.zeros((self.system.inputs, 1)))

    @cached_property
    def outputs(self) -> Rows:
        """Output voltages."""
        return self.system.rows(self.circuit.outputs)

    @cached_property
    def watched(self) -> tuple[list[str], Rows]:
        """Groups, other than the outputs and those that sources hold, and last stages: what else is read."""
        circuit, held = self.circuit, self.system.linear.held
        stages = [last for _, _, last in self.system.macros]
        groups = [*self.account.groups, *(part.output for part, _, _ in self.system.macros)]
        names = [name for name in dict.fromkeys([*groups, *stages]) if name != circuit.outputs and name not in held]
        return names, self.system.rows(*names)

    def read(self, drive: StepTrain, from_rest: bool, tolerance: float) -> list[Reading]:
        """Measure every slot of a step train, from rest or each from the end of the one before."""
        count = drive.levels.shape[1]
        if from_rest:
            found: list[Reading] = []
            for first in range(0, count, CHUNK):
                levels = drive.levels[:, first : first + CHUNK]
                start = self.at_rest.repeated(levels.shape[1])
                found += _Slots(self, drive, np.zeros_like(levels), levels, start, tolerance).readings()
            return found
        place, before, found = self.at_rest, np.zeros((len(drive.levels), 1)), []
        for k in range(count):
            slot = _Slots(self, drive, before, drive.levels[:, k : k + 1], place, tolerance)
            found += slot.readings()
            place, before = slot.end, drive.levels[:, k : k + 1]
        return found


    def outputs_over(
        self, stretches: Sequence[tuple[float, float, FloatArray, FloatArray]], time: FloatArray, unit: float
    ) -> FloatArray:
        """Outputs of one response to inputs that are straight from corner to corner, at times (T,), shape (T, N), V."""
        scale = np.array([max(float(np.abs(after).max()) for _, _, _, after in stretches)])
        integrator = Integrator(self.system, np.maximum(scale, np.finfo(float).tiny), unit)
        place, steps = self.at_rest, []
        for first, last, before, after in stretches:
            if last > first:
                found, place = integrator.run(place, last, before, (after - before) / (last - first))
                steps += found
        starts = np.array([step.start for step in steps])
        which = np.clip(np.searchsorted(starts, time, side="right") - 1, 0, None)
        outputs = [at_times(self.system, steps[j], time[which == j], self.outputs) for j in np.unique(which)]
        return np.concatenate([one[:, :, 0].T for one in outputs])


class _Slots:
    """Some slots of equal duration, integrated and sampled."""

    def __init__(
        self,
        exact: NonlinearCircuit,
        drive: StepTrain,
        before: FloatArray,
        levels: FloatArray,
        start: Place,
        tolerance: float,
    ) -> None:
        """`before` and `levels`: inputs before and after the edge, shape (inputs, K), V."""
        self.exact, self.tolerance, self.step = exact, tolerance, drive.rise_time / 2
        system = exact.system
        scale = np.maximum(np.abs(levels).max(axis=0), np.abs(before).max(axis=0))
        integrator = Integrator(system, np.maximum(scale, np.finfo(float).tiny), drive.rise_time)
        slope = (levels - before) / drive.rise_time
        edge, place = integrator.run(start.from_zero, drive.rise_time, before, slope)
        hold, self.end = integrator.run(place, drive.slot_time, levels, np.zeros_like(levels))
        self.steady_from = drive.slot_time * (1 - 1 / measurement.STEADY_PART)
        self.panels = sampled(system, edge + hold, self.end, (self.step, self.steady_from), drive.rise_time)
        seen = self.panels.voltages(exact.outputs)
        self._points = seen.transpose(1, 2, 0)
        first = exact.outputs.modal @ start.state + exact.outputs.feed @ before + exact.outputs.rest[:, None]
        first += exact.outputs.pins @ start.added.pins[:, 0]
        self.time = np.append(0.0, self.panels.time)
        self.outputs = np.concatenate([first.T[:, None], seen.transpose(2, 1, 0)], axis=1)
        self.final = self.outputs[:, -1]
        self.sampled = SampledOutputs(self.time, self.outputs, self.final, self._voltage)
        self.band = tolerance * np.abs(self.final).max(axis=1)

    def _voltage(self, slot: Indices, before: Indices, output: Indices, time: FloatArray) -> FloatArray:
        """Outputs, each at its own times (brackets, T), V."""
        return self.panels.between(self._points, (slot, output), time)

    @cached_property
    def voltage(self) -> dict[str, FloatArray]:
        """Voltages of everything that is read at all points, shape (nodes, points, K), V."""
        names, rows = self.exact.watched
        nodes = self.exact.system.linear.nodes
        cuts = np.cumsum([len(range(*nodes[name].indices(len(rows.rest) * 8))) for name in names])[:-1]
        found = dict(zip(names, np.split(self.panels.voltages(rows), cuts), strict=True))
        inputs = self.exact.system.inputs
        held = self.exact.system.linear.held
        return found | {group: times(weights[:, :inputs], self.panels.inputs) for group, weights in held.items()} | {
            self.exact.circuit.outputs: self._points.transpose(2, 0, 1)
        }

    @cached_property
    def currents(self) -> FloatArray:
        """Currents of the outputs of all op-amps, shape (m, points, K), A."""
        drops = [self.voltage[last] - self.voltage[part.output] for part, _, last in self.exact.system.macros]
        return self.exact.system.laws.delivered(np.concatenate(drops))

    def readings(self) -> list[Reading]:
        """Return one reading a slot."""
        change = self.sampled.largest[:, self.time >= self.steady_from].max(axis=1)
        steady = change * measurement.STEADY_FRACTION <= self.band
        bands = np.array([WIDER, 1.0, NARROWER])[:, None] * self.band
        times = np.maximum(self.sampled.settled(bands) - self.step, 0.0)
        early, settled, late = np.where(steady & (self.band > 0), times, np.nan)
        energy, overshoot = self._energies(settled), self.sampled.overshoot()
        stage = np.max([np.abs(self.voltage[last]).max(axis=(0, 1)) for _, _, last in self.exact.system.macros], axis=0)
        current = np.abs(self.currents).max(axis=(0, 1))
        ends, amplifiers = self._ends()
        found = []
        for k, final in enumerate(self.final):
            attempt = Attempt(
                scale=1.0, slot_time=float(self.panels.edges[-1]), peak_output=float(stage[k]), why="first"
            )
            settling_time = float(settled[k])
            response = Response(self.time - self.step, self.outputs[k].copy(), self.tolerance, settling_time)
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
        edges = self.panels.edges
        until = 1 + int(np.searchsorted(edges, np.nanmax(last, initial=self.step)))
        edges = edges[: min(until, len(edges) - 1) + 1]
        count = POINTS * (len(edges) - 1)
        voltage = {group: self.voltage[group][:, :count] for group in self.exact.account.groups}
        powers = self.exact.account.of(self.panels, voltage, self.currents[:, :count])

        def joules(power: FloatArray) -> FloatArray:
            def cut(slot: Indices, time: FloatArray) -> FloatArray:
                return self.panels.between(power, (slot,), time)

            return np.where(np.isnan(last), np.nan, joules_until(last, edges, self.step, power.T, cut))

        found = {account: joules(power) for account, power in powers.dissipated.items()}
        own = None if powers.delivered is None else joules(powers.delivered) - sum(found.values())
        return [
            {name: float(values[k]) for name, values in found.items()}
            | {"amplifiers": None if own is None else float(own[k])}
            for k in range(len(settled))
        ]

    def _ends(self) -> tuple[FloatArray, list[AmplifierState]]:
        """Voltages at which arrays end, shape (K, terminals), and states of the op-amps, both at the end of the slot."""
        circuit, system, end = self.exact.circuit, self.exact.system, self.panels.last
        names = list(circuit.groups)
        cuts = np.cumsum([circuit.groups[name] for name in names])[:-1]
        voltage = dict(zip(names, np.split(end.voltages(system.rows(*names))[:, 0].T, cuts, axis=1), strict=True))
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
