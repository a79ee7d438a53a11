"""K-FAC by the quadratic model: its steps against explicit matrices, damping, schedule, and refusals."""

from dataclasses import replace

import numpy as np
import pytest

from amc_circuits import ParameterError
from optimizer.curvature import kronecker_factors, running_average
from optimizer.damping import damped
from optimizer.first_order import loss_gradients
from optimizer.linear_solver import Cholesky
from optimizer.losses import BERNOULLI
from optimizer.model import build_model
from optimizer.preconditioner import Inverter
from optimizer.quadratic_kfac import QuadraticKfac
from optimizer.settings import KfacSettings
from optimizer.specification import make_spec
from tests.comparators import assert_close

EVERY = {"step_size": "quadratic", "first_interval": 1, "inverse_interval": 1}


def problem():
    """Three Bernoulli outputs of one layer, so that the Fisher matrix is the Hessian of the loss."""
    model = replace(build_model((4,), (), 3), loss=BERNOULLI)
    random = np.random.default_rng(2)
    return model, (random.standard_normal((3, 5)),), random.standard_normal((4, 8)), random.integers(0, 2, (3, 8)) * 1.0


def make(model, schedule=lambda step: 1.0, **settings):
    """The optimizer with inverses by Cholesky."""
    chosen = KfacSettings(**EVERY, **settings)
    return QuadraticKfac(model, chosen, Inverter(Cholesky()), np.random.default_rng(9), schedule)


def fisher(weights, inputs):
    """Fisher matrix of all weights of `problem`, row by row: one block an output."""
    a = np.vstack([inputs, np.ones(inputs.shape[1])])
    p = 1 / (1 + np.exp(-weights[0] @ a))
    blocks = [(a * (one * (1 - one))) @ a.T / a.shape[1] for one in p]
    return np.block([[blocks[i] if i == j else np.zeros((5, 5)) for j in range(3)] for i in range(3)])


def test_each_step_is_the_best_in_the_plane_of_direction_and_last_step():
    """Of the explicit quadratic with damping; the direction is that of the damped factors."""
    model, weights, inputs, targets = problem()
    optimizer = make(model, damping=0.5, damping_interval=10)
    random, factors, last = np.random.default_rng(9), None, None
    for step in range(3):
        passed = model.forward(weights, inputs)
        sampled = model.backward(weights, passed, BERNOULLI.sampled_gradients(passed.logits, random))
        factors = running_average(factors, kronecker_factors(sampled[0]), step, 0.95)
        both = damped(factors, 0.5)
        (gradient,) = loss_gradients(model, weights, passed, targets)
        direction = np.linalg.solve(both.g_factor, gradient) @ np.linalg.inv(both.a_factor)
        plane = np.array([one.ravel() for one in (direction, last) if one is not None])
        matrix = plane @ (fisher(weights, inputs) + 0.5 * np.eye(15)) @ plane.T
        wanted = -np.linalg.solve(matrix, plane @ gradient.ravel()) @ plane
        (after,) = optimizer.step(weights, passed, targets)
        last = after - weights[0]
        assert_close(last.ravel(), wanted, relative=1e-7, absolute=1e-10)
        weights = (after,)


def test_the_damping_changes_once_an_interval_down_to_its_floor():
    """On a convex loss with its exact curvature it falls: by (19/20)^2 after the second step, then to the floor."""
    model, weights, inputs, targets = problem()
    optimizer, found = make(model, damping=2.0, damping_floor=1.7, damping_interval=2), []
    for _ in range(4):
        weights = optimizer.step(weights, model.forward(weights, inputs), targets)
        found.append(optimizer.damping)
    assert_close(np.array(found), [2.0, 2 * 0.95**2, 2 * 0.95**2, 1.7], relative=1e-12)


def test_the_schedule_takes_a_part_of_the_best_step():
    """Half of it, in the first step."""
    model, weights, inputs, targets = problem()
    whole, half = (
        make(model, schedule).step(weights, model.forward(weights, inputs), targets)[0] - weights[0]
        for schedule in (lambda step: 1.0, lambda step: 0.5)
    )
    assert_close(half, whole / 2, relative=1e-12)


@pytest.mark.parametrize("name", ["learning_rate", "momentum", "nesterov", "kl_clip", "weight_decay"])
def test_settings_of_the_rate_are_refused_with_quadratic(name):
    """The model decides them."""
    with pytest.raises(ParameterError, match=rf"optimizer\.{name}: .* no effect with the step_size quadratic"):
        make_spec({"optimizer": {"name": "kfac", "step_size": "quadratic", name: name == "nesterov" or 0.1}})


@pytest.mark.parametrize("name", ["damping_floor", "damping_interval"])
def test_settings_of_the_model_are_refused_with_a_rate(name):
    """The damping is constant there."""
    with pytest.raises(ParameterError, match=rf"optimizer\.{name}: .* no effect with the step_size rate"):
        make_spec({"optimizer": {"name": "kfac", name: 1}})
    with pytest.raises(ParameterError, match=r"optimizer\.damping_floor: got 0"):
        make_spec({"optimizer": {"name": "kfac", "step_size": "quadratic", "damping_floor": 0.0}})
    with pytest.raises(ParameterError, match=r"optimizer\.damping: got 0\.005; must be at least damping_floor, 0\.01"):
        make_spec({"optimizer": {"name": "kfac", "step_size": "quadratic", "damping": 0.005}})
