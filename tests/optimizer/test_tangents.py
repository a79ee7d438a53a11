"""Derivatives along directions by differences, and products with the Fisher matrix against matrices written out."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from optimizer.losses import BERNOULLI, SOFTMAX
from optimizer.model import build_model
from optimizer.settings import ConvolutionShape, DenseShape
from optimizer.tangents import fisher_products, output_changes
from tests.comparators import assert_close

CONVOLUTION = ConvolutionShape(channels=2, kernel=3, pool=2)
NETWORKS = [
    ((4,), ()),
    ((4,), (DenseShape(outputs=3, activation="tanh"), DenseShape(outputs=2))),
    ((6, 5), (CONVOLUTION, DenseShape(outputs=3, activation="tanh"))),
]


def drawn(*shape, seed=0):
    """Standard normal numbers."""
    return np.random.default_rng(seed).standard_normal(shape)


def network(shape, hidden, loss=SOFTMAX, samples=4):
    """A model with three outputs, its weights, inputs, forward pass and two directions."""
    model = replace(build_model(shape, hidden, 3), loss=loss)
    shapes = model.weight_shapes.values()
    weights, *directions = (
        tuple(drawn(*one, seed=10 * number + place) for place, one in enumerate(shapes)) for number in range(3)
    )
    inputs = drawn(*model.stages[0].layer.input_shape, samples, seed=99)
    return model, weights, inputs, model.forward(weights, inputs), directions


@pytest.mark.parametrize(("shape", "hidden"), NETWORKS)
def test_changes_of_the_outputs_equal_central_differences(shape, hidden):
    """Through dense layers, convolution, pooling, rectifier and tanh."""
    model, weights, inputs, passed, (direction, _) = network(shape, hidden)
    ahead, behind = (
        model.logits(tuple(w + sign * 1e-6 * d for w, d in zip(weights, direction, strict=True)), inputs)
        for sign in (1, -1)
    )
    found = output_changes(model, weights, passed, direction)
    assert_close(found, (ahead - behind) / 2e-6, absolute=1e-7)


def outcomes(loss, outputs):
    """All targets of one sample with their probabilities."""
    if loss is SOFTMAX:
        p = np.exp(outputs[:, 0]) / np.exp(outputs[:, 0]).sum()
        return [(np.array([label]), p[label]) for label in range(3)]
    p = 1 / (1 + np.exp(-outputs))
    every = (np.array(bits)[:, None] for bits in itertools.product((0.0, 1.0), repeat=3))
    return [(ones, np.prod(np.where(ones == 1, p, 1 - p))) for ones in every]


def fisher_matrix(model, weights, inputs):
    """Sum over all targets of probability times outer product of the gradient by `backward`, mean over the samples."""
    total = 0.0
    for sample in range(inputs.shape[-1]):
        passed = model.forward(weights, inputs[..., sample : sample + 1])
        for target, probability in outcomes(model.loss, passed.logits):
            found = model.backward(weights, passed, model.loss.gradients(passed.logits, target))
            gradient = np.concatenate([one.gradient.ravel() for one in found])
            total = total + probability * np.outer(gradient, gradient)
    return total / inputs.shape[-1]


@pytest.mark.parametrize("loss", [SOFTMAX, BERNOULLI])
@pytest.mark.parametrize(("shape", "hidden"), NETWORKS)
def test_products_equal_those_of_the_explicit_matrix(shape, hidden, loss):
    """The expectation over the targets is exact, for both losses."""
    model, weights, inputs, passed, directions = network(shape, hidden, loss)
    changes = tuple(output_changes(model, weights, passed, one) for one in directions)
    stacked = np.array([np.concatenate([one.ravel() for one in direction]) for direction in directions])
    wanted = stacked @ fisher_matrix(model, weights, inputs) @ stacked.T
    assert_close(fisher_products(model, passed, changes), wanted, relative=1e-10)
