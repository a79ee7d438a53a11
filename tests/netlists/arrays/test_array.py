"""Networks of many arrays: those of each, in any company."""

import numpy as np
import pytest

from netlists.arrays.array import Array, network_of, networks_of, reduce_together
from netlists.arrays.interconnect import Interconnect
from netlists.record import ParameterError

CELLS = np.random.default_rng(0).uniform(1e-6, 1e-4, (5, 4, 3))
WIRES = {
    "one end": {},
    "both ends": {"contacts": "both"},
    "capacitance": {"line_capacitance": 1e-15},
    "capacitance, both ends": {"line_capacitance": 1e-15, "contacts": "both"},
    "lumped": {"line_capacitance": 1e-15, "line_model": "lumped", "contacts": "both"},
    "grid": {"line_capacitance": 1e-15, "grid": True},
}


@pytest.mark.parametrize("options", WIRES.values(), ids=WIRES)
def test_networks_of_many_arrays_are_those_of_each(options):
    """Conductances and capacitances as of each array alone; bit for bit the same among many, few or none."""
    wires = Interconnect(wire_resistance=2.0, **options)
    found = networks_of(CELLS, wires)
    laplacian, capacitance = found.laplacian, np.broadcast_to(found.capacitance, found.laplacian.shape)
    for k, cells in enumerate(CELLS):
        own, few, none = network_of(cells, wires), networks_of(CELLS[k : k + 2], wires), networks_of(cells[None], wires)
        np.testing.assert_allclose(laplacian[k], own.laplacian, rtol=1e-13, atol=1e-18)
        np.testing.assert_allclose(capacitance[k], own.capacitance, rtol=1e-13, atol=1e-30)
        for other in (few, none):
            assert np.array_equal(other.laplacian[0], laplacian[k])
            assert np.array_equal(np.broadcast_to(other.capacitance, other.laplacian.shape)[0], capacitance[k])


@pytest.mark.parametrize("options", WIRES.values(), ids=WIRES)
def test_arrays_reduced_together_are_those_of_each_bit_for_bit(options):
    """Arrays of another shape or with other wires among them are left as they are."""
    wires, other = (Interconnect(wire_resistance=ohm, **options) for ohm in (2.0, 3.0))
    arrays = [Array("p", "v", "c", cells, wires) for cells in CELLS]
    others = [Array("p", "v", "c", CELLS[0].T, wires), Array("p", "v", "c", CELLS[0], other)]
    reduce_together([*arrays, *others])
    for array in [*arrays, *others]:
        own = network_of(array.conductance, array.interconnect)
        assert np.array_equal(array.reduced.laplacian, own.laplacian)
        assert np.array_equal(array.reduced.capacitance, own.capacitance)


def test_an_array_that_cannot_be_reduced_spoils_no_other():
    """It is refused when its own network is asked for, the other one is that of it alone."""
    wires = Interconnect(wire_resistance=1e-307)
    good, bad = (Array("p", "v", "c", cells, wires) for cells in (CELLS[0], np.full((4, 3), 1.7e308)))
    reduce_together([good, bad])
    assert np.array_equal(good.reduced.conductance, network_of(CELLS[0], wires).conductance)
    with pytest.raises(ParameterError, match="too far from the cells' resistance"):
        _ = bad.reduced
