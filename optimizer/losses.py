"""Softmax cross-entropy: loss, gradient, and labels drawn from the model itself (for the Fisher matrix)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from optimizer.layers import Array

Labels = NDArray[np.integer]


def softmax(logits: Array) -> Array:
    """Return the class probabilities of logits `classes x samples`, in the same shape."""
    exponentials: Array = np.exp(logits - logits.max(axis=0))
    exponentials /= exponentials.sum(axis=0)
    return exponentials


def cross_entropy(logits: Array, labels: Labels) -> float:
    """Return the mean over the samples of `-log p(label)`, in nats.

    Args:
        logits: `classes x samples`.
        labels: `samples` integers from 0 to classes - 1.
    """
    shifted = logits - logits.max(axis=0)
    log_sum = np.log(np.exp(shifted).sum(axis=0))
    return float(np.mean(log_sum - shifted[labels, np.arange(labels.size)]))


def cross_entropy_gradients(logits: Array, labels: Labels) -> Array:
    """Return each sample's own gradient of `-log p(label)` with respect to its logits, `classes x samples`."""
    gradients = softmax(logits)
    gradients[labels, np.arange(labels.size)] -= 1
    return gradients


def sample_labels(logits: Array, random: np.random.Generator) -> Labels:
    """Draw one label a sample from the model's own distribution, by inverting its cumulative sum.

    Args:
        logits: `classes x samples`.
        random: Source of one uniform number a sample.

    Returns:
        `samples` integers.
    """
    cumulative = np.cumsum(softmax(logits), axis=0)
    drawn = random.random(logits.shape[1]) * cumulative[-1]
    labels: Labels = np.minimum((cumulative < drawn).sum(axis=0), logits.shape[0] - 1)
    return labels
