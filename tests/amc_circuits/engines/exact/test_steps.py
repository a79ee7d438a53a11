"""Outputs at a time after a step."""

import numpy as np
import pytest
from scipy.linalg import expm

from amc_circuits import Device, InvCircuit, MvmCircuit, ParameterError
from netlists import preset
from tests.amc_circuits.engines.exact.circuits import OPAMP, programmed
from tests.cases import exact_inv
from tests.comparators import assert_close, assert_within


@pytest.mark.parametrize("part", [0.0, 1e-6, 0.1, 1.0, 20.0])
def test_one_amplifier_is_one_exponential(part):
    """`1 - exp(-p t)` of the steady state, with `p = w (G/(G + G_in) + 1/A0)`, at parts of the time constant."""
    circuit = programmed([[2.0]], opamp=OPAMP)
    design = circuit.design
    cell, joined = design.conductance_positive[0, 0], design.input_conductance
    pole = 2 * np.pi * OPAMP.gbwp * (cell / (cell + joined) + 1 / OPAMP.open_loop_gain)
    got = circuit.steady([3.0], at=part / pole)[0]
    assert_within(got, -circuit.steady([3.0])[0] * np.expm1(-part), 1e-9)


@pytest.mark.parametrize("time", [1e-12, 1e-9, 5e-9, 50e-9])
def test_outputs_are_those_of_the_matrix_exponential(time):
    """`s(t) = (1 - exp(M t)) s_final` for the 2N-state system written from Kirchhoff's laws, two right-hand sides."""
    matrix = np.array([[1.0, -0.4, 0.2], [-0.3, 0.9, 0.1], [0.1, 0.2, 1.1]])
    columns = np.array([[1.0, 0.2], [-0.5, 0.7], [0.3, -1.0]])
    circuit = programmed(matrix, opamp=OPAMP)
    levels, scale = circuit.input_levels(columns)
    wanted = []
    for level in levels.T:
        known = exact_inv(circuit.design, level)
        push = np.concatenate([-known.w * known.input_conductance * level / known.row_sum, np.zeros(3)])
        final = np.linalg.solve(known.matrix, -push)
        wanted.append((final - expm(known.matrix * time) @ final)[:3])
    wanted = circuit.gain * np.transpose(wanted) / scale
    assert_close(circuit.steady(columns, at=time), wanted, absolute=1e-9 * np.abs(wanted).max())
    assert_close(circuit.steady(columns[:, 0], at=time), wanted[:, 0], absolute=1e-9 * np.abs(wanted).max())


@pytest.mark.parametrize("kind", [InvCircuit, MvmCircuit])
def test_a_late_time_is_the_steady_state_and_the_first_one_the_rest(kind):
    """Macro op-amps with wires and offsets: from what the offsets leave at zero input to the steady state."""
    macro = preset("cmos-100meg").replace(input_offset=1e-3)
    circuit = kind.program(
        [[1.0, 0.3], [0.2, 0.8]], engine="exact", opamp=macro, wire_resistance=2.0, line_capacitance=1e-15
    )
    late = 60 / abs(circuit.linear.growth_rate)
    steady = circuit.steady([1.0, -0.6])
    assert_close(circuit.steady([1.0, -0.6], at=late), steady, absolute=1e-9)
    rest = circuit.linear.rest[circuit.linear.nodes[circuit.linear.outputs]]
    levels, scale = circuit.input_levels(np.array([[1.0], [-0.6]]))
    # After 1e-18 s no output has moved, though the inputs have.
    got = circuit.steady([1.0, -0.6], at=1e-18)
    assert_close(got * scale[0] / circuit.gain, rest, absolute=1e-6 * np.abs(levels).max())


def test_a_time_before_the_step_is_refused():
    """The error names the parameter."""
    for time in (-1e-9, np.nan, np.inf):
        with pytest.raises(ParameterError, match="at"):
            programmed([[1.0]]).steady([1.0], at=time)


def test_a_circuit_that_is_not_linear_is_refused():
    """Cells of a sinh law have a steady state around rest here, but no exponentials."""
    circuit = InvCircuit.program([[1.0]], engine="ngspice", device=Device(nonlinearity_voltage=0.2))
    with pytest.raises(ParameterError, match="linear cells"):
        circuit.steady([1.0], at=1e-9)
