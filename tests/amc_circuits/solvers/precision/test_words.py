"""Block floating point against its definition."""

import numpy as np
import pytest

from amc_circuits.solvers.precision.words import Words


@pytest.mark.parametrize("bits", [2, 4, 12])
def test_words_are_whole_numbers_within_half_a_unit(bits):
    """The largest entry of a column is the largest whole number, others are off by half a unit at most."""
    values = np.random.default_rng(bits).standard_normal((9, 4)) * [1e-9, 1.0, 1e9, 3.0]
    words = Words.of(values, bits)
    assert (words.integers == np.rint(words.integers)).all()
    np.testing.assert_array_equal(np.abs(words.integers).max(axis=0), 2 ** (bits - 1) - 1)
    assert (np.abs(words.values - values) <= words.unit / 2 * (1 + 1e-12)).all()
    assert np.abs(words.relative).max() == 1


def test_a_column_of_zeros_stays_zero():
    """It has no unit, and its neighbour is what it is alone."""
    words = Words.of(np.array([[0.0, 2.0], [0.0, -1.0]]), 8)
    np.testing.assert_array_equal(words.values[:, 0], 0)
    np.testing.assert_array_equal(words.values[:, 1:], Words.of(np.array([[2.0], [-1.0]]), 8).values)
