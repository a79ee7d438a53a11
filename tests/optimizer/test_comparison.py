"""`amc compare` of folders of trainings: curves, epochs to the target, one-line errors."""

import html
import json
import re

import numpy as np
import pytest

from amc_circuits.cli.app import run

SPEC = """
batch_size = 100
epochs = 1
evaluations = 4
stop_at_target = false
target_accuracy = {target}
solver = "{solver}"
convolutions = [{{channels = 2, kernel = 3, pool = 2}}, {{channels = 3, kernel = 3, pool = 2}}]
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Folders of two trainings, by Cholesky and by circuits."""
    folder, found = tmp_path_factory.mktemp("trained"), []
    for solver, target in (("cholesky", 0.3), ("inv-circuit", 0.2)):
        text = SPEC.format(solver=solver, target=target)
        (folder / "spec.toml").write_text(
            text if solver == "inv-circuit" else text.replace('[circuit]\nengine = "exact"\n', "")
        )
        run(["train", str(folder / "spec.toml"), "--out", str(folder / solver)])
        found.append(folder / solver)
    return found


def test_curves_and_metrics_are_those_of_the_folders(trained, capsys, tmp_path):
    """Curves are the evaluations; epochs to the target are those of the first one that reaches the first target."""
    picture = tmp_path / "p.svg"
    assert run(["compare", *map(str, trained), "--format", "json", "--plot", str(picture)]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["target_accuracy"] == 0.3
    for folder, one in zip(trained, printed["trainings"], strict=True):
        evaluations = json.loads((folder / "history.json").read_text())["evaluations"]
        summary = json.loads((folder / "summary.json").read_text())
        assert one["accuracy"] == [entry["accuracy"] for entry in evaluations]
        assert one["epoch"] == [entry["epoch"] for entry in evaluations]
        wanted = [entry["epoch"] for entry in evaluations if entry["accuracy"] >= 0.3]
        assert one["metrics"]["epochs_to_target"] == (wanted[0] if wanted else None)
        assert one["metrics"]["inversion_energy"] == (summary["inversions"]["energy_j"] or None)
        assert one["metrics"]["best_accuracy"] == max(one["accuracy"])
    first, second = printed["trainings"]
    assert second["ratios"]["wall_time"] == second["metrics"]["wall_time"] / first["metrics"]["wall_time"]
    texts = [html.unescape(text) for text in re.findall(r"<text[^>]*>([^<]*)</text>", picture.read_text())]
    assert {"epochs", "test accuracy (%)", "target 30 %"} <= set(texts)
    assert any(text.endswith("(kfac, inv-circuit)") for text in texts)


def test_the_table_has_a_column_for_each_training(trained, capsys, tmp_path):
    """Names, optimizers and metrics are printed, and written as CSV."""
    assert run(["compare", *map(str, trained), "-o", str(tmp_path / "t.csv")]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    for word in ("epochs to 30.0%", "kfac, cholesky", "kfac, inv-circuit", "2 / 1", f"1: {trained[0]}"):
        assert word in printed.out
    head, *rows = (tmp_path / "t.csv").read_text().splitlines()
    assert head == "training,name,metric,unit,value,ratio"
    assert all(row.endswith(",1.0") for row in rows if row.startswith("1,") and ",epochs," in row)


def changed(folder, name, text):
    """A folder like that of a training, with one file replaced; None leaves it out."""
    folder.mkdir()
    (folder / "amc-run.json").write_text('{"command": "train"}')
    summary = {
        "target_accuracy": 0.5, "best_accuracy": 0.5, "final_accuracy": 0.5, "epochs": 1, "wall_time_s": 1,
        "inversions": {}, "spec": {"dataset": "digits", "seed": 0, "optimizer": {"name": "adam"}},
    }  # fmt: skip
    files = {"summary.json": json.dumps(summary), "history.json": '{"evaluations": []}'} | {name: text}
    for file, content in files.items():
        if content is not None:
            (folder / file).write_text(content)
    return folder


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("summary.json", None, ("has no summary.json", "has not ended")),
        ("history.json", "{", ("history.json", "damaged")),
        ("history.json", '{"evaluations": [{"epoch": 1}]}', ("evaluations.0.accuracy", "damaged")),
        ("history.json", '{"evaluations": [{"epoch": 1, "accuracy": NaN}]}', ("evaluations.0.accuracy", "finite")),
        ("summary.json", "[]", ("summary.json", "damaged")),
    ],
)
def test_damaged_folders_are_one_line(trained, tmp_path, capsys, name, text, words):
    """Exit code 2 and one line that names file and fault."""
    assert run(["compare", str(trained[0]), str(changed(tmp_path / "t", name, text))]) == 2
    error = capsys.readouterr().err
    assert error.startswith("amc: DESIGN: got ") and error.count("\n") == 1
    for word in words:
        assert word in error


def test_trainings_on_files_are_compared(tmp_path, capsys, monkeypatch):
    """On the same file by another path they compare; another split, other samples or a named data set are refused."""
    random = np.random.default_rng(0)
    np.savez(tmp_path / "own.npz", X=random.integers(0, 9, (60, 6)), y=np.arange(60) % 2)
    np.savez(tmp_path / "other.npz", X=random.integers(0, 9, (60, 6)), y=np.arange(60) % 3)
    monkeypatch.chdir(tmp_path)
    folders = {
        "one": 'train = "own.npz"',
        "two": f'train = "{tmp_path}/own.npz"',
        "split": 'train = "own.npz"\nsplit_seed = 1',
        "other": 'train = "other.npz"',
    }
    for name, data in folders.items():
        (tmp_path / "spec.toml").write_text(f"batch_size = 8\nepochs = 1\n[data]\n{data}\n")
        run(["train", "spec.toml", "--out", name])
    named = changed(tmp_path / "named", "history.json", '{"evaluations": []}')
    capsys.readouterr()
    assert run(["compare", "one", "two", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["dataset"] == "own.npz"
    for folder, words in (
        ("split", "data.split_seed 0 in one, 1 in split"),
        ("other", "own.npz in one, other.npz in other"),
        (str(named), "own.npz in one, digits in"),
    ):
        assert run(["compare", "one", folder]) == 2
        assert words in capsys.readouterr().err


def test_other_data_sets_and_options_of_runs_are_refused(trained, tmp_path, capsys):
    """Trainings on two data sets do not compare, and options of circuits that are run have no effect."""
    other = changed(tmp_path / "t", "history.json", '{"evaluations": []}')
    text = (other / "summary.json").read_text().replace("digits", "ocr-letters")
    (other / "summary.json").write_text(text)
    assert run(["compare", str(trained[0]), str(other)]) == 2
    assert "digits in" in capsys.readouterr().err
    assert run(["compare", *map(str, trained), "--seeds", "3"]) == 2
    assert "--seeds: got 3; has no effect" in capsys.readouterr().err
