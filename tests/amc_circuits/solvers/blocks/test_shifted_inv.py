"""INV with a shift in resistors: against algebra, and cells that do not depend on the shift."""

import numpy as np
import pytest

from amc_circuits import BlockCircuit, ParameterError
from amc_circuits.solvers.blocks.shifted_inv import ShiftedInv
from amc_circuits.solvers.inv import InvCircuit
from netlists import SinglePoleOpAmp

A = np.array([[1.0, -0.4, 0.2], [-0.4, 0.9, 0.3], [0.2, 0.3, 1.1]])
B = np.array([0.3, -1.0, 0.7])
SHIFT = 0.5
OPAMP = SinglePoleOpAmp(open_loop_gain=1e9, gbwp=100e6)
SHARED = {"opamp": OPAMP, "engine": "exact"}


@pytest.mark.parametrize("topology", ["paired", "compensated"])
def test_the_answer_is_that_of_the_whole_matrix(topology):
    """At rest and by a transient, `(A + shift I)^-1 b`; to rounding and gain."""
    circuit = ShiftedInv.program(A + SHIFT * np.eye(3), shift=SHIFT, topology=topology, **SHARED)
    wanted = np.linalg.solve(A + SHIFT * np.eye(3), B)
    np.testing.assert_allclose(circuit.steady(B), wanted, rtol=1e-6)
    assert circuit.solve(B).relative_error < 2e-3


def test_ngspice_solves_the_same_circuit():
    """The resistors are in the deck, too."""
    circuit = ShiftedInv.program(A + SHIFT * np.eye(3), shift=SHIFT, opamp=OPAMP, engine="ngspice")
    assert circuit.solve(B).relative_error < 2e-3


def test_cells_do_not_depend_on_the_shift():
    """Eight levels of A are those of the circuit without shift; in cells the shift would take levels from A."""
    few = {"device": "taox-40nm-8level", **SHARED}
    alone, shifted = InvCircuit.program(A, **few), ShiftedInv.program(A + SHIFT * np.eye(3), shift=SHIFT, **few)
    np.testing.assert_array_equal(shifted.mapping.difference, alone.mapping.difference)
    held = np.diag(np.full(3, SHIFT)) * alone.mapping.unit / alone.mapping.alpha
    np.testing.assert_allclose(shifted.design.diagonal_conductance, np.diag(held), rtol=1e-14)


@pytest.mark.parametrize("stages", [1, 2])
def test_blocks_hold_the_shift_at_every_leaf(stages):
    """Their answer is that of the whole matrix, and the leaves alone have resistors."""
    circuit = BlockCircuit.program(A + SHIFT * np.eye(3), stages=stages, shift=SHIFT, **SHARED)
    np.testing.assert_allclose(circuit.steady(B), np.linalg.solve(A + SHIFT * np.eye(3), B), rtol=1e-6)
    for text, one in circuit.circuits:
        held = any(part.name == "diag" for part in one.circuit.parts)
        assert held == text.startswith("INV"), text


def test_leaves_by_ginv_have_no_resistors():
    """They hold a shift in cells."""
    with pytest.raises(ParameterError, match=r"shift: got 0\.5; is in resistors of INV"):
        BlockCircuit.program(A, leaf="ginv", shift=SHIFT, **SHARED)


def test_a_shift_is_refused_where_resistors_hold_the_whole_diagonal():
    """The cells would lack it, and the resistors hold the shift alone."""
    with pytest.raises(ParameterError, match=r"shift: got 0\.5; is part of a diagonal in resistors"):
        ShiftedInv.program(A + SHIFT * np.eye(3), shift=SHIFT, diagonal="resistors", **SHARED)
