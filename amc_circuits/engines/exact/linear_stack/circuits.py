"""Stack of finished circuits of one shape: their modes, and the voltages of all nodes as linear functions of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from amc_circuits.engines.exact.circuit import ExactCircuit
from amc_circuits.engines.exact.linear_stack.responses import Responses, StackedProbe
from amc_circuits.linear.probes import Modal
from netlists.record import FloatArray


class CircuitStack:
    """P circuits of one shape, each with K right-hand sides from rest.

    Voltages and currents are rows over m = n + 3 K columns: the coordinates of the modes; then, for each right-hand
    side, the steady state, what the inputs add at the end of the edge, and what is there on the whole edge.

    Attributes:
        circuits: The circuits.
        levels: Input voltages, shape (P, inputs, K), V.
        values: Eigenvalues as in `StackedModes`, shape (P, n), 1/s; real if all are.
        responses: Responses of all slots.
        at: Rows in `voltages` of each group, those that sources hold last.
        voltages: Voltages of all groups, shape (P, rows, m), V.
    """

    def __init__(self, circuits: Sequence[ExactCircuit], levels: FloatArray, rise: FloatArray) -> None:
        """Stack circuits.

        Args:
            circuits: Circuits of one `shape_of` and one number of states; their modes are all real or none are.
            levels: Input voltages, shape (P, inputs, K), V.
            rise: Rise times of the inputs, shape (P,), s.
        """
        self.circuits, self.levels, self._rise = circuits, levels, rise
        modes = [one.linear.modes for one in circuits]
        orders = [_paired(one.real, len(one.values)) for one in modes]
        each = list(zip(modes, orders, strict=True))
        self.values: Modal = np.stack([one.values[order] for one, order in each])
        self._vectors = np.stack([one.packed_vectors[:, order] for one, order in each])
        inverse = np.stack([one.packed_inverse[order] for one, order in each])
        self.responses = Responses(self.values, inverse, self._of_each("drive"), levels, rise)
        record, held = circuits[0].circuit, circuits[0].linear.held
        groups = [*(group for group in record.groups if group not in held), *held]
        cuts = np.cumsum([0, *(record.groups[group] for group in groups)]).tolist()
        self.at = {group: slice(*cuts[j : j + 2]) for j, group in enumerate(groups)}
        self._free = np.concatenate([np.r_[circuits[0].linear.nodes[group]] for group in groups if group not in held])
        self.voltages = self._voltages()

    @property
    def columns(self) -> tuple[slice, slice, slice, slice]:
        """Columns of the modes, the steady states, the inputs, and what is there on the edge."""
        n, k = self.values.shape[1], self.levels.shape[2]
        return slice(n), slice(n, n + k), slice(n + k, n + 2 * k), slice(n + 2 * k, n + 3 * k)

    def nothing(self, rows: int) -> FloatArray:
        """Rows of zeros, shape (P, rows, m)."""
        return np.zeros((len(self.circuits), rows, self.columns[-1].stop))

    def rows(self, groups: Sequence[str]) -> FloatArray:
        """Voltages of groups, one after the other, shape (P, rows, m), V."""
        if len(groups) == 1:
            return self.voltages[:, self.at[groups[0]]]
        return self.voltages[:, self._places(groups)]

    def rates(self, groups: Sequence[str]) -> FloatArray:
        """Rates of change of the voltages of groups, one after the other, shape (P, rows, m), V/s."""
        return self._rates[:, self._places(groups)]

    @cached_property
    def _rates(self) -> FloatArray:
        states, _, fed, resting = self.columns
        read, feed = self._of_each("read", self._free), self._of_each("feed", self._free)
        found, nodes = self.nothing(len(self.voltages[0])), len(self._free)
        found[:, :nodes, states] = read @ self._of_each("state") @ self._vectors
        found[:, :nodes, fed] = read @ self._of_each("drive") @ self.levels
        found[:, :nodes, resting] = feed @ self.levels
        found[:, nodes:, resting] = self.voltages[:, nodes:, fed]
        found[:, :, resting] /= self._rise[:, None, None]
        return found

    def probe(self, rows: FloatArray) -> StackedProbe:
        """Return the probe of rows (P, rows, m)."""
        states, *others = self.columns
        still, feed, rest = (rows[..., one].transpose(0, 2, 1).reshape(-1, rows.shape[1]) for one in others)
        return StackedProbe(self.responses, rows[..., states].transpose(0, 2, 1), still, rest, feed)

    def _places(self, groups: Sequence[str]) -> FloatArray:
        return np.concatenate([np.r_[self.at[group]] for group in groups])

    def _of_each(self, name: str, rows: object = slice(None)) -> FloatArray:
        """Stack rows of a matrix of each linear circuit."""
        return np.stack([getattr(one.linear, name)[rows] for one in self.circuits])

    def _voltages(self) -> FloatArray:
        states, still, fed, resting = self.columns
        nodes, found = len(self._free), self.nothing(sum(self.circuits[0].circuit.groups.values()))
        found[:, :nodes, states] = self._of_each("read", self._free) @ self._vectors
        found[:, :nodes, fed] = self._of_each("feed", self._free) @ self.levels
        found[:, :nodes, resting] = self._of_each("rest", self._free)[..., None]
        for group in self.circuits[0].linear.held:
            weights = np.stack([one.linear.held[group] for one in self.circuits])
            found[:, self.at[group], fed] = weights @ self.levels
        slots = self.responses.slots
        modal = self.responses.packed(slots, self.responses.still[:, None])[:, 0]
        modal = modal.reshape(len(found), -1, modal.shape[1]).transpose(0, 2, 1)
        found[..., still] = found[..., states] @ modal + found[..., fed] + found[..., resting]
        return found


def _paired(real: int, count: int) -> FloatArray:
    """Return the order of `StackedModes` as places in `Modes`: real modes, then pairs, each the upper one first."""
    upper = np.arange(real, (real + count) // 2)
    return np.concatenate([np.arange(real), np.stack([upper, upper + len(upper)], axis=1).ravel()])
