"""Mapping of matrices to conductances."""

import numpy as np
import pytest

from amc_circuits.cells.mapping import map_matrix
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


@pytest.mark.parametrize(("floor", "cost"), [(0.99e-6, 0.0099), (1.01e-6, 0.0101)])
def test_a_pair_is_taken_where_lifting_costs_more_than_a_percent(floor, cost):
    """The unit matrix N = 2 has two cells of nothing: lifting costs `sqrt(2) floor/g_max / sqrt(2)` of it."""
    single, auto = (map_matrix(np.eye(2), floor, 100e-6, pair) for pair in ("never", "auto"))
    assert single.negative is None
    assert single.lifted_cells == 2
    assert single.lifting_cost == pytest.approx(cost, rel=1e-12)
    assert single.lifting_note.startswith("2 of 4 cells are lifted to g_min")
    assert (auto.negative is None) == (cost < 0.01)


@pytest.mark.parametrize("matrix", [np.eye(3), [[1.0, 0.5], [0.25, 2.0]], [[1.0, -0.5], [0.25, 2.0]]])
def test_a_pair_that_is_asked_for_is_exact(matrix):
    """With or without negative entries, and no cell of it is lifted."""
    mapped = map_matrix(np.array(matrix), 5e-6, 50e-6, "always")
    assert mapped.negative is not None
    assert_close(mapped.alpha * mapped.difference / mapped.unit, matrix, absolute=1e-12)
    assert (mapped.lifted_cells, mapped.lifting_cost, mapped.lifting_note) == (0, 0, "")


def test_a_single_array_has_no_negative_entries():
    """Asked for all the same, it is refused with what to do."""
    with pytest.raises(ParameterError, match="pair: got never; A has negative entries"):
        map_matrix(np.array([[1.0, -0.5], [0.25, 2.0]]), pair="never")


def test_lifting_cost_is_that_of_the_matrix_in_the_cells():
    """`||alpha G/unit - A||/||A||`, Frobenius norm, of a matrix with small entries of many sizes."""
    matrix = np.random.default_rng(0).uniform(0, 1, (6, 4)) ** 8
    mapped = map_matrix(matrix, 1e-6, 20e-6, "never")
    held = mapped.alpha * mapped.positive / mapped.unit
    assert mapped.lifting_cost == pytest.approx(np.linalg.norm(held - matrix) / np.linalg.norm(matrix), rel=1e-12)
    assert mapped.lifted_cells == (matrix < matrix.max() / 20).sum() > 5
