"""Energies of slots from the exact response: closed forms where they keep their digits, else Gauss's rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from amc_circuits.engines.exact.circuit import ExactCircuit
from amc_circuits.engines.exact.quadrature import joules_until
from amc_circuits.engines.exact.slots import Slots
from amc_circuits.linear.quadratic_form import QuadraticForm
from amc_circuits.linear.response import Piece, gauss
from netlists.record import FloatArray

WELL_CONDITIONED = 1e5
"""Eigenvectors up to here leave ten digits in the closed forms, whose error grows with the square."""
FEW = 4
"""Gauss's points in panels that are shorter than `BRIEF`."""
BRIEF = 0.46
"""Length of a panel in time constants of the fastest mode at which four points integrate a power to 3e-10, as eight do
in the longest panel: the remainder is 0.92^8 (4!)^4 / (9 (8!)^3)."""

Power = Callable[[Piece, FloatArray], FloatArray]
Panels = tuple[FloatArray, FloatArray]
"""Edges of the panels of the edge and of the hold."""


def slot_energies(
    exact: ExactCircuit, slots: Slots, panels: Panels, delivered: Sequence[FloatArray], settled: FloatArray
) -> list[dict[str, float | None]]:
    """By account, of every slot, from the step to the settling time (K,), J; nan where it is nan.

    Args:
        exact: The circuit.
        slots: Its responses.
        panels: Panels of both pieces.
        delivered: Power at Gauss's points of all panels and at the end, edge and hold, W; empty if it is not known.
        settled: Settling times, shape (K,), s.

    Returns:
        The op-amps' account has what was delivered less all others; None where that is not known.
    """
    over = _Integral(exact, slots, panels, slots.step + settled)
    found: dict[str, FloatArray] = {name: over.dissipated(form) for name, form in exact.dissipation.items()}
    if not delivered:
        return [
            {name: float(joules[k]) for name, joules in found.items()} | {"amplifiers": None}
            for k in range(len(settled))
        ]
    # The root in class AB has no closed form.
    found["amplifiers"] = over.by_quadrature(exact.delivered, delivered) - sum(found.values())
    return _each(found)


def _each(found: dict[str, FloatArray]) -> list[dict[str, float | None]]:
    """Energies by account of every slot."""
    count = len(next(iter(found.values())))
    return [{name: float(joules[k]) for name, joules in found.items()} for k in range(count)]


class _Integral:
    """Integrals over slots, each from the step to its own end."""

    def __init__(self, exact: ExactCircuit, slots: Slots, panels: Panels, last: FloatArray) -> None:
        """`last`: where each slot's integral ends, shape (K,), s from the slot's beginning."""
        self.exact, self.slots, self.panels, self.last = exact, slots, panels, last

    def dissipated(self, form: QuadraticForm) -> FloatArray:
        """Energy dissipated in passive parts, shape (K,), J: never less than 0."""
        total = np.zeros(len(self.last))
        for place, piece in enumerate((self.slots.edge, self.slots.hold)):
            found = self._closed(form, piece) if piece.straight else None
            if found is None or (found < 0).any():
                # A sum of positive weights times powers that are not negative.
                found = self._over(place, partial(form.value, self.exact.response))
            total += found
        return np.where(np.isnan(self.last), np.nan, total)

    def _closed(self, form: QuadraticForm, piece: Piece) -> FloatArray | None:
        """Energy of one piece by its closed form, shape (K,), J; None where rounding would spoil it."""
        if self.exact.linear.modes.condition >= WELL_CONDITIONED:
            return None
        first = np.full_like(self.last, max(self.slots.step, piece.start))
        return form.integral(piece, first, np.clip(self.last, first, piece.stop))

    def by_quadrature(self, power: Power, known: Sequence[FloatArray]) -> FloatArray:
        """A power by Gauss's rule, shape (K,), J; `known` at the points of all panels."""
        total = sum(self._over(place, power, sampled) for place, sampled in enumerate(known))
        return np.where(np.isnan(self.last), np.nan, total)

    def _over(self, place: int, power: Power, sampled: FloatArray | None = None) -> FloatArray:
        """A power over the edge (0) or the hold (1), by Gauss's rule, shape (K,), J."""
        piece, panels = (self.slots.edge, self.slots.hold)[place], self.panels[place]
        if sampled is None:
            panels = panels[panels >= self.slots.step]
        brief = np.abs(self.exact.response.values).max() * np.diff(panels).max(initial=0.0) < BRIEF
        values = power(piece, gauss(panels, FEW if brief else 8)[0].ravel()) if sampled is None else sampled[:, :-1]

        def cut(slot: NDArray[np.int64], time: FloatArray) -> FloatArray:
            return power(piece.of(slot), time)

        return joules_until(self.last, panels, self.slots.step, values, cut)
