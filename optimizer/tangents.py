"""Directional derivatives of a network, and products with its exact Fisher matrix."""

from __future__ import annotations

import numpy as np

from optimizer.layers import Array
from optimizer.model import Model, Pass, Weights


def output_changes(model: Model, weights: Weights, passed: Pass, changes: Weights) -> Array:
    """Return the derivative of the outputs along a change of the weights, `outputs x samples`.

    Forward mode: `dy = dW a + W da` in each layer with a weight (Pearlmutter 1994, "Fast exact multiplication by the
    Hessian").

    Args:
        model: Network.
        weights: Weights of the forward pass.
        passed: Forward pass.
        changes: Direction, one matrix a weight.
    """
    dx: Array | None = None
    for stage, weight, change, a, memories in zip(
        model.stages, weights, changes, passed.columns, passed.memories, strict=True
    ):
        dy = stage.layer.forward(change, a)
        if dx is not None:
            unbiased = weight.copy()
            unbiased[:, -1] = 0  # the 1 at the end of the columns does not change
            dy = dy + stage.layer.forward(unbiased, stage.layer.columns(dx))
        for plain, memory in zip(stage.after, memories, strict=True):
            dy = plain.tangent(memory, dy)
        dx = dy
    if dx is None:
        raise ValueError("a model without stages has no outputs")
    return dx


def fisher_products(model: Model, passed: Pass, output_directions: tuple[Array, ...]) -> np.ndarray:
    """Return `u F v` for all pairs of directions, `F` the exact Fisher matrix of a batch: mean over its samples.

    `u F v = mean(du . F_z dv)`, with `F_z` the Fisher matrix of the outputs, whose expectation over the targets is
    taken in closed form (Martens, Grosse 2015, arXiv 1503.05671, section 6.4 and appendix C).

    Args:
        model: Network.
        passed: Forward pass of the batch.
        output_directions: Derivatives of the outputs along each direction, from `output_changes`.

    Returns:
        `directions x directions`, symmetric, float64.
    """
    samples = passed.logits.shape[1]
    products = [model.loss.fisher(passed.logits, one) for one in output_directions]
    pairs = [[np.sum(one * other, dtype=np.float64) for other in products] for one in output_directions]
    found = np.array(pairs) / samples
    symmetric: np.ndarray = (found + found.T) / 2
    return symmetric
