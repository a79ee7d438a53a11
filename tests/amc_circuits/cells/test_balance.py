"""Compensating cells: sums, limits of cells, and places without a cell."""

import numpy as np
import pytest

from amc_circuits.cells.balance import compensating, equal_sums, fitted, in_cells
from amc_circuits.cells.devices import Device, programmed_often
from amc_circuits.cells.draws import Draws
from tests.comparators import assert_close

LOW, HIGH = 1e-6, 100e-6


def test_equal_sums_add_to_the_smaller_side_alone_unless_the_difference_is_too_small():
    """Both sums are then the larger one, or `least` more."""
    minus, plus = equal_sums(np.array([5.0, 1.0, 2.0, 3.0]), np.array([1.0, 5.0, 2.0, 2.9]), least=0.5)
    assert_close(minus, [0.0, 4.0, 0.0, 0.5], absolute=1e-12)
    assert_close(plus, [4.0, 0.0, 0.0, 0.6], absolute=1e-12)


@pytest.mark.parametrize("low", [LOW, 40e-6, 50e-6])
def test_cells_hold_their_sum_within_their_limits(low):
    """Every conductance from g_min up is a sum of cells between g_min and g_max; 0 S is no cell."""
    totals = np.concatenate([[0.0, low, HIGH, HIGH + low / 10, 2 * HIGH], np.geomspace(low, 20 * HIGH, 200)])
    cells = in_cells(totals, low, HIGH, 20)
    assert_close(cells.sum(axis=1), totals, absolute=1e-12 * totals.max())
    held = cells[cells > 0]
    assert held.min() >= low * (1 - 1e-9) and held.max() <= HIGH * (1 + 1e-9)
    assert (cells[0] == 0).all()


def test_a_conductance_of_any_value_is_one_cell_without_limits():
    """As for conductances that were given."""
    found = compensating(np.array([1e-3, 2e-4]), np.array([4e-4, 2e-3]), None)
    assert_close(found.positive, [[0.0], [1.8e-3]], absolute=1e-15)
    assert_close(found.negative, [[6e-4], [0.0]], absolute=1e-15)


@pytest.mark.parametrize("columns", [1, 2, 3, 5])
def test_cells_in_other_columns_have_the_same_sums(columns):
    """Further columns are empty, or what does not fit stands in the last one."""
    cells = np.random.default_rng(1).uniform(0, 1, (4, 3))
    found = fitted(cells, columns)
    assert found.shape == (4, columns)
    assert_close(found.sum(axis=1), cells.sum(axis=1), absolute=1e-12)


def test_no_effect_makes_a_cell_where_there_is_none():
    """All effects of cells leave 0 S as it is, and cells as cells."""
    device = Device(
        levels=16, programming_error="2%", stuck_on=0.2, stuck_off=0.2, drift_spread=0.1, drift_time=100.0,
        read_noise=0.1, limit_spread=0.1,
    )  # fmt: skip
    targets = compensating(np.array([3.3e-4, 1e-4, 2e-4]), np.array([1e-4, 2.5e-4, 2e-4]), (device.g_min, device.g_max))
    arrays = programmed_often(device, targets, [Draws(1, trial) for trial in range(20)], place=1)
    for target, held in zip((targets.positive, targets.negative), arrays, strict=True):
        assert ((held > 0) == (target > 0)).all()
