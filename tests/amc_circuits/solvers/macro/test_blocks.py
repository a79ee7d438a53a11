"""Block inversion as a schedule: NumPy's solution, and rows in the order of LU where a block is unstable."""

import numpy as np
import pytest

from amc_circuits import ParameterError, Status, make_schedule, run_schedule
from amc_circuits.solvers.macro.blocks import block_answer, block_schedule, cut
from tests.cases import spd_matrix
from tests.comparators import assert_close

B = np.array([1.0, -0.5, 0.25, 1.0])


def test_blocks_make_the_matrix_again():
    """`A4 = A4s + A3 A1^-1 A2`."""
    matrix = np.random.default_rng(0).standard_normal((6, 6))
    first, right, left, schur = cut(matrix)
    again = np.block([[first, right], [left, schur + left @ np.linalg.inv(first) @ right]])
    np.testing.assert_allclose(again, matrix, atol=1e-12)


def test_rows_in_the_order_of_lu_make_blocks_stable():
    """As they are INV of A1 is unstable; in the order of LU the same transient has NumPy's solution of A itself."""
    matrix = np.random.default_rng(0).standard_normal((4, 4))
    none = run_schedule(block_schedule(matrix, B, pivoting="none"), "exact")
    assert none.phase("start").status is Status.UNSTABLE and not none.usable
    solution = run_schedule(block_schedule(matrix, B), "exact")
    assert solution.usable
    wanted = np.linalg.solve(matrix, B)
    assert_close(block_answer(solution), wanted, absolute=0.02 * float(np.abs(wanted).max()))


@pytest.mark.parametrize("size", [2, 3, 5])
def test_a_matrix_of_any_size_is_solved_in_one_transient(size):
    """With an odd number of rows one more in the arrays stays idle, and x has the rows of A."""
    matrix, vector = spd_matrix(size, 4, size), np.linspace(-1, 0.7, size)
    solution = run_schedule(block_schedule(matrix, vector, hardware={"g_min": 1e-9}), "exact")
    wanted = np.linalg.solve(matrix, vector)
    assert solution.usable
    assert_close(block_answer(solution), wanted, absolute=0.01 * float(np.abs(wanted).max()))


def test_the_answer_of_another_schedule_is_refused():
    """It has no blocks."""
    arrays, phase = [{"name": "a", "matrix": [[1.0]]}], {"name": "upper", "mode": "mvm", "array": "a", "inputs": [1.0]}
    solution = run_schedule(make_schedule({"arrays": arrays, "phases": [phase]}), "exact")
    with pytest.raises(ParameterError, match=r"solution: .*another schedule"):
        block_answer(solution)


def test_stable_blocks_stay_as_they_are():
    """A definite matrix, and one whose INV circuits are stable; `partial` orders the rows of any."""
    definite = spd_matrix(4, 5, 1)
    dominant = np.array([[3.0, 1, 0, 1], [-1, 4, 1, 0], [0, 1, 3, -1], [1, 0, -1, 5]])
    for matrix in (definite, dominant):
        assert_close(block_schedule(matrix, B).arrays[0].matrix, matrix[:2, :2], absolute=0.0)
    turned = block_schedule(dominant[::-1].copy(), B, pivoting="partial")
    assert np.abs(turned.arrays[0].matrix[0, 0]) == np.abs(dominant[:, 0]).max()


@pytest.mark.parametrize(
    ("matrix", "b", "more", "text"),
    [
        (np.eye(1), B[:1], {}, "A: got shape .1, 1.*two rows or more"),
        (np.eye(4), B[:2], {}, "b of 2 entries"),
        (1j * np.eye(4), B, {}, "A: got complex numbers"),
        (np.ones((4, 4)), B, {}, "A: .*singular"),
        (np.fliplr(np.eye(4)), B, {"pivoting": "none"}, "A1: .*singular"),
        (np.eye(4), B, {"pivoting": "full"}, "pivoting: got 'full'"),
        (np.eye(4), B, {"phases": []}, "phases: .*comes from A and b"),
    ],
)
def test_what_cannot_be_used_is_refused(matrix, b, more, text):
    """By its name."""
    with pytest.raises(ParameterError, match=text):
        block_schedule(matrix, b, **more)
