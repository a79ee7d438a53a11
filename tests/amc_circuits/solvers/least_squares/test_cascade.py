"""A cascade of INV and MVM: closed forms of gain, finite gain and settling, both orders of cells, refusals."""

import numpy as np
import pytest

from amc_circuits import Device, InvCircuit, MvmCircuit, ParameterError
from amc_circuits.linear.noise import noise
from amc_circuits.solvers.least_squares.cascade import CascadeCircuit
from netlists import SinglePoleOpAmp, preset
from netlists.circuits.cascade import CascadeDesign

WIDE = np.random.default_rng(2).uniform(-1, 1, (2, 5))
B = np.array([0.4, -1.0])
EXACT = {"engine": "exact", "opamp": "single-pole"}


def answer(matrix, b, ridge=0.0):
    """The shortest solution by its normal equation."""
    turned = matrix.conj().T
    return turned @ np.linalg.solve(matrix @ turned + ridge * np.eye(len(matrix)), b)


@pytest.mark.parametrize("topology", ["paired", "compensated"])
@pytest.mark.parametrize(
    "matrix", [WIDE, np.abs(WIDE), WIDE + 0.5j * WIDE[::-1]], ids=["signed", "positive", "complex"]
)
def test_it_is_the_regularised_shortest_solution(matrix, topology):
    """With any conductances of inputs and feedback, the diagonal in resistors or in cells."""
    opamp = SinglePoleOpAmp(open_loop_gain=1e9)
    for diagonal, own in (("cells", {}), ("resistors", {"input_conductance": 3e-4, "feedback_conductance": 2e-4})):
        options = {"topology": topology, "diagonal": diagonal, "ridge": 0.3, "g_min": 1e-12, **own}
        circuit = CascadeCircuit.program(matrix, engine="exact", opamp=opamp, **options)
        assert np.allclose(circuit.steady(B), answer(matrix, B, 0.3), rtol=1e-6)


@pytest.mark.parametrize("ridge", [0.3, 1e-3])
def test_a_ridge_takes_more_rows_than_columns(ridge):
    """`A^T (A A^T + lambda)^-1 b = (A^T A + lambda)^-1 A^T b`, whose matrix is regular without a ridge."""
    b = np.array([0.4, -1.0, 0.3, 0.8, -0.2])
    opamp = SinglePoleOpAmp(open_loop_gain=1e9)
    circuit = CascadeCircuit.program(WIDE.T, ridge=ridge, engine="exact", opamp=opamp, g_min=1e-12)
    wanted = np.linalg.solve(WIDE @ WIDE.T + ridge * np.eye(2), WIDE @ b)
    assert np.allclose(circuit.question(b).reference[:, 0], wanted, rtol=1e-12)
    assert np.allclose(circuit.steady(b), wanted, rtol=1e-4)


def test_a_tiny_ridge_has_an_exact_answer():
    """A A^T + 1e-15 is singular to rounding; the answer is that of no ridge, within 1e-14."""
    left, right = np.linalg.qr(np.random.default_rng(4).standard_normal((4, 4)))[0], np.eye(4)[:, :2]
    circuit = CascadeCircuit.program(left @ right, ridge=1e-15, **EXACT)
    b = np.array([1.0, -0.5, 0.2, 0.7])
    assert np.allclose(circuit.question(b).reference[:, 0], (left @ right).T @ b, rtol=1e-12)


def test_outputs_of_inv_are_those_of_inv_alone_and_mvm_multiplies_them():
    """Without output resistance the load does nothing: `c` is INV's, and the poles are those of both."""
    cascade = CascadeCircuit.program(WIDE, **EXACT)
    inverse = InvCircuit.program(WIDE @ WIDE.T, pair="always", **EXACT)
    product = MvmCircuit.program(WIDE.T, pair="always", **EXACT)
    levels = np.array([[0.1], [0.05]])
    alone = inverse.linear.steady("c", levels)
    assert np.allclose(cascade.linear.steady("c", levels), alone, rtol=1e-12)
    # Inverters turn all but 2/A0 of it; sources of MVM alone turn all of it.
    assert np.allclose(cascade.linear.steady("mout", levels), product.linear.steady("out", alone), rtol=1e-4)
    both = np.sort_complex(np.concatenate([inverse.linear.poles, product.linear.poles]))
    assert np.allclose(np.sort_complex(cascade.linear.poles), both, rtol=1e-6)


def test_the_load_of_the_second_circuit_slows_the_first():
    """By the output resistance: INV's slowest pole alone is faster than with more and larger cells at its outputs."""
    opamp = preset("cmos-100meg").replace(output_resistance=1e3)
    few, many = (
        CascadeCircuit.program(np.full((1, columns), 1.0), engine="exact", opamp=opamp, feedback_conductance=0.01)
        for columns in (1, 40)
    )
    alone = InvCircuit.program([[1.0]], engine="exact", opamp=opamp)
    slowest = [-one.linear.poles[0].real for one in (alone, few, many)]
    assert slowest[0] > slowest[1] > 1.5 * slowest[2]


def test_noise_of_the_first_circuit_passes_the_second():
    """More than the noise of MVM alone, and less than without the ridge."""
    opamp = SinglePoleOpAmp(input_noise=5e-9)
    plain, ridged = (
        noise(CascadeCircuit.program(WIDE, engine="exact", opamp=opamp, ridge=ridge, feedback_conductance=2e-4).circuit)
        for ridge in (0.0, 3.0)
    )
    alone = noise(MvmCircuit.program(WIDE.T, opamp=opamp, engine="exact", feedback_conductance=2e-4).circuit)
    assert alone.norm < ridged.norm < plain.norm


def test_errors_of_the_diagonal_vanish_in_resistors():
    """With few levels INV's error is smaller if cells hold only what is beside a large diagonal."""
    matrix = np.eye(3) + 0.05 * np.array([[0, 0.9, -0.3], [0.9, 0, 0.5], [-0.3, 0.5, 0]])
    b = np.array([1.0, -0.4, 0.2])
    cells, resistors = (
        InvCircuit.program(matrix, diagonal=diagonal, device=Device(levels=8), **EXACT)
        for diagonal in ("cells", "resistors")
    )
    errors = [np.abs(one.steady(b) - np.linalg.solve(matrix, b)).max() for one in (cells, resistors)]
    assert errors[1] < errors[0] / 3
    largest = [max(array.max() for array in one.design.arrays) for one in (cells, resistors)]
    assert max(largest) <= cells.hardware.cells.g_max
    assert np.allclose(resistors.design.diagonal_conductance, resistors.mapping.unit / 0.045)
    with pytest.raises(ParameterError, match="diagonal_conductance: got 0; "):
        resistors.design.replace(diagonal_conductance=[1e-4, 0.0, 1e-4])


@pytest.mark.parametrize(
    ("matrix", "fields", "words"),
    [
        (WIDE.T, {}, "no more rows than columns"),
        (np.ones((2, 3)), {}, "rank 1"),
        (WIDE, {"pair": "never"}, "pair: got never"),
        (WIDE, {"ridge": -1}, "ridge"),
        (WIDE, {"topology": "compensated", "inverter_resistance": 1e3}, "inverter_resistance"),
        (np.eye(2, 3), {"diagonal": "resistors"}, "leaves nothing for the cells"),
    ],
)
def test_what_it_cannot_do_is_refused(matrix, fields, words):
    """In one line."""
    with pytest.raises(ParameterError, match=words):
        CascadeCircuit.program(matrix, **EXACT, **fields)


def test_a_diagonal_in_resistors_is_positive():
    """Resistors have no sign."""
    with pytest.raises(ParameterError, match="diagonal: got resistors; needs a positive diagonal"):
        InvCircuit.program([[1.0, 0.5], [0.5, -1.0]], diagonal="resistors", **EXACT)


def test_circuits_that_do_not_fit_are_no_cascade():
    """Another number of lines, or a negative array that nothing drives."""
    signed, positive = (CascadeCircuit.program(one, **EXACT).design for one in (WIDE, np.abs(WIDE)))
    three = MvmCircuit.program(np.ones((2, 3)), **EXACT).design
    with pytest.raises(ParameterError, match="as many columns as the INV circuit has outputs"):
        CascadeDesign(inverse=signed.inverse, product=three)
    with pytest.raises(ParameterError, match="driven by inverters"):
        CascadeDesign(inverse=positive.inverse, product=signed.product)
