"""Kronecker factors against Fisher matrices that were built sample by sample, or known in closed form."""

import numpy as np
import pytest

from optimizer.curvature import KroneckerFactors, kronecker_factors, running_average
from optimizer.losses import cross_entropy_gradients, softmax
from optimizer.model import Curvature, build_model
from optimizer.settings import ConvolutionShape
from tests.comparators import assert_close


def label_average(model, weights, images):
    """Factors of each stage, averaged over every possible label with the model's probability, one sample at a time."""
    factors = [[] for _ in model.stages]
    for sample in range(images.shape[-1]):
        passed = model.forward(weights, images[..., [sample]])
        chances = softmax(passed.logits)[:, 0]
        for label, chance in enumerate(chances):
            gradients = cross_entropy_gradients(passed.logits, np.array([label]))
            for stage, found in enumerate(model.backward(weights, passed, gradients)):
                factors[stage].append((chance, kronecker_factors(found)))
    return factors


def fisher_blocks(model, weights, images):
    """The exact Fisher block of each weight: mean over samples and labels of `vec(dW) vec(dW)^T`, rows of dW joined."""
    blocks = [0.0] * len(weights)
    for sample in range(images.shape[-1]):
        passed = model.forward(weights, images[..., [sample]])
        chances = softmax(passed.logits)[:, 0]
        for label, chance in enumerate(chances):
            gradients = cross_entropy_gradients(passed.logits, np.array([label]))
            for stage, found in enumerate(model.backward(weights, passed, gradients)):
                vector = found.gradient.ravel()
                blocks[stage] = blocks[stage] + chance * np.outer(vector, vector) / images.shape[-1]
    return blocks


def average(weighted, attribute, samples):
    """The mean over the samples of the label averages of one factor."""
    return sum(chance * getattr(factors, attribute) for chance, factors in weighted) / samples


def test_fisher_block_of_one_sample_is_the_kronecker_product():
    """With one sample, the Fisher block of a read-out behind a convolution is `g_factor (x) a_factor` exactly."""
    model = build_model((2, 2), (ConvolutionShape(channels=3, kernel=1, pool=2),), 4)
    random = np.random.default_rng(0)
    weights, images = model.initial_weights(random), random.standard_normal((1, 2, 2, 1))
    blocks, weighted = fisher_blocks(model, weights, images), label_average(model, weights, images)
    a_factor, g_factor = average(weighted[1], "a_factor", 1), average(weighted[1], "g_factor", 1)
    assert_close(np.kron(g_factor, a_factor), blocks[1], absolute=1e-14)


def test_g_factor_of_the_read_out_is_the_softmax_fisher():
    """The expected `g_factor` of the last layer is the mean of `diag(p) - p p^T`."""
    model = build_model((2, 3), (), 5)
    random = np.random.default_rng(1)
    weights, images = model.initial_weights(random), random.standard_normal((1, 2, 3, 6))
    chances = softmax(model.logits(weights, images)).T
    wanted = np.mean([np.diag(p) - np.outer(p, p) for p in chances], axis=0)
    assert_close(average(label_average(model, weights, images)[0], "g_factor", 6), wanted, absolute=1e-14)


def test_fisher_block_of_samples_with_one_input_is_the_kronecker_product():
    """Where all samples are the same image, expectation and product commute: the read-out's block is exact."""
    model = build_model((2, 2), (), 3)
    random = np.random.default_rng(2)
    weights = model.initial_weights(random)
    images = np.repeat(random.standard_normal((1, 2, 2, 1)), 4, axis=-1)
    weighted = label_average(model, weights, images)[0]
    product = np.kron(average(weighted, "g_factor", 4), average(weighted, "a_factor", 4))
    assert_close(product, fisher_blocks(model, weights, images)[0], absolute=1e-14)


def test_factors_of_a_convolution_sum_and_average_over_positions():
    """`a_factor` sums over positions and averages over samples, `g_factor` averages over both, written as loops."""
    model = build_model((4, 3), (ConvolutionShape(channels=2, kernel=3, stride=2),), 3)
    random = np.random.default_rng(3)
    weights, images = model.initial_weights(random), random.standard_normal((1, 4, 3, 5))
    passed = model.forward(weights, images)
    labels = random.integers(0, 3, 5)
    found = kronecker_factors(model.backward(weights, passed, cross_entropy_gradients(passed.logits, labels))[0])
    a_wanted, g_wanted = np.zeros((10, 10)), np.zeros((2, 2))
    for sample in range(5):
        alone = model.forward(weights, images[..., [sample]])
        one = model.backward(weights, alone, cross_entropy_gradients(alone.logits, labels[[sample]]))[0]
        for position in range(4):
            a_wanted += np.outer(one.a[:, position], one.a[:, position]) / 5
            g_wanted += np.outer(one.g[:, position], one.g[:, position]) / (5 * 4)
    assert_close(found.a_factor, a_wanted, absolute=1e-12)
    assert_close(found.g_factor, g_wanted, absolute=1e-12)


def test_trace_of_a_convolutions_block_is_that_of_the_product_for_uncorrelated_gradients():
    """With gradients of independent signs at each position, E tr(dW dW^T) is tr(a_factor) tr(g_factor)."""
    random = np.random.default_rng(4)
    a = random.standard_normal((3, 4))
    signs = np.array([[(k >> t) & 1 for t in range(4)] for k in range(16)]) * 2.0 - 1
    traces, products = [], []
    for sign in signs:
        found = Curvature(a, 0.5 * sign[None], 1)
        factors = kronecker_factors(found)
        traces.append(np.sum(found.gradient**2))
        products.append(np.trace(factors.a_factor) * np.trace(factors.g_factor))
    assert np.mean(traces) == pytest.approx(np.mean(products), rel=1e-12)


def test_running_average_starts_as_a_plain_mean_and_ends_as_a_decay():
    """Early batches count alike; later the weight of the past is the decay."""
    values = np.random.default_rng(5).random(6)
    past = None
    for updates, value in enumerate(values):
        past = running_average(past, KroneckerFactors(np.eye(2) * value, np.eye(1) * value), updates, decay=0.75)
        if updates < 4:
            assert past.a_factor[0, 0] == pytest.approx(values[: updates + 1].mean(), rel=1e-14)
    wanted = 0.75 * (0.75 * values[:4].mean() + 0.25 * values[4]) + 0.25 * values[5]
    assert past.g_factor[0, 0] == pytest.approx(wanted, rel=1e-14)
