"""Softmax cross-entropy against closed forms and finite differences; sampling against the exact distribution."""

import numpy as np
import pytest
from scipy.stats import chisquare

from optimizer.losses import cross_entropy, cross_entropy_gradients, sample_labels, softmax
from tests.comparators import assert_close
from tests.optimizer.differences import central_differences


def test_equal_logits_give_the_logarithm_of_the_number_of_classes():
    """Without any preference the loss is log(classes)."""
    assert cross_entropy(np.full((7, 3), 2.5), np.array([0, 3, 6])) == pytest.approx(np.log(7), rel=1e-14)


def test_loss_of_huge_logits_is_their_difference():
    """Logits of 1e4 overflow nothing: the loss tends to the difference of the logits."""
    logits = np.array([[1e4], [0.0]])
    assert cross_entropy(logits, np.array([1])) == 1e4
    assert cross_entropy(logits, np.array([0])) == 0
    assert_close(softmax(logits), [[1.0], [0.0]])


def test_gradients_equal_central_differences():
    """Each sample's own gradient is that of the sum of the losses."""
    random = np.random.default_rng(0)
    logits, labels = random.standard_normal((4, 6)), random.integers(0, 4, 6)
    wanted = central_differences(lambda z: 6 * cross_entropy(z, labels), logits)
    assert_close(cross_entropy_gradients(logits, labels), wanted, absolute=1e-8)


def test_labels_are_drawn_from_the_model():
    """The counts of 20,000 labels pass a chi-square test against the softmax of the logits."""
    logits = np.array([0.3, -1.0, 1.2, 0.0, -3.0])[:, None]
    labels = sample_labels(np.repeat(logits, 20_000, axis=1), np.random.default_rng(5))
    expected = 20_000 * softmax(logits)[:, 0]
    assert chisquare(np.bincount(labels, minlength=5), expected).pvalue > 0.01
