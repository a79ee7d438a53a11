"""Running average of the weights over the steps of a training, for scoring."""

from __future__ import annotations

import numpy as np

from optimizer.model import Weights


def averaged(average: Weights, weights: Weights, step: int, decay: float) -> Weights:
    """Return the running average after a step: `c average + (1 - c) weights`, `c = min(decay, 1 - 2 / (step + 1))`.

    Up to `c = decay` this is polynomial-decay averaging (Shamir, Zhang 2013, arXiv 1212.1824, section 4, with eta = 1):
    step k has weight `2 k / (step (step + 1))`, and the initial weights have none. Behind it is an exponential average
    over about `1 / (1 - decay)` steps.

    Args:
        average: Average before the step, float64; not used in the first step.
        weights: Weights after the step.
        step: Number of the step, counted from 1.
        decay: Largest weight of the past, above 0 and below 1.

    Returns:
        The average in float64: in single precision the small changes of a long average would be lost.
    """
    kept = min(decay, 1 - 2 / (step + 1))
    if step == 1:
        return tuple(weight.astype(np.float64) for weight in weights)
    return tuple(kept * old + (1 - kept) * new.astype(np.float64) for old, new in zip(average, weights, strict=True))
