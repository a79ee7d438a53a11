"""INV in ngspice against the exact linear system, against NumPy, and against Kirchhoff's laws."""

from dataclasses import replace

import numpy as np
import pytest

from amc_circuits.results.observation import observe
from amc_circuits.results.readings import read_slot
from amc_circuits.results.status import Status
from amc_circuits.solvers.inv import InvCircuit
from netlists import PRESETS, SinglePoleOpAmp, preset
from tests import names as node_names
from tests.cases import exact_inv, mesh_terminal_currents, spd_matrix, vector
from tests.comparators import assert_close, assert_within
from tests.runs import waveforms

OPAMP = SinglePoleOpAmp(open_loop_gain=1e5, gbwp=100e6)


@pytest.fixture(scope="module")
def solved():
    """A 16 x 16 SPD problem of condition 10, its circuit and its solution."""
    matrix, b = spd_matrix(16, 10, 3), vector(16, 3)
    circuit = InvCircuit.program(matrix, opamp=OPAMP)
    return matrix, b, circuit, circuit.solve(b)


def test_solution_is_that_of_numpy(solved):
    """The solution is within 1e-3 of NumPy's."""
    matrix, b, _, solution = solved
    wanted = np.linalg.solve(matrix, b)
    assert solution.status is Status.SETTLED
    assert np.linalg.norm(solution.value - wanted) <= 1e-3 * np.linalg.norm(wanted)
    assert solution.relative_error == pytest.approx(
        np.linalg.norm(solution.value - wanted) / np.linalg.norm(wanted), rel=1e-6
    )


def test_settling_time_is_that_of_the_exact_system(solved):
    """Within 3 % of the last crossing of the exact 2N-state response."""
    _, b, circuit, solution = solved
    system = exact_inv(circuit.design, 0.1 * b / np.abs(b).max())
    assert_within(solution.settling_time, system.settling_time(0.01, circuit.timing.slot_time), 0.03)


def test_waveform_is_that_of_the_exact_system(solved):
    """Every output at every time is within 2e-3 of full scale of the exact response to an ideal step."""
    _, b, circuit, solution = solved
    (response,) = solution.responses
    after = response.time > 1e-9
    wanted = exact_inv(circuit.design, 0.1 * b / np.abs(b).max()).states(response.time[after])[:, :16]
    assert_close(response.outputs[after], wanted, absolute=2e-3 * np.abs(wanted).max())


def test_a_tighter_simulation_comes_nearer(solved):
    """At reltol 1e-6 and a fifth of the step every output is within 2e-4 of full scale of the exact response."""
    _, b, circuit, _ = solved
    job = circuit.job(b[:, None])
    tight = job.analysis.replace(reltol=1e-6, max_step=job.analysis.max_step / 5)
    waves = waveforms(replace(job, analysis=tight))
    after = waves.time > 1e-9
    exact_time = waves.time[after] - job.drive.rise_time / 2
    wanted = exact_inv(circuit.design, 0.1 * b / np.abs(b).max()).states(exact_time)[:, :16]
    assert_close(waves.voltages(node_names.columns(16))[after], wanted, absolute=2e-4 * np.abs(wanted).max())


def test_energy_is_the_integral_of_the_exact_system(solved):
    """Array and input energy are within 3 % of the integrals of the exact powers, cell by cell."""
    _, b, circuit, solution = solved
    time = np.linspace(0, solution.settling_time, 20_001)
    array, inputs = exact_inv(circuit.design, 0.1 * b / np.abs(b).max()).powers(time)
    assert_within(solution.energy.array, np.trapezoid(array, time), 0.03)
    assert_within(solution.energy.inputs, np.trapezoid(inputs, time), 0.03)
    assert solution.energy.total is None
    assert solution.energy.amplifiers is None


@pytest.mark.parametrize("factor", [0.001, 1000])
def test_units_of_the_matrix_change_neither_time_nor_energy(solved, factor):
    """A times 0.001 or 1000 settles in the same time at the same energy, and x scales inversely."""
    matrix, b, _, solution = solved
    other = InvCircuit.program(factor * matrix, opamp=OPAMP).solve(b)
    assert other.settling_time == pytest.approx(solution.settling_time, rel=1e-6)
    assert other.energy.array == pytest.approx(solution.energy.array, rel=1e-6)
    assert_close(other.value * factor, solution.value, relative=1e-6, absolute=1e-9)


def test_sparse_and_klu_agree(solved):
    """Both matrix solvers of ngspice give the same waveforms, if both are built in."""
    _, b, circuit, solution = solved
    if not circuit.simulator.about.klu:
        pytest.skip("this ngspice has no KLU to compare with")
    job = circuit.job(b[:, None])
    other = waveforms(job, type(circuit.simulator)(solver="sparse"))
    again = waveforms(job)
    assert_close(other.values[-1], again.values[-1], absolute=1e-8)
    assert solution.provenance.klu


def test_a_matrix_without_negative_entries_has_no_inverters():
    """An all-positive matrix is solved by one array to the accuracy of its finite gain."""
    matrix = np.array([[1.0, 0.4, 0.2], [0.4, 1.0, 0.4], [0.2, 0.4, 1.0]])
    circuit = InvCircuit.program(matrix, opamp=OPAMP)
    solution = circuit.solve([1.0, -0.5, 0.25])
    assert not circuit.design.signed
    assert_close(solution.value, np.linalg.solve(matrix, [1.0, -0.5, 0.25]), absolute=1e-3)


def test_zero_right_hand_side_gives_zero():
    """Where b = 0, x = 0 and settling time and energy are null; other columns are not disturbed."""
    matrix = spd_matrix(4, 3, 0)
    b = vector(4, 0)
    solution = InvCircuit.program(matrix, opamp=OPAMP).solve(np.stack([np.zeros(4), b], axis=1))
    assert (solution.value[:, 0] == 0).all()
    assert np.isnan(solution.settling_time[0])
    assert np.isnan(solution.energy.array[0])
    assert solution.statuses == (Status.SETTLED, Status.SETTLED)
    assert_close(solution.value[:, 1], np.linalg.solve(matrix, b), absolute=1e-3)


def test_columns_of_a_stream_are_as_if_each_ran_alone():
    """From rest, the fourth right-hand side settles at the time and energy of a run of its own."""
    matrix = spd_matrix(6, 10, 1)
    columns = np.stack([vector(6, seed) for seed in range(4)], axis=1)
    circuit = InvCircuit.program(matrix)
    streamed, alone = circuit.solve(columns), circuit.solve(columns[:, 3])
    assert_within(streamed.settling_time[3], alone.settling_time, 0.01)
    assert_within(streamed.energy.total[3], alone.energy.total, 0.01)
    assert_close(streamed.value[:, 3], alone.value, absolute=1e-3 * np.abs(alone.value).max())


def test_starting_from_the_previous_solution_gives_the_same_solution():
    """Without return slots only the way there differs."""
    matrix = spd_matrix(6, 10, 1)
    columns = np.stack([vector(6, seed) for seed in range(3)], axis=1)
    solution = InvCircuit.program(matrix, start="previous").solve(columns)
    wanted = np.linalg.solve(matrix, columns)
    assert_close(solution.value, wanted, absolute=2e-3 * np.abs(wanted).max())


def test_results_do_not_depend_on_jobs():
    """x, settling time and energy are the same bit for bit with one job and with two."""
    matrix = spd_matrix(5, 10, 1)
    columns = np.stack([vector(5, seed) for seed in range(20)], axis=1)
    one, two = (InvCircuit.program(matrix, jobs=jobs).solve(columns) for jobs in (1, 2))
    assert (one.value == two.value).all()
    assert (one.settling_time == two.settling_time).all()
    assert (one.energy.total == two.energy.total).all()


def test_a_large_output_reduces_the_scale_once():
    """Where an output would pass 0.8 of the swing, k is reduced, both runs are recorded and x is right."""
    matrix, b = spd_matrix(4, 50, 2), vector(4, 2)
    circuit = InvCircuit.program(matrix)
    solution = circuit.solve(b)
    first, second = solution.attempts[0]
    assert first.why == "first"
    assert second.why == "output scale reduced"
    assert second.scale < first.scale
    assert second.peak_output == pytest.approx(0.8 * 0.9, rel=0.02)
    assert solution.status is Status.SETTLED
    assert_close(solution.value, np.linalg.solve(matrix, b), absolute=5e-3 * np.abs(solution.value).max())


def test_a_fixed_scale_saturates():
    """With the scale fixed, the same problem clips and says so."""
    solution = InvCircuit.program(spd_matrix(4, 50, 2), fixed_scale=True).solve(vector(4, 2))
    assert solution.status is Status.SATURATED
    assert "fixed_scale" in solution.message
    assert len(solution.attempts[0]) == 1


def test_offset_moves_the_solution_as_algebra_says():
    """One offset e in all amplifiers: the outputs move by `(G+ - G-)^-1 (S - 2 G- 1) e`."""
    offset = 1e-3
    matrix, b = spd_matrix(5, 4, 0), vector(5, 0)
    opamp = preset("cmos-100meg").replace(open_loop_gain=1e7, output_resistance=1.0)
    circuit = InvCircuit.program(matrix, opamp=opamp.replace(input_offset=offset))
    design = circuit.design
    moved = circuit.solve(b).responses[0].outputs[-1] - InvCircuit.program(matrix, opamp=opamp).solve(b).responses[
        0
    ].outputs[-1]  # fmt: skip
    force = design.row_conductance - 2 * design.conductance_negative.sum(axis=1)
    wanted = np.linalg.solve(circuit.mapping.difference, force * offset)
    assert_close(moved, wanted, relative=1e-2, absolute=2e-6)


def test_wires_act_as_kirchhoff_says():
    """With 20 ohm a segment the outputs satisfy the nodal equations of both meshes, solved independently."""
    matrix, b = spd_matrix(5, 4, 0), vector(5, 0)
    opamp = SinglePoleOpAmp(open_loop_gain=1e7, gbwp=100e6)
    circuit = InvCircuit.program(matrix, opamp=opamp, wire_resistance=20.0)
    solution = circuit.solve(b)
    design = circuit.design
    c = solution.responses[0].outputs[-1]
    into_rows = np.zeros(5)
    for cells, driver in ((design.conductance_positive, c), (design.conductance_negative, -c)):
        into_rows += mesh_terminal_currents(cells, 20.0, np.zeros(5), driver)[0]
    wanted = design.input_conductance * 0.1 * b / np.abs(b).max()
    assert_close(into_rows, wanted, absolute=2e-3 * np.abs(wanted).max())
    assert solution.relative_error > 3e-3


def test_array_energy_with_wires_is_what_enters_at_the_terminals():
    """At the end of the slot the power of cells and wires is `sum v i` of an independent nodal solve of both meshes."""
    matrix, b = spd_matrix(4, 4, 0), vector(4, 0)
    circuit = InvCircuit.program(matrix, opamp=SinglePoleOpAmp(open_loop_gain=1e7, gbwp=100e6), wire_resistance=20.0)
    job = circuit.job(b[:, None])
    seen = observe(circuit.circuit, waveforms(job), job.drive)
    c = seen.outputs[-1]
    power = 0.0
    for cells, driver in ((circuit.design.conductance_positive, c), (circuit.design.conductance_negative, -c)):
        power += driver @ mesh_terminal_currents(cells, 20.0, np.zeros(4), driver)[1]
    assert_within(float(seen.dissipated["array"][-1]), power, 1e-3)


def test_a_small_response_after_a_large_one_starts_from_rest():
    """After a right-hand side whose outputs are a hundred times as large, a small one settles as it does alone."""
    basis = np.linalg.qr(np.random.default_rng(0).standard_normal((4, 4)))[0]
    matrix = (basis * [1, 1, 1, 0.01]) @ basis.T
    circuit = InvCircuit.program((matrix + matrix.T) / 2, opamp=OPAMP)
    streamed, alone = circuit.solve(basis[:, [3, 0]]), circuit.solve(basis[:, 0])
    assert_within(streamed.settling_time[1], alone.settling_time, 0.02)
    assert_within(streamed.energy.array[1], alone.energy.array, 0.03)


@pytest.mark.filterwarnings("ignore::amc_circuits.solvers.inv.SlowInverterWarning")
@pytest.mark.parametrize("name", [name for name in PRESETS if name != "single-pole"])
def test_every_preset_is_simulated_accurately(name):
    """Settling time and energy are within 1 % of those at an eighth of the time step and reltol 1e-7."""
    circuit = InvCircuit.program(spd_matrix(8, 10, 0), opamp=name, inverter_resistance=500.0)
    job = circuit.job(vector(8, 0)[:, None])
    tight = replace(job, analysis=job.analysis.replace(reltol=1e-7, max_step=job.analysis.max_step / 8))
    readings = []
    for each in (job, tight):
        seen = observe(circuit.circuit, waveforms(each), each.drive)
        readings.append(read_slot(seen, each.drive, 0, 0.01))
    assert_within(readings[0].settling_time, readings[1].settling_time, 0.01)
    assert_within(readings[0].energy["array"], readings[1].energy["array"], 0.01)
    assert_within(readings[0].energy["amplifiers"], readings[1].energy["amplifiers"], 0.01)
