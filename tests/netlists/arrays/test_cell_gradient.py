"""Derivatives of reduced arrays with respect to their cells."""

import numpy as np
import pytest

from netlists import Interconnect, array_state, reduce_array
from netlists.arrays.cell_gradient import cell_gradient

SHAPES = [(1, 1), (3, 5), (7, 4), (8, 8)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("resistance", "contacts"), [(0.0, "one"), (5.0, "one"), (5.0, "both")])
def test_it_is_the_product_of_two_voltages_across_each_cell(shape, resistance, contacts):
    """Of `p^T L y` the derivative is the voltage across the cell for p times that for y (Tellegen)."""
    rng = np.random.default_rng(0)
    cells, count = rng.uniform(1e-6, 1e-4, shape), sum(shape)
    p, y = rng.standard_normal((2, count))
    wires = Interconnect(wire_resistance=resistance, contacts=contacts)
    across = array_state(cells, resistance, np.stack([p, y]), contacts).cell_voltage
    np.testing.assert_allclose(cell_gradient(cells, wires, np.outer(p, y)), across[0] * across[1], atol=1e-12)


@pytest.mark.parametrize("contacts", ["one", "both"])
def test_it_is_the_limit_of_differences(contacts):
    """Of a matrix that is not symmetric, too; the difference of order 4 errs by the fourth power of the step."""
    rng = np.random.default_rng(1)
    cells, weights = rng.uniform(1e-5, 1e-4, (4, 3)), rng.standard_normal((7, 7))
    change = cells * rng.standard_normal(cells.shape)

    def total(share):
        return (weights * reduce_array(cells + share * change, 50.0, contacts=contacts).laplacian).sum()

    step = 1e-3
    slope = (8 * (total(step) - total(-step)) - (total(2 * step) - total(-2 * step))) / (12 * step)
    found = cell_gradient(cells, Interconnect(wire_resistance=50.0, contacts=contacts), weights)
    assert (found * change).sum() == pytest.approx(slope, rel=1e-9)


@pytest.mark.parametrize("contacts", ["one", "both"])
@pytest.mark.parametrize("shape", [(1, 1), (4, 3), (5, 8)])
def test_line_capacitance_that_is_reduced_has_its_part(contacts, shape):
    """Voltages inside the mesh depend on the cells, and with them the charge at its terminals."""
    rng = np.random.default_rng(2)
    cells, (of_l, of_c) = rng.uniform(1e-5, 1e-4, shape), rng.standard_normal((2, sum(shape), sum(shape)))
    change, line = cells * rng.standard_normal(shape), 1e-15

    def total(share):
        found = reduce_array(cells + share * change, 500.0, line, contacts)
        return 1e-5 * (of_l * found.laplacian).sum() + 1e8 * (of_c * found.capacitance).sum()

    step = 1e-3
    slope = (8 * (total(step) - total(-step)) - (total(2 * step) - total(-2 * step))) / (12 * step)
    wires = Interconnect(wire_resistance=500.0, line_capacitance=line, contacts=contacts)
    found = cell_gradient(cells, wires, 1e-5 * of_l, 1e8 * of_c)
    assert (found * change).sum() == pytest.approx(slope, rel=1e-8)
    assert np.abs(found - cell_gradient(cells, wires, 1e-5 * of_l)).max() > 0.01 * np.abs(found).max()
