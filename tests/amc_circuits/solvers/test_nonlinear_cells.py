"""Cells with `I = G V0 sinh(V/V0)` in circuits, against closed forms and Kirchhoff's laws solved by SciPy.

With ideal amplifiers (sum nodes at ground, d = -c) `V0 sinh(c/V0)` takes the place of c, so that the solution bends
output by output: `c = V0 asinh(c_linear/V0)` in INV, and in MVM the inputs bend.
"""

import numpy as np
import pytest
from scipy.optimize import fsolve

from amc_circuits import InvCircuit, MvmCircuit
from amc_circuits.cells.devices import Device
from amc_circuits.results.observation import observe
from netlists import ParameterError, SinglePoleOpAmp, preset
from tests import names as node_names
from tests.cases import spd_matrix, vector
from tests.comparators import assert_close, assert_within
from tests.runs import waveforms, with_design

SIZE = 3
MATRIX, RIGHT = spd_matrix(SIZE, 5, 2), vector(SIZE, 2)
IDEAL = SinglePoleOpAmp(open_loop_gain=1e9)
FINITE = SinglePoleOpAmp(open_loop_gain=200)
FINE = {"tolerance": 1e-4, "fixed_scale": True, "inverter_resistance": 1e3}


def inv(bend, matrix=MATRIX, opamp=IDEAL, **fields):
    """An INV circuit of cells with V0 = bend, or linear ones."""
    circuit = InvCircuit.program(matrix, opamp=opamp, **(FINE | fields))
    return with_design(circuit, circuit.design.replace(nonlinearity_voltage=bend))


def mvm(bend, **fields):
    """The same of MVM."""
    circuit = MvmCircuit.program(MATRIX, opamp=IDEAL, tolerance=1e-4, **fields)
    return with_design(circuit, circuit.design.replace(nonlinearity_voltage=bend))


def outputs(solution):
    """Output voltages at the end, V."""
    (response,) = solution.responses
    return response.outputs[-1]


SIGNED = [pytest.param(MATRIX, id="signed"), pytest.param(np.abs(MATRIX) + np.eye(SIZE), id="positive")]


@pytest.mark.parametrize("matrix", SIGNED)
@pytest.mark.parametrize("bend", [0.05, 0.2, 1.0])
def test_inv_bends_its_outputs(matrix, bend):
    """`c = V0 asinh(c_linear/V0)`, c_linear from the linear equations, within 1e-4."""
    circuit = inv(bend, matrix)
    design = circuit.design
    volts = circuit.input_levels(RIGHT[:, None])[0][:, 0]
    linear = -np.linalg.solve(circuit.mapping.difference, design.input_conductance * volts)
    wanted = bend * np.arcsinh(linear / bend)
    assert_close(outputs(circuit.solve(RIGHT)), wanted, absolute=1e-4 * np.abs(wanted).max())


@pytest.mark.parametrize("bend", [0.05, 0.2])
def test_mvm_bends_its_inputs(bend):
    """`out = -(G+ - G-) V0 sinh(v/V0)/G_f`."""
    circuit = mvm(bend)
    volts = circuit.input_levels(RIGHT[:, None])[0][:, 0]
    current = circuit.mapping.difference @ (bend * np.sinh(volts / bend))
    wanted = -current / circuit.design.feedback_conductance
    assert_close(outputs(circuit.matvec(RIGHT)), wanted, absolute=1e-4 * np.abs(wanted).max())


def sinh_current(volts, siemens, bend):
    """Current of a cell, A."""
    return siemens * bend * np.sinh(volts / bend)


def kirchhoff(design, volts):
    """Output voltages (N,) and power in cells and wires of an INV circuit at rest, by a nodal solve of SciPy.

    Unknown are c and d; `v = -c/A0`, `w = -d/A0`. With wire resistance r (one contact) also the voltages of word and
    bit lines at every cell, a pair of matrices an array.
    """
    size, segment, bend = design.size, design.interconnect.wire_resistance, design.nonlinearity_voltage
    gain, inside = design.opamp.open_loop_gain, 2 * size**2 if segment else 0

    def unpacked(unknown):
        c, d = unknown[:size], unknown[size : 2 * size]
        lines = unknown[2 * size :].reshape(len(design.arrays), 2 if segment else 0, size, size)
        return c, d, lines

    def into_sums(unknown):
        c, d, lines = unpacked(unknown)
        sums, residual, power = -c / gain, [], 0.0
        current = design.input_conductance * (volts - sums)
        for cells, driver, inner in zip(design.arrays, (c, d), lines, strict=False):
            word, bit = inner if segment else np.broadcast_arrays(sums[:, None], driver)
            through = sinh_current(bit - word, cells, bend)
            power += (through * (bit - word)).sum()
            if segment:
                along = np.diff(np.column_stack([sums, word]), axis=1) / segment
                down = -np.diff(np.vstack([driver, bit]), axis=0) / segment
                power += segment * ((along**2).sum() + (down**2).sum())
                current += along[:, 0]
                residual += [along - through - np.column_stack([along[:, 1:], np.zeros(size)])]
                residual += [down - through - np.vstack([down[1:], np.zeros(size)])]
            else:
                current += through.sum(axis=1)
        middle = (c + d + 2 * d / gain) / design.inverter_resistance
        return np.concatenate([current, middle, *(part.ravel() for part in residual)]), power

    start = np.zeros(2 * size + inside * len(design.arrays))
    unit = design.input_conductance * np.abs(volts).max()
    # It stops where rounding lets it go no further, and says so; what counts is what is left.
    found, _, _, why = fsolve(lambda unknown: into_sums(unknown)[0] / unit, start, xtol=1e-13, full_output=True)
    assert np.abs(into_sums(found)[0]).max() < 1e-8 * unit, why
    return found[:size], into_sums(found)[1]


def seen(circuit):
    """Observation of the step by ngspice, its waveforms, and the job."""
    job = circuit.job(RIGHT[:, None])
    waves = waveforms(job)
    return observe(circuit.circuit, waves, job.drive), waves, job


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({}, id="no wires"),
        pytest.param({"wire_resistance": 100.0, "interconnect": "flat"}, id="flat wires"),
    ],
)
def test_rest_is_that_of_kirchhoff_with_finite_gain(fields):
    """Outputs and array power at the end are those of an independent nodal solve, with a gain of 200, within 1e-4."""
    circuit = inv(0.05, opamp=FINITE, **fields)
    observation, _, job = seen(circuit)
    wanted, power = kirchhoff(circuit.design, job.drive.levels[:, 0])
    assert_close(observation.outputs[-1], wanted, absolute=1e-4 * np.abs(wanted).max())
    assert_within(observation.dissipated["array"][-1], power, 1e-3)
    linear, _ = kirchhoff(circuit.design.replace(nonlinearity_voltage=1e3), job.drive.levels[:, 0])
    assert np.abs(linear - wanted).max() > 0.1 * np.abs(wanted).max()


def test_array_energy_is_the_sum_over_the_cells():
    """Between step and settling time, `integral of sum I V` cell by cell, from the waveforms of the nodes."""
    circuit = inv(0.05, opamp=preset("cmos-100meg"))
    observation, waves, job = seen(circuit)
    design, power = circuit.design, 0.0
    sums = waves.voltages(node_names.sums(SIZE))
    for cells, drivers in zip(
        design.arrays, (node_names.columns(SIZE), node_names.inverted_columns(SIZE)), strict=True
    ):
        across = waves.voltages(drivers)[:, None, :] - sums[:, :, None]
        power = power + (across * sinh_current(across, cells, 0.05)).sum(axis=(1, 2))
    assert_close(observation.dissipated["array"], power, absolute=1e-9 * power.max())
    solution = circuit.solve(RIGHT)
    step = job.drive.step_time(0)
    grid = np.linspace(step, step + solution.settling_time, 20_001)
    assert_within(solution.energy.array, np.trapezoid(np.interp(grid, waves.time, power), grid), 1e-3)


@pytest.mark.parametrize("opamp", [IDEAL, preset("cmos-100meg")], ids=lambda record: record.model)
def test_a_large_v0_is_a_linear_cell(opamp):
    """V0 = 1 kV and no V0 at all give the same x within 1e-6, with macro models too."""
    bent, straight = (outputs(inv(bend, opamp=opamp).solve(RIGHT)) for bend in (1e3, None))
    assert_close(bent, straight, absolute=1e-6 * np.abs(straight).max())


def test_half_the_v0_bends_four_times_as_much():
    """For large V0 the outputs are off by `-c^3/(6 V0^2)`: the quotient of two V0 is 4, but for terms of 1/V0^4."""
    straight = outputs(inv(None).solve(RIGHT))
    once, twice = (outputs(inv(bend).solve(RIGHT)) - straight for bend in (4.0, 2.0))
    assert_close(once, -(straight**3) / (6 * 4.0**2), absolute=0.005 * np.abs(once).max())
    assert_within(np.linalg.norm(twice), 4 * np.linalg.norm(once), 0.005)


@pytest.mark.parametrize("kind", [InvCircuit, MvmCircuit])
def test_reduced_wires_are_refused(kind):
    """Only networks of linear cells can be reduced: one line that says what to take."""
    with pytest.raises(ParameterError, match=r"interconnect: got reduced; .*nonlinearity_voltage take flat"):
        kind.program(MATRIX, wire_resistance=1.0, device=_bent_device())


def test_the_exact_engine_refuses_meshes():
    """It knows such cells with ideal wires only, and says which engines know others."""
    with pytest.raises(ParameterError, match=r"engine: got exact; .*not linear in .*; take ngspice or auto"):
        InvCircuit.program(MATRIX, device=_bent_device(), engine="exact", wire_resistance=1.0, interconnect="flat")


@pytest.mark.parametrize("kind", [InvCircuit, MvmCircuit])
def test_both_engines_agree(kind):
    """Answers within 1e-6 of the largest entry, settling times and energies within 2 %, ngspice's own error."""
    exact, spice = (
        kind.program(MATRIX, device=_bent_device(), engine=name).solve(RIGHT) for name in ("exact", "ngspice")
    )
    assert exact.status is spice.status and exact.usable
    assert_close(exact.value, spice.value, absolute=1e-6 * np.abs(spice.value).max())
    assert exact.settling_time == pytest.approx(spice.settling_time, rel=0.02)
    for account, joules in spice.energy.accounts.items():
        assert exact.energy.accounts[account] == pytest.approx(joules, rel=0.02)


def _bent_device():
    return Device(nonlinearity_voltage=0.05)


def test_auto_hands_meshes_over_to_ngspice():
    """Every right-hand side is ngspice's, and the same."""
    both, wires = np.column_stack([RIGHT, -RIGHT]), {"wire_resistance": 1.0, "interconnect": "flat"}
    auto, spice = (
        InvCircuit.program(MATRIX, device=_bent_device(), engine=engine, **wires).solve(both)
        for engine in ("auto", "ngspice")
    )
    assert auto.engines == ("ngspice", "ngspice")
    assert np.array_equal(auto.value, spice.value)


def test_command_line(amc):
    """--nonlinearity-voltage bends the cells; with reduced wires, and with any in exact, it is refused in one line."""
    common = ("inv", "--size", 3, "--nonlinearity-voltage", "0.1", "--format", "json")
    straight = amc("inv", "--size", 3, "--format", "json").json["relative_error"]
    assert amc(*common).json["relative_error"] > 100 * straight
    amc(*common, "--wire-resistance", 1).refused("interconnect", "take flat")
    mesh = ("--wire-resistance", 1, "--interconnect", "flat")
    amc(*common, *mesh, "--engine", "exact").refused("engine", "take ngspice or auto")
