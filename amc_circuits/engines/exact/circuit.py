"""Measurement of a linear circuit from its exact response: `results/observation.py` without a deck."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, reduce
from typing import TYPE_CHECKING

import numpy as np

from amc_circuits.engines.exact.observed import Observed
from amc_circuits.linear.circuit import LinearCircuit
from amc_circuits.linear.equations import linear_circuit, networks, siemens_of
from amc_circuits.linear.probes import Probe, probe_of
from amc_circuits.linear.response import ExactResponse, Piece, response_of
from amc_circuits.results.observation import ideal_drivers, opamp_places, terminals
from netlists import GROUND, Array, Circuit, Conductors, MacroOpAmp, OpAmps, Switches
from netlists.record import FloatArray
from netlists.short_text import short_repr

if TYPE_CHECKING:
    from amc_circuits.engines.exact.nonlinear.circuit import NonlinearCircuit
    from amc_circuits.linear.quadratic_form import QuadraticForm


@dataclass(frozen=True)
class Samples:
    """Some responses at some times. Op-amps stand in the order of `Circuit.amplifiers`.

    Attributes:
        time: Shape (T,), s.
        stage: Output of each op-amp without its load, shape (K, T, op-amps), V.
        current: Current of every output, shape (K, T, op-amps), A.
        slewing: Rate that each op-amp's gain stage is driven at, shape (K, T, op-amps), V/s; None without macros.
        delivered: By supplies and input sources, shape (K, T), W; None where the supply current is not known.
        common_mode: As `common_modes` returns it, shape (K, T, op-amps), V.
    """

    time: FloatArray
    stage: FloatArray
    current: FloatArray
    slewing: FloatArray | None = None
    delivered: FloatArray | None = None
    common_mode: FloatArray | None = None

    __repr__ = short_repr


class ExactCircuit:
    """The linear circuit of a circuit, with all that does not depend on its inputs worked out."""

    def __init__(self, circuit: Circuit, linear: LinearCircuit | None = None) -> None:
        """`linear`: its linear circuit; worked out unless given."""
        self.circuit = circuit
        self.linear: LinearCircuit = linear or linear_circuit(circuit)

    @cached_property
    def response(self) -> ExactResponse:
        """Its responses within the linear range."""
        return response_of(self.linear)

    @property
    def limited(self) -> bool:
        """True if responses beyond the linear range are integrated."""
        from amc_circuits.engines.exact.nonlinear.circuit import applies  # here, for ngspice needs none of it

        return applies(self.circuit)

    @cached_property
    def beyond(self) -> NonlinearCircuit:
        """The circuit beyond the linear range of its op-amps."""
        from amc_circuits.engines.exact.nonlinear.circuit import NonlinearCircuit  # as above

        return NonlinearCircuit(self.circuit, self.linear)

    @cached_property
    def observed(self) -> Observed:
        """Probes of the op-amps."""
        return Observed(self.circuit, self.linear)

    @cached_property
    def _terminals(self) -> Probe | None:
        groups = terminals(self.circuit)
        return probe_of(self.linear, *groups) if groups else None

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
    def dissipation(self) -> dict[str, QuadraticForm]:
        """Dissipation of passive parts, by account (Tellegen); without the op-amps' own account."""
        return {account: self._form(account) for account in self.circuit.accounts[:-1]}

    def _form(self, account: str) -> QuadraticForm:
        """Over the terminals of its arrays, then over the voltages across its conductors, so that nothing cancels."""
        from amc_circuits.linear.quadratic_form import QuadraticForm, block_diagonal  # as above

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
        """Number of values of a response that `observe` computes at a time."""
        return len(self.observed.every.rest)

    @cached_property
    def judged(self) -> bool:
        """True if an op-amp has a limit that its samples are compared with."""
        return self.observed.drivers is not None or not {"slewing", "common_mode"}.isdisjoint(self.observed.places)

    def observe(self, piece: Piece, time: FloatArray) -> Samples:
        """All responses of a piece at times (T,) within it."""
        seen, found = self.observed, self.response.at(piece, self.observed.every, time)
        named = {name: found[..., place] for name, place in seen.places.items()}
        drawn = named.pop("drawn", None)
        delivered = None if drawn is None else self._supply(piece, time, named["current"], drawn)
        return Samples(time, **named, delivered=delivered)

    def delivered(self, piece: Piece, time: FloatArray) -> FloatArray:
        """Power of supplies, where it is known, and input sources at times (T,) or (K, T), shape (K, T), W."""
        found = self.response.at(piece, self.observed.power, time)
        current, drawn = np.split(found, [len(self.circuit.amplifiers)], axis=2)
        return self._supply(piece, time, current, drawn)

    def _supply(self, piece: Piece, time: FloatArray, current: FloatArray, drawn: FloatArray) -> FloatArray:
        """The same from currents of op-amps, and of sources and buffers, shapes (K, T, nodes), A."""
        from amc_circuits.engines.exact.nonlinear.powers import supply_power  # as above

        assert self.observed.drivers is not None
        found: FloatArray = np.einsum("ktn,ktn->kt", self.response.at(piece, self.observed.drivers, time), drawn)
        for opamp, places in opamp_places(self.circuit):
            assert isinstance(opamp, MacroOpAmp)
            found += supply_power(opamp, current[..., places]).sum(axis=2)
        return found

    def end(self, piece: Piece) -> FloatArray:
        """Voltages at which arrays end, at the end of a piece, shape (K, terminals), V."""
        if self._terminals is None:
            return np.zeros((piece.inputs.shape[1], 0))
        return self.response.at(piece, self._terminals, np.array([piece.stop]))[:, 0]
