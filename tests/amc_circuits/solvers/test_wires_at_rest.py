"""Circuits with wires at rest against Kirchhoff's laws, solved by code that they do not share.

Each bound is some ten times the disagreement that was seen, which for the linear circuit is 3e-13, for ngspice 1e-10.
Op-amps with limits in reach saturate smoothly, which is no part of the linear laws: 8e-7, and 1e-10 without limits.
"""

from itertools import product

import numpy as np
import pytest

from amc_circuits.results.observation import observe
from amc_circuits.solvers.mvm import MvmCircuit
from netlists.arrays.mesh import array_state
from tests.amc_circuits.solvers.wires import FINE, MACRO, OPAMPS, inv_of
from tests.cases import spd_matrix, vector
from tests.comparators import assert_close, assert_within
from tests.kirchhoff import inv_at_rest, mvm_at_rest
from tests.runs import waveforms


@pytest.mark.parametrize("name", ["single-pole", "macro"])
@pytest.mark.parametrize("contacts", ["one", "both"])
@pytest.mark.parametrize("signed", [True, False])
def test_inv_rests_where_kirchhoff_says(signed, contacts, name):
    """Without a simulator, N = 2 .. 8: outputs, sum nodes and inverters to 1e-9, gain, load and offset included."""
    for size, segment in product(range(2, 9), (0.0, 1.73, 20.0)):
        circuit, inputs = inv_of(size, signed, opamp=OPAMPS[name][0], contacts=contacts, wire_resistance=segment)
        rest = inv_at_rest(circuit.design, inputs)
        largest = np.abs(rest.group("c", size)).max()
        for group in ("c", "v", *(("d", "w") if signed else ())):
            got = circuit.linear.steady(group, inputs[:, None])[:, 0]
            assert_close(got, rest.group(group, size), absolute=1e-9 * largest)


@pytest.mark.parametrize(
    ("name", "form"), [*product(("single-pole", "macro"), ("flat", "reduced")), ("unlimited", "reduced")]
)
@pytest.mark.parametrize("contacts", ["one", "both"])
@pytest.mark.parametrize("signed", [True, False])
def test_inv_in_ngspice_ends_where_kirchhoff_says(signed, contacts, name, form):
    """Outputs at the end of the slot and the power of cells and wires, for N = 3 and 8."""
    opamp, bound = OPAMPS[name]
    for size in (3, 8):
        circuit, inputs = inv_of(
            size, signed, opamp=opamp, contacts=contacts, interconnect=form, wire_resistance=20.0, **FINE
        )
        rest = inv_at_rest(circuit.design, inputs)
        wanted = rest.group("c", size)
        job = circuit.job(inputs[:, None])
        seen = observe(circuit.circuit, waveforms(job), job.drive)
        assert_close(seen.outputs[-1], wanted, absolute=bound * np.abs(wanted).max())
        assert_within(float(seen.dissipated["array"][-1]), rest.array_power, 10 * bound)


@pytest.mark.parametrize("contacts", ["one", "both"])
@pytest.mark.parametrize("signed", [True, False])
def test_voltages_in_the_meshes_of_inv_are_those_of_kirchhoff(signed, contacts):
    """From the terminals alone, N = 2 .. 8: lines at every cell to 1e-10 of the largest voltage, and the power."""
    for size in range(2, 9):
        circuit, inputs = inv_of(size, signed, opamp=MACRO, contacts=contacts, wire_resistance=20.0)
        rest = inv_at_rest(circuit.design, inputs)
        power = 0.0
        for k, (cells, columns) in enumerate(zip(circuit.design.arrays, "cd", strict=False)):
            ends = np.concatenate([rest.group("v", size), rest.group(columns, size)])
            state = array_state(cells, 20.0, ends, contacts)
            for line, got in (("word", state.word_voltage), ("bit", state.bit_voltage)):
                assert_close(got, rest.lines(line, k, size, size), absolute=1e-10 * np.abs(ends).max())
            power += state.cell_power.sum() + float(state.wire_power)
        assert power == pytest.approx(rest.array_power, rel=1e-10)


@pytest.mark.parametrize("engine", ["ngspice", "exact"])
@pytest.mark.parametrize("contacts", ["one", "both"])
def test_x_is_read_from_the_outputs(contacts, engine):
    """`x = -c G0/(G_in k alpha)` of Kirchhoff's outputs, signed, N = 6."""
    options = {"opamp": OPAMPS["single-pole"][0], "wire_resistance": 20.0, "engine": engine, **FINE}
    circuit, inputs = inv_of(6, True, contacts=contacts, **options)
    b = vector(6, 6)
    c = inv_at_rest(circuit.design, inputs).group("c", 6)
    unit = 99e-6 / circuit.design.input_conductance
    wanted = -c * unit * np.abs(b).max() / (0.1 * np.abs(spd_matrix(6, 5, 6)).max())
    assert_close(circuit.solve(b).value, wanted, absolute=1e-8 * np.abs(wanted).max())


@pytest.mark.parametrize("contacts", ["one", "both"])
@pytest.mark.parametrize("signed", [True, False])
def test_mvm_rests_where_kirchhoff_says(signed, contacts):
    """A 5 x 3 array or pair with op-amps of low gain, by algebra and in both kinds of deck."""
    matrix, x = np.random.default_rng(3).uniform(-1 if signed else 0, 1, (5, 3)), vector(3, 3)
    inputs = 0.1 * x / np.abs(x).max()
    for name, form in product(("single-pole", "macro"), ("flat", "reduced")):
        opamp, bound = OPAMPS[name]
        circuit = MvmCircuit.program(
            matrix, opamp=opamp, wire_resistance=20.0, contacts=contacts, interconnect=form, **FINE
        )
        assert circuit.design.signed is signed
        wanted = mvm_at_rest(circuit.design, inputs).group("out", 5)
        largest = np.abs(wanted).max()
        assert_close(circuit.linear.steady("out", inputs[:, None])[:, 0], wanted, absolute=1e-9 * largest)
        assert_close(circuit.matvec(x).responses[0].outputs[-1], wanted, absolute=bound * largest)
