"""Dense network with tanh layers and a softmax at its end: products by the learners, biases and functions digital."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from analog_training.devices.cells import Floats, Ints


class Products(Protocol):
    """Products of a batch with the weights of a layer, both ways."""

    def forward(self, weights: Floats, x: Floats) -> Floats:
        """Return W x for signals (samples, inputs), shape (samples, outputs)."""

    def backward(self, weights: Floats, d: Floats) -> Floats:
        """Return W^T d for errors (samples, outputs), shape (samples, inputs)."""


class ExactProducts:
    """Products by NumPy."""

    def forward(self, weights: Floats, x: Floats) -> Floats:
        """Return W x; see `Products`."""
        return np.asarray(x @ weights.T)

    def backward(self, weights: Floats, d: Floats) -> Floats:
        """Return W^T d; see `Products`."""
        return np.asarray(d @ weights)


def forward(
    weights: Sequence[Floats], biases: Sequence[Floats], x: Floats, products: Products
) -> tuple[list[Floats], Floats]:
    """Propagate signals.

    Args:
        weights: Weights of the layers.
        biases: Biases of the layers.
        x: Signals, shape (samples, inputs).
        products: Products with the weights.

    Returns:
        Inputs of every layer, and probabilities of the classes, shape (samples, classes).
    """
    inputs, last = [], len(weights) - 1
    for number, (matrix, bias) in enumerate(zip(weights, biases, strict=True)):
        inputs.append(x)
        x = products.forward(matrix, x) + bias
        x = x if number == last else np.tanh(x)
    x = np.exp(x - x.max(axis=1, keepdims=True))
    return inputs, x / x.sum(axis=1, keepdims=True)


def errors_of(
    weights: Sequence[Floats], inputs: Sequence[Floats], probabilities: Floats, labels: Ints, products: Products
) -> list[Floats]:
    """Derivatives of the cross-entropy of each sample with respect to the outputs of every layer before its function.

    Args:
        weights: Weights of the layers.
        inputs: Inputs of the layers, from `forward`.
        probabilities: Probabilities of the classes, from `forward`.
        labels: Class of each sample.
        products: Products with the weights.
    """
    error = probabilities.copy()
    error[np.arange(len(labels)), labels] -= 1
    found = [error]
    for number in range(len(weights) - 1, 0, -1):
        error = products.backward(weights[number], error) * (1 - inputs[number] ** 2)
        found.append(error)
    return found[::-1]
