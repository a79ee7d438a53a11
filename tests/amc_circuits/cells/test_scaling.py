"""Scaling before programming: what it makes of a matrix, that it is undone, and what it refuses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amc_circuits import InvCircuit, MvmCircuit, ParameterError, solve
from amc_circuits.cells.scaling import scaling_factors
from netlists import SinglePoleOpAmp
from tests.cases import spd_matrix, vector
from tests.comparators import assert_close

NEARLY_IDEAL = SinglePoleOpAmp(open_loop_gain=1e12, gbwp=100e6)
SPREAD = np.geomspace(1e-3, 30, 6)
BADLY_SCALED = spd_matrix(6, 5, 2) * np.outer(SPREAD, SPREAD)


@pytest.mark.parametrize("scaling", ["diagonal", "powers-of-two"])
def test_scaling_is_undone(scaling):
    """With an op-amp of gain 1e12, x is NumPy's, though the diagonal of A spreads by nine decades."""
    b = vector(6, 1) * SPREAD
    circuit = InvCircuit.program(BADLY_SCALED, opamp=NEARLY_IDEAL, scaling=scaling, engine="exact")
    wanted = np.linalg.solve(BADLY_SCALED, b)
    assert_close(circuit.steady(b), wanted, relative=1e-7)
    solution = circuit.solve(np.stack([b, 2 * b], axis=1))
    assert_close(solution.value[:, 1], 2 * wanted, absolute=1e-3 * np.abs(wanted).max())
    wrong = solution.value[:, 0] - wanted
    assert solution.relative_error[0] == pytest.approx(np.linalg.norm(wrong) / np.linalg.norm(wanted), rel=1e-6)
    residual = np.linalg.norm(BADLY_SCALED @ solution.value[:, 0] - b) / np.linalg.norm(b)
    assert solution.residual[0] == pytest.approx(residual, rel=1e-6)


def test_scaling_of_a_product_is_undone():
    """MVM of 3 x 5 with rows and columns that spread by six decades, one of them zero."""
    matrix = np.random.default_rng(4).uniform(-1, 1, (3, 5)) * np.geomspace(1, 1e-6, 5) * [[1], [1e4], [1]]
    matrix[:, 3] = 0
    matrix[2] = 0
    x = np.array([1.0, -2.0, 5.0, 100.0, -1e5])
    circuit = MvmCircuit.program(matrix, opamp=NEARLY_IDEAL, scaling="powers-of-two", engine="exact")
    assert_close(circuit.steady(x), matrix @ x, relative=1e-7, absolute=1e-9)
    assert_close(circuit.matvec(x).value, matrix @ x, absolute=1e-3 * np.abs(matrix @ x).max())


def test_rounding_of_a_hermitian_product_is_no_imaginary_diagonal():
    """NumPy's `H^H R H` has imaginary parts of rounding on its diagonal; x is NumPy's, by hand or by a plan."""
    random = np.random.default_rng(3)
    H, W = (random.normal(size=(6, 6)) + 1j * random.normal(size=(6, 6)) for _ in range(2))
    H = H * np.geomspace(1, 1e-3, 6)
    A = H.conj().T @ (W.conj().T @ W) @ H
    assert np.diag(A).imag.any()
    b = random.normal(size=6) + 1j * random.normal(size=6)
    wanted = np.linalg.solve(A, b)
    circuit = InvCircuit.program(A, opamp=NEARLY_IDEAL, scaling="diagonal", engine="exact")
    assert np.linalg.norm(circuit.steady(b) - wanted) < 1e-6 * np.linalg.norm(wanted)
    found = solve(A, b, engine="exact", bits=24)
    assert np.linalg.norm(A @ found.value - b) <= 2.0**-24 * np.linalg.norm(b)


def test_the_scaled_circuit_is_that_of_the_scaled_matrix():
    """Same cells, poles and settling as `D^-1/2 A D^-1/2` programmed as it is."""
    root = 1 / np.sqrt(np.diag(BADLY_SCALED))
    scaled, b = BADLY_SCALED * np.outer(root, root), vector(6, 3)
    one = InvCircuit.program(BADLY_SCALED, scaling="diagonal", engine="exact")
    other = InvCircuit.program(scaled, engine="exact")
    assert_close(one.mapping.positive, other.mapping.positive, relative=1e-12)
    assert_close(one.stability.poles, other.stability.poles, relative=1e-6)
    assert one.solve(b / root).settling_time == pytest.approx(other.solve(b).settling_time, rel=1e-6)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), rows=st.integers(1, 7), columns=st.integers(1, 7))
def test_powers_of_two_equilibrate(seed, rows, columns):
    """Factors are powers of two; largest entries of rows and columns of S are half to twice that of A, or zero."""
    random = np.random.default_rng(seed)
    matrix = random.standard_normal((rows, columns)) * np.exp(
        random.normal(0, 5, (rows, 1)) + random.normal(0, 5, columns)
    )
    matrix[random.random((rows, columns)) < 0.2] = 0
    left, right = scaling_factors(matrix, "powers-of-two")
    assert (np.frexp(np.concatenate([left, right]))[0] == 0.5).all()
    scaled = np.abs(left[:, None] * matrix * right)
    largest = np.concatenate([scaled.max(axis=1), scaled.max(axis=0)])
    ratio = largest[largest > 0] / np.abs(matrix).max()
    assert ratio.min(initial=1) >= 0.49 and ratio.max(initial=1) <= 2.05
    assert ((largest == 0) == np.concatenate([~matrix.any(axis=1), ~matrix.any(axis=0)])).all()
    if rows == columns:
        left, right = scaling_factors(matrix + matrix.T, "powers-of-two")
        assert (left == right).all()


@pytest.mark.parametrize(
    ("matrix", "scaling", "words"),
    [
        (np.ones((2, 3)), "diagonal", "needs a square matrix"),
        (np.array([[1.0, 0.1], [0.1, 0.0]]), "diagonal", "A has 0 at [1, 1]; take powers-of-two"),
        (np.array([[1.0, 0.1], [0.1, -2.0]]), "diagonal", "A has -2 at [1, 1]"),
        (np.array([[1.0, 1j], [-1j, 2 + 1j]]), "diagonal", "A has 2+1j at [1, 1]"),
        (np.diag([1e-103, 1.0]), "diagonal", "too far apart"),
    ],
)  # fmt: skip
def test_what_cannot_be_scaled_is_refused(matrix, scaling, words):
    """With the entry that is in the way and what to take."""
    with pytest.raises(ParameterError) as caught:
        scaling_factors(matrix, scaling)
    assert caught.value.parameter == "scaling" and words in str(caught.value)


def test_the_command_refuses_scaling_without_a_diagonal(amc):
    """One line."""
    amc("mvm", "--size", 3, "--columns", 2, "--family", "random", "--scaling", "diagonal").refused(
        "--scaling: got diagonal", "needs a square matrix"
    )
    amc("inv", "--size", 3, "--scaling", "rows").refused("--scaling", "must be one of none, diagonal, powers-of-two")
