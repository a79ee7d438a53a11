"""States of trainings: restored from a file at any step, and what such a file may contain."""

import itertools
import json

import numpy as np
import pytest

from amc_circuits import ParameterError
from optimizer import training as training_module
from optimizer.checkpoint import pack, read_state, unpack, write_state
from optimizer.circuit_settings import CircuitSettings
from optimizer.datasets import load_dataset
from optimizer.run_folder import STATE
from optimizer.settings import AdamSettings, ConvolutionShape, KfacSettings, MomentumSettings
from optimizer.specification import TrainingSpec
from optimizer.training import Training

CONVOLUTION = (ConvolutionShape(channels=2, kernel=3, pool=2),)
OFTEN = {"first_interval": 2, "inverse_interval": 2}
STUCK = CircuitSettings(engine="exact", stuck_on=0.1, programming_error=1e-6)


class _Break(Exception):
    pass


def continued(spec, data, broken_at, path):
    """Result of a training that is broken at a step, and continued from its file."""
    training = Training(spec, data)

    def keep():
        if training.step == broken_at:
            write_state(path, training.state)
            raise _Break

    with pytest.raises(_Break):
        training.run(keep=keep)
    other = Training(spec, data)
    other.restore(read_state(path))
    assert other.step == broken_at
    return other.run()


@pytest.mark.parametrize(
    ("optimizer", "solver", "circuit"),
    [
        (MomentumSettings(learning_rate=0.05), "cholesky", CircuitSettings()),
        (AdamSettings(learning_rate=0.01), "cholesky", CircuitSettings()),
        (KfacSettings(first_interval=2, inverse_interval=3, factor_interval=2), "cholesky", CircuitSettings()),
        (AdamSettings(average_decay=0.9), "cholesky", CircuitSettings()),
        (KfacSettings(step_size="quadratic", damping_interval=2, **OFTEN), "cholesky", CircuitSettings()),
        (KfacSettings(step_size="quadratic", average_decay=0.9, **OFTEN), "autoencoder", CircuitSettings()),
        (KfacSettings(first_interval=2, inverse_interval=3), "inv-circuit", STUCK),
    ],
)
def test_a_training_continues_from_every_step(tmp_path, monkeypatch, optimizer, solver, circuit):
    """Broken at any step and restored from the file, it ends with the same weights, ledger and history.

    Inversions by a circuit take long: there before, between and after the inversions, at 3 steps of 8.
    """
    monkeypatch.setattr(training_module, "KEPT_EVERY", 0.0)  # between evaluations, too
    network = {"convolutions": CONVOLUTION, "solver": solver, "target_accuracy": 0.999}
    if solver == "autoencoder":
        network = {"task": solver, "model": {"layers": ["dense 4 tanh", "dense"]}, "target_loss": 1.0}
    spec = TrainingSpec(**network, optimizer=optimizer, circuit=circuit, batch_size=150, epochs=1.0, evaluations=2)
    data, path = load_dataset("digits"), tmp_path / STATE
    whole = Training(spec, data).run()
    for step in range(1, 9, 3 if circuit is STUCK else 1):
        result = continued(spec, data, step, path)
        assert all(map(np.array_equal, result.weights, whole.weights))
        assert result.ledger == whole.ledger
        assert [(one.step, one.loss, one.score, one.raw_score) for one in result.history] == [
            (one.step, one.loss, one.score, one.raw_score) for one in whole.history
        ]
    if circuit is STUCK:
        assert 0 < len(whole.ledger.failures) < whole.ledger.tried


@pytest.mark.parametrize("step", [1, 4, 7])
def test_an_autoencoder_continues(tmp_path, monkeypatch, step):
    """Broken at a step, it ends with the weights, averages and losses of a run that was not."""
    monkeypatch.setattr(training_module, "KEPT_EVERY", 0.0)
    optimizer = KfacSettings(step_size="quadratic", damping_interval=2, average_decay=0.9, **OFTEN)
    layers = {"layers": ["dense 6 tanh", "dense"]}
    spec = TrainingSpec(
        task="autoencoder", model=layers, optimizer=optimizer, batch_size=150, epochs=1.0, evaluations=2
    )  # fmt: skip
    data = load_dataset("digits")
    whole, result = Training(spec, data).run(), continued(spec, data, step, tmp_path / STATE)
    assert all(map(np.array_equal, result.weights, whole.weights)) and result.ledger == whole.ledger
    losses = [[(one.loss, one.test_loss, one.raw_test_loss) for one in run.history] for run in (result, whole)]
    assert losses[0] == losses[1] and len(losses[0]) == 2


def test_a_diverged_training_stays_so(tmp_path):
    """A run that ended in a loss that is not finite is not continued beyond it."""
    spec = TrainingSpec(convolutions=(), optimizer=MomentumSettings(learning_rate=1e38), batch_size=100, epochs=1)
    training = Training(spec)
    steps = training.run().history
    write_state(tmp_path / STATE, training.state)
    other = Training(spec)
    other.restore(read_state(tmp_path / STATE))
    assert other.run().history == steps and other.result.diverged


def test_another_data_set_is_refused(tmp_path):
    """A state belongs to the images and labels of its training, whatever their name."""
    spec = TrainingSpec(convolutions=(), batch_size=100)
    data = load_dataset("digits")
    state = Training(spec, data).state
    images = data.train_images.copy()
    images[7, 3, 3] ^= 1
    other = type(data)(data.name, images, *list(vars(data).values())[2:])
    with pytest.raises(ParameterError, match="dataset"):
        Training(spec, other).restore(state)


def test_another_content_of_a_file_is_refused_by_its_setting(tmp_path):
    """Data of one's own is named as the specification names it."""
    spec, random = TrainingSpec(data={"train": str(tmp_path / "x.npz")}, batch_size=8), np.random.default_rng(0)
    states = []
    for _ in range(2):
        np.savez(tmp_path / "x.npz", X=random.standard_normal((40, 3)), y=np.arange(40) % 2)
        states.append(Training(spec).state)
    with pytest.raises(ParameterError, match=r"^data\.train: got x\.npz; its content is not that"):
        Training(spec).restore(states[0])


def test_a_state_has_only_known_records():
    """Numbers, texts, arrays and nested values come back as they were; other objects are refused."""
    value = {"a": [1, 2.5, None, "x", (True, np.arange(3))], "b": {"c": np.eye(2, order="F")}, "d": float("inf")}
    arrays = {}
    again = unpack(json.loads(json.dumps(pack(value, arrays))), arrays)
    assert again["a"][:4] == value["a"][:4] and isinstance(again["a"][4], tuple)
    assert np.array_equal(again["a"][4][1], np.arange(3)) and np.array_equal(again["b"]["c"], np.eye(2))
    assert again["d"] == float("inf")
    for other in (itertools.count(), {1: "x"}, {"y": {None: 2}}, np.array([None]), 1j, np.complex64(1j)):
        with pytest.raises(TypeError, match="a state"):
            pack({"x": other}, {})
    with pytest.raises(KeyError):
        unpack({"record": "Popen", "fields": {}}, {})


def test_scalars_of_numpy_are_numbers_of_a_state(tmp_path):
    """An optimizer of another package may keep them."""
    state = {"a": np.float32(0.5), "b": np.int64(7), "c": [np.bool_(True)], "d": np.float64(2.5), "e": np.str_("x")}
    write_state(tmp_path / STATE, state)
    assert read_state(tmp_path / STATE) == {"a": 0.5, "b": 7, "c": [True], "d": 2.5, "e": "x"}
