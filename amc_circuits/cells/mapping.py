"""Mapping of a matrix to conductances of an array, and of voltages back to numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from amc_circuits.values.quantities import format_quantity
from netlists import ParameterError
from netlists.record import FloatArray
from netlists.short_text import short_repr

Pair = Literal["auto", "always", "never"]
DEAREST = 0.01
"""Largest lifting cost of a single array with `pair` auto, see `Mapping.lifting_cost`; a choice of this package."""
LARGEST = 1.0
"""Largest conductance of a cell, S; a generous choice of this package."""
WORTH_SAYING = 1e-3
"""Lifting cost, or loss of conductance to g_max, from which a note is added; a choice here.

The finite gain of common op-amps costs as much."""
EQUAL = 1e-8
"""Relative difference from the wanted matrix, Frobenius norm, from which cells need no further compensation of wires.

No part of a circuit is as exact. Below, a difference may be rounding, and no amount is reported."""


@dataclass(frozen=True)
class Compensation:
    """Wires that the cells make up for. Differences are those of the array with its wires from the wanted conductances.

    Attributes:
        before: Relative difference without compensation, Frobenius norm.
        after: The same with compensation, before the errors of real cells.
        scale: Wanted conductances in units of those without compensation; below 1 so that no cell passes g_max.
        steps: Steps of the iteration; 0 if the wires change too little for any to help.
    """

    before: float
    after: float
    scale: float
    steps: int

    @property
    def note(self) -> str:
        """Note on the differences and on the scale; empty if the wires change nothing that counts."""
        if self.before < EQUAL:
            return ""
        before, least = (format_quantity(one, "%") for one in (self.before, EQUAL))
        after = f"less than {least}" if self.after < EQUAL else format_quantity(self.after, "%")
        limited = f"; g_max leaves {format_quantity(self.scale, '%')} of the conductances"
        shown = limited * (1 - self.scale >= WORTH_SAYING)
        return f"cells make up for wires: instead of {before} they change the matrix by {after}{shown}"


@dataclass(frozen=True)
class Mapping:
    """A matrix as conductances: `A = alpha (G+ - G-) / unit` for an ideal pair.

    Attributes:
        positive: G+, shape (N, M), siemens.
        negative: G-, same shape; None with a single array.
        alpha: Largest |A|, in the units of A.
        unit: Conductance G0 that represents alpha, siemens.
        lifted_cells: Number of cells of a single array that were raised to g_min; 0 in a pair.
        lifting_cost: `||A_lifted - A|| / ||A||`, Frobenius norm; A_lifted is the matrix that the array holds.
        compensation: Wires that the cells make up for; None if they do not.
    """

    positive: FloatArray
    negative: FloatArray | None
    alpha: float
    unit: float
    lifted_cells: int = 0
    lifting_cost: float = 0.0
    compensation: Compensation | None = None

    __repr__ = short_repr

    @property
    def difference(self) -> FloatArray:
        """G+ - G-, shape (N, M), siemens."""
        return self.positive if self.negative is None else self.positive - self.negative

    @property
    def lifting_note(self) -> str:
        """Note on the lifted cells and on what to try; empty if they cost less than 0.1 %."""
        if self.lifting_cost < WORTH_SAYING:
            return ""
        return (
            f"{self.lifted_cells} of {self.positive.size} cells are lifted to g_min, which changes the matrix by "
            f"{format_quantity(self.lifting_cost, '%')}; pair = always avoids it, scaling may"
        )


def check_conductance_limits(g_min: float, g_max: float) -> None:
    """Refuse limits that no device can have.

    Raises:
        ParameterError: A limit is not positive, or they are swapped.
    """
    for name, value in (("g_min", g_min), ("g_max", g_max)):
        if not 0 < value <= LARGEST:
            raise ParameterError(name, value, f"must be a conductance above 0 siemens, and at most {LARGEST:g}")
    if g_min >= g_max:
        raise ParameterError("g_min", g_min, f"must be below g_max, {g_max:g} S; were they swapped?")


def map_matrix(matrix: FloatArray, g_min: float = 1e-6, g_max: float = 100e-6, pair: Pair = "auto") -> Mapping:
    """Map a real matrix to one array or to a pair.

    A pair holds `G+- = g_min + max(+-A, 0)/alpha (g_max - g_min)`: the floor cancels in the difference, so an ideal
    pair is exact. A single array holds `max(A/alpha g_max, g_min)`: entries below the floor are lifted to it.

    Args:
        matrix: A, shape (N, M), any units.
        g_min: Lowest conductance of a cell, siemens.
        g_max: Highest conductance of a cell, siemens.
        pair: `auto` takes a pair if an entry is negative or lifting costs more than 1 %; `always`; `never`.

    Raises:
        ParameterError: The limits are unusable, every entry of A is zero, or one is negative and `pair` is `never`.
    """
    check_conductance_limits(g_min, g_max)
    alpha = float(np.abs(matrix).max())
    if alpha == 0:
        raise ParameterError("A", "a matrix of zeros", "there is nothing to program; give an entry other than 0")
    relative = matrix / alpha
    if relative.min() < 0 and pair == "never":
        raise ParameterError("pair", "never", "A has negative entries, for which there must be a pair; take auto")
    if pair != "always" and relative.min() >= 0:
        single = _single(relative, alpha, g_min, g_max)
        if pair == "never" or single.lifting_cost <= DEAREST:
            return single
    unit = g_max - g_min
    positive = g_min + np.maximum(relative, 0) * unit
    negative = g_min + np.maximum(-relative, 0) * unit
    return Mapping(positive, negative, alpha, unit)


def _single(relative: FloatArray, alpha: float, g_min: float, g_max: float) -> Mapping:
    """Map `A/alpha`, which has no negative entries, to one array."""
    wanted = relative * g_max
    held = np.maximum(wanted, g_min)
    cost = float(np.linalg.norm(held - wanted) / np.linalg.norm(wanted))
    return Mapping(held, None, alpha, g_max, int((wanted < g_min).sum()), cost)
