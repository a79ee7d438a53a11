"""Trainings: gradients, limits, repetition, resumption and refusals."""

import dataclasses

import numpy as np
import pytest

from amc_circuits import ParameterError
from analog_training import AnalogTraining, make_spec, override, read_spec, train_analog
from analog_training.training.network import errors_of, forward
from analog_training.training.products import ExactProducts
from analog_training.training.task import Task

SMALL = {"hidden": "4", "epochs": 2, "batch_size": 5}


@pytest.fixture(scope="module")
def task():
    """Three classes of 40 samples with 6 signals."""
    generator = np.random.default_rng(0)
    labels = np.arange(120) % 3
    signals = np.clip(0.3 * generator.standard_normal((120, 6)) + np.eye(3).repeat(2, axis=1)[labels], -1, 1)
    return Task(signals[:90], labels[:90], signals[90:], labels[90:], 3)


def trained(task, **settings):
    """Result of a short training."""
    return AnalogTraining(make_spec(SMALL | settings), task).run()


def test_errors_are_the_derivatives_of_the_loss():
    """Central differences of the cross-entropy with respect to every bias agree."""
    generator = np.random.default_rng(1)
    weights = [generator.standard_normal((4, 6)), generator.standard_normal((3, 4))]
    biases = [generator.standard_normal(4), generator.standard_normal(3)]
    x, labels = generator.uniform(-1, 1, (2, 6)), np.array([0, 2])
    products = ExactProducts(weights)

    def loss(shifted):
        return -np.log(forward(products, shifted, x)[1][np.arange(2), labels]).sum()

    inputs, probabilities = forward(products, biases, x)
    errors = errors_of(products, inputs, probabilities, labels)
    for layer, error in enumerate(errors):
        for place in range(len(biases[layer])):
            moved = [[bias.copy() for bias in biases] for _ in range(2)]
            moved[0][layer][place] += 1e-5
            moved[1][layer][place] -= 1e-5
            assert error[:, place].sum() == pytest.approx((loss(moved[0]) - loss(moved[1])) / 2e-5, abs=1e-8)


def test_analog_gradient_descent_is_digital_in_the_limit(task):
    """No cap, no spread, no curvature: every weight of a training agrees to 1e-6."""
    settings = {"algorithm": "analog-sgd", "device": "ideal", "updates": "expected", "rate": 0.2}
    analog, digital = trained(task, **settings), trained(task, algorithm="digital", rate=0.2)
    for one, other in zip(analog.weights, digital.weights, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    assert digital.losses[-1] < digital.losses[0]


def test_a_training_repeats_and_goes_on_from_any_epoch(task):
    """The same seed gives the same weights; a restored training ends as one that was not broken off."""
    spec = make_spec(SMALL | {"tiles": 3, "epochs": 4})
    whole = AnalogTraining(spec, task).run()
    begun, states = AnalogTraining(spec, task), []
    begun.run(keep=lambda: states.append(begun.state))
    assert len(states) == 4
    for state in states[:3]:
        other = AnalogTraining(spec, task)
        other.restore(state)
        found = other.run()
        assert found.accuracies == whole.accuracies and found.losses == whole.losses and found.work == whole.work
        for one, same in zip(found.weights, whole.weights, strict=True):
            np.testing.assert_array_equal(one, same)
    assert trained(task, tiles=3, epochs=4, seed=1).losses != whole.losses


@pytest.mark.parametrize("algorithm", ["digital", "mixed-precision"])
def test_a_rate_that_is_too_high_is_reported(algorithm):
    """Losses stay finite, above those of equal probabilities, with an accuracy of guessing."""
    generator = np.random.default_rng(3)
    signals, labels = generator.uniform(-1, 1, (400, 6)), generator.integers(0, 3, 400)
    noise = Task(signals[:200], labels[:200], signals[200:], labels[200:], 3)
    found = trained(noise, algorithm=algorithm, rate=1000, bias_rate=1000)
    assert np.isfinite(found.losses).all() and found.losses[-1] > 2 * np.log(3)
    assert found.diverged and found.status == "DIVERGED" == found.record()["status"]
    assert f"{np.log(3):.3g}" in found.message and "lower the rate" in found.message


def test_what_is_not_finite_has_diverged(task):
    """A loss, a weight or a bias; what learned has no message."""
    found = trained(task, algorithm="digital", epochs=5)
    assert (found.status, found.message) == ("DONE", "")
    for part in ({"losses": (1.0, np.nan)}, {"weights": (np.full((4, 6), np.inf),)}, {"biases": (np.full(3, np.nan),)}):
        assert dataclasses.replace(found, **part).status == "DIVERGED"


def test_a_training_that_learned_nothing_is_no_result(task):
    """A rate near 0 leaves the network where it began."""
    found = trained(task, algorithm="digital", rate=1e-9, bias_rate=0, epochs=1)
    above = dataclasses.replace(found, losses=(1.01 * np.log(3),), accuracies=(found.chance,))
    assert above.status == "UNTRAINED" and "nothing was learned" in above.message
    assert dataclasses.replace(above, accuracies=(found.chance + 0.01,)).status == "DONE"
    assert dataclasses.replace(above, losses=(0.99 * np.log(3),)).status == "DONE"


def test_the_chance_of_guessing():
    """Of 75 of 100 samples in one class: 3/4, and three times the root of 3/16/100."""
    labels = np.array(75 * [1] + 25 * [0])
    assert Task(np.ones((1, 1)), labels, np.ones((1, 1)), labels, 2).chance == pytest.approx(
        0.75 + 3 * 0.0433, abs=1e-4
    )


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ({"algorithm": "sgd"}, "algorithm"),
        ({"tile": 3}, "tile"),
        ({"tiles": 0}, "tiles"),
        ({"tiles": 1, "gamma": 0.4}, "gamma"),
        ({"tiles": 2, "first_stage": 0.4}, "first_stage"),
        ({"tiles": 2, "schedule": "simultaneous"}, "schedule"),
        ({"algorithm": "digital", "states": 10}, "states"),
        ({"algorithm": "digital", "updates": "expected"}, "updates"),
        ({"algorithm": "analog-sgd", "tiles": 2}, "tiles"),
        ({"algorithm": "mixed-precision", "longest": 10}, "longest"),
        ({"algorithm": "analog-sgd", "transfer_rate": 0.1}, "transfer_rate"),
        ({"algorithm": "tiki-taka-2", "transfers": "pulse-trains"}, "transfers"),
        ({"updates": "expected", "cycle_noise": 0.1}, "cycle_noise"),
        ({"updates": "expected", "up_power": 1.5}, "updates"),
        ({"hidden": "32;16"}, "hidden"),
        ({"device": "reram"}, "device"),
        ({"dataset": "digits", "data": {"train": "x.npz"}}, "dataset"),
        ({"data": {"train": "x.npz", "split": 2}}, "data.split"),
        ({"epochs": 2.5}, "epochs"),
        ({"epochs": 3}, "epochs"),
        ({"tiles": 6, "epochs": 8, "first_stage": 0.9}, "epochs"),
    ],
)
def test_bad_settings_are_refused(content, name):
    """One error names the setting; so does one without effect."""
    with pytest.raises(ParameterError) as caught:
        make_spec(content)
    assert caught.value.parameter == name


@pytest.mark.parametrize(("settings", "name"), [({"batch_size": 2000}, "batch_size"), ({"pool": 3}, "pool")])
def test_settings_that_do_not_fit_the_samples_are_refused(settings, name):
    """8 x 8 images of 1,437 samples."""
    with pytest.raises(ParameterError) as caught:
        train_analog(make_spec(settings))
    assert caught.value.parameter == name


def test_content_makes_the_same_specification(tmp_path):
    """The flat content of a specification is read as the same one, from TOML, too."""
    for content in ({}, {"device": "reram-hfo2", "algorithm": "tiki-taka-1", "rate": 0.5}, {"updates": "expected"}):
        spec = make_spec(content)
        assert make_spec(spec.content).content == spec.content
    path = tmp_path / "spec.toml"
    path.write_text('algorithm = "residual"\ntiles = 3\nhidden = 16\nstates = 10\n')
    assert read_spec(path) == make_spec({"algorithm": "residual", "tiles": 3, "hidden": "16", "states": 10})
    path.write_text("tiles = 9\n")
    with pytest.raises(ParameterError, match="tiles"):
        read_spec(path)


def test_an_override_takes_what_belongs_to_it():
    """Another device brings its numbers, another algorithm its rates; what has no effect is refused."""
    spec = make_spec({"states": 10, "rate": 0.1, "tiles": 3})
    assert override(spec, {"device": "reram-hfo2"}).device.states == pytest.approx(2 / 0.4622)
    assert override(spec, {"algorithm": "tiki-taka-2"}).algorithm.rates == (10.0, 0.3)
    assert override(spec, {"tiles": 1}).algorithm.tiles == 1
    assert override(spec, {"seed": None}).content == spec.content
    with pytest.raises(ParameterError, match="gamma"):
        override(spec, {"algorithm": "digital", "gamma": 0.3})
