"""K-FAC as a whole: its step in a case with a closed form, and when it inverts."""

import numpy as np
import pytest

from amc_circuits import ParameterError
from optimizer.circuit_settings import CircuitSettings
from optimizer.curvature import kronecker_factors
from optimizer.damping import damped
from optimizer.first_order import loss_gradients
from optimizer.kfac import Kfac
from optimizer.linear_solver import Cholesky, InvCircuitSolver
from optimizer.losses import cross_entropy, cross_entropy_gradients, sample_labels
from optimizer.model import build_model
from optimizer.preconditioner import Inverter
from optimizer.settings import DenseShape, KfacSettings
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


def test_a_model_whose_factors_do_not_fit_into_the_memory_is_refused_at_once():
    """The optimizer cannot be made for it; the error names the weight and its shape."""
    model = build_model((10**8,), (), 2)
    with pytest.raises(ParameterError, match=r"model: got weights of 2 x 100000001 in dense; K-FAC .* GB of memory"):
        Kfac(model, KfacSettings(), Inverter(Cholesky()), np.random.default_rng(0))


def mlp():
    """Two hidden dense layers on seven features, weights, a batch of 12 and its labels."""
    model = build_model((7,), (DenseShape(outputs=5), DenseShape(outputs=4)), 3)
    random = np.random.default_rng(6)
    weights = model.initial_weights(random)
    return model, weights, random.standard_normal((7, 12)), random.integers(0, 3, 12)


def test_hidden_dense_layers_are_preconditioned_by_the_kronecker_inverse_of_their_outer_products():
    """The step of each layer solves with the damped mean outer products of its inputs and of its output gradients."""
    model, weights, samples, labels = mlp()
    passed = model.forward(weights, samples)
    kfac = make(model, learning_rate=0.3, momentum=0.0, damping=0.2, kl_clip=1e9)
    after = kfac.step(weights, passed, labels)
    sampled = sample_labels(passed.logits, np.random.default_rng(9))
    gradients = loss_gradients(model, weights, passed, labels)
    each = [outer_inputs(weights, x, label) for x, label in zip(samples.T, sampled, strict=True)]
    outer_products = zip(*each, strict=True)
    assert list(model.weight_shapes) == ["dense1", "dense2", "dense"]
    for place, pairs in enumerate(outer_products):
        a_mean, g_mean = (sum(np.outer(pair[k], pair[k]) for pair in pairs) / 12 for k in (0, 1))
        pi = np.sqrt((np.trace(a_mean) / len(a_mean)) / (np.trace(g_mean) / len(g_mean)))
        a_damped = a_mean + pi * np.sqrt(0.2) * np.eye(len(a_mean))
        g_damped = g_mean + np.sqrt(0.2) / pi * np.eye(len(g_mean))
        wanted = 0.3 * np.linalg.solve(np.kron(g_damped, a_damped), gradients[place].ravel())
        assert_close((weights[place] - after[place]).ravel(), wanted, relative=1e-8, absolute=1e-12)


def outer_inputs(weights, x, label):
    """Input with 1 below and output gradient of each layer for one sample, by the chain rule written out."""
    one = np.append(x, 1.0)
    first = weights[0] @ one
    two = np.append(np.maximum(first, 0), 1.0)
    second = weights[1] @ two
    three = np.append(np.maximum(second, 0), 1.0)
    logits = weights[2] @ three
    last = np.exp(logits) / np.exp(logits).sum() - np.eye(3)[label]
    middle = (weights[2][:, :-1].T @ last) * (second > 0)
    front = (weights[1][:, :-1].T @ middle) * (first > 0)
    return (one, front), (two, middle), (three, last)


def test_the_clip_and_the_decay_follow_the_schedule(problem):
    """With a rate of half the full one, the change `rate^2 sum(direction gradient)` has the bound, and so the decay."""
    model, weights, images, labels = problem
    passed = model.forward(weights, images)
    settings = KfacSettings(learning_rate=0.4, momentum=0.0, kl_clip=1e-6, weight_decay=0.5)
    kfac = Kfac(model, settings, Inverter(Cholesky()), np.random.default_rng(9), lambda step: 0.5)
    (after,) = kfac.step(weights, passed, labels)
    step = 0.9 * weights[0] - after  # 1 - 0.4 * 0.5 * 0.5
    (gradient,) = loss_gradients(model, weights, passed, labels)
    both = damped(kronecker_factors(sampled_curvature(model, weights, passed)), settings.damping)
    fisher = np.kron(both.g_factor, both.a_factor)
    assert step.ravel() @ fisher @ step.ravel() == pytest.approx(1e-6, rel=1e-8)
    assert_close(np.corrcoef((fisher @ step.ravel()), gradient.ravel())[0, 1], 1.0, absolute=1e-9)


def sampled_curvature(model, weights, passed):
    """Curvature of the only layer with the labels that the optimizer draws."""
    sampled = sample_labels(passed.logits, np.random.default_rng(9))
    (found,) = model.backward(weights, passed, cross_entropy_gradients(passed.logits, sampled))
    return found


def test_a_factor_wider_than_an_array_is_inverted_in_blocks_by_both_solvers(problem):
    """Cholesky keeps whole factors by default, the circuit cuts at 128 or at `array_limit`; the two agree."""
    model, weights, images, labels = problem
    circuit = InvCircuitSolver(CircuitSettings(engine="exact"))
    after = []
    for solver in (Cholesky(), circuit):
        kfac = Kfac(model, KfacSettings(array_limit=4), Inverter(solver), np.random.default_rng(9))
        after.append(kfac.step(weights, model.forward(weights, images), labels)[0])
        sizes = {entry.factor: entry.size for entry in kfac.inverter.ledger.inversions}
        assert sizes == {"dense.a_factor[0:3]": 3, "dense.a_factor[3:7]": 4, "dense.g_factor": 4}
        assert kfac.inverter.ledger.blocks == {"dense.a_factor": 2}
    assert np.linalg.norm(after[0] - after[1]) < 0.05 * np.linalg.norm(after[0] - weights[0])
    whole = make(model)
    whole.step(weights, model.forward(weights, images), labels)
    assert [entry.size for entry in whole.inverter.ledger.inversions] == [7, 4]
