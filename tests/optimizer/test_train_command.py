"""`amc train` as it is typed: its folder, its files, its exit codes and its one-line errors."""

import json
import subprocess
import sys

import pytest

from amc_circuits.cli import run

SPEC = """
batch_size = 100
epochs = 2
target_accuracy = {target}
solver = "{solver}"
convolutions = [{{channels = 2, kernel = 3, pool = 2}}, {{channels = 3, kernel = 3, pool = 2}}]
[optimizer]
name = "kfac"
"""


@pytest.fixture
def spec(tmp_path):
    """Writes a specification of a small network and returns its path."""

    def write(target=0.3, solver="cholesky"):
        path = tmp_path / "spec.toml"
        path.write_text(SPEC.format(target=target, solver=solver))
        return str(path)

    return write


def test_a_run_in_circuits_fills_its_folder(spec, tmp_path, capsys):
    """Table, summary, history and both pictures are there, and agree on what the inversions cost."""
    out = tmp_path / "out"
    assert run(["train", spec(solver="inv-circuit"), "--out", str(out), "--jobs", "2"]) == 0
    assert {path.name for path in out.iterdir()} == {
        "amc-run.json", "summary.json", "history.json", "convergence.png", "waveform.png",
    }  # fmt: skip
    summary, history = (json.loads((out / name).read_text()) for name in ("summary.json", "history.json"))
    assert summary["inversions"]["count"] == len(history["inversions"]) > 0
    assert summary["inversions"]["energy_j"] == pytest.approx(sum(entry["joules"] for entry in history["inversions"]))
    assert summary["provenance"]["ngspice_version"]
    assert summary["epochs_to_target"] == history["evaluations"][-1]["epoch"]
    printed = capsys.readouterr()
    for word in ("epochs to 30.0%", "inversions", "mean settling time", "energy", "error"):
        assert word in printed.out
    assert printed.err == ""


def test_a_folder_of_its_own_is_used_again_and_a_foreign_one_is_not(spec, tmp_path, capsys):
    """A second run replaces the files of the first; a folder with something else in it is left alone."""
    out, foreign = tmp_path / "out", tmp_path / "foreign"
    assert run(["train", spec(), "--out", str(out)]) == 0
    (out / "waveform.png").write_bytes(b"of an earlier run in circuits")
    assert run(["train", spec(), "--out", str(out), "--seed", "5"]) == 0
    assert not (out / "waveform.png").exists()
    assert json.loads((out / "summary.json").read_text())["spec"]["seed"] == 5
    foreign.mkdir()
    (foreign / "letter.txt").write_text("mine")
    capsys.readouterr()
    assert run(["train", spec(), "--out", str(foreign)]) == 2
    assert "--out: got" in capsys.readouterr().err
    assert [path.name for path in foreign.iterdir()] == ["letter.txt"]


@pytest.mark.parametrize("name", ["summary.json", "history.json", "convergence.png", "waveform.png"])
def test_nothing_is_written_through_a_link_in_its_folder(spec, tmp_path, capsys, name):
    """It is named before the training begins, and what it leads to stays as it is."""
    (tmp_path / "thesis.txt").write_text("years of work")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "amc-run.json").write_text('{"command": "train"}')
    (tmp_path / "out" / name).symlink_to(tmp_path / "thesis.txt")
    assert run(["train", spec(), "--out", str(tmp_path / "out")]) == 2
    printed = capsys.readouterr()
    assert str(tmp_path / "out" / name) in printed.err and "is a link" in printed.err and printed.out == ""
    assert (tmp_path / "thesis.txt").read_text() == "years of work"
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"amc-run.json", name}


def test_a_target_that_is_not_reached_is_exit_code_3(spec, tmp_path, capsys):
    """The outcome is written and printed all the same."""
    out = tmp_path / "out"
    assert run(["train", spec(target=0.9999), "--out", str(out), "--epochs", "0.2"]) == 3
    assert json.loads((out / "summary.json").read_text())["epochs_to_target"] is None
    printed = capsys.readouterr()
    assert "not reached" in printed.out
    assert len(printed.err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--preset", "mnist"], ("--preset", "mnist", "digits-demo")),
        (["--preset", "digits-demo", "--solver", "lu"], ("--solver", "lu", "cholesky")),
        (["--preset", "digits-demo", "--engine", "xyce"], ("--engine", "xyce", "ngspice")),
        (["--preset", "digits-demo", "--opamp", "ad999"], ("--opamp", "ad999", "cmos-100meg")),
        (["--preset", "digits-demo", "--epochs", "-1"], ("--epochs", "-1", "greater than 0")),
        (["--preset", "digits-demo", "--epochs", "many"], ("--epochs", "many")),
        (["--preset", "digits-demo", "--jobs", "0"], ("--jobs", "0", "greater than or equal to 1")),
        (["--preset", "digits-demo", "--seed", "-3"], ("--seed", "-3", "greater than or equal to 0")),
        ([], ("SPEC.toml", "--preset", "neither")),
        (["nowhere.toml"], ("nowhere.toml", "cannot be read")),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(arguments, named, tmp_path, capsys):
    """Exit code 2, one line with option, value and mend, and no folder."""
    out = tmp_path / "out"
    assert run(["train", *arguments, "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert len(error.strip().splitlines()) == 1
    for word in named:
        assert word in error
    assert not out.exists()


def test_a_factor_wider_than_an_array_is_refused_before_anything_is_written(tmp_path, capsys):
    """A model whose read-out is too wide ends in exit code 2 and names stage and width."""
    (tmp_path / "spec.toml").write_text(
        'solver = "inv-circuit"\nconvolutions = [{channels = 4, kernel = 3}]\n[optimizer]\nname = "kfac"\n'
    )
    assert run(["train", str(tmp_path / "spec.toml"), "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert "a_factor of dense is 257 wide" in error
    assert len(error.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_the_subcommand_imports_nothing_heavy():
    """Reading the options of `amc train` loads neither NumPy nor pydantic."""
    code = "import sys, optimizer.commands; print([m for m in ('numpy', 'pydantic', 'scipy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
