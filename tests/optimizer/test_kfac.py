"""K-FAC as a whole: its step in a case with a closed form, and when it inverts."""

import numpy as np
import pytest

from amc_circuits import ParameterError
from optimizer.curvature import kronecker_factors
from optimizer.damping import damped
from optimizer.first_order import loss_gradients
from optimizer.kfac import Kfac
from optimizer.linear_solver import Cholesky, InvCircuitSolver
from optimizer.losses import cross_entropy, cross_entropy_gradients, sample_labels
from optimizer.model import build_model
from optimizer.preconditioner import Inverter
from optimizer.settings import CircuitSettings, KfacSettings
from tests.comparators import assert_close


@pytest.fixture
def problem():
    """A linear model, its weights, a batch and its labels."""
    model = build_model((2, 3), (), 4)
    random = np.random.default_rng(1)
    weights = model.initial_weights(random)
    return model, weights, random.standard_normal((1, 2, 3, 40)), random.integers(0, 4, 40)


def make(model, **settings):
    """K-FAC with Cholesky and labels drawn with seed 9."""
    return Kfac(model, KfacSettings(**settings), Inverter(Cholesky()), np.random.default_rng(9))


def test_the_first_step_is_the_damped_natural_gradient(problem):
    """Without clip and momentum the step is `learning_rate (g (x) a)^-1 vec(dW)`, factors from labels of the model."""
    model, weights, images, labels = problem
    passed = model.forward(weights, images)
    kfac = make(model, learning_rate=0.3, momentum=0.0, damping=0.2, kl_clip=1e9)
    (after,) = kfac.step(weights, passed, labels)
    sampled = sample_labels(passed.logits, np.random.default_rng(9))
    (found,) = model.backward(weights, passed, cross_entropy_gradients(passed.logits, sampled))
    both = damped(kronecker_factors(found), 0.2)
    (gradient,) = loss_gradients(model, weights, passed, labels)
    wanted = 0.3 * np.linalg.solve(np.kron(both.g_factor, both.a_factor), gradient.ravel())
    assert_close((weights[0] - after).ravel(), wanted, relative=1e-8, absolute=1e-12)


def test_inputs_of_any_scale_give_the_same_predictions(problem):
    """With little damping the step hardly depends on the units of the inputs, unlike that of gradient descent."""
    model, weights, images, labels = problem
    losses = []
    for unit in (1.0, 50.0):
        scaled = (np.hstack([weights[0][:, :-1] / unit, weights[0][:, -1:]]),)
        kfac = make(model, learning_rate=1.0, momentum=0.0, damping=1e-12, kl_clip=1e9)
        after = kfac.step(scaled, model.forward(scaled, unit * images), labels)
        losses.append(cross_entropy(model.logits(after, unit * images), labels))
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


def test_inverses_are_refreshed_at_doubling_intervals(problem):
    """With a first interval of 3 and a last one of 10, refreshes are at steps 0, 3, 9, 19, 29, ..."""
    model, weights, images, labels = problem
    kfac = make(model, first_interval=3, inverse_interval=10)
    for _ in range(30):
        weights = kfac.step(weights, model.forward(weights, images), labels)
    steps = [entry.step for entry in kfac.inverter.ledger.inversions]
    assert steps == [0, 0, 3, 3, 9, 9, 19, 19, 29, 29]


def test_factors_are_updated_at_their_interval(problem):
    """Five steps with an interval of 2 draw labels for steps 0, 2 and 4."""
    model, weights, images, labels = problem
    kfac, other = make(model, factor_interval=2), np.random.default_rng(9)
    for step in range(5):
        passed = model.forward(weights, images)
        weights = kfac.step(weights, passed, labels)
        if step in (0, 2, 4):
            sample_labels(passed.logits, other)
        assert kfac.random.bit_generator.state == other.bit_generator.state


def test_the_labels_of_the_data_do_not_enter_the_factors(problem):
    """Two runs that differ in the labels alone have the same inverses after their first step."""
    model, weights, images, labels = problem
    passed = model.forward(weights, images)
    conditions = []
    for given in (labels, (labels + 1) % 4):
        kfac = make(model)
        kfac.step(weights, passed, given)
        conditions.append([entry.condition for entry in kfac.inverter.ledger.inversions])
    assert conditions[0] == conditions[1]


def test_a_model_too_wide_for_an_array_is_refused_at_once():
    """The optimizer cannot be made for a model with a factor wider than the array of its solver."""
    model = build_model((16, 8), (), 26)
    with pytest.raises(ParameterError, match="129 wide"):
        Kfac(model, KfacSettings(), Inverter(InvCircuitSolver(CircuitSettings())), np.random.default_rng(0))
