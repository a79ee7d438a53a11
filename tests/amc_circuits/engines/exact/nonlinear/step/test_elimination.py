"""Many small systems: their equations hold, with and without a search for pivots."""

import numpy as np
import pytest

from amc_circuits.engines.exact.nonlinear.step.elimination import FEW, solved
from tests.comparators import assert_close


@pytest.mark.parametrize("count", [1, 7, 200])
@pytest.mark.parametrize("size", [1, 2, 4])
def test_the_equations_hold(size, count):
    """Solutions that were chosen come back, to rounding times the condition; what is given stays."""
    rng = np.random.default_rng(size)
    matrices, wanted = rng.standard_normal((size, size, count)), rng.standard_normal((size, count))
    right = np.einsum("ije,je->ie", matrices, wanted)
    rows = np.concatenate([matrices, right[:, None]], axis=1)
    given = rows.copy()
    condition = np.linalg.cond(matrices.transpose(2, 0, 1)).max()
    assert_close(solved(rows), wanted, absolute=1e-11 * condition)
    assert (rows == given).all()


@pytest.mark.parametrize("count", [1, FEW])
@pytest.mark.parametrize("corner", [0.0, 1e-12])
def test_small_pivots_are_exchanged(corner, count):
    """Two equations whose first unknown hardly counts in the first: x + y = 3 and, nearly, y = 2."""
    rows = np.tile(np.array([[corner, 1.0, 2.0], [1.0, 1.0, 3.0]])[:, :, None], count)
    assert_close(solved(rows), np.tile([[1.0], [2.0]], count), absolute=1e-11)


@pytest.mark.parametrize("count", [2, FEW])
@pytest.mark.parametrize("matrix", [[[0.0]], [[0.0, 0.0], [0.0, 0.0]], [[1.0, 1.0], [1.0, 1.0]]], ids=str)
def test_a_singular_matrix_is_refused(matrix, count):
    """Among others that are not."""
    matrices = np.stack([np.eye(len(matrix))] * (count - 1) + [np.array(matrix)], axis=2)
    with pytest.raises(np.linalg.LinAlgError):
        solved(np.concatenate([matrices, np.ones_like(matrices[:, :1])], axis=1))
