"""Powers and currents: conservation laws."""

import numpy as np
import pytest

from amc_circuits.results.observation import observe, saved_vectors
from amc_circuits.solvers.inv import InvCircuit
from amc_circuits.solvers.mvm import MvmCircuit
from netlists import preset
from tests import names as node_names
from tests.cases import spd_matrix, vector
from tests.comparators import assert_close, assert_within
from tests.runs import waveforms


def observed(circuit, columns):
    """The waveforms of one transient and what is observed in them."""
    job = circuit.job(columns[:, None])
    waves = waveforms(job)
    return waves, observe(circuit.circuit, waves, job.drive)


def opamp_dissipation(opamp, outputs, currents):
    """Power of one amplifier from +-V that it does not deliver, W: class-AB currents times the rest of the rails."""
    stage = np.sqrt(currents**2 / 4 + opamp.class_ab_current**2)
    idle = 2 * opamp.supply_voltage * (opamp.quiescent_current - opamp.class_ab_current + stage)
    return (idle - outputs * currents).sum()


def test_inv_energy_is_conserved_at_rest():
    """Steady: supplies and inputs deliver what arrays, input resistors, inverter resistors and op-amps dissipate."""
    circuit = InvCircuit.program(spd_matrix(5, 6, 0))
    design, opamp = circuit.design, circuit.design.opamp
    waves, seen = observed(circuit, vector(5, 0))
    c, d, w = (
        waves.voltages(names(5))[-1]
        for names in (node_names.columns, node_names.inverted_columns, node_names.inverter_sums)
    )
    inverters = (((c - w) ** 2 + (d - w) ** 2) / design.inverter_resistance).sum()
    amplifiers = opamp_dissipation(opamp, np.concatenate([c, d]), seen.output_current[-1])
    wanted = seen.dissipated["array"][-1] + seen.dissipated["inputs"][-1] + inverters + amplifiers
    assert_within(float(seen.delivered_power[-1]), float(wanted), 1e-6)


def test_mvm_energy_is_conserved_at_rest():
    """Steady: supplies and sources deliver what arrays, feedback resistors and op-amps dissipate."""
    circuit = MvmCircuit.program(np.random.default_rng(1).standard_normal((4, 6)))
    design = circuit.design
    waves, seen = observed(circuit, vector(6, 1))
    v, out = waves.voltages(node_names.sums(4))[-1], waves.voltages(node_names.outputs(4))[-1]
    feedback = (design.feedback_conductance * (out - v) ** 2).sum()
    amplifiers = opamp_dissipation(design.opamp, out, seen.output_current[-1])
    wanted = seen.dissipated["array"][-1] + feedback + amplifiers
    assert_within(float(seen.delivered_power[-1]), float(wanted), 1e-6)


def test_before_the_step_only_the_quiescent_current_flows():
    """At time 0 every amplifier takes 2 V_s I_q and nothing else is dissipated."""
    circuit = InvCircuit.program(spd_matrix(3, 3, 0))
    opamp = circuit.design.opamp
    _, seen = observed(circuit, vector(3, 0))
    assert_within(float(seen.delivered_power[0]), 6 * 2 * opamp.supply_voltage * opamp.quiescent_current, 1e-6)
    assert seen.dissipated["array"][0] == pytest.approx(0, abs=1e-15)


def test_array_power_is_the_sum_over_its_cells():
    """The power at the terminals is `sum G (column - row)^2` at every time."""
    circuit = InvCircuit.program(spd_matrix(4, 6, 0))
    waves, seen = observed(circuit, vector(4, 0))
    rows = waves.voltages(node_names.sums(4))
    wanted = np.zeros(len(waves.time))
    for k, cells in enumerate(circuit.design.arrays):
        columns = waves.voltages(node_names.drivers(k, 4))
        wanted += (cells * (columns[:, None, :] - rows[:, :, None]) ** 2).sum(axis=(1, 2))
    assert_close(seen.dissipated["array"], wanted, relative=1e-9, absolute=1e-18)


def test_stage_voltage_is_the_output_without_its_load():
    """With R_out the stage stands above the output by what the load's current drops, tanh included."""
    opamp = preset("cmos-100meg").replace(output_resistance=500.0)
    circuit = InvCircuit.program(spd_matrix(3, 3, 0), opamp=opamp)
    _, seen = observed(circuit, vector(3, 0))
    current, limit = seen.output_current[-1, :3], opamp.output_current_limit
    drop = (seen.stage_voltage - np.pad(seen.outputs, ((0, 0), (0, 3))))[-1, :3]
    assert_close(limit * np.tanh(drop / (500.0 * limit)), current, relative=1e-9)


@pytest.mark.parametrize("wires", [{}, {"wire_resistance": 2.0, "line_capacitance": 1e-15}])
def test_only_what_is_measured_is_saved(wires):
    """INV saves 4 N voltages and two supply currents, MVM 2 N voltages, with wires as without: sources are known."""
    inv = InvCircuit.program(spd_matrix(4, 6, 0), **wires).design
    mvm = MvmCircuit.program(np.random.default_rng(1).standard_normal((4, 6)), opamp="single-pole", **wires).design
    assert len(saved_vectors(inv.circuit)) == 4 * 4 + 2
    assert len(saved_vectors(mvm.circuit)) == 4 + 4


@pytest.mark.parametrize(("contacts", "ends"), [("one", 1), ("both", 2)])
def test_a_flat_mesh_saves_the_first_node_of_every_contact(contacts, ends):
    """N + M voltages more for each array and contact; an array of one cell has one node for both."""
    flat = {"wire_resistance": 2.0, "interconnect": "flat", "contacts": contacts, "opamp": "single-pole"}
    mvm = MvmCircuit.program(np.random.default_rng(1).standard_normal((4, 6)), **flat).design
    assert len(saved_vectors(mvm.circuit)) == 4 + 4 + 2 * ends * (4 + 6)
    assert len(saved_vectors(MvmCircuit.program([[1.0]], **flat).circuit)) == 1 + 1 + 2


def test_terminal_voltages_stand_word_lines_first():
    """Word lines, then the bit lines of the positive and of the negative array, sliced like all the rest."""
    circuit = MvmCircuit.program(np.random.default_rng(1).standard_normal((2, 3)))
    waves, seen = observed(circuit, vector(3, 1))
    driven = circuit.job(vector(3, 1)[:, None]).drive.voltage(waves.time)
    wanted = np.hstack([waves.voltages(node_names.sums(2)), driven, -driven])
    assert (seen.terminal_voltage == wanted).all()
    middle = seen.time[-1] / 2
    assert (seen.between(0, middle).terminal_voltage == wanted[seen.time <= middle]).all()
    _, seen = observed(InvCircuit.program(np.eye(3) + 0.1, opamp="single-pole"), vector(3, 1))
    assert seen.terminal_voltage.shape == (len(seen.time), 2 * 3)
    assert (seen.terminal_voltage[:, 3:] == seen.outputs).all()
