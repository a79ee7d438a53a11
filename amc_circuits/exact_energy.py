"""Energies of slots from the exact response: closed forms where they keep their digits, else Gauss's rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from amc_circuits.exact_circuit import ExactCircuit, Samples
from amc_circuits.exact_response import GAUSS_NODES, GAUSS_WEIGHTS, Piece, gauss
from amc_circuits.exact_slots import Slots
from amc_circuits.quadratic_form import QuadraticForm
from netlists.record import FloatArray

WELL_CONDITIONED = 1e5
"""Eigenvectors up to here leave ten digits in the closed forms, whose error grows with the square."""

Power = Callable[[Piece, FloatArray], FloatArray]
Panels = tuple[FloatArray, FloatArray]
"""Edges of the panels of the edge and of the hold."""


def slot_energies(
    exact: ExactCircuit, slots: Slots, panels: Panels, samples: Sequence[Samples], settled: FloatArray
) -> list[tuple[float | None, float, float]]:
    """Amplifiers, array and inputs of every slot, from the step to the settling time (K,), J; nan where it is nan.

    Args:
        exact: The circuit.
        slots: Its responses.
        panels: Of both pieces.
        samples: At Gauss's points of all panels, edge and hold.
        settled: Settling times, shape (K,), s.
    """
    over = _Integral(exact, slots, panels, slots.step + settled)
    array = over.dissipated(exact.array_energy)
    inputs = np.where(np.isnan(settled), np.nan, 0.0)
    if exact.input_energy is not None:
        inputs = over.dissipated(exact.input_energy)
    if samples[0].delivered is None:
        return [(None, float(a), float(i)) for a, i in zip(array, inputs, strict=True)]
    # The root in class AB has no closed form.
    delivered = over.by_quadrature(partial(_delivered, exact), [part.delivered for part in samples])
    return [
        (float(d - a - i), float(a), float(i)) for d, a, i in zip(delivered, array, inputs, strict=True)
    ]  # fmt: skip


def _delivered(exact: ExactCircuit, piece: Piece, time: FloatArray) -> FloatArray:
    """Power of supplies and input sources, shape (K, T), W."""
    delivered = exact.observe(piece, time).delivered
    assert delivered is not None
    return delivered


class _Integral:
    """Integrals over slots, each from the step to its own end."""

    def __init__(self, exact: ExactCircuit, slots: Slots, panels: Panels, last: FloatArray) -> None:
        """`last`: where each slot's integral ends, shape (K,), s from the slot's beginning."""
        self.exact, self.slots, self.panels, self.last = exact, slots, panels, last

    def dissipated(self, form: QuadraticForm) -> FloatArray:
        """Of passive parts, shape (K,), J: never less than 0."""
        edge, hold = self.slots.edge, self.slots.hold
        if self.exact.linear.modes.condition < WELL_CONDITIONED and edge.straight and hold.straight:
            step, last = np.full_like(self.last, self.slots.step), self.last
            found = form.integral(edge, step, np.clip(last, step, edge.stop))
            found += form.integral(hold, np.full_like(last, hold.start), np.maximum(last, hold.start))
            if not (found < 0).any():
                return found
        # A sum of positive weights times powers that are not negative.
        return self.by_quadrature(partial(form.value, self.exact.response))

    def by_quadrature(self, power: Power, known: Sequence[FloatArray | None] = (None, None)) -> FloatArray:
        """A power by Gauss's rule, shape (K,), J; `known` at the points of all panels, where it is."""
        last = self.last
        total = np.zeros(len(last))
        pieces = zip((self.slots.edge, self.slots.hold), self.panels, known, strict=True)
        for piece, panels, sampled in pieces:
            points, weights = gauss(panels)
            values = power(piece, points.ravel()) if sampled is None else sampled[:, :-1]
            whole = (values.reshape(len(last), *points.shape) * weights).sum(axis=2)
            counted = panels[:-1] >= self.slots.step
            total += np.where(counted & (panels[1:] <= last[:, None]), whole, 0.0).sum(axis=1)
            slot, panel = np.nonzero(counted & (panels[:-1] < last[:, None]) & (panels[1:] > last[:, None]))
            if slot.size:
                half = (last[slot] - panels[panel])[:, None] / 2
                rest = power(piece.of(slot), panels[panel][:, None] + half * (1 + GAUSS_NODES))
                total[slot] += (rest * (half * GAUSS_WEIGHTS)).sum(axis=1)
        return np.where(np.isnan(last), np.nan, total)
