"""Readers of slots."""

import gc
import weakref

import pytest

from netlists import preset
from tests.amc_circuits.engines.exact.circuits import OPAMP, programmed
from tests.cases import spd_matrix, vector


@pytest.mark.parametrize("opamp", [OPAMP, preset("cmos-100meg")], ids=["linear", "with limits"])
def test_memory_is_free_when_the_solution_is_gone(opamp):
    """Nothing refers in a ring: the linear circuit, which all arrays hang on, goes without a garbage collection."""
    gc.collect()
    gc.disable()
    try:
        circuit = programmed(spd_matrix(3, 10, 0), opamp=opamp)
        circuit.solve(vector(3, 0))
        linear = weakref.ref(circuit.linear)
        del circuit
        assert linear() is None
    finally:
        gc.enable()
