"""The linear circuit against equations written by hand."""

import numpy as np
import pytest

from amc_circuits.linear.equations import linear_circuit
from amc_circuits.solvers.inv import InvCircuit
from amc_circuits.solvers.mvm import MvmCircuit
from netlists import Interconnect, SinglePoleOpAmp, preset
from tests.cases import exact_inv, spd_matrix, vector
from tests.comparators import assert_close

OPAMP = SinglePoleOpAmp(open_loop_gain=1e5, gbwp=100e6)


def sorted_poles(matrix):
    """Eigenvalues in a fixed order."""
    return np.sort_complex(np.linalg.eigvals(matrix).round(0))


def test_poles_of_the_one_pole_circuit_are_those_of_2n_states():
    """Built node by node or written down as 2N equations, the poles agree."""
    circuit = InvCircuit.program(spd_matrix(6, 10, 0), opamp=OPAMP)
    wanted = sorted_poles(exact_inv(circuit.design, np.zeros(6)).matrix)
    assert_close(sorted_poles(circuit.linear.state), wanted, relative=1e-6, absolute=2)


def test_poles_without_negative_entries_are_n():
    """One array has no inverters: poles are those of `-w (diag(1/S) G + 1/A0)`."""
    matrix = np.array([[2.0, 0.5], [0.5, 1.0]])
    design = InvCircuit.program(matrix, opamp=OPAMP).design
    w = 2 * np.pi * OPAMP.gbwp
    wanted = -w * (design.conductance_positive / design.row_conductance[:, None] + np.eye(2) / OPAMP.open_loop_gain)
    assert_close(sorted_poles(linear_circuit(design.circuit).state), sorted_poles(wanted), relative=1e-6, absolute=2)


def test_second_pole_turns_each_pole_into_two():
    """With a second pole in every op-amp all poles are the roots of `s^2/p2 + s - a_k = 0`."""
    macro = preset("cmos-100meg").replace(open_loop_gain=1e5, output_resistance=1e-6, input_capacitance=0.0)
    matrix = np.array([[1.0, -0.95], [-0.95, 1.0]])
    first = InvCircuit.program(matrix, opamp=OPAMP)
    second_pole = 150e6
    second = InvCircuit.program(matrix, opamp=macro.replace(second_pole=second_pole))
    p2 = 2 * np.pi * second_pole
    roots = [np.roots([1 / p2, 1, -pole]) for pole in np.linalg.eigvals(first.linear.state)]
    assert_close(
        sorted_poles(second.linear.state), np.sort_complex(np.concatenate(roots).round(0)), relative=1e-5, absolute=1e3
    )


def test_finite_gain_changes_the_solution_as_algebra_says():
    """At rest the circuit solves `(A + diag(S/G0)/A0 + (2/A0) G-/G0) x = b`."""
    gain = 200.0
    matrix = spd_matrix(5, 5, 1)
    circuit = InvCircuit.program(matrix, opamp=SinglePoleOpAmp(open_loop_gain=gain, gbwp=100e6))
    design, unit = circuit.design, circuit.mapping.unit
    b = vector(5, 1)
    loss = np.diag(design.row_conductance / unit) / gain + 2 / gain * design.conductance_negative / unit
    wanted = -np.linalg.solve(matrix / circuit.mapping.alpha + loss, b)
    assert_close(circuit.linear.steady("c", b[:, None])[:, 0], wanted, relative=1e-4)


def test_output_resistance_slows_by_its_load():
    """One op-amp alone: output resistance scales its pole by `1/(1 + R_out G_load)`."""
    macro = preset("cmos-100meg").replace(input_capacitance=0.0, open_loop_gain=1e9)
    matrix, resistance = np.array([[1.0]]), 1e3
    slow = InvCircuit.program(matrix, opamp=macro.replace(output_resistance=resistance))
    fast = InvCircuit.program(matrix, opamp=macro.replace(output_resistance=1e-6))
    # The load is the cell in series with the input resistor: 50 uS.
    ratio = fast.stability.slowest.real / slow.stability.slowest.real
    assert ratio == pytest.approx(1 + resistance * 50e-6, rel=1e-6)


def test_input_capacitance_adds_a_state_a_row():
    """With C_in the row pole is S/C: one op-amp's two poles are the roots of `s^2 C/S + s + w G/S = 0`."""
    capacitance = 1e-12
    macro = preset("cmos-100meg").replace(open_loop_gain=1e12, output_resistance=1e-9, input_capacitance=capacitance)
    circuit = InvCircuit.program(np.array([[1.0]]), opamp=macro)
    total = circuit.design.row_conductance[0]
    wanted = np.roots([capacitance / total, 1, 2 * np.pi * macro.gbwp * 100e-6 / total])
    assert_close(np.sort_complex(circuit.stability.poles), np.sort_complex(wanted), relative=1e-5)


def test_line_capacitance_joins_the_input_capacitance():
    """Lumped at the row, N cells of line capacitance act as so much input capacitance where the output is stiff."""
    macro = preset("cmos-100meg").replace(open_loop_gain=1e12, output_resistance=1e-9)
    with_input = InvCircuit.program(np.array([[1.0]]), opamp=macro.replace(input_capacitance=2e-13))
    design = with_input.design.replace(
        opamp=macro.replace(input_capacitance=0.0), interconnect=Interconnect(line_capacitance=2e-13)
    )
    got, wanted = np.linalg.eigvals(linear_circuit(design.circuit).state), with_input.stability.poles
    slow = np.sort_complex(got)[-2:]
    assert_close(slow, np.sort_complex(wanted), relative=1e-3)


def test_mvm_poles_are_the_loop_bandwidths():
    """Row i of an MVM has the pole `w (G_f/(G_f + S_i) + 1/A0)` and no other."""
    matrix = np.random.default_rng(0).standard_normal((5, 3))
    circuit = MvmCircuit.program(matrix, opamp=OPAMP)
    design = circuit.design
    row_sum = sum(array.sum(axis=1) for array in design.arrays)
    feedback = design.feedback_conductance
    wanted = -2 * np.pi * OPAMP.gbwp * (feedback / (feedback + row_sum) + 1 / OPAMP.open_loop_gain)
    assert_close(np.sort(circuit.stability.poles.real), np.sort(wanted), relative=1e-9)


@pytest.mark.parametrize("wire_resistance", [0.0, 5.0])
def test_steady_is_what_a_transient_ends_at(wire_resistance):
    """INV and MVM without a transient: the value that the exact response ends at, for vectors and columns alike."""
    columns = np.random.default_rng(3).uniform(-1, 1, (4, 3))
    inv = InvCircuit.program(
        spd_matrix(4, 5, 3), engine="exact", tolerance=1e-6, wire_resistance=wire_resistance, input_voltage=0.02
    )
    mvm = MvmCircuit.program(
        np.random.default_rng(4).standard_normal((6, 4)), engine="exact", tolerance=1e-6,
        wire_resistance=wire_resistance, input_voltage=0.02,
    )  # fmt: skip
    assert_close(inv.steady(columns), inv.solve(columns).value, absolute=1e-6)
    assert_close(inv.steady(columns[:, 0]), inv.steady(columns)[:, 0], relative=1e-12)
    assert_close(mvm.steady(columns), mvm.matvec(columns).value, absolute=1e-6)
    assert (mvm.steady(np.zeros(4)) == 0).all()


@pytest.mark.parametrize(("farads", "named"), [(1e-17, True), (1e-24, False)])
def test_omitted_capacitors_are_named_if_they_change_more_than_rounding(farads, named):
    """Wires of 1 ohm and cells of 100 uS: a bit line of three delays by 10 kohm C or less, and poles are GHz."""
    opamp = preset("opa690")
    circuit = InvCircuit.program(np.eye(3) + 0.1, opamp=opamp, wire_resistance=1.0, line_capacitance=farads)
    change = circuit.linear.left_out * np.abs(circuit.linear.poles).max()
    assert 0 < circuit.linear.left_out < 1e5 * farads
    assert (change > 1e-9) == named == ("are left out of poles" in circuit.linear.note)
