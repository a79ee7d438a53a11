"""Energies of the slots of many circuits by account: closed forms after the edge, Gauss's rule on it where it is short.

A power is a quadratic form of the columns of a `CircuitStack`. The integral of `z_i z_j`, modes that decay as
`exp(values_i t)`, is `z_i z_j/(values_i + values_j)` between its ends. With all modes as rows of one matrix this is
one matrix for all accounts.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from amc_circuits.engines.exact.linear_stack.circuits import CircuitStack
from amc_circuits.engines.exact.settling import Indices
from amc_circuits.linear.probes import Modal
from amc_circuits.linear.response import GAUSS_NODES, GAUSS_WEIGHTS, SHORT
from netlists.record import FloatArray

Joules = dict[str, FloatArray]


def slot_energies(
    stack: CircuitStack, forms: Mapping[str, FloatArray], edges: FloatArray, settled: FloatArray
) -> tuple[Joules, Joules]:
    """Return energies by account from the step to the end of the edge, then to the settling times, shape (S,) each, J.

    Args:
        stack: Circuits.
        forms: Powers by account, shape (P, m, m), W.
        edges: Edges of the panels of each slot, shape (S, E + 1), s.
        settled: Settling times, shape (S,), s.
    """
    responses = stack.responses
    until = responses.rise / 2 + settled
    on_edge, slots = np.minimum(until, responses.rise), responses.slots
    straight = (np.abs(responses.values) * responses.rise[:, None] >= SHORT).all(axis=1)
    edge = {name: np.zeros(len(slots)) for name in forms}
    integrals = _Integrals(stack, forms)
    for some, found in (
        (slots[straight], integrals.edge_in_closed_form),
        (slots[~straight], integrals.edge_by_quadrature),
    ):
        if some.size:
            for name, joules in found(some, on_edge[some], edges[some]).items():
                edge[name][some] = joules
    return edge, integrals.hold(slots, np.maximum(until, responses.rise) - responses.rise)


class _Integrals:
    """Integrals of powers over parts of slots (B,)."""

    def __init__(self, stack: CircuitStack, forms: Mapping[str, FloatArray]) -> None:
        self.responses, self.forms, self._columns = stack.responses, forms, stack.columns

    def hold(self, slot: Indices, length: FloatArray) -> Joules:
        """Energy from the end of the edge over lengths (B,), s."""
        begin = np.zeros_like(length)
        return self._closed(slot, self.responses.decaying[slot], begin, length, self._unit(slot, 1))

    def edge_in_closed_form(self, slot: Indices, until: FloatArray, _: FloatArray) -> Joules:
        """Energy from the step to a time on the edge (B,), s: `z = a (exp(values t) - 1 - values t)`."""
        responses = self.responses
        values, rising, rise = responses.values[slot], responses.rising[slot], responses.rise[slot]
        amplitude = rising / values**2
        constant, slope = self._unit(slot, 3), self._unit(slot, 2) / rise[:, None]
        constant[:, self._columns[0]] = self._packed(slot, -amplitude)
        slope[:, self._columns[0]] = self._packed(slot, -rising / values)
        return self._closed(slot, amplitude, rise / 2, until, constant, slope)

    def edge_by_quadrature(self, slot: Indices, until: FloatArray, edges: FloatArray) -> Joules:
        """Energy from the step to a time on the edge (B,), s, by Gauss's rule in the panels (B, E + 1)."""
        rise = self.responses.rise[slot]
        cut = np.clip(edges, rise[:, None] / 2, until[:, None])
        place, panel = np.nonzero(cut[:, 1:] > cut[:, :-1])
        start, half = cut[place, panel], (cut[place, panel + 1] - cut[place, panel]) / 2
        time, owner = start[:, None] + half[:, None] * (1 + GAUSS_NODES), slot[place]
        column = self._unit(owner, 3)[:, None] + self._unit(owner, 2)[:, None] * (time / rise[place, None])[..., None]
        column[..., self._columns[0]] = self.responses.moved(owner, time, True)
        weights, found = half[:, None] * GAUSS_WEIGHTS, {}
        for name, form in self.forms.items():
            power = ((column @ form[self.responses.owner(owner)]) * column).sum(axis=2)
            found[name] = np.zeros(len(slot))
            np.add.at(found[name], place, (power * weights).sum(axis=1))
        return found

    def _unit(self, slot: Indices, which: int) -> FloatArray:
        """Return the rows (B, m) that choose a column of each slot's right-hand side."""
        found = np.zeros((len(slot), self._columns[-1].stop))
        found[np.arange(len(slot)), self._columns[which].start + slot % self.responses.columns] = 1.0
        return found

    def _packed(self, slot: Indices, modal: Modal) -> FloatArray:
        """Return the coordinates of modes (B, n)."""
        return self.responses.packed(slot, modal[:, None])[:, 0]

    def _closed(
        self,
        slot: Indices,
        amplitude: Modal,
        a: FloatArray,
        b: FloatArray,
        constant: FloatArray,
        slope: FloatArray | None = None,
    ) -> Joules:
        """Integrate from a to b (B,), s; columns are `amplitude exp(values t)`, and a straight line (B, m)."""
        values, states, owner = self.responses.values[slot], self._columns[0], self.responses.owner(slot)
        at_a, at_b = (amplitude * np.exp(values * time[:, None]) for time in (a, b))
        pairs = at_b[:, :, None] * at_b[:, None] - at_a[:, :, None] * at_a[:, None]
        pairs = self._coordinates(slot, pairs / (values[:, :, None] + values[:, None]))
        moved = (at_b - at_a) / values
        # The integral of t exp(rate t) is (t - 1/rate) exp(rate t) / rate.
        moved_on = (b[:, None] * at_b - a[:, None] * at_a - moved) / values
        one, other = self._packed(slot, moved), self._packed(slot, moved_on)
        found = {}
        for name, form in self.forms.items():
            own = form[owner]
            still = (constant[:, None] @ own)[:, 0]
            joules = (own[:, states, states] * pairs).reshape(len(slot), -1).sum(axis=1)
            joules += 2 * (still[:, states] * one).sum(axis=1) + (still * constant).sum(axis=1) * (b - a)
            if slope is not None:
                rising = (slope[:, None] @ own)[:, 0]
                joules += 2 * (rising[:, states] * other).sum(axis=1)
                joules += (rising * constant).sum(axis=1) * (b**2 - a**2)
                joules += (rising * slope).sum(axis=1) * (b**3 - a**3) / 3
            found[name] = joules
        return found

    def _coordinates(self, slot: Indices, pairs: Modal) -> FloatArray:
        """Turn products of modes (B, n, n) into those of their coordinates, same shape."""
        if not np.iscomplexobj(pairs):
            return np.asarray(pairs, dtype=np.float64)
        side = np.sign(self.responses.values[slot].imag)[:, None]
        later, before = np.roll(pairs, -1, axis=2), np.roll(pairs, 1, axis=2)
        upper, lower = (pairs + later) / 2, (before - pairs) / 2j
        # Of both indices; the rows of an upper mode and of its conjugate are conjugate then.
        columns = np.where(side == 0, pairs, np.where(side > 0, upper, lower))
        return self.responses.packed(slot, columns.transpose(0, 2, 1)).transpose(0, 2, 1)
