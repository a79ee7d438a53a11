"""Autoencoders: loss against SciPy, gradients by differences, scaling of the pixels, targets in nats, refusals."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import bernoulli, chisquare

from amc_circuits import ParameterError
from amc_circuits.cli.app import run
from optimizer import sweep_run
from optimizer.datasets import Dataset, load_dataset
from optimizer.first_order import loss_gradients
from optimizer.losses import BERNOULLI
from optimizer.model import build_model
from optimizer.pictures import plot_run
from optimizer.settings import AdamSettings, DenseShape, KfacSettings, MomentumSettings
from optimizer.specification import TrainingSpec, make_spec
from optimizer.tasks import Autoencoder
from optimizer.training import Training
from tests.comparators import assert_close
from tests.optimizer.differences import central_differences

LAYERS = {"layers": ("dense 6 tanh", "dense")}
SPEC = {"task": "autoencoder", "model": LAYERS, "batch_size": 100, "epochs": 1, "evaluations": 2}


@pytest.fixture(scope="module")
def digits():
    """The bundled digits."""
    return load_dataset("digits")


def images(train, test):
    """A data set of these images, all of class 0."""
    arrays = [np.asarray(part, np.uint8) for part in (train, test)]
    labels = [np.zeros(len(part), np.int64) for part in arrays]
    return Dataset("made", arrays[0], labels[0], arrays[1], labels[1], 0.0, 1.0)


def drawn(*shape, seed=0):
    """Standard normal numbers."""
    return np.random.default_rng(seed).standard_normal(shape)


def test_the_loss_is_the_probability_of_the_pixels():
    """With targets of 0 and 1 it is minus the sum of SciPy's logarithms of Bernoulli probabilities."""
    outputs, ones = drawn(5, 4), np.random.default_rng(1).integers(0, 2, (5, 4))
    wanted = -bernoulli.logpmf(ones, 1 / (1 + np.exp(-outputs))).sum(axis=0).mean()
    assert BERNOULLI.value(outputs, ones) == pytest.approx(wanted, rel=1e-12)


def test_outputs_of_zero_cost_the_logarithm_of_two_a_pixel_and_huge_ones_nothing_or_themselves():
    """No overflow at 1e4."""
    targets = np.array([[1.0], [0.0], [1.0]])
    assert BERNOULLI.value(np.zeros((3, 1)), targets) == pytest.approx(3 * np.log(2), rel=1e-14)
    assert BERNOULLI.value(np.array([[1e4], [-1e4], [-1e4]]), targets) == 1e4


def test_targets_are_drawn_from_the_model():
    """The gradients p - t of 20,000 draws take both values as often as p says, by a chi-square test."""
    found = BERNOULLI.sampled_gradients(np.full((1, 20_000), 0.7), np.random.default_rng(5))
    p = 1 / (1 + np.exp(-0.7))
    assert_close(np.unique(found), [p - 1, p], absolute=1e-12)
    ones = int((found < 0).sum())
    assert chisquare([ones, 20_000 - ones], [20_000 * p, 20_000 * (1 - p)]).pvalue > 0.01


def test_gradients_of_an_autoencoder_equal_central_differences():
    """Of every weight, for targets between 0 and 1."""
    task = Autoencoder(images(np.random.default_rng(0).integers(0, 9, (7, 2, 3)), [[[0] * 3] * 2]))
    hidden = (DenseShape(outputs=4, activation="tanh"), DenseShape(outputs=2, activation="tanh"))
    model = build_model((2, 3), hidden, task.outputs)
    model = type(model)(model.stages, task.loss)
    weights = tuple(drawn(*shape, seed=place) for place, shape in enumerate(model.weight_shapes.values()))
    inputs, targets = task.batch(np.arange(7), np.float64)
    gradients = loss_gradients(model, weights, model.forward(weights, inputs), targets)
    for place, gradient in enumerate(gradients):

        def loss(weight, place=place):
            changed = (*weights[:place], weight, *weights[place + 1 :])
            return task.loss.value(model.logits(changed, inputs), targets)

        assert_close(gradient, central_differences(loss, weights[place]), absolute=1e-7)


def test_pixels_are_scaled_by_the_training_part_and_clipped_in_the_test_part():
    """2 to 6 become 0 to 1; a test pixel of 8 counts as 1, so its loss at an output of z is log(1 + e^-z)."""
    task = Autoencoder(images([[[2, 4]], [[6, 2]]], [[[8, 2]]]))
    inputs, targets = task.batch(np.array([0, 1]), np.float64)
    assert_close(targets, [[0, 1], [0.5, 0]])
    assert_close(inputs.reshape(2, 2), targets)
    model = build_model((1, 2), (), task.outputs)
    score = task.score(model, (np.array([[0.0, 0.0, 3.0], [0.0, 0.0, -3.0]]),))
    assert score == pytest.approx(2 * np.log1p(np.exp(-3)), rel=1e-12)


def test_colours_keep_their_pixels():
    """Inputs are channels first, and targets are the same values as columns."""
    made = images(np.arange(24).reshape(2, 2, 2, 3), np.zeros((1, 2, 2, 3)))
    inputs, targets = Autoencoder(made).batch(np.array([1]), np.float64)
    assert inputs[2, 0, 1, 0] == pytest.approx(made.train_images[1, 0, 1, 2] / 23)
    assert_close(targets[:, 0], inputs[..., 0].ravel())


@pytest.mark.parametrize(
    "settings",
    [
        MomentumSettings(learning_rate=0.01),
        AdamSettings(learning_rate=0.03),
        KfacSettings(),
        KfacSettings(step_size="quadratic"),
    ],
)
def test_every_optimizer_lowers_the_loss_of_an_autoencoder(digits, settings):
    """Below that of the best picture for all, the entropy of each pixel's mean, in ten epochs."""
    spec = TrainingSpec(**(SPEC | {"epochs": 10, "target_loss": 1.0}), optimizer=settings)
    result = Training(spec, digits).run()
    mean = digits.train_images.reshape(-1, 64).mean(axis=0)[None] / 16
    best = -np.mean(
        [
            np.sum(t * np.log(mean + 1e-9) + (1 - t) * np.log1p(1e-9 - mean))
            for t in digits.test_images.reshape(-1, 64) / 16
        ]
    )
    assert result.history[-1].score < best
    assert result.epochs_to_target is None


def test_a_target_in_nats_is_reached_from_above(tmp_path, capsys):
    """The run ends at the first evaluation at or below it; table, summary and history agree."""
    path, out = tmp_path / "spec.toml", tmp_path / "out"
    path.write_text(
        'task = "autoencoder"\nbatch_size = 100\nepochs = 3\ntarget_loss = 33\n'
        '[model]\nlayers = ["dense 6 tanh", "dense"]\n'
        '[optimizer]\nname = "adam"\nlearning_rate = 0.01\n'
    )
    assert run(["train", str(path), "--out", str(out)]) == 0
    summary, history = (json.loads((out / name).read_text()) for name in ("summary.json", "history.json"))
    losses = [entry["test_loss"] for entry in history["evaluations"]]
    assert losses[-1] <= 33 < min(losses[:-1])
    assert summary["best_test_loss"] == summary["final_test_loss"] == losses[-1]
    assert summary["epochs_to_target"] == history["evaluations"][-1]["epoch"]
    assert not any("accuracy" in name for name in (*summary, *summary["spec"], *history["evaluations"][0]))
    assert f"{losses[-1]:.4g} nats" in capsys.readouterr().out
    assert run(["train", "--resume", "--out", str(out)]) == 0
    assert run(["compare", str(out), str(out)]) == 2
    assert "no accuracy to compare" in capsys.readouterr().err


def test_a_loss_that_overflows_leaves_json_and_pictures_whole(digits, tmp_path):
    """A test loss that is no number is None in summary and history, no best one, and no point of a curve."""
    training = Training(TrainingSpec(**SPEC), digits)
    first = training.run().history[0]
    shown = []
    for loss in (math.nan, math.inf):
        bad = replace(first, epoch=first.epoch + 1, test_loss=loss, raw_test_loss=loss)
        result = replace(training.result, history=(bad, first, bad))
        for plain in (summary := result.summary(), result.curves(), sweep_run.metrics_of(result)):
            json.dumps(plain, allow_nan=False)
        shown.append((summary["best_test_loss"], summary["final_test_loss"], result.loss_curve))
        assert result.curves()["evaluations"][0]["test_loss"] is None
        plot_run(replace(result, history=(bad,)), tmp_path / "p.png")
    assert shown == [(first.test_loss, None, [(first.epoch, first.test_loss)])] * 2


def test_a_sweep_has_losses_in_place_of_accuracies():
    """The row of a training names the task's own scores, with the raw ones beside the average."""
    given = {"task": "autoencoder", "model.layers": '["dense 6 tanh", "dense"]', "batch_size": 200, "epochs": 1}
    given |= {"target_loss": 60.0, "optimizer.name": "adam", "optimizer.average_decay": 0.5, "evaluations": 2}
    settings = sweep_run.complete(given)
    assert settings["target_loss"] == 60.0 and "target_accuracy" not in settings
    found = sweep_run.measure(settings)
    assert found.status == "DONE"
    assert min(loss for _, loss in found.metrics["loss_curve"]) == found.metrics["best_test_loss"]
    assert found.metrics["best_raw_test_loss"] != found.metrics["best_test_loss"]
    assert not any("accuracy" in name for name in found.metrics)
    with pytest.raises(ParameterError, match=r"target_accuracy: got 0\.9; has no effect with the task autoencoder"):
        sweep_run.complete(given | {"target_accuracy": 0.9})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": None}, "model: got None; an autoencoder needs its layers"),
        ({"target_accuracy": 0.9}, "target_accuracy: got 0.9; has no effect with the task autoencoder"),
        ({"task": "classification", "target_loss": 5.0}, "target_loss: got 5.0; has no effect with the task classif"),
        ({"target_loss": 0.0}, "target_loss: got 0.0"),
        ({"task": "sorting"}, "task: got"),
        ({"data": {"train": "x.npz", "normalisation": "none"}}, "data.normalisation: got none; has no effect"),
    ],
)
def test_settings_of_another_task_are_refused(changes, words):
    """One line, with the setting."""
    content = {name: value for name, value in ({**SPEC, **changes}).items() if value is not None}
    with pytest.raises(ParameterError) as caught:
        make_spec(content)
    assert words in str(caught.value)


def test_what_has_no_pixels_is_refused(digits):
    """Features, images of one value, and a read-out of another width."""
    labels = np.zeros(3, np.int64)
    features = Dataset("made", np.eye(3), labels, np.eye(3), labels, 0.0, 1.0)
    with pytest.raises(ParameterError, match="takes images"):
        Autoencoder(features)
    with pytest.raises(ParameterError, match="the same value"):
        Autoencoder(images([[[4, 4]]], [[[4, 4]]]))
    with pytest.raises(ParameterError, match="the data has 64 values an image"):
        Training(TrainingSpec(**(SPEC | {"model": {"layers": ("dense 6 tanh", "dense 10")}})), digits)
