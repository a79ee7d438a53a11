"""Dense network with tanh layers and a softmax at its end: products by the learners, biases and functions digital."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analog_training.devices.cells import Floats, Ints
from analog_training.training.products import Products


def forward(products: Products, biases: Sequence[Floats], x: Floats) -> tuple[list[Floats], Floats]:
    """Propagate signals.

    Args:
        products: Products with the weights of the layers.
        biases: Biases of the layers.
        x: Signals, shape (samples, inputs).

    Returns:
        Inputs of every layer, and probabilities of the classes, shape (samples, classes).
    """
    inputs, last = [], len(biases) - 1
    for number, bias in enumerate(biases):
        inputs.append(x)
        x = products.forward(number, x) + bias
        x = x if number == last else np.tanh(x)
    x = np.exp(x - x.max(axis=1, keepdims=True))
    return inputs, x / x.sum(axis=1, keepdims=True)


def errors_of(products: Products, inputs: Sequence[Floats], probabilities: Floats, labels: Ints) -> list[Floats]:
    """Derivatives of the cross-entropy of each sample with respect to the outputs of every layer before its function.

    Args:
        products: Products with the weights of the layers.
        inputs: Inputs of the layers, from `forward`.
        probabilities: Probabilities of the classes, from `forward`.
        labels: Class of each sample.
    """
    error = probabilities.copy()
    error[np.arange(len(labels)), labels] -= 1
    found = [error]
    for number in range(len(inputs) - 1, 0, -1):
        error = products.backward(number, error) * (1 - inputs[number] ** 2)
        found.append(error)
    return found[::-1]
