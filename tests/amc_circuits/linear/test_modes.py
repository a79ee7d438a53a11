"""Modes of matrices: poles by closed forms, whatever their spread; the condition of eigenvectors is NumPy's."""

import numpy as np
import pytest

from amc_circuits.linear.equations import linear_circuit
from amc_circuits.linear.modes import Modes, modes_of, values_of
from netlists.record import ParameterError
from tests.comparators import assert_close, assert_within
from tests.exactness import draw

TURNING = np.array([[-1.0, 3.0], [-2.0, -1.0]])
MATRICES = {
    "real": np.array([[-1.0, 0.5, 0.0], [0.2, -3.0, 1.0], [0.0, 0.1, -7.0]]),
    "turning": TURNING,
    "both": np.block([[TURNING, np.full((2, 2), 0.3)], [np.full((2, 2), -0.1), np.diag([-4.0, -9.0])]]),
}


@pytest.mark.parametrize("name", MATRICES)
def test_condition_is_that_of_all_eigenvectors(name):
    """The 1-norm of the eigenvectors times that of their inverse, conjugates included."""
    modes = modes_of(MATRICES[name])
    assert modes.real == {"real": 3, "turning": 0, "both": 2}[name]
    assert_within(modes.condition, np.linalg.cond(modes.vectors, 1), 1e-12)


def test_dependent_eigenvectors_have_no_finite_condition():
    """Equal columns have no inverse."""
    values = np.array([-1.0, -1.0])
    assert Modes(values.astype(complex), values, np.ones((2, 2)), 2).condition == np.inf


@pytest.mark.parametrize("spread", [2.0**10, 2.0**40])
def test_slow_poles_have_full_precision(spread):
    """The slow one of two poles is their product by the fast one; a third mode between them changes neither."""
    matrix = np.array([[-1.0, 0.5, 0.0], [spread / 2, -spread, 0.0], [0.25, 0.5, -3.0]])
    fast = -(1 + spread + np.sqrt((1 + spread) ** 2 - 3 * spread)) / 2
    slow = [0.75 * spread / fast, -3.0]
    for found in (modes_of(matrix).poles, np.sort(values_of(matrix))[::-1]):
        assert_close(found[:2], slow, relative=1e-14)
        assert_close(found[2], fast, relative=1e-14 * spread)


def test_steady_states_of_a_stiff_circuit_are_those_of_its_equations():
    """Poles differ by a factor of 5e5; by eigenvalues of the matrix itself, outputs were wrong by 2e-9."""
    drawn = draw(606, largest=8)
    assert drawn is not None
    linear = linear_circuit(drawn.circuit.circuit)
    sizes, scale = np.abs(linear.poles), 1 / np.abs(linear.state).max(axis=1, keepdims=True)
    assert sizes.max() > 1e5 * sizes.min()
    read, modes = linear.read[linear.nodes[linear.outputs]], linear.modes
    found = modes.seen_by(read) @ (modes.driven_by(linear.drive) / modes.values[:, None])
    wanted = read @ np.linalg.solve(scale * linear.state, scale * linear.drive)
    assert_close(found, wanted, absolute=1e-11 * np.abs(wanted).max())


@pytest.mark.parametrize("zero", [np.zeros(2), np.array([2.0, -6.0])], ids=["row", "dependent"])
def test_a_pole_may_be_zero(zero):
    """A matrix without an inverse has the poles 0 and its trace, and their modes."""
    matrix = np.array([[-1.0, 3.0], zero])
    modes = modes_of(matrix)
    wanted = [0.0, np.trace(matrix)]
    for found in (modes.poles, np.sort(values_of(matrix))[::-1]):
        assert_close(np.real(found), wanted, absolute=1e-14)
    assert_close(matrix @ modes.vectors, modes.vectors * modes.values, absolute=1e-14)


def test_upper_poles_come_before_their_conjugates():
    """Poles of a pair have one real part."""
    assert_close(modes_of(TURNING).poles, np.array([-1 + 6**0.5 * 1j, -1 - 6**0.5 * 1j]), relative=1e-14)


def test_poles_too_far_apart_are_refused():
    """No digit of the fast ones would be right."""
    with pytest.raises(ParameterError, match="too far apart"):
        modes_of(np.diag([-1.0, -1e14]))
    with pytest.raises(ParameterError, match="too far apart"):
        values_of(np.diag([-1.0, -1e14]))
