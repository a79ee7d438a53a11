"""Average of the weights: closed forms, that it is scored and does not touch the training, and refusals."""

import json

import numpy as np
import pytest

from amc_circuits import ParameterError
from amc_circuits.cli.app import run
from optimizer.averaging import averaged
from optimizer.datasets import load_dataset
from optimizer.settings import AdamSettings, KfacSettings, MomentumSettings
from optimizer.specification import TrainingSpec, make_spec
from optimizer.tasks import accuracy
from optimizer.training import Training

SETTINGS = [MomentumSettings, AdamSettings, KfacSettings]
QUICK = {"convolutions": (), "batch_size": 200, "epochs": 1, "target_accuracy": 0.999}


@pytest.fixture(scope="module")
def digits():
    """The bundled digits."""
    return load_dataset("digits")


def after(values, decay):
    """Average after steps with these weights, from initial weights that must not matter."""
    average = (np.full((1, 1), 1e9),)
    for step, value in enumerate(values, 1):
        average = averaged(average, (np.full((1, 1), value, np.float32),), step, decay)
    return float(average[0][0, 0])


def test_a_long_average_weighs_each_step_by_its_number():
    """Weights of 1, 2 ... t have the average sum k^2 / sum k = (2 t + 1)/3."""
    assert after(range(1, 8), 0.9999) == pytest.approx(15 / 3, rel=1e-14)


def test_behind_its_start_the_average_is_exponential():
    """From a constant, a jump to 1 at the step where 1 - 2/(k + 1) passes the decay leaves decay^n of the distance."""
    assert after([0.0] * 18 + [1.0] * 5, 0.9) == pytest.approx(1 - 0.9**5, rel=1e-12)


@pytest.mark.parametrize("settings", SETTINGS)
def test_the_average_is_scored_and_the_training_does_not_depend_on_it(digits, settings):
    """Raw scores and loss are those of a run without; the scores are those of the stored weights."""
    plain = Training(TrainingSpec(optimizer=settings(), **QUICK), digits).run()
    training = Training(TrainingSpec(optimizer=settings(average_decay=0.8), **QUICK), digits)
    result = training.run()
    assert [entry.raw_accuracy for entry in result.history] == [entry.accuracy for entry in plain.history]
    assert [entry.loss for entry in result.history] == [entry.loss for entry in plain.history]
    assert accuracy(training.model, result.weights, digits) == result.history[-1].accuracy
    assert not np.array_equal(result.weights[0], plain.weights[0])
    assert result.best_raw_score == plain.best_accuracy
    assert plain.best_raw_score is None


def test_a_target_is_that_of_the_average_with_the_raw_one_beside_it(digits):
    """Each is the first evaluation at the target in its own column of the history."""
    spec = TrainingSpec(optimizer=AdamSettings(learning_rate=0.02, average_decay=0.9), **(QUICK | {"epochs": 3}))
    every = spec.model_copy(update={"target_accuracy": 0.5, "stop_at_target": False})
    result = Training(every, digits).run()
    assert result.epochs_to_target == min(entry.epoch for entry in result.history if entry.accuracy >= 0.5)
    assert result.raw_epochs_to_target == min(entry.epoch for entry in result.history if entry.raw_accuracy >= 0.5)


@pytest.mark.parametrize("decay", [0.0, 1.0, -0.5, float("nan")])
@pytest.mark.parametrize("name", ["momentum", "adam", "kfac"])
def test_a_decay_out_of_its_range_is_refused(name, decay):
    """At 1 the average would never end, at 0 it would be the weights themselves."""
    with pytest.raises(ParameterError, match=r"specification: optimizer\.average_decay: got"):
        make_spec({"optimizer": {"name": name, "average_decay": decay}})


def test_the_command_prints_and_stores_both_scores(tmp_path, capsys):
    """Table, summary, history and comparison name the average; weights.npz is what was scored."""
    path, out = tmp_path / "spec.toml", tmp_path / "out"
    path.write_text(
        "convolutions = []\nbatch_size = 200\nepochs = 1\ntarget_accuracy = 0.3\nstop_at_target = false\n"
        '[optimizer]\nname = "adam"\nlearning_rate = 0.02\naverage_decay = 0.9\n'
    )
    assert run(["train", str(path), "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    summary, history = (json.loads((out / name).read_text()) for name in ("summary.json", "history.json"))
    for name in ("best_accuracy", "best_raw_accuracy"):
        assert f"{summary[name]:.2%}" in printed
    last = history["evaluations"][-1]
    assert (last["accuracy"], last["raw_accuracy"]) == (summary["final_accuracy"], summary["final_raw_accuracy"])
    assert run(["compare", str(out), str(out)]) == 0
    assert "average of the weights" in " ".join(capsys.readouterr().out.replace("│", " ").split())
