"""Modes of many matrices: those of each, and which of them need care."""

from fractions import Fraction

import numpy as np

from amc_circuits.linear.stacks import StackedModes

STABLE = np.array([[-2.0, 1.0, 0], [-1.0, -2.0, 0], [0, 0, -1.0]])
"""Poles -2 +- j and -1."""
GROWING = np.diag([1.0, -2.0, -3.0])
STIFF = np.diag([-1.0, -2.0, -3e6])
DEPENDENT = np.array([[-1.0, 1.0, 0], [0, -1.0, 0], [0, 0, -2.0]])
"""Two equal poles with one eigenvector."""


def test_modes_are_those_of_each_matrix():
    """In their coordinates the matrix is one number of the real mode and a turn of the pair; the slowest is known."""
    modes = StackedModes.of(np.stack([STABLE, 3 * STABLE]))
    turn = np.array([[-1.0, 0, 0], [0, -2.0, -1.0], [0, 1.0, -2.0]])
    found = modes.inverse @ np.stack([STABLE, 3 * STABLE]) @ modes.vectors
    np.testing.assert_allclose(found, np.stack([turn, 3 * turn]), atol=1e-13)
    np.testing.assert_allclose(modes.vectors @ modes.inverse, np.stack([np.eye(3)] * 2), atol=1e-13)
    np.testing.assert_allclose(modes.slowest, [-1, -3], rtol=1e-14)
    assert modes.readable.all()


def test_growing_stiff_and_dependent_modes_are_not_readable():
    """Each kind of modes that need care is left out, and the others are not."""
    modes = StackedModes.of(np.stack([GROWING, STABLE, STIFF, DEPENDENT]))
    assert modes.readable.tolist() == [False, True, False, False]


def error_of(value, matrix):
    """Relative error of an eigenvalue: Newton's step of the characteristic polynomial, in exact fractions.

    Its coefficients are those of Faddeev and Le Verrier.
    """
    exact = np.array([[Fraction(entry) for entry in row] for row in matrix.tolist()], dtype=object)
    unit, found, product = np.eye(len(exact), dtype=np.int64).astype(object), [Fraction(1)], 0 * exact
    for k in range(1, len(exact) + 1):
        product = exact @ (product + found[-1] * unit)
        found.append(-np.trace(product) / k)
    at, polynomial, slope = Fraction(value), Fraction(0), Fraction(0)
    for coefficient in found:
        polynomial, slope = polynomial * at + coefficient, slope * at + polynomial
    return abs(float(polynomial / slope / at))


def test_slow_poles_of_stiff_circuits_have_full_precision():
    """As those of a circuit alone: rows differ by 3e5, and the fast pole does not round the slow one."""
    generator = np.random.default_rng(0)
    rows = np.logspace(-5.5, 0, 8)[:, None]
    stiff = [-rows * (2 * np.eye(8) + 0.2 * generator.standard_normal((8, 8))) for _ in range(10)]
    modes = StackedModes.of(np.stack(stiff))
    assert modes.readable.all() and not modes.slowest.imag.any()
    assert max(error_of(*one) for one in zip(modes.slowest.real.tolist(), stiff, strict=True)) < 1e-14


def test_modes_do_not_depend_on_the_other_matrices():
    """Bit for bit, also beside a matrix with real poles only, or beside none."""
    among, alone = StackedModes.of(np.stack([GROWING, STABLE, STIFF])), StackedModes.of(STABLE[None])
    for name in ("values", "vectors", "inverse"):
        assert np.array_equal(getattr(among, name)[1], getattr(alone, name)[0])
