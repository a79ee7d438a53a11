"""The generated circuits as netlists."""

import re
import time

import numpy as np
import pytest

from netlists import Interconnect, InvDesign, MvmDesign, StepTrain, inv_circuit, mvm_circuit, nodes, preset


def inv_design(size=3, **changes):
    """A signed INV design."""
    cells = np.random.default_rng(0).uniform(1e-6, 1e-4, (2, size, size))
    fields = {
        "conductance_positive": cells[0],
        "conductance_negative": cells[1],
        "opamp": preset("cmos-100meg"),
        "input_conductance": 1e-4,
    }
    return InvDesign(**(fields | changes))


def elements(text, letter):
    """Element lines outside subcircuits that start with a letter."""
    outside = re.sub(r"\.subckt.*?\.ends[^\n]*", "", text, flags=re.S)
    return [line.split() for line in outside.splitlines() if line.startswith(letter)]


def test_inv_has_every_element_once():
    """2 N^2 cells, N inputs, 2 N inverter resistors, 2 N op-amps, N sources and two rails for N = 3."""
    drive = StepTrain(levels=np.ones((3, 1)), slot_time=1e-6)
    text = str(inv_circuit(inv_design(), drive))
    resistors = elements(text, "R")
    assert len(resistors) == 2 * 9 + 3 + 2 * 3
    assert len(elements(text, "X")) == 6
    assert len(elements(text, "V")) == 3 + 2
    names = [line[0] for line in resistors]
    assert len(set(names)) == len(names)


def test_cells_stand_between_their_lines():
    """Cell (i, j) of each array joins sum node i to its driver j with 1/G."""
    design = inv_design()
    cells = {(a, b): float(ohms) for _, a, b, ohms in elements(str(inv_circuit(design)), "R")}
    for i, row in enumerate(nodes.sums(3)):
        for j in range(3):
            assert cells[row, nodes.columns(3)[j]] == pytest.approx(1 / design.conductance_positive[i, j])
            assert cells[row, nodes.inverted_columns(3)[j]] == pytest.approx(1 / design.conductance_negative[i, j])


def test_the_mesh_has_two_segments_a_cell():
    """With wires an N x M array has N M cells and 2 N M segments, each terminal reached through one."""
    design = inv_design(interconnect=Interconnect(wire_resistance=2.0))
    resistors = elements(str(inv_circuit(design)), "R")
    segments = [line for line in resistors if float(line[3]) == 2.0]
    assert len(segments) == 2 * 2 * 9
    for terminal in [*nodes.columns(3), *nodes.inverted_columns(3)]:
        assert sum(terminal in line[1:3] for line in segments) == 1
    assert sum("v1" in line[1:3] for line in segments) == 2


def test_mvm_drives_the_negative_array_from_its_own_sources():
    """`d_j` is a source of the opposite sign, not an inverter."""
    cells = np.full((2, 3), 1e-5)
    design = MvmDesign(
        conductance_positive=cells, conductance_negative=cells, opamp=preset("single-pole"), feedback_conductance=1e-4
    )
    drive = StepTrain(levels=np.array([[0.1], [0.2], [-0.3]]), slot_time=1e-6)
    sources = {line[1]: line for line in elements(str(mvm_circuit(design, drive)), "V")}
    assert set(sources) == {*nodes.columns(3), *nodes.inverted_columns(3)}
    assert float(sources["c3"][-1].rstrip(")")) == -0.3
    assert float(sources["d3"][-1].rstrip(")")) == 0.3


def test_users_can_add_elements():
    """What comes back is a PySpice circuit: an element added to a public node is in the deck."""
    circuit = inv_circuit(inv_design())
    circuit.C("load", "c1", circuit.gnd, 1e-12)
    assert "Cload c1 0 1e-12" in str(circuit)


def test_line_capacitance_is_lumped_per_line():
    """Each of the N + M lines of an array has one capacitor of its cells' sum."""
    design = inv_design(interconnect=Interconnect(line_capacitance=1e-16))
    capacitors = elements(str(inv_circuit(design)), "C")
    assert len(capacitors) == 2 * 6
    assert {float(line[3]) for line in capacitors} == {3e-16}


def test_a_large_pair_is_made_in_a_moment():
    """A signed 128 x 128 circuit is text in well under a second (the benchmark holds it to 0.3 s)."""
    design = inv_design(128)
    began = time.perf_counter()
    text = str(inv_circuit(design))
    assert time.perf_counter() - began < 3
    assert len(elements(text, "R")) == 2 * 128**2 + 3 * 128


@pytest.mark.parametrize(("back", "period"), [(0.0, 1e-6), (5e-7, 1.5e-6)])
def test_step_trains_hold_their_levels(back, period):
    """Each level is held from its edge to the end of its slot; with a return slot the inputs go to zero between."""
    levels = np.array([[0.1, -0.2, 0.05]])
    drive = StepTrain(levels=levels, slot_time=1e-6, return_time=back, rise_time=1e-9)
    assert drive.stop_time == pytest.approx(3 * period - back)
    for k in range(3):
        inside = np.array([drive.step_time(k), k * period + 2e-9, drive.slot_end(k)])
        before = 0.0 if back or k == 0 else levels[0, k - 1]
        wanted = [(before + levels[0, k]) / 2, levels[0, k], levels[0, k]]
        assert drive.voltage(inside)[:, 0] == pytest.approx(wanted)
    if back:
        assert drive.voltage(np.array([1e-6 + back / 2]))[0, 0] == pytest.approx(0, abs=1e-12)
