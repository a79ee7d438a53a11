"""First-order optimizers against their closed forms on a network whose gradients are known."""

import numpy as np
import pytest

from amc_circuits import ParameterError
from optimizer.first_order import Adam, Momentum, loss_gradients
from optimizer.linear_solver import Cholesky
from optimizer.model import build_model
from optimizer.optimizers import make_optimizer
from optimizer.preconditioner import Inverter
from optimizer.settings import KfacSettings
from optimizer.specification import TrainingSpec, make_spec
from optimizer.training import Training
from tests.comparators import assert_close


@pytest.fixture
def problem():
    """A linear model, its weights, a batch and the gradients there."""
    model = build_model((3, 2), (), 4)
    random = np.random.default_rng(1)
    weights = model.initial_weights(random)
    images, labels = random.standard_normal((1, 3, 2, 9)), random.integers(0, 4, 9)
    passed = model.forward(weights, images)
    return model, weights, passed, labels, loss_gradients(model, weights, passed, labels)


def test_the_first_step_of_adam_is_the_learning_rate_times_the_sign(problem):
    """With bias correction the first step is `learning_rate g / (|g| + epsilon)`."""
    model, weights, passed, labels, (gradient,) = problem
    (after,) = Adam(model, learning_rate=0.02).step(weights, passed, labels)
    assert_close(weights[0] - after, 0.02 * gradient / (np.abs(gradient) + 1e-8), relative=1e-9)


def test_adam_with_a_constant_gradient_keeps_that_step(problem):
    """Under a constant gradient both corrected means are constant, so every step is like the first."""
    model, weights, passed, labels, (gradient,) = problem
    adam, current = Adam(model, learning_rate=0.02), weights
    for _ in range(30):
        before, (current,) = current, adam.step(weights, passed, labels)
        current = (current,)
    taken = weights[0] - current[0]
    assert before is not current
    assert_close(taken, 0.02 * gradient / (np.abs(gradient) + 1e-8), relative=1e-7)


def test_adam_weighs_two_gradients_by_its_betas(problem):
    """After steps along f and g the means are `(b (1 - b) f + (1 - b) g) / (1 - b^2)`, of the squares alike."""
    model, weights, passed, labels, (first,) = problem
    content = {"optimizer": {"name": "adam", "learning_rate": 0.02, "beta1": 0.5, "beta2": 0.8}}
    adam = make_optimizer(model, make_spec(content), Inverter(Cholesky()))
    adam.step(weights, passed, labels)
    others = (labels + 1) % 4
    (second,) = loss_gradients(model, weights, passed, others)
    (after,) = adam.step(weights, passed, others)
    mean = (0.5 * 0.5 * first + 0.5 * second) / (1 - 0.5**2)
    square = (0.8 * 0.2 * first**2 + 0.2 * second**2) / (1 - 0.8**2)
    assert_close(weights[0] - after, 0.02 * mean / (np.sqrt(square) + 1e-8), relative=1e-9)


def test_momentum_of_zero_is_plain_gradient_descent(problem):
    """Each step is the learning rate times the gradient."""
    model, weights, passed, labels, (gradient,) = problem
    optimizer = Momentum(model, learning_rate=0.1, momentum=0.0)
    for _ in range(2):
        (after,) = optimizer.step(weights, passed, labels)
        assert_close(weights[0] - after, 0.1 * gradient, relative=1e-12, absolute=1e-16)


def test_momentum_multiplies_a_constant_gradient_in_the_limit(problem):
    """After k steps along a constant gradient the step is `learning_rate g (1 - m^k) / (1 - m)`."""
    model, weights, passed, labels, (gradient,) = problem
    optimizer = Momentum(model, learning_rate=0.1, momentum=0.8)
    for _ in range(25):
        (after,) = optimizer.step(weights, passed, labels)
    wanted = 0.1 * gradient * (1 - 0.8**25) / (1 - 0.8)
    assert_close(weights[0] - after, wanted, relative=1e-9, absolute=1e-15)


def test_nesterov_is_the_gradient_at_the_point_ahead(problem):
    """Sutskever's form, `v <- m v - rate gradient(w + m v)`, `w <- w + v`, seen at `w + m v`."""
    model, weights, passed, labels, _ = problem
    images = passed.columns[0]
    optimizer, ours = Momentum(model, learning_rate=0.1, momentum=0.8, nesterov=True), weights
    behind, velocity = weights[0], np.zeros_like(weights[0])
    for _ in range(5):
        ahead = (behind + 0.8 * velocity,)
        (gradient,) = loss_gradients(model, ahead, model.forward_columns(ahead, images), labels)
        velocity = 0.8 * velocity - 0.1 * gradient
        behind = behind + velocity
        ours = optimizer.step(ours, model.forward_columns(ours, images), labels)
        assert_close(ours[0], behind + 0.8 * velocity, relative=1e-12, absolute=1e-15)


@pytest.mark.parametrize("name", ["momentum", "kfac"])
def test_nesterov_without_momentum_is_refused(name):
    """It would be the same step."""
    with pytest.raises(ParameterError, match=r"optimizer\.nesterov: got True; has no effect with a momentum of 0"):
        make_spec({"optimizer": {"name": name, "momentum": 0.0, "nesterov": True}})


def test_nesterov_acts_with_kfac():
    """From the second step on the weights differ from those of the same run without it."""
    runs = []
    for nesterov in (False, True):
        spec = TrainingSpec(convolutions=(), optimizer=KfacSettings(nesterov=nesterov), batch_size=700, epochs=1)
        runs.append(Training(spec).run().weights[0])
    assert not np.array_equal(*runs)
