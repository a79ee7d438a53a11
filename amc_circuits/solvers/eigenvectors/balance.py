"""Compensating cells that make the sums of all rows equal, so that the growing mode is an eigenvector of A itself."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from amc_circuits.cells.balance import ROUNDING, in_cells, row_sums
from amc_circuits.cells.devices import Device
from amc_circuits.cells.mapping import Mapping
from netlists import Interconnect
from netlists.record import FloatArray


def sums_of(mapping: Mapping, device: Device | None, wires: Interconnect | None) -> tuple[FloatArray, FloatArray]:
    """Return the sums of the rows of the positive and the negative array, shape (N,) each, S; 0 without an array.

    Args:
        mapping: One array, or a pair.
        device: Cells whose levels the conductances take; None leaves the conductances as they are.
        wires: Wires whose resistance counts; None has ideal wires.
    """
    if mapping.negative is not None:
        return row_sums(mapping, device, wires)
    positive, _ = row_sums(replace(mapping, negative=mapping.positive), device, wires)
    return positive, np.zeros(len(positive))


def equal_rows(inverting: FloatArray, noninverting: FloatArray, limits: tuple[float, float] | None) -> Mapping:
    """Return cells to ground that make all sums equal, as a mapping: positive at the inverting inputs, then the others.

    The common sum passes the largest one by g_min, so that no missing conductance is below it.

    Args:
        inverting: Sums of the conductances at the inverting inputs, shape (N,), S.
        noninverting: The same of the non-inverting inputs.
        limits: g_min and g_max of the cells, S; None for one conductance of any value each.

    Raises:
        ParameterError: The limits are too near to each other.
    """
    least, most = limits or (0.0, math.inf)
    common = max(float(inverting.max()), float(noninverting.max()))
    differences = (common - inverting, common - noninverting)
    missing = [np.where(one > ROUNDING * common, one, 0.0) + least for one in differences]
    if limits is None:
        minus, plus = (one[:, None] for one in missing)
    else:
        columns = max(1, math.ceil(max(float(one.max()) for one in missing) / most * (1 - ROUNDING)))
        minus, plus = (in_cells(one, least, most, columns) for one in missing)
    return Mapping(minus, plus, common, common)
