"""Networks of many arrays: those of each, in any company."""

import numpy as np
import pytest

from netlists.arrays.array import network_of, networks_of
from netlists.arrays.interconnect import Interconnect

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
