"""Schedules against closed forms and PyTorch, and weight decay as a factor of the weights."""

import math

import numpy as np
import pytest

from optimizer.datasets import load_dataset
from optimizer.first_order import Adam, Momentum
from optimizer.kfac import Kfac
from optimizer.linear_solver import Cholesky
from optimizer.model import build_model
from optimizer.preconditioner import Inverter
from optimizer.schedules import Schedule
from optimizer.settings import AdamSettings, KfacSettings, MomentumSettings
from optimizer.specification import TrainingSpec
from optimizer.training import Training
from tests.comparators import assert_close


def rates(steps, steps_per_epoch, **settings):
    """Factors of all steps of a run."""
    schedule = Schedule(MomentumSettings(**settings), steps_per_epoch, steps)
    return np.array([schedule(step) for step in range(steps)])


def test_cosine_is_half_a_period_over_the_run():
    """1 at the start, one half in the middle, and the closed form between."""
    found = rates(40, 4, schedule="cosine")
    assert found[0] == 1.0
    assert found[20] == pytest.approx(0.5, abs=1e-15)
    assert found[10] == pytest.approx((1 + math.sqrt(0.5)) / 2, abs=1e-15)
    assert_close(found, np.cos(np.pi * np.arange(40) / 80) ** 2, absolute=1e-15)


def test_steps_drop_after_their_epochs():
    """Each `step_epochs` the rate is `step_factor` times the one before."""
    found = rates(12, 4, schedule="step", step_epochs=1.5, step_factor=0.5)
    assert found.tolist() == [1.0] * 6 + [0.5] * 6


def test_warm_up_rises_linearly_to_the_full_rate():
    """Then the constant rate, or the whole cosine, follows."""
    found = rates(12, 4, warmup_epochs=1.0)
    assert_close(found[:5], [0.25, 0.5, 0.75, 1.0, 1.0], absolute=1e-15)
    assert (found[4:] == 1).all()
    cosine = rates(12, 4, warmup_epochs=1.0, schedule="cosine")
    assert_close(cosine[:4], found[:4], absolute=1e-15)
    assert_close(cosine[4:], rates(8, 4, schedule="cosine"), absolute=1e-15)


def test_a_run_may_end_with_its_warm_up():
    """The last step of the warm-up has the full rate, with each schedule."""
    for schedule in ("constant", "step", "cosine"):
        found = rates(4, 4, warmup_epochs=1.0, schedule=schedule, step_epochs=0.25)
        assert_close(found, [0.25, 0.5, 0.75, 1.0], absolute=1e-15)


def still():
    """A model with weights for which the gradient is 0: no input, and labels that the logits explain equally."""
    model = build_model((3,), (), 2)
    weights = (np.array([[1.0, -2.0, 3.0, 0.5], [4.0, 5.0, -6.0, 0.5]]),)
    return model, weights, model.forward(weights, np.zeros((3, 2))), np.array([0, 1])


DECAYING = {
    "momentum": lambda model: Momentum(model, 0.1, 0.9, 0.2, lambda step: 0.5**step),
    "adam": lambda model: Adam(model, 0.1, weight_decay=0.2, schedule=lambda step: 0.5**step),
    "kfac": lambda model: Kfac(
        model,
        KfacSettings(learning_rate=0.1, weight_decay=0.2),
        Inverter(Cholesky()),
        np.random.default_rng(0),
        lambda step: 0.5**step,
    ),
}


@pytest.mark.parametrize("optimizer", DECAYING.values(), ids=DECAYING)
def test_decay_multiplies_the_weights_where_the_gradient_is_zero(optimizer):
    """By `1 - rate decay` with the rate of the step, biases included."""
    model, weights, passed, labels = still()
    made = optimizer(model)
    for step in range(3):
        (after,) = made.step(weights, passed, labels)
        assert_close(after, (1 - 0.1 * 0.5**step * 0.2) * weights[0], relative=1e-14)


def test_a_schedule_of_the_specification_reaches_the_weights():
    """A run with warm-up and cosine is, bit for bit, the run whose rates are written out as numbers."""
    digits = load_dataset("digits")
    settings = {"learning_rate": 0.05, "momentum": 0.0, "weight_decay": 0.1}
    spec = TrainingSpec(
        convolutions=(),
        optimizer=MomentumSettings(schedule="cosine", warmup_epochs=0.5, **settings),
        batch_size=359,
        epochs=2,
        target_accuracy=0.999,
        precision="double",
    )
    training = Training(spec, digits)
    found = training.run().weights
    by_hand = Training(spec.model_copy(update={"optimizer": MomentumSettings(**settings)}), digits)
    wanted = [1 / 2, 1, 1, *((1 + math.cos(math.pi * k / 6)) / 2 for k in range(1, 6))]
    by_hand.optimizer.schedule = lambda step: wanted[step]
    assert by_hand.steps == len(wanted) == 8
    assert all(map(np.array_equal, found, by_hand.run().weights))


@pytest.mark.parametrize("settings", [MomentumSettings(), AdamSettings(), KfacSettings()])
def test_without_schedule_and_decay_every_step_has_the_full_rate(settings):
    """The factor is exactly 1."""
    assert {Schedule(settings, 3, 9)(step) for step in range(9)} == {1.0}


def test_cosine_and_steps_are_those_of_pytorch():
    """The rates of `CosineAnnealingLR` and `StepLR`, stepped once a step."""
    torch = pytest.importorskip("torch")
    schedulers = torch.optim.lr_scheduler
    made = {
        "cosine": lambda optimizer: schedulers.CosineAnnealingLR(optimizer, 20),
        "step": lambda optimizer: schedulers.StepLR(optimizer, 6, gamma=0.3),
    }
    for name, make in made.items():
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
        scheduler, wanted = make(optimizer), []
        for _ in range(20):
            wanted.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
        extra = {"step_epochs": 1.5, "step_factor": 0.3} if name == "step" else {}
        assert_close(rates(20, 4, schedule=name, **extra), wanted, absolute=1e-12)


def test_adam_with_decay_is_adamw_of_pytorch():
    """Ten steps from the same weights and batches agree."""
    torch = pytest.importorskip("torch")
    model = build_model((4,), (), 3)
    random = np.random.default_rng(2)
    weights = model.initial_weights(random)
    theirs = torch.tensor(weights[0], requires_grad=True)
    ours = Adam(model, 0.02, weight_decay=0.3)
    optimizer = torch.optim.AdamW([theirs], lr=0.02, weight_decay=0.3)
    for _ in range(10):
        x, labels = random.standard_normal((4, 8)), random.integers(0, 3, 8)
        weights = ours.step(weights, model.forward(weights, x), labels)
        logits = torch.tensor(np.vstack([x, np.ones(8)]).T) @ theirs.T
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(logits, torch.tensor(labels)).backward()
        optimizer.step()
    assert_close(theirs.detach().numpy(), weights[0], relative=1e-10, absolute=1e-12)
