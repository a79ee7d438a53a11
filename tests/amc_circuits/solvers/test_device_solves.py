"""Effects of programming errors on a solve: first-order theory, and scaling with sigma."""

import numpy as np
from scipy.stats import norm

from amc_circuits.cells.devices import Device, programmed
from amc_circuits.cells.draws import Draws
from amc_circuits.cells.mapping import map_matrix
from tests.cases import spd_matrix, vector
from tests.comparators import assert_within

MATRIX, RIGHT = spd_matrix(16, 10, 3), vector(16, 3)
SIGMA = 0.1e-6


def solutions(sigma, trials):
    """Wanted solution (N,), and solutions with a programming error, shape (trials, N), by NumPy on G+ - G-."""
    wanted = map_matrix(MATRIX)
    device = Device(programming_error=sigma)
    found = [programmed(device, wanted, Draws(7, k)).difference for k in trials]
    return np.linalg.solve(wanted.difference, RIGHT), np.linalg.solve(np.array(found), RIGHT)


def relative_errors(sigma, trials):
    """||x - x_ref|| / ||x_ref|| of every trial."""
    wanted, found = solutions(sigma, trials)
    return np.linalg.norm(found - wanted, axis=1) / np.linalg.norm(wanted)


def test_half_the_sigma_is_half_the_error_of_a_solve():
    """The median error of an INV, other trials for each sigma, halves within 10 %."""
    whole, half = np.median(relative_errors(SIGMA, range(200))), np.median(relative_errors(SIGMA / 2, range(200, 400)))
    assert_within(half, whole / 2, 0.1)


def test_one_solve_follows_first_order_theory():
    """The error of x is -D^-1 dD x_ref but for terms of second order, which fall by 4 where sigma halves."""
    wanted = map_matrix(MATRIX)
    rest = []
    for sigma in (SIGMA, SIGMA / 2):
        change = programmed(Device(programming_error=sigma), wanted, Draws(7)).difference - wanted.difference
        reference, found = solutions(sigma, [0])
        first_order = -np.linalg.solve(wanted.difference, change @ reference)
        rest.append(np.linalg.norm(found[0] - reference - first_order) / np.linalg.norm(first_order))
    assert rest[0] < 0.05
    assert_within(rest[1], rest[0] / 2, 0.1)


def clipped_moments(aim, sigma, low, high):
    """Mean and variance of a Gaussian around `aim` that is clipped to low .. high."""
    a, b = (low - aim) / sigma, (high - aim) / sigma
    inside = norm.cdf(b) - norm.cdf(a)
    mean = norm.pdf(a) - norm.pdf(b) + a * norm.cdf(a) + b * norm.sf(b)
    square = inside + a * norm.pdf(a) - b * norm.pdf(b) + a**2 * norm.cdf(a) + b**2 * norm.sf(b)
    return sigma * mean, sigma**2 * (square - mean**2)


def test_rms_error_of_many_solves_is_that_of_theory():
    """E ||D^-1 dD x||^2 = sum_ij ||D^-1 e_i||^2 var(dD_ij) x_j^2 + ||D^-1 E(dD) x||^2, clipping included."""
    wanted = map_matrix(MATRIX)
    inverse = np.linalg.inv(wanted.difference)
    mean_plus, variance_plus = clipped_moments(wanted.positive, SIGMA, 1e-6, 100e-6)
    mean_minus, variance_minus = clipped_moments(wanted.negative, SIGMA, 1e-6, 100e-6)
    x = inverse @ RIGHT
    variance = (inverse**2).sum(axis=0) @ (variance_plus + variance_minus) @ x**2
    mean = inverse @ (mean_plus - mean_minus) @ x
    expected = np.sqrt(variance + mean @ mean) / np.linalg.norm(x)
    squares = relative_errors(SIGMA, range(400)) ** 2
    standard_error = squares.std() / np.sqrt(400)
    assert abs(squares.mean() - expected**2) < 4 * standard_error
    assert standard_error < 0.05 * expected**2
