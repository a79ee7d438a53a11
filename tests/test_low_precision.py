"""Low-precision INV: the criterion of its benchmark against definiteness, refinement and the circuit."""

import numpy as np
import pytest

from amc_circuits.values.matrices import draw_matrix, draw_vector
from benchmarks.iterative_refinement import Case, circuit_of, factor, held, refine, spectral_radius


def spd_matrices(size, count):
    """Some of condition number 5."""
    return [draw_matrix("spd", size, size, 5.0, np.random.default_rng(seed)) for seed in range(count)]


def test_what_is_held_are_the_nearest_levels():
    """Entries of A_0 are whole multiples of max|A|/(2^bits - 1), the nearest ones to those of A."""
    (matrix,) = spd_matrices(8, 1)
    low, step = held(matrix, 3), np.abs(matrix).max() / 7
    np.testing.assert_allclose(low / step, np.rint(low / step), atol=1e-9)
    assert np.abs(low - matrix).max() <= step / 2 * (1 + 1e-9)


def test_radius_below_one_means_that_twice_the_held_matrix_exceeds_the_wanted_one():
    """For symmetric matrices the criterion holds exactly where 2 A_0 - A is positive definite."""
    drawn = [(matrix, held(matrix, 3)) for matrix in spd_matrices(16, 60)]
    says = [spectral_radius(matrix, low) < 1 for matrix, low in drawn]
    definite = [np.linalg.eigvalsh(2 * low - matrix)[0] > 0 for matrix, low in drawn]
    assert says == definite
    assert 0 < sum(says) < len(says)


def test_refinement_does_what_the_radius_says():
    """The residual of any A and A_0 falls by the spectral radius a step, or grows by it."""
    generator = np.random.default_rng(1)
    radii, factors = [], []
    for _ in range(30):
        matrix = 4 * np.eye(6) + generator.standard_normal((6, 6))
        low = matrix + 1.5 * generator.standard_normal((6, 6))
        radii.append(spectral_radius(matrix, low))
        sizes = refine(matrix, lambda r, low=low: np.linalg.solve(low, r), generator.standard_normal(6), 1e-12, 5000)
        factors.append(factor(sizes))
    radii, factors = np.array(radii), np.array(factors)
    assert 0 < (radii < 1).sum() < len(radii)
    np.testing.assert_array_equal(factors < 1, radii < 1)
    slow = np.abs(np.log(radii)) < 0.3
    np.testing.assert_allclose(np.log(factors[slow]), np.log(radii[slow]), atol=0.05)


def test_a_singular_array_refines_nothing():
    """Where A_0 has no inverse the spectral radius is infinite."""
    assert spectral_radius(np.eye(2), np.ones((2, 2))) == np.inf


@pytest.mark.parametrize("bits", [3, 5])
def test_circuit_solves_what_its_cells_hold(bits):
    """The circuit of the benchmark settles to A_0^-1 b, within the gain of its op-amps."""
    (matrix,) = spd_matrices(8, 1)
    b = draw_vector(8, np.random.default_rng(2))
    x = circuit_of(Case(matrix, bits, b, np.nan)).steady(b)
    wanted = np.linalg.solve(held(matrix, bits), b)
    assert np.linalg.norm(x - wanted) < 2e-3 * np.linalg.norm(wanted)
