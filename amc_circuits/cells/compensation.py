"""Cells that make up for their wires: the network between the terminals, not the cells, is as the matrix needs it.

With its word lines at ground, an array with wires carries the currents of other cells than it has: those of the reduced
conductances between word and bit lines. The difference from the wanted ones is added to the cells, and again, until it
is gone (a fixed-point iteration). A pair keeps its floor at g_min. No cell may pass g_max, so where the largest cells
would, all wanted conductances are made smaller by one factor, which the read-out knows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from amc_circuits.cells.mapping import EQUAL, Compensation, Mapping
from amc_circuits.values.quantities import format_quantity
from netlists import Interconnect, ParameterError
from netlists.arrays.array import networks_together
from netlists.record import FloatArray
from netlists.short_text import short_repr

MOST_STEPS = 60
"""Largest number of steps; each divides the difference by about that of an array without compensation."""


@dataclass(frozen=True)
class _Target:
    """Wanted matrix in units of its largest entry, with the cells and wires that are to hold it.

    Attributes:
        relative: A/alpha, shape (N, M).
        pair: True for a pair of arrays.
        limits: g_min and g_max, S.
        wires: Resistance of the wires of the arrays.
    """

    relative: FloatArray
    pair: bool
    limits: tuple[float, float]
    wires: Interconnect

    __repr__ = short_repr

    def cells(self, difference: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        """Return cells with this difference of both arrays, or with these conductances, none below g_min, S."""
        low = self.limits[0]
        if not self.pair:
            return np.maximum(difference, low), None
        return low + np.maximum(difference, 0), low + np.maximum(-difference, 0)

    def effective(self, cells: tuple[FloatArray, FloatArray | None]) -> FloatArray:
        """Return the conductances between word and bit lines, those of a pair as their difference, S."""
        held, rows = [one for one in cells if one is not None], len(cells[0])
        positive, *negative = (one.conductance[:rows, rows:] for one in networks_together(held, self.wires))
        return positive - negative[0] if negative else positive


def compensated(mapping: Mapping, matrix: FloatArray, limits: tuple[float, float], wires: Interconnect) -> Mapping:
    """Change the conductances of a mapping such that the arrays with their wires hold the matrix.

    Args:
        mapping: Target conductances without wires.
        matrix: The matrix, shape (N, M).
        limits: g_min and g_max, S.
        wires: Wires of the arrays.

    Raises:
        ParameterError: No cells within the limits come nearer to the matrix than those without compensation.
    """
    wires = Interconnect(wire_resistance=wires.wire_resistance, contacts=wires.contacts)
    target = _Target(matrix / mapping.alpha, mapping.negative is not None, limits, wires)
    span = limits[1] - (limits[0] if target.pair else 0.0)
    effective = target.effective((mapping.positive, mapping.negative))
    before = best = _distance(target, effective, mapping.unit)
    difference, unit = target.relative * mapping.unit, mapping.unit
    kept = ((mapping.positive, mapping.negative), unit, 0)
    for step in range(1, MOST_STEPS + 1):
        difference = difference + unit * target.relative - effective
        shrink = float(min(mapping.unit / unit, span / np.abs(difference).max()))
        difference, unit = difference * shrink, unit * shrink
        cells = target.cells(difference)
        effective = target.effective(cells)
        now = _distance(target, effective, unit)
        if not now < best:
            break
        best, kept = now, (cells, unit, step)
        if now < EQUAL:
            break
    (positive, negative), unit, steps = kept
    if steps == 0 and before >= EQUAL:
        changed = format_quantity(before, "%")
        mend = f"no cells within g_min and g_max make up for wires that change the matrix by {changed}"
        raise ParameterError("compensate_wires", True, f"{mend}; take a smaller wire_resistance or g_max")
    record = Compensation(before, best, unit / mapping.unit, steps)
    return replace(mapping, positive=positive, negative=negative, unit=unit, compensation=record)


def _distance(target: _Target, effective: FloatArray, unit: float) -> float:
    """Relative difference of the effective conductances from the wanted ones, Frobenius norm."""
    wanted = unit * target.relative
    return float(np.linalg.norm(effective - wanted) / np.linalg.norm(wanted))
