"""Measurement of a linear circuit from its exact response: `results/observation.py` without a deck."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, reduce

import numpy as np

from amc_circuits.linear.circuit import LinearCircuit
from amc_circuits.linear.equations import linear_circuit, networks, siemens_of
from amc_circuits.linear.quadratic_form import QuadraticForm, block_diagonal
from amc_circuits.linear.response import ExactResponse, Piece, Probe, probe_of, response_of
from amc_circuits.results.observation import common_modes, ideal_drivers, of_opamps, opamp_places, terminals
from netlists import GROUND, Array, Circuit, Conductors, MacroOpAmp, OpAmps, Switches
from netlists.opamps.subcircuit import has_energy
from netlists.record import FloatArray
from netlists.short_text import short_repr


@dataclass(frozen=True)
class Samples:
    """Some responses at some times. Op-amps stand in the order of `Circuit.amplifiers`.

    Attributes:
        time: Shape (T,) or (K, T), s.
        terminals: Nodes at which arrays end, shape (K, T, terminals), V.
        stage: Output of each op-amp without its load, shape (K, T, op-amps), V.
        slewing: Rate that each op-amp's gain stage is driven at, shape (K, T, op-amps), V/s.
        current: Current of every output, shape (K, T, op-amps), A.
        delivered: By supplies and input sources, shape (K, T), W; None where the supply current is not known.
        common_mode: As `common_modes` returns it, shape (K, T, op-amps), V.
    """

    time: FloatArray
    terminals: FloatArray
    stage: FloatArray
    slewing: FloatArray
    current: FloatArray
    delivered: FloatArray | None
    common_mode: FloatArray | None

    __repr__ = short_repr


class ExactCircuit:
    """The linear circuit of a circuit, with all that does not depend on its inputs worked out."""

    def __init__(self, circuit: Circuit, linear: LinearCircuit | None = None) -> None:
        """`linear`: its linear circuit; worked out unless given."""
        self.circuit = circuit
        self.linear: LinearCircuit = linear or linear_circuit(circuit)
        self.response: ExactResponse = response_of(self.linear)
        self._free = [group for group in circuit.groups if group in self.linear.nodes]
        self._stages = [
            stage
            for part, stage in zip(circuit.of(OpAmps), self.linear.stages, strict=True)
            if isinstance(part.record, MacroOpAmp)
        ]
        self._sizes = [circuit.groups[group] for group in self._free]
        sizes = dict(zip(self.linear.stages, (circuit.groups[part.output] for part in circuit.of(OpAmps)), strict=True))
        self._sizes += [sizes[stage] for stage in self._stages]
        self._all = probe_of(self.linear, *self._free, *self._stages)

    @cached_property
    def drawn(self) -> dict[str, list[tuple[str, FloatArray, FloatArray]]]:
        """For sources and op-amps without output resistance, what voltages and rates at groups draw through parts."""
        limited = [part.output for part in self.circuit.of(OpAmps) if not isinstance(part.record, MacroOpAmp)]
        wanted = {*ideal_drivers(self.circuit), *limited}
        sums: dict[str, dict[str, tuple[FloatArray, FloatArray]]] = {group: {} for group in wanted}
        for _, (groups, laplacian, charge) in networks(self.circuit):
            cuts = np.cumsum([0, *(self.circuit.groups[group] for group in groups)]).tolist()
            place = {group: slice(*cuts[k : k + 2]) for k, group in enumerate(groups)}
            for to in wanted & set(groups):
                for group in groups:
                    block = (place[group], place[to])
                    before = sums[to].get(group, (0.0, 0.0))
                    sums[to][group] = (before[0] + laplacian[block], before[1] + charge[block])
        return {to: [(group, *both) for group, both in found.items()] for to, found in sums.items()}

    @cached_property
    def _charges(self) -> bool:
        """True where line capacitance or capacitors draw currents from outputs or sources."""
        return any(charge.any() for found in self.drawn.values() for _, _, charge in found)

    @cached_property
    def dissipation(self) -> dict[str, QuadraticForm]:
        """Dissipation of passive parts, by account (Tellegen); without the op-amps' own account."""
        return {account: self._form(account) for account in self.circuit.accounts[:-1]}

    def _form(self, account: str) -> QuadraticForm:
        """Over the terminals of its arrays, then over the voltages across its conductors, so that nothing cancels."""
        arrays = [part for part in self.circuit.of(Array) if part.account == account]
        groups = list(dict.fromkeys(group for part in arrays for group in (part.word_lines, part.bit_lines)))
        cuts = np.cumsum([0, *(self.circuit.groups[group] for group in groups)]).tolist()
        place = {group: np.arange(*cuts[k : k + 2]) for k, group in enumerate(groups)}
        total = np.zeros((cuts[-1], cuts[-1]))
        for part in arrays:
            at = np.concatenate([place[part.word_lines], place[part.bit_lines]])
            total[np.ix_(at, at)] += part.reduced.laplacian
        probes = [probe_of(self.linear, *groups)] if groups else []
        weights = [total] if groups else []
        for conductors in self.circuit.of(Conductors) + self.circuit.of(Switches):
            if conductors.account == account:
                probe = probe_of(self.linear, conductors.a)
                probes.append(probe if conductors.b == GROUND else probe.less(probe_of(self.linear, conductors.b)))
                weights.append(np.diag(np.broadcast_to(siemens_of(self.circuit, conductors), len(probe.rest))))
        return QuadraticForm.of(reduce(Probe.over, probes), block_diagonal(weights), self.response.values)

    @cached_property
    def outputs(self) -> Probe:
        """Output voltages."""
        return probe_of(self.linear, self.linear.outputs)

    @property
    def rows(self) -> int:
        """Number of voltages that `observe` computes."""
        return len(self._all.rest)

    def observe(self, piece: Piece, time: FloatArray) -> Samples:
        """All responses of a piece at times (T,), or each at its own (K, T), within it."""
        circuit = self.circuit
        voltage, stages = self._voltages(piece, time, self._all)
        inputs, pins = of_opamps(circuit, voltage)
        drawn = self._currents(piece, time, voltage)
        current, stage, slewing = np.empty_like(pins), pins.copy(), np.zeros_like(pins)
        delivered: FloatArray | None = np.zeros(pins.shape[:2])
        for k, (opamp, places) in enumerate(opamp_places(circuit)):
            if not isinstance(opamp, MacroOpAmp):
                current[..., places] = drawn[circuit.of(OpAmps)[k].output]
            else:
                stage[..., places] = stages[self.linear.stages[k]]
                current[..., places] = (stage[..., places] - pins[..., places]) / opamp.output_resistance
                own = circuit.of(OpAmps)[k].offset
                offset = opamp.input_offset + (0.0 if own is None else opamp.input_weights[0] * own)
                slewing[..., places] = opamp.unity_gain_frequency * (offset + inputs[..., places])
            if not (isinstance(opamp, MacroOpAmp) and has_energy(opamp)):
                delivered = None
            elif delivered is not None:
                delivered += _supplied(opamp, current[..., places])
        if delivered is not None:
            for group in ideal_drivers(circuit):
                delivered += (voltage[group] * drawn[group]).sum(axis=2)
        none = np.zeros((*pins.shape[:2], 0))
        ends = np.concatenate([none, *(voltage[group] for group in terminals(circuit))], axis=2)
        return Samples(time, ends, stage, slewing, current, delivered, common_modes(circuit, voltage))

    def _voltages(
        self, piece: Piece, time: FloatArray, probe: Probe
    ) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
        """Voltages of all groups, and of the stages of op-amps with output resistance, shape (K, T, nodes) each, V."""
        found = np.split(self.response.at(piece, probe, time), np.cumsum(self._sizes)[:-1], axis=2)
        named = dict(zip([*self._free, *self._stages], found, strict=True))
        after = np.atleast_2d(time - piece.start)[:, :, None]
        inputs = piece.inputs.T[:, None, :] + after * piece.inputs_slope.T[:, None, :]
        held = {group: inputs @ weights.T for group, weights in self.linear.held.items()}
        return named | held, named

    def _currents(self, piece: Piece, time: FloatArray, voltage: dict[str, FloatArray]) -> dict[str, FloatArray]:
        """Currents of passive parts from outputs of op-amps and from sources, shape (K, T, nodes) each, A."""
        rates: dict[str, FloatArray] = {}
        if self._charges:
            rates, _ = self._voltages(self.response.derivative(piece), time, self._all.without_rest())
        found = {}
        for to, parts in self.drawn.items():
            found[to] = np.zeros((*voltage[to].shape[:2], self.circuit.groups[to]))
            for group, laplacian, charge in parts:
                found[to] += voltage[group] @ laplacian
                if charge.any():
                    found[to] += rates[group] @ charge
        return found


def _supplied(opamp: MacroOpAmp, current: FloatArray) -> FloatArray:
    """Power from the rails of op-amps that deliver a current, class AB, shape (K, T), W."""
    assert opamp.quiescent_current is not None and opamp.class_ab_current is not None
    idle = opamp.quiescent_current - opamp.class_ab_current
    drawn = np.sqrt(current**2 / 4 + opamp.class_ab_current**2) + idle
    return np.asarray(2 * opamp.supply_voltage * drawn.sum(axis=2))
