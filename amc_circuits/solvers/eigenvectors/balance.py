"""Compensating cells that make the sums of all rows equal, so that the growing mode is an eigenvector of A itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from amc_circuits.cells.balance import ROUNDING, filled, row_sums
from amc_circuits.cells.devices import Device
from amc_circuits.cells.mapping import Mapping
from netlists import Interconnect
from netlists.record import FloatArray


def sums_of(mapping: Mapping, device: Device | None, wires: Interconnect) -> tuple[FloatArray, FloatArray]:
    """Return the sums of the rows of the positive and the negative array, shape (N,) each, S; 0 without an array.

    Args:
        mapping: One array, or a pair.
        device: Cells whose levels the conductances take; None leaves the conductances as they are.
        wires: Wires whose resistance counts.
    """
    if mapping.negative is not None:
        return row_sums(mapping, device, wires)
    positive, _ = row_sums(replace(mapping, negative=mapping.positive), device, wires)
    return positive, np.zeros(len(positive))


def equal_rows(
    inverting: FloatArray, noninverting: FloatArray, limits: tuple[float, float] | None, wires: Interconnect
) -> Mapping:
    """Return cells to ground that make all sums equal, as a mapping: positive at the inverting inputs, then the others.

    The common sum passes the largest one by g_min, so that no missing conductance is below it.

    Args:
        inverting: Sums of the conductances at the inverting inputs, shape (N,), S.
        noninverting: The same of the non-inverting inputs.
        limits: g_min and g_max of the cells, S; None for one conductance of any value each.
        wires: Wires that the cells make up for.

    Raises:
        ParameterError: The limits are too near to each other.
    """
    sums = np.stack([inverting, noninverting])
    missing = sums.max() - sums
    missing = np.where(missing > ROUNDING * sums.max(), missing, 0.0)
    return filled(missing + (0.0 if limits is None else limits[0]), limits, wires)
