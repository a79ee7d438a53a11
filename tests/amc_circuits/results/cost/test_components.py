"""Component counts, by algebra."""

import numpy as np
import pytest

from amc_circuits.results.cost import component_counts
from amc_circuits.solvers.inv import InvCircuit
from amc_circuits.solvers.least_squares.ginv import GinvCircuit
from amc_circuits.solvers.mvm import MvmCircuit
from netlists import Array, Capacitors, Circuit, Hold, Limiter, OpAmps, Source, Switches, preset
from tests.cases import spd_matrix


@pytest.mark.parametrize("size", [1, 2, 5])
def test_components_of_inv(size):
    """A signed INV circuit has 2 N op-amps, 2 N^2 cells and 3 N resistors; without a negative array, half the first."""
    signed = InvCircuit.program(spd_matrix(size, 5, 1), pair="always")
    assert component_counts(signed.circuit) == {
        "op_amps": 2 * size, "cells": 2 * size**2, "resistors": size + 2 * size,
    }  # fmt: skip
    single = InvCircuit.program(np.eye(size) + 1)
    assert component_counts(single.circuit) == {"op_amps": size, "cells": size**2, "resistors": size}


def test_components_of_mvm():
    """An MVM circuit of N x M has N amplifiers with a resistor each, and N M cells for each array."""
    circuit = MvmCircuit.program(np.ones((3, 2)))
    found = component_counts(circuit.circuit)
    assert (found["op_amps"], found["cells"], found["resistors"]) == (3, 6, 3)


def test_components_of_ginv():
    """A GINV circuit of N x M has the cells of two arrays, and an op-amp for each row and each column."""
    circuit = GinvCircuit.program(np.random.default_rng(0).uniform(0.2, 1, (5, 3)))
    found = component_counts(circuit.circuit)
    assert (found["op_amps"], found["cells"]) == (5 + 3, 2 * 5 * 3)


def test_every_type_of_part_is_counted():
    """A part counts once for each of its places, whatever its type."""
    parts = (
        Array("p", "v", "c", np.full((2, 3), 1e-4)),
        OpAmps("amp", "v", "o", preset("single-pole")),
        Capacitors("cap", "c", "0", 1e-12),
        Switches("s", "o", "w", ("solve",), 1e3),
        Hold("h", "c", "k"),
        Limiter("l", "o", "m", "clip", 0.5),
    )
    groups = {"v": 2, "c": 3, "o": 2, "w": 2, "k": 3, "m": 2}
    circuit = Circuit("test", groups, parts, (Source("c"),), "o")
    assert component_counts(circuit) == {
        "op_amps": 2, "cells": 6, "capacitors": 3, "switches": 2, "sample_and_holds": 3, "limiters": 2,
    }  # fmt: skip
