"""Cross-entropies of classes and of pixels: loss, gradient, and gradients at labels drawn from the model itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from optimizer.layers import Array

Labels = NDArray[np.integer]
Targets = NDArray[Any]
"""Labels, or values from 0 to 1 in the shape of the outputs."""


class Loss(Protocol):
    """Negative logarithm of the probability of a target, in the distribution that the outputs describe.

    Outputs are `outputs x samples`; each gradient is the sample's own, in the same shape.
    """

    def value(self, outputs: Array, targets: Targets) -> float:
        """Return the mean over the samples, nats."""

    def gradients(self, outputs: Array, targets: Targets) -> Array:
        """Return the gradients at the targets."""

    def sampled_gradients(self, outputs: Array, random: np.random.Generator) -> Array:
        """Return the gradients at targets that are drawn from the model's own distribution."""

    def fisher(self, outputs: Array, changes: Array) -> Array:
        """Return the Fisher matrix of each sample's outputs times its column of `changes`, `outputs x samples`."""


@dataclass(frozen=True)
class Softmax:
    """One of several classes; targets are labels."""

    def value(self, outputs: Array, targets: Targets) -> float:
        """Return the mean of `-log p(label)`, nats."""
        return cross_entropy(outputs, targets)

    def gradients(self, outputs: Array, targets: Targets) -> Array:
        """Return the gradients at the labels."""
        return cross_entropy_gradients(outputs, targets)

    def sampled_gradients(self, outputs: Array, random: np.random.Generator) -> Array:
        """Return the gradients at one label a sample, drawn from the softmax."""
        return cross_entropy_gradients(outputs, sample_labels(outputs, random))

    def fisher(self, outputs: Array, changes: Array) -> Array:
        """Return `(diag(p) - p p^T) changes`."""
        p = softmax(outputs)
        found: Array = p * (changes - (p * changes).sum(axis=0))
        return found


@dataclass(frozen=True)
class Bernoulli:
    """Independent values that are 0 or 1, with `p = 1 / (1 + exp(-output))` for 1; targets are from 0 to 1."""

    def value(self, outputs: Array, targets: Targets) -> float:
        """Return the mean over the samples of `sum(-t log p - (1 - t) log(1 - p)) = sum(log(1 + e^z) - t z)`, nats."""
        # log(1 + e^z) = max(z, 0) + log(1 + e^-|z|), which takes a tenth of the time of numpy.logaddexp
        each = np.maximum(outputs, 0) + np.log1p(np.exp(-np.abs(outputs))) - targets * outputs
        return float(each.sum(axis=0, dtype=np.float64).mean())

    def gradients(self, outputs: Array, targets: Targets) -> Array:
        """Return `p - t`."""
        found: Array = expit(outputs) - targets
        return found

    def sampled_gradients(self, outputs: Array, random: np.random.Generator) -> Array:
        """Return `p - t` at `t` that are 1 with the probability `p`, else 0."""
        ones = expit(outputs)
        found: Array = ones - (random.random(outputs.shape) < ones).astype(outputs.dtype)
        return found

    def fisher(self, outputs: Array, changes: Array) -> Array:
        """Return `p (1 - p) changes`."""
        found: Array = expit(outputs) * expit(-outputs) * changes
        return found


SOFTMAX, BERNOULLI = Softmax(), Bernoulli()


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
