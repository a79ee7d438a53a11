"""`amc train` as it is typed: its folder, its files, its exit codes and its one-line errors."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from amc_circuits import LOCK
from amc_circuits.cli.app import run
from optimizer.run_folder import FILES
from optimizer.specification import TrainingSpec
from tests.amc_circuits import broken_ngspice as broken
from tests.optimizer.digit_files import npz

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
    assert run(["train", spec(solver="inv-circuit"), "--out", str(out), "--jobs", "2", "--engine", "ngspice"]) == 0
    assert {path.name for path in out.iterdir()} == {
        "amc-run.json", "owner.lock", "summary.json", "history.json", "convergence.png", "waveform.png",
        "weights.npz", "state.npz",
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


def test_a_foreign_folder_is_left_alone(spec, tmp_path, capsys):
    """A folder with something else in it is refused and stays as it is."""
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "letter.txt").write_text("mine")
    assert run(["train", spec(), "--out", str(foreign)]) == 2
    assert "--out: got" in capsys.readouterr().err
    assert [path.name for path in foreign.iterdir()] == ["letter.txt"]


@pytest.mark.parametrize("name", [*FILES, LOCK])
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


def failing(spec, tmp_path, lines):
    """A specification whose circuits fail."""
    path = tmp_path / "failing.toml"
    text = Path(spec(target=0.01, solver="inv-circuit")).read_text()
    path.write_text(text + f'[circuit]\nengine = "exact"\n{lines}\n')
    return str(path)


def test_failed_inversions_are_told(spec, tmp_path, capsys):
    """In the table, on stderr with the first reason, in summary and history; the target may be reached all the same."""
    out = tmp_path / "out"
    assert run(["train", failing(spec, tmp_path, "stuck_on = 0.3"), "--out", str(out)]) == 0
    printed, summary = capsys.readouterr(), json.loads((out / "summary.json").read_text())["inversions"]
    failed, tried = summary["failed"], summary["failed"] + summary["count"]
    assert 0 < failed < tried
    assert "failed inversions" in printed.out and f"{failed} of {tried}: inversion of" in " ".join(printed.out.split())
    assert printed.err.startswith(
        f"amc: warning: {failed} of {tried} inversions failed, the inverses before them were kept"
    )
    first, second = printed.err.splitlines()
    assert "UNSTABLE" in first and second == "amc: warning: no better than guessing, after the target was reached"
    assert len(json.loads((out / "history.json").read_text())["failures"]) == failed


@pytest.mark.parametrize("how", ["converters", "simulator"])
def test_a_training_in_which_every_inversion_failed_is_no_success(spec, tmp_path, capsys, monkeypatch, how):
    """Exit code 3 and a line on stderr, though the target was reached without any circuit."""
    lines = "adc_bits = 8\nadc_range = 1e-6" if how == "converters" else ""
    path = failing(spec, tmp_path, lines)
    if how == "simulator":
        monkeypatch.setenv("AMC_NGSPICE", broken.program(tmp_path / "simulator", broken.FAILS))
        monkeypatch.setenv("TMPDIR", str(tmp_path))
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    arguments = ["--engine", "ngspice"] if how == "simulator" else []
    assert run(["train", path, "--out", str(tmp_path / "out"), *arguments]) == 3
    printed, summary = capsys.readouterr(), json.loads((tmp_path / "out" / "summary.json").read_text())
    assert (summary["inversions"]["count"], summary["inversions"]["failed"] > 0) == (0, True)
    assert summary["epochs_to_target"] is not None
    assert f"amc: all {summary['inversions']['failed']} inversions failed, so no circuit took part" in printed.err
    assert ("CLIPPED" if how == "converters" else "ngspice: ended with code") in printed.err


def test_a_training_told_to_stop_stops(spec, tmp_path, capsys):
    """Exit code 3 and one line; no summary."""
    path = failing(spec, tmp_path, 'stuck_on = 0.3\non_failure = "stop"')
    assert run(["train", path, "--out", str(tmp_path / "out")]) == 3
    assert capsys.readouterr().err.startswith("amc: inversion of conv1.a_factor (10 wide) at step 0: ")
    assert not (tmp_path / "out" / "summary.json").exists()


def test_a_file_for_circuits_can_be_run_by_cholesky(spec, tmp_path):
    """`--solver cholesky` leaves its [circuit] without a word."""
    assert (
        run(["train", failing(spec, tmp_path, "stuck_on = 0.3"), "--solver", "cholesky", "--out", str(tmp_path / "o")])
        == 0
    )
    summary = json.loads((tmp_path / "o" / "summary.json").read_text())
    assert summary["spec"]["solver"] == "cholesky" and "stuck_on" not in summary["spec"]["circuit"]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--preset", "digits-demo", "--solver", "cholesky", "--jobs", "2"], ("--jobs", "no effect", "cholesky")),
        (["--preset", "digits-demo", "--engine", "exact", "--jobs", "2"], ("--jobs", "no effect", "exact")),
        (["--preset", "mnist"], ("--preset", "mnist", "digits-demo")),
        (["--preset", "digits-demo", "--solver", "lu"], ("--solver", "lu", "cholesky")),
        (["--preset", "digits-demo", "--engine", "xyce"], ("--engine", "xyce", "ngspice")),
        (["--preset", "digits-demo", "--opamp", "ad999"], ("--opamp", "ad999", "cmos-100meg")),
        (["--preset", "digits-demo", "--topology", "pair"], ("--topology", "pair", "compensated")),
        (["--preset", "digits-demo", "--solver", "cholesky", "--topology", "paired"], ("--topology", "no effect")),
        (["--preset", "digits-demo", "--epochs", "-1"], ("--epochs", "-1", "greater than 0")),
        (["--preset", "digits-demo", "--epochs", "many"], ("--epochs", "many")),
        (["--preset", "digits-demo", "--jobs", "0"], ("--jobs", "0", "at least 1")),
        (["--preset", "digits-demo", "--seed", "-3"], ("--seed", "-3", "at least 0")),
        ([], ("SPEC.toml", "--preset", "neither")),
        (["--resume"], ("--out", "holds no training to continue")),
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


def test_a_training_on_files_prints_normalisation_and_blocks(tmp_path, capsys):
    """A factor 65 wide in two blocks of at most 40, data and normalisation: in the table and in the summary."""
    data = npz(tmp_path)["train"]
    (tmp_path / "spec.toml").write_text(
        f'batch_size = 359\nepochs = 0.5\ntarget_accuracy = 0.01\n[data]\ntrain = "{data}"\n'
        '[model]\nlayers = ["dense 12", "dense 10"]\n[optimizer]\nname = "kfac"\narray_limit = 40\n'
    )
    assert run(["train", str(tmp_path / "spec.toml"), "--out", str(tmp_path / "out")]) == 0
    printed = " ".join(capsys.readouterr().out.replace("│", " ").split())
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert "digits.npz, kfac" in printed
    assert "dense1.a_factor in 2; entries between blocks are ignored" in printed
    assert f"normalisation {summary['data']['normalisation']}" in printed
    assert summary["inversions"]["blocks"] == {"dense1.a_factor": 2}
    assert summary["data"]["class_names"] == [str(digit) for digit in range(10)]
    assert TrainingSpec.model_validate(summary["spec"]).data.train == data


def test_the_subcommand_imports_nothing_heavy():
    """Reading the options of `amc train` loads neither NumPy nor pydantic."""
    code = "import sys, optimizer.commands; print([m for m in ('numpy', 'pydantic', 'scipy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
