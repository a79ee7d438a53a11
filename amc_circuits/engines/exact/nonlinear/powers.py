"""Currents and powers of responses at the points of their panels, from the voltages of all nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from amc_circuits.engines.exact.nonlinear.panels import Panels
from amc_circuits.engines.exact.nonlinear.system import System, times
from amc_circuits.linear.equations import Network, networks
from amc_circuits.results.observation import ideal_drivers
from netlists import Array, Circuit, Limiter, MacroOpAmp, OpAmps
from netlists.opamps.subcircuit import has_energy
from netlists.parts import Part
from netlists.record import FloatArray
from netlists.short_text import short_repr


@dataclass(frozen=True)
class _Form:
    """Power in a network from the voltages x of a group and y of the groups after it, `x (weights x + matrix y)`.

    Attributes:
        account: Place of its account.
        group: The group.
        weights: Shape (nodes, 1, 1), S; 0 where the matrix is that of x and y together.
        later: Groups of the matrix.
        matrix: Shape (nodes, nodes of `later`), S; None if all of it is 0.
    """

    account: int
    group: str
    weights: FloatArray
    later: tuple[str, ...]
    matrix: FloatArray | None

    __repr__ = short_repr

    def power(self, voltage: dict[str, FloatArray]) -> FloatArray:
        """Return the power, shape (points, K), W, from voltages of groups, shape (nodes, points, K), V."""
        own = voltage[self.group]
        flow = self.weights * own
        if self.matrix is not None:
            ends = [voltage[group] for group in self.later]
            flow += times(self.matrix, ends[0] if len(ends) == 1 else np.concatenate(ends))
        return np.asarray(np.einsum("rtk,rtk->tk", own, flow))


def _forms(account: int, network: Network, sizes: Mapping[str, int]) -> Iterator[_Form]:
    """Yield the power in a network: what two groups have in common counts twice for the first of them."""
    groups, laplacian, _ = network
    ends, diagonal = accumulate((sizes[group] for group in groups), initial=0), np.diag(laplacian)[:, None, None]
    for k, (first, last) in enumerate(pairwise(ends)):
        own, weights = laplacian[first:last, first:last], diagonal[first:last]
        matrix, later = 2 * laplacian[first:last, last:], groups[k + 1 :]
        if np.count_nonzero(own) > np.count_nonzero(weights):
            weights, matrix, later = np.zeros_like(weights), np.hstack([own, matrix]), groups[k:]
        yield _Form(account, groups[k], weights, later, matrix if matrix.any() else None)


class Account:
    """Everything that powers need and that does not depend on the responses.

    Attributes:
        dissipating: Accounts of passive parts, without that of the op-amps.
        known: True if what supplies and sources deliver is known.
        groups: Groups whose voltages are needed.
    """

    def __init__(self, circuit: Circuit, system: System) -> None:
        """`circuit`: the circuit of the system, with its limiters."""
        self.system, self.circuit = system, circuit
        self._drivers, limiters = ideal_drivers(circuit), circuit.of(Limiter)
        self.dissipating = circuit.accounts[:-1]
        records = [part.record for part in circuit.parts if hasattr(part, "record")]
        self.known = all(isinstance(record, MacroOpAmp) and has_energy(record) for record in records)
        named = {part.name: part for part in circuit.parts}
        parts = [(named[name], network) for name, network in networks(circuit)]
        passive = [(part, network) for part, network in parts if getattr(part, "account", "") in self.dissipating]
        self._conductors, self._forms = list[tuple[int, Network]](), list[_Form]()
        for part, network in passive:
            account = self.dissipating.index(getattr(part, "account", ""))
            if isinstance(part, Array):
                self._forms += _forms(account, network, circuit.groups)
            else:
                self._conductors.append((account, network))
        limitless = [part.output for part in circuit.of(OpAmps) if not isinstance(part.record, MacroOpAmp)]
        self._loaded = [*self._drivers, *(part.output for part in limiters), *limitless]
        self._drawing = [(part, network) for part, network in parts if any(one in self._loaded for one in network[0])]
        wanted = [group for _, network in [*passive, *self._drawing] for group in network[0]]
        self.groups = list(dict.fromkeys([*wanted, *self._loaded]))

    def drawn(self, panels: Panels, voltage: dict[str, FloatArray]) -> dict[str, FloatArray]:
        """Compute what passive parts draw from sources, buffers, limiters, and op-amps without output resistance.

        Args:
            panels: Responses; after their panels, what charges capacitors is left out.
            voltage: Voltages of `groups` at their points, shape (nodes, points, K), V.

        Returns:
            Currents of each such group, shape (nodes, points, K), A.
        """
        found: dict[str, FloatArray] = {}
        for part, network in self._drawing:
            for group, current in self._taken(part, network, panels, voltage):
                found[group] = found[group] + current if group in found else current
        found |= {group: np.zeros_like(voltage[group]) for group in self._loaded if group not in found}
        for array, _, _, row, current in self._bent(voltage):
            if array.word_lines in found:
                found[array.word_lines][row] += current.sum(axis=0)
            if array.bit_lines in found:
                found[array.bit_lines] -= current
        return found

    def _taken(
        self, part: Part, network: Network, panels: Panels, voltage: dict[str, FloatArray]
    ) -> Iterator[tuple[str, FloatArray]]:
        """Yield each loaded group of a passive part, and what the part draws there, shape (nodes, points, K), A."""
        groups, laplacian, charge = network
        if not isinstance(part, Array) and not charge.any():
            siemens, across = _conductors(groups, laplacian, voltage)
            for group, factor in zip(groups, (siemens, -siemens), strict=False):
                if group in self._loaded:
                    yield group, factor * across
            return
        ends = np.concatenate([voltage[group] for group in groups])
        slopes = panels.slopes(ends) if charge.any() else None
        cuts = np.cumsum([0, *(self.circuit.groups[group] for group in groups)]).tolist()
        for group, first, last in zip(groups, cuts[:-1], cuts[1:], strict=True):
            if group in self._loaded:
                current = times(laplacian[first:last], ends)
                if slopes is not None:
                    current[:, : panels.count] += times(charge[first:last], slopes)
                yield group, current

    def _bent(self, voltage: dict[str, FloatArray]) -> Iterator[tuple[Array, FloatArray, FloatArray, int, FloatArray]]:
        """Yield array, voltages of both ends, a word line, and what its sinh cells add, shape (M, points, K), A."""
        for array in self.system.cells.parts:
            word_lines, bit_lines = voltage[array.word_lines], voltage[array.bit_lines]
            bend = array.nonlinearity_voltage
            assert bend is not None
            for row, cells in enumerate(array.conductance):
                x = (word_lines[row] - bit_lines) / bend
                yield array, word_lines, bit_lines, row, bend * cells[:, None, None] * (np.sinh(x) - x)

    def currents(
        self, voltage: dict[str, FloatArray], drawn: dict[str, FloatArray], linear: bool, out: FloatArray
    ) -> None:
        """Write currents of the outputs of all op-amps, shape (op-amps, points, K), A; `linear` leaves limits out."""
        laws, first, macro = self.system.laws, 0, 0
        for part, last in self.system.opamps:
            count = len(voltage[part.output])
            own = out[first : first + count]
            if isinstance(part.record, MacroOpAmp):
                np.subtract(voltage[last], voltage[part.output], out=own)
                which, macro = slice(macro, macro + count), macro + count
                if linear:
                    own /= laws.resistance[which]
                else:
                    laws.delivered(own, which, out=own)
            else:
                own[:] = drawn[part.output]
            first += count

    def powers(self, voltage: dict[str, FloatArray], drawn: dict[str, FloatArray], currents: FloatArray) -> FloatArray:
        """Compute powers: of each account in `dissipating`, then what is delivered, if it is known.

        Args:
            voltage: Voltages of `groups` at some points, shape (nodes, points, K), V.
            drawn: As `drawn` returns it for these points.
            currents: As `currents` writes them.

        Returns:
            Shape (points, accounts, K), W.
        """
        _, points, count = currents.shape
        found = np.zeros((points, len(self.dissipating) + self.known, count))
        for form in self._forms:
            found[:, form.account] += form.power(voltage)
        for account, (groups, laplacian, _) in self._conductors:
            siemens, across = _conductors(groups, laplacian, voltage)
            found[:, account] += np.einsum("rtk,rtk->tk", siemens * across, across)
        for array, word_lines, bit_lines, row, current in self._bent(voltage):
            if array.account in self.dissipating:
                place = self.dissipating.index(array.account)
                found[:, place] += np.einsum("jtk,jtk->tk", word_lines[row] - bit_lines, current)
        for limiter in self.circuit.of(Limiter):  # they deliver power
            place = self.dissipating.index(limiter.account)
            found[:, place] -= np.einsum("rtk,rtk->tk", voltage[limiter.output], drawn[limiter.output])
        if self.known:
            found[:, -1] = self._supplied(currents)
            for group in self._drivers:
                found[:, -1] += np.einsum("rtk,rtk->tk", voltage[group], drawn[group])
        return found

    def _supplied(self, currents: FloatArray) -> FloatArray:
        """Power from the rails of all op-amps, class AB, shape (points, K), W."""
        found, first = np.zeros(currents.shape[1:]), 0
        for part, record, _ in self.system.macros:
            own = currents[first : first + self.circuit.groups[part.output]]
            first += len(own)
            found += supply_power(record, own).sum(axis=0)
        return found


def supply_power(opamp: MacroOpAmp, current: FloatArray) -> FloatArray:
    """Compute the power from the rails of op-amps that deliver currents, A, in class AB, same shape, W."""
    assert opamp.quiescent_current is not None and opamp.class_ab_current is not None
    found = np.square(current)
    found /= 4
    found += opamp.class_ab_current**2
    np.sqrt(found, out=found)
    found += opamp.quiescent_current - opamp.class_ab_current
    found *= 2 * opamp.supply_voltage
    return np.asarray(found)


def _conductors(
    groups: tuple[str, ...], laplacian: FloatArray, voltage: dict[str, FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Return conductances, shape (rows, 1, 1), S, and the voltages across them (rows, points, K), V.

    They join equal places of two groups, or of one and ground. Over these voltages nothing cancels.
    """
    siemens = np.diag(laplacian)[: len(laplacian) // len(groups), None, None]
    return siemens, voltage[groups[0]] if len(groups) == 1 else voltage[groups[0]] - voltage[groups[1]]
