"""Quadratic model of the loss around the weights: the best step in a few directions, and the damping it needs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amc_circuits import short_repr
from optimizer.model import Model, Pass, Weights
from optimizer.tangents import fisher_products, output_changes

GOOD, BAD = 0.75, 0.25
"""Ratios of the true to the predicted change of the loss above which damping falls, and below which it rises."""
DECAY = 19 / 20
"""Factor of the damping in one step (Martens, Grosse 2015, arXiv 1503.05671, section 6.5)."""


@dataclass(frozen=True)
class QuadraticModel:
    """Change of the loss along a step `sum c_i d_i`: `slopes c + c curvature c / 2`.

    `curvature` has the exact Fisher matrix and the damping, `d_i F d_j + damping d_i d_j`, and `slopes` are `gradient
    d_i` (Martens, Grosse 2015, arXiv 1503.05671, section 7).

    Attributes:
        curvature: `directions x directions`, symmetric.
        slopes: One a direction.
    """

    curvature: NDArray[np.float64]
    slopes: NDArray[np.float64]

    __repr__ = short_repr

    @property
    def best(self) -> NDArray[np.float64]:
        """Coefficients of the smallest change; the shortest of several, in directions of unit curvature.

        Scaling by the diagonal first keeps directions of very different lengths apart from parallel ones. A model that
        has overflowed has no best step: its coefficients are nan, and the training diverges.
        """
        if not (np.isfinite(self.curvature).all() and np.isfinite(self.slopes).all()):
            return np.full(len(self.slopes), math.nan)
        diagonal = np.diag(self.curvature)
        scale = np.where(diagonal > 0, 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1)), 0.0)
        scaled = self.curvature * scale * scale[:, None]
        found: NDArray[np.float64] = -scale * np.linalg.lstsq(scaled, scale * self.slopes, rcond=1e-9)[0]
        return found

    def change(self, coefficients: NDArray[np.float64]) -> float:
        """Return the predicted change of the loss."""
        return float(self.slopes @ coefficients + coefficients @ self.curvature @ coefficients / 2)


def quadratic_model(
    model: Model, weights: Weights, passed: Pass, gradients: Weights, directions: Sequence[Weights], damping: float
) -> QuadraticModel:
    """Build the model of the mean loss of a batch around the weights.

    Args:
        model: Network.
        weights: Weights of the forward pass.
        passed: Forward pass of the batch.
        gradients: Gradient of the mean loss.
        directions: Directions of the step.
        damping: Multiple of the unit matrix that is added to the Fisher matrix.
    """
    changes = tuple(output_changes(model, weights, passed, direction) for direction in directions)
    lengths = np.array([[_product(one, other) for other in directions] for one in directions])
    slopes = np.array([_product(gradients, direction) for direction in directions])
    return QuadraticModel(fisher_products(model, passed, changes) + damping * lengths, slopes)


def _product(one: Weights, other: Weights) -> float:
    return sum(float(np.sum(a * b, dtype=np.float64)) for a, b in zip(one, other, strict=True))


def adapted(damping: float, true: float, predicted: float, steps: int) -> float:
    """Return the damping after the rule of Levenberg and Marquardt.

    With `ratio = true / predicted` it is multiplied by `(19/20)^steps` above 3/4, and divided by it below 1/4 (Martens,
    Grosse 2015, arXiv 1503.05671, section 6.5).

    Args:
        damping: Damping so far, positive.
        true: Change of the loss in a step; not finite counts as a bad step.
        predicted: Change that the model predicted, negative; at 0 nothing was to be learnt, and the damping stays.
        steps: Steps between two uses of the rule.
    """
    if not predicted < 0:
        return damping
    ratio = true / predicted if math.isfinite(true) else -math.inf
    if ratio > GOOD:
        return damping * DECAY**steps
    return damping if ratio >= BAD else damping / DECAY**steps
