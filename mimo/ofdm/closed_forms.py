"""Error vector magnitudes in closed form: independent errors, whose variances add, at every output.

With `G0 = g_max - g_min` for the largest entry `1/sqrt(N)`, an error of a cell of variance v counts twice (both arrays
of the pair), so an output has `2 v / G0^2` per unit of signal power.

- L levels: `v = (G0/(L - 1))^2 / 12` and only one array of each pair has a value between levels: `sqrt(2/12)/(L - 1)`.
  It needs many different values: below N = 64 a transform has few of them.
- Programming error sigma: the cell at g_min is cut off there. A Gaussian error that is cut off at 0 has the variance
  `sigma^2 (1 - 1/pi)/2 = 0.341 sigma^2`, and its mean is a common gain: `sqrt(2 (1 + 0.341)) sigma/G0 = 1.64 sigma/G0`.
- DACs of b bits with full scale kappa deviations: `kappa/(sqrt(12) (2^(b-1) - 1))`, without what is clipped.
"""

from __future__ import annotations

import numpy as np

CUT = (1 - 1 / np.pi) / 2
"""Variance of `max(x, 0)` of a standard normal x."""


def of_levels(levels: float) -> float:
    """Error vector magnitude of L levels."""
    return float(np.sqrt(2 / 12) / (levels - 1))


def of_programming(sigma: float, unit: float) -> float:
    """Error vector magnitude of a programming error sigma, S, with `G0 = unit`, S."""
    return float(np.sqrt(2 * (1 + CUT)) * sigma / unit)


def of_dac(bits: int, full_scale: float) -> float:
    """Error vector magnitude of DACs with a full scale in deviations of the signal."""
    return float(full_scale / (np.sqrt(12) * (2 ** (bits - 1) - 1)))
