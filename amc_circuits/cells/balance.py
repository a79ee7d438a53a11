"""Compensating cells: targets that make the sums of the conductances at both inputs of op-amps equal.

S_i is the larger one of both sums. The smaller side gets the difference to ground. A difference below g_min is less
than a cell can hold, so both sides then get g_min more. A conductance above g_max takes several cells. Cells that make
up for their wires get more until their word line draws what is wanted (a fixed-point iteration).
"""

from __future__ import annotations

import math

import numpy as np

from amc_circuits.cells.devices import Device, level
from amc_circuits.cells.mapping import Mapping
from netlists import Interconnect, ParameterError
from netlists.arrays.array import IDEAL, network_of
from netlists.record import FloatArray

ROUNDING = 1e-12
"""Difference of two sums, in units of the larger one, that is only their rounding."""
ENOUGH = 1e-9
"""Difference from the wanted conductances, in units of the largest one, at which cells make up for their wires."""
MOST_STEPS = 60
"""Largest number of steps to them."""


def equal_sums(inverting: FloatArray, noninverting: FloatArray, least: float = 0.0) -> tuple[FloatArray, FloatArray]:
    """Return the conductances to ground that make both sums equal at every op-amp, S.

    Args:
        inverting: Sums of the conductances at the inverting inputs, shape (N,), S.
        noninverting: The same of the non-inverting inputs.
        least: Smallest conductance that can be made, S.

    Returns:
        Conductances of the inverting and of the non-inverting inputs, shape (N,) each, 0 or at least `least`.
    """
    missing = noninverting - inverting
    missing = np.where(np.abs(missing) > ROUNDING * np.maximum(inverting, noninverting), missing, 0.0)
    lift = np.where((missing != 0) & (np.abs(missing) < least), least, 0.0)
    return np.maximum(missing, 0) + lift, np.maximum(-missing, 0) + lift


def in_cells(total: FloatArray, g_min: float, g_max: float, columns: int) -> FloatArray:
    """Split conductances into cells between both limits, shape (N, columns), S; 0 where there is no cell.

    Every cell but the last one holds g_max; if the last one would be below g_min, it shares with the one before.

    Raises:
        ParameterError: No number of cells holds one of the conductances: g_min is above half of g_max.
    """
    if 2 * g_min > g_max:
        mend = f"compensating cells need a g_min of at most half of g_max, {g_max:g} S"
        raise ParameterError("g_min", g_min, mend)
    held = np.clip(total[:, None] - g_max * np.arange(columns), 0, g_max)
    rest = np.where((held > 0) & (held < g_min), held, 0.0)[:, 1:]
    held[:, 1:] = np.where(rest > 0, (g_max + rest) / 2, held[:, 1:])
    held[:, :-1] = np.where(rest > 0, (g_max + rest) / 2, held[:, :-1])
    return held


def row_sums(mapping: Mapping, device: Device | None, wires: Interconnect) -> tuple[FloatArray, FloatArray]:
    """Return the sums of the rows of positive and negative array, shape (N,) each, S; 0 without a negative array.

    Args:
        mapping: An array, or a pair.
        device: Cells whose levels the conductances take; None leaves the conductances as they are.
        wires: Wires of the arrays.
    """
    held = [cells for cells in (mapping.positive, mapping.negative) if cells is not None]
    sums = [_sums(cells if device is None else level(device, cells), wires) for cells in held]
    return sums[0], sums[1] if len(sums) == 2 else np.zeros_like(sums[0])


def _sums(cells: FloatArray, wires: Interconnect) -> FloatArray:
    """Conductance of each row to all other lines, S.

    With wires, rows are coupled through bit lines, by an amount of second order in the drop along these. The common
    modes of other rows have both signs, so that a row is balanced with the others at ground.
    """
    if wires.wire_resistance == 0:
        return np.asarray(cells.sum(axis=1))
    reduced = network_of(cells, wires.replace(line_capacitance=0.0))
    return np.asarray(np.diagonal(reduced.laplacian)[: len(cells)])


Limits = tuple[float, float] | None
"""Smallest and largest conductance of a cell, S; None for one conductance of any value."""


def compensating(
    inverting: FloatArray, noninverting: FloatArray, limits: Limits, wires: Interconnect = IDEAL
) -> Mapping:
    """Return compensating cells for two sums, as a mapping: positive at the inverting inputs, negative at the others.

    Args:
        inverting: Sums of the conductances at the inverting inputs, shape (N,), S.
        noninverting: The same of the non-inverting inputs.
        limits: g_min and g_max of the cells, S; None for one conductance of any value each.
        wires: Wires of all arrays that the cells make up for.

    Raises:
        ParameterError: The limits are too near to each other, or no cells make up for the wires.
    """
    return filled(np.stack(equal_sums(inverting, noninverting, 0.0 if limits is None else limits[0])), limits, wires)


def filled(wanted: FloatArray, limits: Limits, wires: Interconnect = IDEAL) -> Mapping:
    """Return cells with wanted conductances (2, N) to ground at both inputs, S, as `compensating` does."""
    cells = _made_up(wanted, limits, wires) if wires.wire_resistance > 0 else _cells(wanted, limits)
    unit = max(float(wanted.max()), np.finfo(float).tiny)
    return Mapping(cells[0], cells[1], unit, unit)


def _made_up(wanted: FloatArray, limits: Limits, wires: Interconnect) -> FloatArray:
    """Return cells (2, N, K) whose word lines draw what is wanted (2, N), S, with bit lines on a grid of ground."""
    total, enough = wanted, ENOUGH * wanted.max()
    for _ in range(MOST_STEPS):
        cells = _cells(total, limits)
        missing = wanted - np.stack([_sums(one, wires.replace(grid=True)) for one in cells])
        if np.abs(missing).max() <= enough:
            return cells
        total = np.where(wanted > 0, np.maximum(total + missing, wanted), 0.0)
        if not (total <= 2 * wanted).all():
            break
    mend = "no compensating cells make up for their wires; take a smaller wire_resistance or g_max"
    raise ParameterError("compensate_wires", True, mend)


def _cells(total: FloatArray, limits: Limits) -> FloatArray:
    """Cells with these conductances (2, N) at both inputs, shape (2, N, K), S."""
    if limits is None:
        return total[:, :, None]
    columns = max(1, math.ceil(total.max() / limits[1] * (1 - ROUNDING)))
    return np.stack([in_cells(one, *limits, columns) for one in total])


def fitted(cells: FloatArray, columns: int) -> FloatArray:
    """Return cells (N, K) in another number of columns with the same sums: further columns are empty or added up."""
    held = np.zeros((len(cells), columns))
    held[:, : cells.shape[1]] = cells[:, :columns]
    held[:, -1] += cells[:, columns:].sum(axis=1)
    return held
