"""Loads of the cells of an array, against the circuit's own currents and against Kirchhoff's laws."""

import numpy as np
import pytest

from amc_circuits import InvCircuit, MvmCircuit
from amc_circuits.results.cell_loads import CellArrays
from netlists import SinglePoleOpAmp
from tests.cases import reduced, spd_matrix, vector
from tests.comparators import assert_close
from tests.kirchhoff import inv_at_rest

WIRES = [(0.0, "one"), (2.0, "one"), (2.0, "both")]


def signed(wire_resistance, contacts):
    """A signed INV circuit and its solution of one right-hand side."""
    wires = {"wire_resistance": wire_resistance, "contacts": contacts}
    circuit = InvCircuit.program(spd_matrix(5, 5, seed=2), opamp=SinglePoleOpAmp(), engine="exact", **wires)
    return circuit, circuit.solve(vector(5, 2))


@pytest.mark.parametrize(("wire_resistance", "contacts"), WIRES)
def test_cell_currents_sum_to_the_terminal_currents(wire_resistance, contacts):
    """A word line takes what its cells deliver, a bit line delivers what its cells take (Kirchhoff's current law)."""
    circuit, solution = signed(wire_resistance, contacts)
    terminals = solution.responses[0].terminal_voltage
    load = CellArrays.of(circuit.circuit).load(terminals)
    for k, network in enumerate(reduced(circuit.design)):
        into = network.laplacian @ np.concatenate([terminals[:5], terminals[5 * (k + 1) : 5 * (k + 2)]])
        largest = np.abs(into).max()
        assert_close(-load.current[k].sum(axis=1), into[:5], absolute=1e-12 * largest)
        assert_close(load.current[k].sum(axis=0), into[5:], absolute=1e-12 * largest)


@pytest.mark.parametrize(("wire_resistance", "contacts"), WIRES[1:])
def test_cells_and_wires_against_nodal_analysis(wire_resistance, contacts):
    """Cell voltages, and the power lost in wires, are those of the whole circuit solved node by node."""
    circuit, solution = signed(wire_resistance, contacts)
    design = circuit.design
    load = CellArrays.of(design.circuit).load(solution.responses[0].terminal_voltage)
    inputs = solution.attempts[0][-1].scale * vector(5, 2)
    rest = inv_at_rest(design, inputs)
    wanted = np.stack([rest.lines("bit", k, 5, 5) - rest.lines("word", k, 5, 5) for k in range(2)])
    # The waveform ends within a hundred-thousandth of its final value.
    assert_close(load.voltage, wanted, absolute=1e-4 * np.abs(wanted).max())
    cells = (np.stack(design.arrays) * wanted**2).sum()
    assert load.wire_power_share == pytest.approx(1 - cells / rest.array_power, rel=1e-3)


def test_ideal_wires_change_nothing():
    """Without wire resistance each cell has the difference of its terminals, and no power is lost."""
    cells = np.random.default_rng(0).uniform(1e-6, 1e-4, (2, 3, 4))
    terminals = np.random.default_rng(1).uniform(-1, 1, 3 + 2 * 4)
    load = CellArrays.stacked(cells, 0.0, "one").load(terminals)
    assert load.voltage[1][2, 3] == terminals[3 + 4 + 3] - terminals[2]
    assert not np.any(load.change_by_wires)
    assert load.wire_power_share == 0
    nearly = CellArrays.stacked(cells, 1e-9, "one").load(terminals)
    assert_close(nearly.voltage, load.voltage, absolute=1e-12)


def test_change_by_wires_of_one_cell():
    """Two segments in series with a cell of 1 kohm take their share of its current, in either direction."""
    for volts in (0.3, -0.3):
        load = CellArrays.stacked(np.array([[[1e-3]]]), 50.0, "one").load(np.array([0.1, 0.1 + volts]))
        assert_close(load.current, [[[volts / 1100]]], relative=1e-12)
        assert_close(load.change_by_wires, [[[1 / 1.1 - 1]]], relative=1e-12)
        assert load.wire_power_share == pytest.approx(0.1 / 1.1)


def test_an_array_without_voltage_has_no_change_and_no_share():
    """Where nothing flows, nothing is lost, and nothing is divided by zero."""
    load = CellArrays.stacked(np.full((1, 2, 3), 1e-5), 1.0, "one").load(np.zeros(5))
    assert not np.any(load.change_by_wires)
    assert np.isnan(load.wire_power_share)


def test_terminals_of_mvm_are_its_inputs_and_their_opposites():
    """The voltages that a response brings along drive both arrays of a rectangular MVM."""
    matrix, x = np.array([[1.0, -2.0, 0.5], [0.0, 1.0, -1.0]]), np.array([1.0, -0.5, 0.25])
    circuit = MvmCircuit.program(matrix, opamp=SinglePoleOpAmp())
    (response,) = circuit.matvec(x).responses
    assert_close(response.terminal_voltage[2:5], 0.1 * x, absolute=1e-9)
    assert_close(response.terminal_voltage[5:], -0.1 * x, absolute=1e-9)
    load = CellArrays.of(circuit.circuit).load(response.terminal_voltage)
    feedback = circuit.design.feedback_conductance * (response.outputs[-1] - response.terminal_voltage[:2])
    assert_close(np.sum(load.current, axis=(0, 2)), -feedback, relative=1e-5)
