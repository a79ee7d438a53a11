"""Wires in ngspice: the reduced array against the flat mesh, both against Kirchhoff, and the laws of their errors."""

from functools import cache

import numpy as np
import pytest

from amc_circuits.engines import Job
from amc_circuits.results.observation import observe, saved_vectors
from amc_circuits.solvers.inv import InvCircuit
from amc_circuits.solvers.mvm import MvmCircuit
from netlists import SinglePoleOpAmp, StepTrain, Transient, nodes
from tests import names as node_names
from tests.cases import mesh_terminal_currents, spd_matrix, vector
from tests.comparators import assert_close, assert_within
from tests.runs import waveforms

FAST = SinglePoleOpAmp(gbwp=1e9)
EXACT = SinglePoleOpAmp(open_loop_gain=1e7, gbwp=100e6)
RECTANGULAR = np.random.default_rng(3).standard_normal((5, 8))
CIRCUITS = {
    "signed INV": (InvCircuit, spd_matrix(8, 6, 0), 8),
    "unsigned INV": (InvCircuit, np.eye(5) + np.random.default_rng(2).uniform(0, 0.3, (5, 5)), 5),
    "signed MVM": (MvmCircuit, RECTANGULAR, 8),
    "unsigned MVM": (MvmCircuit, np.abs(RECTANGULAR.T), 5),
}


def program(name, **options):
    """One of the circuits, and input voltages for it."""
    kind, matrix, inputs = CIRCUITS[name]
    return kind.program(matrix, **options), 0.1 * vector(inputs, 0)


def with_wires(design, **changes):
    """The same design with other wires."""
    return design.replace(interconnect=design.interconnect.replace(**changes))


def transient(design, levels, slot_time=60e-9, max_step=0.5e-9, saved=()):
    """Waveforms and what is observed in them; nearly everywhere the largest step decides, not error control."""
    drive = StepTrain(levels=levels[:, None], slot_time=slot_time)
    names = tuple(dict.fromkeys((*saved_vectors(design.circuit), *saved)))
    analysis = Transient(stop_time=slot_time, max_step=max_step, reltol=1e-4, saved=names)
    waves = waveforms(Job(design.circuit, drive, analysis))
    return waves, observe(design.circuit, waves, drive)


@pytest.mark.parametrize("contacts", ["one", "both"])
@pytest.mark.parametrize("opamp", ["single-pole", "cmos-100meg"])
@pytest.mark.parametrize("name", CIRCUITS)
def test_flat_and_reduced_decks_are_one_circuit(name, opamp, contacts):
    """Same time points; voltages, currents and powers at every one within 1e-9 of full scale."""
    circuit, levels = program(name, opamp=opamp, wire_resistance=5.0, contacts=contacts)
    reduced, flat = (transient(with_wires(circuit.design, form=form), levels)[1] for form in ("reduced", "flat"))
    assert_close(reduced.time, flat.time, absolute=1e-18)
    for quantity in ("outputs", "terminal_voltage", "stage_voltage", "output_current"):
        wanted = getattr(flat, quantity)
        assert_close(getattr(reduced, quantity), wanted, absolute=1e-9 * np.abs(wanted).max())
    for account, wanted in flat.dissipated.items():
        assert_close(reduced.dissipated[account], wanted, absolute=1e-9 * np.abs(wanted).max())


@pytest.mark.parametrize(("capacitance", "bound"), [(0.0, 1e-9), (0.2e-15, 1e-6)])
@pytest.mark.parametrize("name", CIRCUITS)
def test_solving_costs_the_same_in_both_forms(name, capacitance, bound):
    """Settling time and energies of a solve are equal; with line capacitance within 1e-6 at 8 x 8."""
    wires = {"wire_resistance": 5.0, "line_capacitance": capacitance}
    solutions = []
    for form in ("reduced", "flat"):
        circuit, levels = program(name, opamp="cmos-100meg", engine="ngspice", interconnect=form, **wires)
        solutions.append(circuit.solve(levels) if isinstance(circuit, InvCircuit) else circuit.matvec(levels))
    reduced, flat = solutions
    assert_within(reduced.settling_time, flat.settling_time, bound)
    for part in ("array", "inputs", "amplifiers", "total"):
        assert_within(getattr(reduced.energy, part), getattr(flat.energy, part), bound)


@pytest.mark.parametrize("form", ["reduced", "flat"])
def test_currents_are_those_of_the_mesh(form):
    """At rest the drivers deliver what an independent nodal solve of the mesh says for the same terminal voltages."""
    circuit, levels = program("unsigned INV", opamp=EXACT, wire_resistance=20.0, interconnect=form)
    seen = transient(circuit.design, levels, slot_time=200e-9)[1]
    rows, columns = np.split(seen.terminal_voltage[-1], 2)
    wanted = mesh_terminal_currents(circuit.design.conductance_positive, 20.0, rows, columns)
    assert_close(seen.output_current[-1], wanted[1], absolute=1e-9 * np.abs(wanted[1]).max())
    into_rows = circuit.design.input_conductance * (levels - rows)
    assert_close(into_rows, wanted[0], absolute=1e-9 * np.abs(wanted[0]).max())


@pytest.mark.parametrize("form", ["reduced", "flat"])
@pytest.mark.parametrize(("contacts", "segments"), [("one", 2), ("both", 1)])
def test_one_cell_stands_in_series_with_its_segments(form, contacts, segments):
    """1 x 1: the cell and two segments, or with both contacts two pairs of segments side by side."""
    circuit = MvmCircuit.program([[1.0]], opamp=EXACT, wire_resistance=500.0, interconnect=form, contacts=contacts)
    seen = transient(circuit.design, np.array([0.1]), slot_time=200e-9)[1]
    ohms = 1 / circuit.design.conductance_positive[0, 0] + segments * 500.0
    assert seen.outputs[-1, 0] == pytest.approx(-0.1 / (ohms * circuit.design.feedback_conductance), rel=1e-6)
    assert seen.dissipated["array"][-1] == pytest.approx(0.1**2 / ohms, rel=1e-6)


@pytest.mark.parametrize("contacts", ["one", "both"])
@pytest.mark.parametrize("name", ["signed INV", "signed MVM"])
def test_the_error_of_wires_is_of_first_order(name, contacts):
    """Wires of a microohm change nothing; half the resistance changes half as much."""
    circuit, levels = program(name, opamp=EXACT, contacts=contacts)

    @cache
    def final(ohms):
        return transient(with_wires(circuit.design, wire_resistance=ohms), levels, slot_time=400e-9)[1].outputs[-1]

    full = np.abs(final(0.0)).max()
    shift = {ohms: np.abs(final(ohms) - final(0.0)).max() / full for ohms in (1e-6, 0.025, 0.05, 0.1)}
    assert shift[1e-6] < 1e-7
    assert shift[0.05] / shift[0.025] == pytest.approx(2, rel=1e-2)
    assert shift[0.1] / shift[0.05] == pytest.approx(2, rel=1e-2)


@pytest.mark.parametrize("name", ["signed INV", "signed MVM"])
def test_power_of_a_charged_mesh_is_that_of_its_cells_and_wires(name):
    """`sum g dv^2` over every cell and segment: within 1 % of full scale while the lines charge, the energy 1e-4."""
    circuit, levels = program(name, opamp=FAST, wire_resistance=20.0, line_capacitance=2e-15, interconnect="flat")
    design, (rows, columns) = circuit.design, circuit.design.conductance_positive.shape
    grid = list(np.ndindex(rows, columns))
    word_nodes = [[nodes.row_node(name, i, j) for i, j in grid] for name in "pn"]
    bit_nodes = [[nodes.column_node(name, i, j) for i, j in grid] for name in "pn"]
    lines = [*word_nodes, *bit_nodes, *(node_names.drivers(k, columns) for k in (0, 1))]
    saved = tuple(f"v({node})" for names in lines for node in names)
    waves, seen = transient(design, levels, slot_time=10e-9, max_step=2e-11, saved=saved)
    wanted = np.zeros(len(seen.time))
    for k, cells in enumerate(design.arrays):
        word, bit = (waves.voltages(names).reshape(-1, rows, columns) for names in (word_nodes[k], bit_nodes[k]))
        ends, drivers = waves.voltages(node_names.sums(rows)), waves.voltages(node_names.drivers(k, columns))
        drops = np.diff(word, axis=2, prepend=ends[:, :, None]), np.diff(bit, axis=1, prepend=drivers[:, None])
        wanted += (cells * (word - bit) ** 2).sum(axis=(1, 2)) + sum((d**2).sum(axis=(1, 2)) for d in drops) / 20.0
    assert_close(seen.dissipated["array"], wanted, absolute=1e-2 * wanted.max())
    assert_within(np.trapezoid(seen.dissipated["array"], seen.time), np.trapezoid(wanted, seen.time), 1e-4)


@pytest.mark.parametrize("name", ["signed INV", "unsigned INV"])
def test_what_charges_the_lines_is_delivered_once(name):
    """The charge that drivers put into the lines is that of the reduced array in the flat mesh, to a thousandth."""
    circuit, levels = program(name, opamp=FAST, inverter_resistance=1e3, wire_resistance=5.0)
    charge = {}
    for form, capacitance in (("reduced", 0.0), ("reduced", 5e-15), ("flat", 5e-15)):
        design = with_wires(circuit.design, form=form, line_capacitance=capacitance)
        seen = transient(design, levels, slot_time=20e-9, max_step=2e-11)[1]
        charge[form, capacitance] = np.trapezoid(seen.output_current, seen.time, axis=0)
    effect = np.abs(charge["flat", 5e-15] - charge["reduced", 0.0]).max()
    assert_close(charge["reduced", 5e-15], charge["flat", 5e-15], absolute=1e-3 * effect)


@cache
def line_model_errors(size, resistance, capacitance):
    """Distance of each line model to the flat mesh: geometric mean over three circuits with 1 GHz op-amps."""
    errors = []
    for seed in range(3):
        wires = {"wire_resistance": resistance, "line_capacitance": capacitance}
        matrix, levels = spd_matrix(size, 10, seed), 0.1 * vector(size, seed)
        design = InvCircuit.program(matrix, opamp=FAST, inverter_resistance=1e3, **wires).design
        flat, lumped, reduced = (
            transient(with_wires(design, **changes), levels, slot_time=10e-9, max_step=2e-11)[1]
            for changes in ({"form": "flat"}, {"line_model": "lumped"}, {"line_model": "reduced"})
        )
        errors.append([distance(other, flat) for other in (lumped, reduced)])
    return dict(zip(("lumped", "reduced"), np.exp(np.log(errors).mean(axis=0)).tolist(), strict=True))


def distance(seen, reference):
    """Largest of any output at any time, of full scale."""
    there = np.stack([np.interp(reference.time, seen.time, column) for column in seen.outputs.T], axis=1)
    return np.abs(there - reference.outputs).max() / np.abs(reference.outputs).max()


@pytest.mark.parametrize("line_model", ["lumped", "reduced"])
def test_line_capacitance_errs_in_proportion(line_model):
    """Twice r or twice c: twice the error; twice N: about four times (the matrices differ)."""
    base = line_model_errors(4, 10.0, 2e-15)[line_model]
    assert line_model_errors(4, 20.0, 2e-15)[line_model] / base == pytest.approx(2, rel=0.1)
    assert line_model_errors(4, 10.0, 4e-15)[line_model] / base == pytest.approx(2, rel=0.1)
    assert 2.5 < line_model_errors(8, 10.0, 2e-15)[line_model] / base < 6.5


@pytest.mark.parametrize("size", [4, 8])
def test_reduced_line_capacitance_is_better_than_lumped(size):
    """Lumped: 0.03 to 0.1 of `w_T N^2 r c`; reduced with the mesh: at most half of it."""
    errors = line_model_errors(size, 10.0, 2e-15)
    assert 0.03 < errors["lumped"] / (FAST.unity_gain_frequency * size**2 * 10.0 * 2e-15) < 0.1
    assert errors["reduced"] < errors["lumped"] / 2
