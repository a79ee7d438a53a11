"""Factored damping: the identities that define it."""

import numpy as np
import pytest

from optimizer.curvature import KroneckerFactors
from optimizer.damping import damped, damping_ratio
from tests.cases import spd_matrix
from tests.comparators import assert_close


@pytest.fixture
def factors():
    """Two factors of different width and scale."""
    return KroneckerFactors(7.0 * spd_matrix(5, 50, 0), 0.02 * spd_matrix(3, 20, 1))


def test_ratio_is_that_of_the_mean_eigenvalues(factors):
    """pi^2 is the ratio of the factors' mean eigenvalues."""
    means = [np.linalg.eigvalsh(factor).mean() for factor in (factors.a_factor, factors.g_factor)]
    assert damping_ratio(factors) ** 2 == pytest.approx(means[0] / means[1], rel=1e-12)


def test_both_factors_are_damped_in_the_same_proportion(factors):
    """The damping of each factor is the same part of its mean eigenvalue, and the product of both is the damping."""
    found = damped(factors, 0.3)
    a_added, g_added = (found.a_factor - factors.a_factor)[0, 0], (found.g_factor - factors.g_factor)[0, 0]
    assert a_added * g_added == pytest.approx(0.3, rel=1e-12)
    proportion = a_added / np.trace(factors.a_factor) * 5
    assert g_added / np.trace(factors.g_factor) * 3 == pytest.approx(proportion, rel=1e-12)


def test_damped_product_is_the_product_with_identity_and_cross_terms(factors):
    """`(a + pi s I) (x) (g + s/pi I) = a (x) g + d I + s (a (x) I / pi + pi I (x) g)`, with s the root of d."""
    found, ratio, root = damped(factors, 0.3), damping_ratio(factors), np.sqrt(0.3)
    cross = root * (np.kron(factors.a_factor, np.eye(3)) / ratio + np.kron(np.eye(5), factors.g_factor) * ratio)
    wanted = np.kron(factors.a_factor, factors.g_factor) + 0.3 * np.eye(15) + cross
    assert_close(np.kron(found.a_factor, found.g_factor), wanted, absolute=1e-12)


def test_only_the_product_of_the_scales_counts(factors):
    """Scale moved from one factor to the other leaves the damped product as it is."""
    moved = KroneckerFactors(100 * factors.a_factor, factors.g_factor / 100)
    one, other = damped(factors, 0.3), damped(moved, 0.3)
    assert_close(np.kron(other.a_factor, other.g_factor), np.kron(one.a_factor, one.g_factor), relative=1e-12)


def test_a_layer_without_gradient_is_still_invertible():
    """With a zero factor the ratio is 1, and both get the root of the damping."""
    found = damped(KroneckerFactors(np.zeros((2, 2)), np.zeros((3, 3))), 0.25)
    assert_close(found.a_factor, 0.5 * np.eye(2))
    assert_close(found.g_factor, 0.5 * np.eye(3))
