"""From a matrix to the conductances of an array, and back from voltages to numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from netlists import ParameterError
from netlists.record import FloatArray


@dataclass(frozen=True)
class Mapping:
    """A matrix as conductances: `A = alpha (G+ - G-) / unit` for an ideal pair.

    Attributes:
        positive: G+, shape (N, M), siemens.
        negative: G-, same shape, or None where no entry of A is negative.
        alpha: max |A|, in the units of A.
        unit: G0, the conductance that stands for alpha, siemens.
    """

    positive: FloatArray
    negative: FloatArray | None
    alpha: float
    unit: float

    @property
    def difference(self) -> FloatArray:
        """G+ - G-, shape (N, M), siemens."""
        return self.positive if self.negative is None else self.positive - self.negative


def check_conductance_limits(g_min: float, g_max: float) -> None:
    """Refuses limits that no device can have.

    Raises:
        ParameterError: A limit is not positive, or they are swapped.
    """
    for name, value in (("g_min", g_min), ("g_max", g_max)):
        if not (np.isfinite(value) and value > 0):
            raise ParameterError(name, value, "must be a conductance above 0 siemens")
    if g_min >= g_max:
        raise ParameterError("g_min", g_min, f"must be below g_max, {g_max:g} S; were they swapped?")


def map_matrix(matrix: FloatArray, g_min: float = 1e-6, g_max: float = 100e-6) -> Mapping:
    """Maps a real matrix to one array, or to a pair where an entry is negative.

    A pair holds `G+- = g_min + max(+-A, 0)/alpha (g_max - g_min)`: the floor cancels in the difference, so an ideal
    pair is exact. A single array holds `max(A/alpha g_max, g_min)`: entries below the floor become an error.

    Args:
        matrix: A, shape (N, M), any units.
        g_min: Lowest conductance of a cell, siemens.
        g_max: Highest conductance of a cell, siemens.

    Raises:
        ParameterError: The limits are unusable, or every entry of A is zero.
    """
    check_conductance_limits(g_min, g_max)
    alpha = float(np.abs(matrix).max())
    if alpha == 0:
        raise ParameterError("A", "a matrix of zeros", "there is nothing to program")
    relative = matrix / alpha
    if relative.min() >= 0:
        return Mapping(np.maximum(relative * g_max, g_min), None, alpha, g_max)
    unit = g_max - g_min
    positive = g_min + np.maximum(relative, 0) * unit
    negative = g_min + np.maximum(-relative, 0) * unit
    return Mapping(positive, negative, alpha, unit)
