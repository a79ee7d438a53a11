"""Compensating cells that make the sums of all rows equal, so that the growing mode is an eigenvector of A itself."""

from __future__ import annotations

import numpy as np

from amc_circuits.cells.balance import ROUNDING, Limits, filled
from amc_circuits.cells.mapping import Mapping
from netlists import Interconnect
from netlists.record import FloatArray


def equal_rows(inverting: FloatArray, noninverting: FloatArray, limits: Limits, wires: Interconnect) -> Mapping:
    """Return cells to ground that make all sums equal, as a mapping: positive at the inverting inputs, then the others.

    The common sum passes the largest one by g_min, so that no missing conductance is below it.

    Args:
        inverting: Sums of the conductances at the inverting inputs, shape (N,), S.
        noninverting: The same of the non-inverting inputs.
        limits: g_min and g_max of the cells, S; None for one conductance of any value each.
        wires: Wires that the cells make up for.

    Raises:
        ParameterError: The limits are too near to each other, or no cells make up for the wires.
    """
    sums = np.stack([inverting, noninverting])
    missing = sums.max() - sums
    missing = np.where(missing > ROUNDING * sums.max(), missing, 0.0)
    return filled(missing + (0.0 if limits is None else limits[0]), limits, wires)
