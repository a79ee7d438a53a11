"""Modes of many matrices: those of each, and which of them need care."""

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


def test_modes_do_not_depend_on_the_other_matrices():
    """Bit for bit, also beside a matrix with real poles only, or beside none."""
    among, alone = StackedModes.of(np.stack([GROWING, STABLE, STIFF])), StackedModes.of(STABLE[None])
    for name in ("values", "vectors", "inverse"):
        assert np.array_equal(getattr(among, name)[1], getattr(alone, name)[0])
