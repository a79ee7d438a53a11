"""Mapping of matrices to conductances."""

import numpy as np
import pytest

from amc_circuits.mapping import map_matrix
from netlists import ParameterError
from tests.comparators import assert_close


def test_a_pair_is_exact():
    """The floor of a signed pair cancels: `alpha (G+ - G-)/G0` is the matrix."""
    matrix = np.array([[3.0, -1.5], [0.0, 0.25]])
    mapped = map_matrix(matrix, 2e-6, 50e-6)
    assert_close(mapped.alpha * mapped.difference / mapped.unit, matrix, absolute=1e-12)
    assert mapped.unit == pytest.approx(48e-6)


def test_conductances_stay_within_their_limits():
    """Every cell of a pair lies between g_min and g_max, and both limits are used."""
    mapped = map_matrix(np.array([[3.0, -1.5], [0.0, 0.25]]), 2e-6, 50e-6)
    cells = np.stack([mapped.positive, mapped.negative])
    assert cells.min() == pytest.approx(2e-6)
    assert cells.max() == pytest.approx(50e-6)


def test_a_matrix_without_negative_entries_takes_one_array():
    """One array holds `max(A/alpha g_max, g_min)`: only entries below the floor are wrong."""
    mapped = map_matrix(np.array([[2.0, 1.0], [0.0, 0.5]]), 1e-6, 100e-6)
    assert mapped.negative is None
    assert_close(mapped.positive, [[100e-6, 50e-6], [1e-6, 25e-6]], relative=1e-12)


@pytest.mark.parametrize(("low", "high"), [(0.0, 1e-4), (-1e-6, 1e-4), (1e-4, 1e-6), (1e-5, 1e-5), (1e-6, np.nan)])
def test_limits_that_no_device_has_are_refused(low, high):
    """Conductance limits must be positive and in order."""
    with pytest.raises(ParameterError, match="g_m"):
        map_matrix(np.eye(2), low, high)


def test_units_of_the_matrix_change_nothing():
    """A times a power of two gives the very same conductances."""
    matrix = np.array([[3.0, -1.5], [0.7, 0.25]])
    one, other = map_matrix(matrix), map_matrix(1024 * matrix)
    assert (one.positive == other.positive).all()
    assert (one.negative == other.negative).all()
