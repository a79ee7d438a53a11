"""The command `amc analog-train` and the run of its sweeps."""

import json
from pathlib import Path

import numpy as np
import pytest

from amc_circuits import ParameterError
from amc_circuits.cli import app, extensions
from amc_circuits.cli.commands.compare import command as compare
from analog_training.command import folder
from analog_training.command.sweep_run import analog_train, files
from analog_training.command.train import Earlier, run
from analog_training.commands import extension
from analog_training.training.training import AnalogTraining

CHANGES = {"epochs": "2", "tiles": "2"}


@pytest.fixture
def spec(tmp_path):
    """A specification that takes no time."""
    path = tmp_path / "spec.toml"
    path.write_text("hidden = 16\nbatch_size = 10\n")
    return path


def test_json_folder_and_picture(spec, tmp_path, capsys):
    """Printed JSON is the summary; weights are those of the training; settings are those that were given."""
    out = tmp_path / "out"
    run(spec, out, CHANGES, Earlier(), "json")
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((out / folder.SUMMARY).read_text())
    assert printed["settings"]["epochs"] == 2 and printed["settings"]["hidden"] == "16"
    assert printed["update_pulses"] == sum(layer["update_pulses"] for layer in printed["layers"]) > 0
    with np.load(out / folder.WEIGHTS) as found:
        assert found["weights0"].shape == (16, 64) and found["biases1"].shape == (10,)
    assert (out / folder.PICTURE).read_bytes().startswith(b"\x89PNG")


def test_a_broken_training_goes_on(spec, tmp_path, capsys):
    """Kept after its first epoch and continued, it has the accuracies of one that ran through."""
    out, whole = tmp_path / "out", tmp_path / "whole"
    run(spec, whole, CHANGES | {"epochs": "3"}, Earlier(), "table")
    settings = json.loads((whole / folder.SUMMARY).read_text())["settings"]
    training = AnalogTraining(folder.make_spec(settings))

    def killed():
        folder.keep(out, training)
        raise KeyboardInterrupt

    with folder.claimed(out, False), pytest.raises(KeyboardInterrupt):
        training.run(keep=killed)
    assert training.epoch == 1
    run(None, out, {}, Earlier(resume=True), "table")
    one, other = (json.loads((path / folder.SUMMARY).read_text()) for path in (out, whole))
    assert {**one, "wall_time_s": 0} == {**other, "wall_time_s": 0}
    assert "wrote" in capsys.readouterr().out


def test_refusals_leave_the_folder_as_it_was(spec, tmp_path):
    """An earlier training, another specification, nothing to continue, options without effect."""
    out = tmp_path / "out"
    run(spec, out, CHANGES, Earlier(), "table")
    before = {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}
    cases = [
        (out, CHANGES, Earlier(), "table", "resume = True"),
        (out, CHANGES | {"tiles": "3"}, Earlier(resume=True), "table", "tiles is 2 there and 3 here"),
        (out, CHANGES, Earlier(True, True), "table", "no meaning"),
        (tmp_path / "new", CHANGES, Earlier(resume=True), "table", "nothing to continue"),
        (None, CHANGES, Earlier(replace=True), "table", "without out"),
        (None, CHANGES, Earlier(), "csv", "must be one of table, json"),
        (out, CHANGES | {"tiles": "1", "gamma": "0.3"}, Earlier(replace=True), "table", "gamma"),
    ]
    for folder_, changes, way, form, words in cases:
        with pytest.raises(ParameterError, match=words):
            run(spec, folder_, changes, way, form)
    assert {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()} == before
    assert not (tmp_path / "new").exists()


def test_the_command_runs_and_refuses(spec, monkeypatch, capsys):
    """A table and exit code 0; one line and exit code 2."""
    monkeypatch.setattr(extensions, "installed_extensions", lambda: iter([extension]))
    assert app.run(["analog-train", str(spec), "--epochs", "1", "--states", "10", "--tiles", "2"]) == 0
    printed = capsys.readouterr().out
    assert "10 states" in printed and "mean of" not in printed  # of one epoch
    assert app.run(["analog-train", str(spec), "--gamma", "2"]) == 2
    refused = capsys.readouterr()
    assert refused.out == "" and refused.err.startswith("amc: --gamma: got 2") and refused.err.count("\n") == 1


def test_folders_are_compared(spec, tmp_path, monkeypatch, capsys):
    """Metrics are those of the summaries; other samples and trainings that have not ended are refused."""
    monkeypatch.setattr(compare, "installed_extensions", lambda: iter([extension]))
    folders = [str(tmp_path / name) for name in ("one", "two", "other")]
    for place, changes in zip(folders, ({"tiles": "2"}, {"algorithm": "digital"}, {"pool": "2"}), strict=True):
        changed = {"tiles": "2"} if "pool" in changes else changes
        path = spec
        if "pool" in changes:
            path = tmp_path / "pooled.toml"
            path.write_text(spec.read_text() + "pool = 2\n")
        run(path, Path(place), {"epochs": "1"} | changed, Earlier(), "table")
    capsys.readouterr()
    assert app.run(["compare", *folders[:2], "--format", "json", "--plot", str(tmp_path / "c.png")]) == 0
    found = json.loads(capsys.readouterr().out)["trainings"]
    for one, place in zip(found, folders, strict=False):
        summary = json.loads((Path(place) / folder.SUMMARY).read_text())
        assert one["metrics"]["accuracy"] == summary["accuracy"]
        assert one["metrics"]["devices"] == summary["hardware"]["devices"]
    assert app.run(["compare", *folders[:2]]) == 0
    assert "residual, 2 tiles" in capsys.readouterr().out
    assert app.run(["compare", folders[0], folders[2]]) == 2
    assert "the same samples" in capsys.readouterr().err
    (Path(folders[1]) / folder.SUMMARY).unlink()
    assert app.run(["compare", *folders[:2]]) == 2
    assert "has not ended" in capsys.readouterr().err


def test_points_of_a_sweep_have_what_acts(tmp_path):
    """Complete settings are themselves; metrics are those of the training; files of samples are hashed."""
    given = {"epochs": 1, "hidden": "4", "batch_size": 100, "algorithm": "digital", "tiles": None}
    point = analog_train.complete(given)
    assert analog_train.complete(point) == point
    assert "states" not in point and "tiles" not in point
    found = analog_train.measure(point)
    assert found.status == "DONE" and found.metrics["update_pulses"] == 0 and 0 < found.metrics["accuracy"] <= 1
    with pytest.raises(ParameterError, match="states"):
        analog_train.complete(given | {"states": "10"})
    np.savez(tmp_path / "own.npz", X=np.arange(24.0).reshape(8, 3), y=np.arange(8) % 2)
    path = tmp_path / "own.toml"
    path.write_text(f'batch_size = 2\n[data]\ntrain = "{tmp_path / "own.npz"}"\n')
    own = analog_train.complete({"specification": str(path)})
    assert own["specification"] == str(path) and len(files(own)) == 64 and files(point) == ""
    (tmp_path / "own.npz").unlink()
    with pytest.raises(ParameterError, match=r"data\.train"):
        files(own)


def test_a_point_is_another_one_if_a_picture_changes_its_class(tmp_path):
    """The hash of a folder of pictures has their classes; the engine is that of the products."""
    for place in ("a/1", "a/2", "b/3"):
        file = tmp_path / f"pictures/{place}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(place[-1:].encode())
    path = tmp_path / "own.toml"
    path.write_text(f'batch_size = 1\n[data]\ntrain = "{tmp_path / "pictures"}"\n')
    before = files({"specification": str(path)})
    (tmp_path / "pictures/a/2.png").rename(tmp_path / "pictures/b/2.png")
    assert files({"specification": str(path)}) != before
    assert analog_train.engine({}) == "digital" and analog_train.engine({"forward": "circuit"}) == "exact"
    assert "amc" in analog_train.version("digital") and analog_train.version("exact") != ""


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
def test_samples_that_overflow_are_refused(tmp_path):
    """Samples whose mean overflows are the fault of the data, not a training that diverged."""
    np.savez(tmp_path / "own.npz", X=np.full((4, 3), 1e308) * [1, -1, 1], y=np.arange(4) % 2)
    path = tmp_path / "own.toml"
    path.write_text(f'batch_size = 2\n[data]\ntrain = "{tmp_path / "own.npz"}"\n')
    with pytest.raises(ParameterError, match="not finite"):
        run(path, tmp_path / "out", {}, Earlier(), "table")
    assert not (tmp_path / "out").exists()
