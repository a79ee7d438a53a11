"""The quadratic model against the loss, its best step against algebra, and the rule of the damping on a quadratic."""

from dataclasses import replace

import numpy as np
import pytest

from optimizer.first_order import loss_gradients
from optimizer.losses import BERNOULLI, SOFTMAX
from optimizer.model import build_model
from optimizer.quadratic_model import QuadraticModel, adapted, quadratic_model
from tests.comparators import assert_close


def drawn(*shape, seed=0):
    """Standard normal numbers."""
    return np.random.default_rng(seed).standard_normal(shape)


@pytest.mark.parametrize("loss", [SOFTMAX, BERNOULLI])
def test_the_prediction_is_that_of_the_loss_up_to_the_third_order(loss):
    """Without hidden layers the Fisher matrix is the Hessian: half the step leaves an eighth of the error."""
    model = replace(build_model((4,), (), 3), loss=loss)
    weights, directions = (drawn(3, 5),), [(drawn(3, 5, seed=1),), (drawn(3, 5, seed=2),)]
    inputs, targets = drawn(4, 6, seed=3), np.arange(6) % 3 if loss is SOFTMAX else drawn(3, 6, seed=4) > 0
    passed = model.forward(weights, inputs)
    gradients = loss_gradients(model, weights, passed, targets)
    around = quadratic_model(model, weights, passed, gradients, directions, damping=0.0)

    def error(length):
        moved = (weights[0] + length * (directions[0][0] - 0.5 * directions[1][0]),)
        true = loss.value(model.logits(moved, inputs), targets) - loss.value(passed.logits, targets)
        return true - around.change(length * np.array([1.0, -0.5]))

    assert error(2e-2) / error(1e-2) == pytest.approx(8, rel=0.05)
    assert abs(error(1e-2)) < 1e-5


def test_damping_adds_the_squared_length_of_the_step():
    """Half the damping times the square of the length."""
    model = build_model((4,), (), 3)
    weights, direction = (drawn(3, 5),), (drawn(3, 5, seed=1),)
    passed = model.forward(weights, drawn(4, 6, seed=3))
    gradients = loss_gradients(model, weights, passed, np.arange(6) % 3)
    bare, damped = (quadratic_model(model, weights, passed, gradients, [direction], value) for value in (0.0, 0.7))
    one = np.ones(1)
    assert damped.change(one) - bare.change(one) == pytest.approx(0.35 * np.sum(direction[0] ** 2), rel=1e-12)


def test_the_best_step_solves_the_equations_whatever_the_lengths_of_the_directions():
    """Directions of length 1 and 1e-7 give the same step as two of length 1."""
    matrix, slopes = np.array([[2.0, 0.3], [0.3, 1.0]]), np.array([-1.0, 0.5])
    wanted = -np.linalg.inv(matrix) @ slopes
    assert_close(QuadraticModel(matrix, slopes).best, wanted, relative=1e-12)
    scale = np.array([1.0, 1e-7])
    short = QuadraticModel(matrix * scale * scale[:, None], scale * slopes)
    assert_close(short.best * scale, wanted, relative=1e-10)
    assert short.change(short.best) == pytest.approx(slopes @ wanted / 2, rel=1e-10)


def test_parallel_directions_share_the_step_and_a_zero_one_takes_no_part():
    """Twice the same direction: half the step each. All zero: no step."""
    found = QuadraticModel(np.full((2, 2), 4.0), np.array([-2.0, -2.0])).best
    assert_close(found, [0.25, 0.25], relative=1e-9)
    assert_close(QuadraticModel(np.diag([4.0, 0.0]), np.array([-2.0, 0.0])).best, [0.5, 0.0])
    assert_close(QuadraticModel(np.zeros((1, 1)), np.zeros(1)).best, [0.0])


def test_a_model_that_has_overflowed_has_no_best_step():
    """Its coefficients are nan, so that the loss shows it; no error of LAPACK ends the training."""
    for matrix, slopes in (([[np.inf]], [1.0]), ([[np.nan]], [1.0]), ([[1.0]], [np.inf])):
        assert np.isnan(QuadraticModel(np.array(matrix), np.array(slopes)).best).all()


def settled(start, modelled, steps=200):
    """Damping after many steps on a loss w^2/2 whose curvature the model takes as `modelled`.

    The step is `d = -w / (modelled + damping)`; the loss changes by `w d + d^2/2`, the model predicts `w d / 2`.
    """
    damping, w = start, 1.0
    for _ in range(steps):
        step = -w / (modelled + damping)
        damping = adapted(damping, w * step + step**2 / 2, w * step / 2, 5)
    return damping


def test_on_a_quadratic_with_the_right_curvature_the_damping_falls_at_every_step():
    """The ratio is 2 - 1/(1 + damping), above 1, so the factor is (19/20)^5 each time."""
    assert settled(1.0, 1.0, steps=8) == pytest.approx(0.95**40, rel=1e-12)


@pytest.mark.parametrize("start", [1e-3, 0.4, 10.0])
def test_on_a_quadratic_with_too_little_curvature_the_damping_settles_where_the_ratio_is_between(start):
    """With a quarter of the curvature the ratio 2 - 1/(1/4 + damping) is 1/4 at 9/28 and 3/4 at 11/20."""
    found = settled(start, 0.25)
    assert 9 / 28 <= found <= 11 / 20
    if start == 0.4:
        assert found == start


def test_a_loss_that_is_not_finite_raises_the_damping_and_no_prediction_leaves_it():
    """Both at the rate of (19/20)^steps."""
    assert adapted(1.0, np.inf, -1.0, 5) == adapted(1.0, np.nan, -1.0, 5) == pytest.approx(0.95**-5, rel=1e-12)
    assert adapted(1.0, 0.0, 0.0, 5) == 1.0
