"""The generated circuits as netlists."""

import re
import sys

import numpy as np
import pytest

from amc_circuits.solvers.least_squares.ginv import GinvCircuit
from netlists import (
    Array,
    Interconnect,
    InvDesign,
    MvmDesign,
    StepTrain,
    inv_circuit,
    mvm_circuit,
    preset,
    side_by_side,
    spice_circuit,
)
from netlists.arrays.reduction import ReducedArray
from tests import names as node_names
from tests.cases import reduced

MOST_CALLS = 3
"""Most calls of functions for each element of a deck."""


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


def matrix_of(lines, array, terminals, reciprocal=False):
    """Values of one array's elements between its terminals, shape (T, T); ground stands on the diagonal."""
    values = np.zeros((len(terminals), len(terminals)))
    for name, a, b, value in lines:
        if name[1] == array:
            first = terminals.index(a)
            second = first if b == "0" else terminals.index(b)
            values[first, second] = values[second, first] = 1 / float(value) if reciprocal else float(value)
    return values


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
    for i, row in enumerate(node_names.sums(3)):
        for j in range(3):
            assert cells[row, node_names.columns(3)[j]] == pytest.approx(1 / design.conductance_positive[i, j])
            assert cells[row, node_names.inverted_columns(3)[j]] == pytest.approx(1 / design.conductance_negative[i, j])


@pytest.mark.parametrize(("contacts", "ends"), [("one", 1), ("both", 2)])
def test_the_mesh_has_two_segments_a_cell(contacts, ends):
    """Flat, an N x M array has N M cells and 2 N M segments, and a segment more for every second contact of a line."""
    wires = Interconnect(wire_resistance=2.0, form="flat", contacts=contacts)
    resistors = elements(str(inv_circuit(inv_design(interconnect=wires))), "R")
    segments = [line for line in resistors if float(line[3]) == 2.0]
    assert len(segments) == 2 * (2 * 9 + (ends - 1) * 6)
    for terminal in [*node_names.columns(3), *node_names.inverted_columns(3)]:
        assert sum(terminal in line[1:3] for line in segments) == ends
    assert sum("v1" in line[1:3] for line in segments) == 2 * ends
    assert len({line[0] for line in resistors}) == len(resistors)


@pytest.mark.parametrize("contacts", ["one", "both"])
def test_a_reduced_array_is_one_resistor_between_every_two_terminals(contacts):
    """(N + M)(N + M - 1)/2 resistors an array, to twelve digits those of the design's reduced arrays; no other node."""
    cells = np.random.default_rng(1).uniform(1e-6, 1e-4, (2, 2, 3))
    design = MvmDesign(
        conductance_positive=cells[0],
        conductance_negative=cells[1],
        opamp=preset("single-pole"),
        feedback_conductance=1e-4,
        interconnect=Interconnect(wire_resistance=2.0, contacts=contacts),
    )
    between = [line for line in elements(str(mvm_circuit(design)), "R") if not line[0].startswith("Rf")]
    assert len(between) == 2 * 10
    for k, network in enumerate(reduced(design)):
        assert matrix_of(between, "pn"[k], node_names.terminals(k, 2, 3), reciprocal=True) == pytest.approx(
            network.conductance, rel=1e-11, abs=0
        )


def test_mvm_drives_the_negative_array_from_its_own_sources():
    """`d_j` is a source of the opposite sign, not an inverter."""
    cells = np.full((2, 3), 1e-5)
    design = MvmDesign(
        conductance_positive=cells, conductance_negative=cells, opamp=preset("single-pole"), feedback_conductance=1e-4
    )
    drive = StepTrain(levels=np.array([[0.1], [0.2], [-0.3]]), slot_time=1e-6)
    sources = {line[1]: line for line in elements(str(mvm_circuit(design, drive)), "V")}
    assert set(sources) == {*node_names.columns(3), *node_names.inverted_columns(3)}
    assert float(sources["c3"][-1].rstrip(")")) == -0.3
    assert float(sources["d3"][-1].rstrip(")")) == 0.3


def test_users_can_add_elements():
    """An element that a user adds to a public node of the PySpice circuit is in the deck."""
    circuit = inv_circuit(inv_design())
    circuit.C("load", "c1", circuit.gnd, 1e-12)
    assert "Cload c1 0 1e-12" in str(circuit)


@pytest.mark.parametrize(
    "wires",
    [
        Interconnect(line_capacitance=1e-16),
        Interconnect(wire_resistance=1, line_capacitance=1e-16, line_model="lumped"),
    ],
)
def test_line_capacitance_is_lumped_per_line(wires):
    """Without wire resistance, or where it is asked for, each line of an array has one capacitor of its cells' sum."""
    capacitors = elements(str(inv_circuit(inv_design(interconnect=wires))), "C")
    assert len(capacitors) == 2 * 6
    assert {float(line[3]) for line in capacitors} == {3e-16}


def test_reduced_line_capacitance_couples_the_terminals():
    """The capacitors charge the terminals as the design's reduced arrays say; all together they are the lines'."""
    design = inv_design(interconnect=Interconnect(wire_resistance=50.0, line_capacitance=1e-16))
    capacitors = elements(str(inv_circuit(design)), "C")
    for k, network in enumerate(reduced(design)):
        values = matrix_of(capacitors, "pn"[k], node_names.terminals(k, 3, 3))
        to_ground, between = np.diag(values), values - np.diag(np.diag(values))
        assert (between[~np.eye(6, dtype=bool)] < 0).all()
        assert np.diag(to_ground + between.sum(axis=1)) - between == pytest.approx(network.capacitance, rel=1e-10)
        assert to_ground.sum() == pytest.approx(2 * 9 * 1e-16)


def test_flat_line_capacitance_stands_at_every_cell():
    """The flat mesh has a capacitor at each of its 2 N M inner nodes, and none at the terminals."""
    wires = Interconnect(wire_resistance=2.0, line_capacitance=1e-16, form="flat")
    capacitors = elements(str(inv_circuit(inv_design(interconnect=wires))), "C")
    assert len({line[1] for line in capacitors}) == len(capacitors) == 2 * 2 * 9
    assert {(line[2], float(line[3])) for line in capacitors} == {("0", 1e-16)}
    assert all(line[1][:2] in {"pr", "pc", "nr", "nc"} for line in capacitors)


def calls_for(make):
    """How many functions are called, Python's and others, while something is made; and what was made."""
    count = 0

    def profile(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        made = make()
    finally:
        sys.setprofile(before)
    return count, made


def test_work_grows_with_the_number_of_cells():
    """A signed circuit with four times the cells takes four times the calls, and each cell few (a benchmark has s)."""
    small, large = (inv_design(size) for size in (64, 128))
    few, _ = calls_for(lambda: str(inv_circuit(small)))
    many, text = calls_for(lambda: str(inv_circuit(large)))
    assert len(elements(text, "R")) == 2 * 128**2 + 3 * 128
    assert many < 4.2 * few and many < MOST_CALLS * len(elements(text, "R"))


def test_work_grows_with_the_number_of_couplings():
    """With wires and line capacitance, the reduction aside: 2 x 32,640 resistors and as many couplings."""
    wires = Interconnect(wire_resistance=1.0, line_capacitance=1e-16)
    design = inv_design(128, interconnect=wires)
    between = np.triu(np.random.default_rng(0).uniform(1e-8, 1e-4, (256, 256)), 1)
    array = ReducedArray(between + between.T, 1e-12 * (between + between.T))
    for part in design.circuit.of(Array):
        vars(part)["reduced"] = array
    calls, text = calls_for(lambda: str(inv_circuit(design)))
    assert len(elements(text, "R")) == 2 * 32640 + 3 * 128
    assert len(elements(text, "C")) == 2 * (32640 + 256)
    assert calls < MOST_CALLS * 4 * 32640


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


@pytest.mark.parametrize(
    ("circuit", "there"),
    [
        (inv_circuit(inv_design()), False),
        (inv_circuit(inv_design(opamp=preset("cmos-100meg").replace(input_offset=1e-3))), False),
        (inv_circuit(inv_design(opamp=preset("cmos-100meg").replace(cmrr=1e3))), True),
        (inv_circuit(inv_design(amplifier_offset=np.full(3, 1e-3))), True),
        (inv_circuit(inv_design(inverter_offset=np.full(3, 1e-3))), True),
        (spice_circuit(GinvCircuit.program([[1.0, 0.2], [0.1, 1.0], [0.3, 0.4]], opamp="cmos-100meg").circuit), True),
    ],
    ids=["at ground", "common offset", "CMRR", "own offsets", "own offsets of inverters", "not at ground"],
)
def test_the_node_of_an_input_difference_is_there_if_it_acts(circuit, there):
    """A voltage at a non-inverting input acts through it: of a source before it, of another group, of a CMRR."""
    assert ("Rdiff diff 0 1" in str(circuit)) == there


def test_circuits_side_by_side_keep_it_if_one_of_them_needs_it():
    """They share the subcircuit, and the first one alone has no offsets of its own."""
    drive = StepTrain(levels=np.ones((3, 1)), slot_time=1e-6)
    plain, offset = inv_design().circuit, inv_design(amplifier_offset=np.full(3, 1e-3)).circuit
    assert "Rdiff" in side_by_side([(plain, drive), (offset, drive)])
    assert "Rdiff" not in side_by_side([(plain, drive), (plain, drive)])
