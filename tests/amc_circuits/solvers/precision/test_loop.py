"""The loop against Krylov spaces, powers of a matrix, and cases with a known end."""

import numpy as np
import pytest

from amc_circuits.solvers.precision.loop import refine_columns
from amc_circuits.solvers.precision.parameters import Refinement
from amc_circuits.solvers.precision.statuses import CONVERGED, DIVERGED, OUT_OF_CYCLES, STALLED
from amc_circuits.solvers.precision.words import Words
from amc_circuits.values.matrices import draw_matrix

SIZE = 8


def exactly(values):
    """Numbers as words without rounding."""
    return Words(values, np.ones(values.shape[1]), 1)


def run(matrix, inverse, b, **parameters):
    """The loop with matrices as product and inverse, without rounding."""
    return refine_columns(
        b.reshape(len(b), -1),
        lambda residual: exactly(inverse @ residual),
        lambda words: matrix @ words.values,
        np.ones(len(b)),
        Refinement(**parameters),
    )


@pytest.fixture(scope="module")
def system():
    """A matrix that is not symmetric, an inverse that is not exact, and a right-hand side."""
    generator = np.random.default_rng(3)
    matrix = np.eye(SIZE) + 0.3 * generator.standard_normal((SIZE, SIZE))
    inverse = np.linalg.inv(matrix + 0.1 * generator.standard_normal((SIZE, SIZE)))
    return matrix, inverse, generator.standard_normal(SIZE)


def test_gcr_with_all_directions_is_the_least_residual_of_the_krylov_space(system):
    """After k cycles `||b - A x||` is the minimum over `P r_0, P A P r_0, ...`, by NumPy's least squares."""
    matrix, inverse, b = system
    residuals = run(matrix, inverse, b, memory=SIZE, bits=30).residuals[:, 0]
    space = [inverse @ b]
    for cycle in range(1, 6):
        columns = matrix @ np.array(space).T
        left = b - columns @ np.linalg.lstsq(columns, b)[0]
        assert residuals[cycle] == pytest.approx(np.linalg.norm(left) / np.linalg.norm(b), rel=1e-6)
        space.append(inverse @ columns[:, -1])


@pytest.mark.parametrize("memory", [0, 1, 8])
def test_the_residual_of_gcr_never_grows(memory):
    """Whatever the memory, and however bad the inverse."""
    generator = np.random.default_rng(memory)
    matrix = draw_matrix("random", SIZE, SIZE, 30.0, generator)
    inverse = np.linalg.inv(matrix + 0.05 * generator.standard_normal((SIZE, SIZE)))
    residuals = run(matrix, inverse, generator.standard_normal(SIZE), memory=memory).residuals[:, 0]
    assert (np.diff(residuals) <= 1e-15).all()


def test_plain_refinement_is_a_power_of_a_matrix(system):
    """The residual after k cycles is `(I - A P)^k b`."""
    matrix, inverse, b = system
    residuals = run(matrix, inverse, b, method="plain", max_cycles=5, bits=40).residuals[:, 0]
    step = np.eye(SIZE) - matrix @ inverse
    wanted = [np.linalg.norm(np.linalg.matrix_power(step, k) @ b) for k in range(len(residuals))]
    np.testing.assert_allclose(residuals, wanted / np.linalg.norm(b), rtol=1e-9)


def test_every_end_is_named():
    """An exact inverse converges in one cycle; `P = 3 I` doubles the residual of plain; `A P r` across r takes nothing.

    A plain factor of 1/2 needs 24 cycles.
    """
    one, b = np.eye(2), np.array([1.0, 2.0])
    across = np.array([[0.0, -1.0], [1.0, 0.0]])
    exact = run(one, one, b)
    assert exact.statuses == (CONVERGED,)
    assert exact.residuals.shape == (2, 1)
    assert run(one, 3 * one, b, method="plain").statuses == (DIVERGED,)
    assert run(one, across, b, memory=0).statuses == (STALLED,)
    assert run(one, one / 2, b, method="plain", max_cycles=23).statuses == (OUT_OF_CYCLES,)
    half = run(one, one / 2, b, method="plain", max_cycles=24)
    assert half.statuses == (CONVERGED,)
    assert len(half.residuals) == 25


def test_columns_do_not_depend_on_each_other(system):
    """Each ends by itself, with the same values as alone."""
    matrix, inverse, b = system
    several = np.stack([b, matrix[:, 0], 1e6 * b], axis=1)
    together = run(matrix, inverse, several)
    for k in range(3):
        alone = run(matrix, inverse, several[:, k])
        np.testing.assert_allclose(
            together.value[:, k], alone.value[:, 0], rtol=1e-9, atol=1e-12 * np.abs(alone.value).max()
        )
        assert np.isfinite(together.residuals[:, k]).sum() == len(alone.residuals)
