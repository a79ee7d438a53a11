"""Families of drawn matrices."""

import numpy as np
import pytest

from amc_circuits.values.matrices import draw_matrix, draw_vector
from netlists import ParameterError
from tests.comparators import assert_close


def draw(family, rows=8, columns=8, condition=None, seed=0):
    """A matrix from a fresh generator."""
    return draw_matrix(family, rows, columns, condition, np.random.default_rng(seed))


def test_spd_has_log_spaced_eigenvalues():
    """Eigenvalues run from 1/condition to 1 in equal ratios."""
    assert_close(np.linalg.eigvalsh(draw("spd", condition=50)), np.geomspace(1 / 50, 1, 8), relative=1e-9)


@pytest.mark.parametrize(("rows", "columns"), [(8, 8), (5, 9), (9, 5)])
def test_random_has_log_spaced_singular_values(rows, columns):
    """Singular values run from 1 to 1/condition, for any shape."""
    values = np.linalg.svd(draw("random", rows, columns, 50), compute_uv=False)
    assert_close(values, np.geomspace(1, 1 / 50, min(rows, columns)), relative=1e-9)


def test_wishart_is_positive_definite_with_mean_one():
    """`X X^T/(2N)` has eigenvalues within the Marchenko-Pastur edges `(1 +- sqrt(1/2))^2`, roughly."""
    eigenvalues = np.linalg.eigvalsh(draw("wishart", 200, 200))
    assert eigenvalues.min() > 0.5 * (1 - np.sqrt(0.5)) ** 2
    assert eigenvalues.max() < 1.2 * (1 + np.sqrt(0.5)) ** 2
    assert eigenvalues.mean() == pytest.approx(1, rel=0.05)


def test_toeplitz_is_all_positive_with_a_tridiagonal_inverse():
    """`rho^|i-j|` has positive entries, equal diagonals, and an inverse that is tridiagonal."""
    matrix = draw("toeplitz")
    assert matrix.min() > 0
    assert (matrix[1:, 1:] == matrix[:-1, :-1]).all()
    inverse = np.linalg.inv(matrix)
    assert np.abs(inverse[np.abs(np.subtract.outer(range(8), range(8))) > 1]).max() < 1e-12


@pytest.mark.parametrize("family", ["wishart", "toeplitz"])
def test_families_that_come_as_they_are_refuse_a_condition_number(family):
    """The error says which families take one."""
    with pytest.raises(ParameterError, match="spd or random"):
        draw(family, condition=10)


def test_a_seed_draws_the_same_again():
    """Same seed, same matrix and vector; another seed, others."""
    assert (draw("spd", seed=3) == draw("spd", seed=3)).all()
    assert (draw("spd", seed=3) != draw("spd", seed=4)).any()
    generators = [np.random.default_rng(3) for _ in range(2)]
    assert (draw_vector(5, generators[0]) == draw_vector(5, generators[1])).all()
