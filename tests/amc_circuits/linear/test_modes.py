"""Modes of matrices: the condition of their eigenvectors is NumPy's, from pairs of them as from all."""

import numpy as np
import pytest

from amc_circuits.linear.modes import Modes, modes_of
from tests.comparators import assert_within

TURNING = np.array([[-1.0, 3.0], [-2.0, -1.0]])
MATRICES = {
    "real": np.array([[-1.0, 0.5, 0.0], [0.2, -3.0, 1.0], [0.0, 0.1, -7.0]]),
    "turning": TURNING,
    "both": np.block([[TURNING, np.full((2, 2), 0.3)], [np.full((2, 2), -0.1), np.diag([-4.0, -9.0])]]),
}


@pytest.mark.parametrize("name", MATRICES)
def test_condition_is_that_of_all_eigenvectors(name):
    """The 1-norm of the eigenvectors times that of their inverse, conjugates included."""
    modes = modes_of(MATRICES[name])
    assert modes.real == {"real": 3, "turning": 0, "both": 2}[name]
    assert_within(modes.condition, np.linalg.cond(modes.vectors, 1), 1e-12)


def test_dependent_eigenvectors_have_no_finite_condition():
    """Equal columns have no inverse."""
    values = np.array([-1.0, -1.0])
    assert Modes(values.astype(complex), values, np.ones((2, 2)), 2).condition == np.inf
