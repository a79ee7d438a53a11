"""Compensating cells: targets that make the sums of the conductances at both inputs of op-amps equal.

S_i is the larger one of both sums. The smaller side gets the difference to ground. A difference below g_min is less
than a cell can hold, so both sides then get g_min more. A conductance above g_max takes several cells.
"""

from __future__ import annotations

import math

import numpy as np

from amc_circuits.cells.devices import Device, level
from amc_circuits.cells.mapping import Mapping
from netlists import Interconnect, ParameterError, reduce_array
from netlists.record import FloatArray

ROUNDING = 1e-12
"""Difference of two sums, in units of the larger one, that is only their rounding."""


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


def row_sums(mapping: Mapping, device: Device | None, wires: Interconnect | None) -> tuple[FloatArray, FloatArray]:
    """Return the sums of the rows of a pair of arrays, shape (N,) each, S.

    Args:
        mapping: A pair.
        device: Cells whose levels the conductances take; None leaves the conductances as they are.
        wires: Wires whose resistance counts; None has ideal wires.
    """
    assert mapping.negative is not None
    arrays = [cells if device is None else level(device, cells) for cells in (mapping.positive, mapping.negative)]
    if wires is not None:
        reduced = [reduce_array(cells, wires.wire_resistance, contacts=wires.contacts) for cells in arrays]
        arrays = [one.conductance[: len(cells), len(cells) :] for one, cells in zip(reduced, arrays, strict=True)]
    plus, minus = (cells.sum(axis=1) for cells in arrays)
    return plus, minus


def compensating(inverting: FloatArray, noninverting: FloatArray, limits: tuple[float, float] | None) -> Mapping:
    """Return compensating cells for two sums, as a mapping: positive at the inverting inputs, negative at the others.

    Args:
        inverting: Sums of the conductances at the inverting inputs, shape (N,), S.
        noninverting: The same of the non-inverting inputs.
        limits: g_min and g_max of the cells, S; None for one conductance of any value each.

    Raises:
        ParameterError: The limits are too near to each other.
    """
    least, most = limits or (0.0, math.inf)
    both = equal_sums(inverting, noninverting, least)
    largest = max(float(one.max()) for one in both)
    if limits is None:
        minus, plus = (one[:, None] for one in both)
    else:
        columns = max(1, math.ceil(largest / most * (1 - ROUNDING)))
        minus, plus = (in_cells(one, least, most, columns) for one in both)
    unit = max(largest, np.finfo(float).tiny)
    return Mapping(minus, plus, unit, unit)


def fitted(cells: FloatArray, columns: int) -> FloatArray:
    """Return cells (N, K) in another number of columns with the same sums: further columns are empty or added up."""
    held = np.zeros((len(cells), columns))
    held[:, : cells.shape[1]] = cells[:, :columns]
    held[:, -1] += cells[:, columns:].sum(axis=1)
    return held
