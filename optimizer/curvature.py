"""Kronecker factors of the Fisher matrix of one layer, and their running average."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amc_circuits import short_repr
from optimizer.layers import Array
from optimizer.model import Curvature


@dataclass(frozen=True)
class KroneckerFactors:
    """Fisher block of one weight, approximated by `a_factor (x) g_factor`.

    Attributes:
        a_factor: Second moment of the inputs, homogeneous coordinate included, `(inputs + 1) x (inputs + 1)`, float64.
        g_factor: Second moment of the output gradients, `outputs x outputs`, float64.
    """

    a_factor: NDArray[np.float64]
    g_factor: NDArray[np.float64]

    __repr__ = short_repr


def kronecker_factors(curvature: Curvature) -> KroneckerFactors:
    """Return the factors of one batch.

    A dense layer has `a_factor = E[a a^T]`, `g_factor = E[g g^T]` (Martens, Grosse 2015, arXiv 1503.05671, section 3);
    in a convolution the first is summed and the second averaged over the positions (KFC: Grosse, Martens 2016, arXiv
    1602.01407, theorem 1). With one position the two agree.

    Args:
        curvature: Inputs and output gradients, the latter from labels *sampled from the model*: those of the data would
            give the empirical Fisher matrix, which is a different matrix.
    """
    columns = curvature.a.shape[1]
    return KroneckerFactors(_second_moment(curvature.a, curvature.samples), _second_moment(curvature.g, columns))


def running_average(
    past: KroneckerFactors | None, new: KroneckerFactors, updates: int, decay: float
) -> KroneckerFactors:
    """Blend the factors of a new batch into the average of the past.

    Args:
        past: Average so far; None at the start.
        new: Factors of the new batch.
        updates: Number of batches in `past`.
        decay: Largest weight of the past. Until it is reached all batches count alike: the weight is `1 - 1/(updates +
            1)` (Martens, Grosse 2015, section 5).
    """
    if past is None:
        return new
    keep = min(1 - 1 / (updates + 1), decay)
    return KroneckerFactors(
        keep * past.a_factor + (1 - keep) * new.a_factor,
        keep * past.g_factor + (1 - keep) * new.g_factor,
    )


def _second_moment(columns: Array, count: int) -> NDArray[np.float64]:
    return (columns @ columns.T).astype(np.float64) / count
