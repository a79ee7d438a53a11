"""Trainings that are broken off: killed in the middle of a step, continued, and equal to those that were not."""

import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from amc_circuits.cli.app import run
from optimizer.checkpoint import read_state, write_state
from optimizer.run_folder import FILES, STATE
from tests import forked
from tests.command_line import COMMAND, ROOT, Outcome, ended, start

SPEC = """
batch_size = 60
epochs = 1.5
target_accuracy = 0.999
convolutions = [{{channels = 3, kernel = 3, pool = 2}}, {{channels = 4, kernel = 3, pool = 2}}]
solver = "{solver}"
[optimizer]
name = "kfac"
first_interval = 4
inverse_interval = 8
"""
CELLS = """
[circuit]
engine = "exact"
programming_error = 1e-6
offset_spread = 1e-4
adc_bits = 8
"""


@pytest.fixture
def spec(tmp_path):
    """Writes a specification and returns its path."""

    def write(solver="cholesky", more=""):
        path = tmp_path / "spec.toml"
        path.write_text(SPEC.format(solver=solver) + (CELLS if solver == "inv-circuit" else "") + more)
        return path

    return write


def at_step(after, arguments, alive, call):
    """Does something once the folder of a training that is alive has this step."""
    out = arguments[arguments.index("--out") + 1]
    until = time.monotonic() + 120
    while alive() and time.monotonic() < until:
        if (out / STATE).exists() and read_state(out / STATE)["step"] >= after:
            return call()
        time.sleep(0.005)
    return None


def interrupted(number, after, *arguments):
    """Starts a training as a shell does, sends it a signal at a step, and returns how it ended."""
    process = start("train", *arguments)
    at_step(after, arguments, lambda: process.poll() is None, lambda: process.send_signal(number))
    return ended(process)


def trained(*arguments, meanwhile=None):
    """A training in a process of its own."""
    words, folder = map(str, arguments), arguments[arguments.index("--out") + 1].parent
    return forked.ended(forked.amc, "train", *words, folder=folder, meanwhile=meanwhile)


def killed(after, *arguments):
    """Starts a training, kills it at a step, and returns how it ended."""
    return trained(*arguments, meanwhile=lambda process: at_step(after, arguments, process.is_alive, process.kill))


def content(out):
    """All that a training leaves, without its durations."""
    summary, history = (json.loads((out / name).read_text()) for name in ("summary.json", "history.json"))
    del summary["wall_time_s"]
    for entry in history["evaluations"]:
        del entry["seconds"]
    pictures = [path.read_bytes() for name in ("convergence.png", "waveform.png") if (path := out / name).exists()]
    return summary, history, (out / "weights.npz").read_bytes(), pictures


@pytest.mark.parametrize("solver", ["cholesky", "inv-circuit"])
def test_a_training_that_is_killed_again_and_again_is_as_if_it_was_not(spec, tmp_path, solver):
    """After SIGKILL at three steps, continued each time, summary, history, weights and pictures are the same bytes."""
    path, whole, broken = spec(solver), tmp_path / "whole", tmp_path / "broken"
    assert trained(path, "--out", whole).code == 3
    codes = [killed(step, path, "--out", broken, "--resume").code for step in (0, 9, 21)]
    assert codes == [-signal.SIGKILL] * 3
    assert not (broken / "summary.json").exists()
    done = trained("--out", broken, "--resume")
    assert done.code == 3
    assert [line for line in done.out.splitlines() if line.startswith("wrote ")] == [
        f"wrote {broken / name}" for name in FILES if (broken / name).exists()
    ]
    assert content(broken) == content(whole)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_training_keeps_what_it_has(spec, tmp_path, number, code):
    """Ctrl-C ends with 130, a request to end with 143; history and weights are those of the state or one ahead."""
    out = tmp_path / "out"
    done = interrupted(number, 10, spec(), "--out", out)
    assert done.code == code
    if code == 130:
        assert done.err == f"amc: {out} keeps this training; --resume continues it\namc: interrupted\n"
    assert not (out / "summary.json").exists()
    history, state = json.loads((out / "history.json").read_text()), read_state(out / STATE)
    steps, kept = [entry["step"] for entry in history["evaluations"]], [entry.step for entry in state["history"]]
    assert steps[: len(kept)] == kept and 0 <= len(steps) - len(kept) <= 1
    with np.load(out / "weights.npz", allow_pickle=False) as weights:
        assert weights.files == ["conv1", "conv2", "dense"]
        assert len(steps) > len(kept) or all(map(np.array_equal, weights.values(), state["weights"]))


def test_a_training_that_fails_keeps_what_it_has(spec, tmp_path, capsys):
    """An inversion that stops the training leaves the history of the steps before it, and no summary."""
    out = tmp_path / "out"
    path = spec("inv-circuit", 'stuck_on = 0.05\non_failure = "stop"\n')
    assert run(["train", str(path), "--out", str(out)]) == 3
    failed_at = int(capsys.readouterr().err.partition("at step ")[2].partition(":")[0])
    state = read_state(out / STATE)  # an error, unlike a signal, never comes while the files are written
    assert state["step"] <= failed_at
    assert len(json.loads((out / "history.json").read_text())["inversions"]) == len(state["inversions"])
    assert not (out / "summary.json").exists()


def test_a_finished_training_is_neither_overwritten_nor_trained_again(spec, tmp_path, capsys):
    """Without a flag it is refused with both flags; --resume prints it, --replace removes it and trains anew."""
    path, out = str(spec()), tmp_path / "out"
    assert run(["train", path, "--epochs", "0.5", "--out", str(out)]) == 3
    (out / "waveform.png").write_bytes(b"of an earlier training in circuits")
    before = {file.name: file.read_bytes() for file in out.iterdir()}
    table = capsys.readouterr().out.partition("wrote ")[0]
    assert run(["train", path, "--epochs", "0.5", "--seed", "5", "--out", str(out)]) == 2
    printed = capsys.readouterr()
    Outcome(2, printed.out, printed.err).refused("finished training", "--resume", "--replace", str(out))
    assert run(["train", "--resume", "--out", str(out)]) == 3
    assert capsys.readouterr().out == table
    assert {file.name: file.read_bytes() for file in out.iterdir()} == before | {
        "owner.lock": (out / "owner.lock").read_bytes()
    }
    assert run(["train", path, "--epochs", "0.5", "--seed", "5", "--replace", "--out", str(out)]) == 3
    assert json.loads((out / "summary.json").read_text())["spec"]["seed"] == 5
    assert not (out / "waveform.png").exists()


def test_what_cannot_be_continued_is_refused_and_stays(spec, tmp_path, capsys):
    """Another specification, a state that is damaged or missing, both flags: one line, exit code 2, no byte changed."""
    path, out = str(spec()), tmp_path / "out"
    assert run(["train", path, "--epochs", "0.2", "--out", str(out)]) == 3
    kept = {file.name: file.read_bytes() for file in out.iterdir()}
    state = kept[STATE]
    damaged = [state[:-9], state[: len(state) // 2], b"", b"PK", state.replace(b"array1", b"array9")]
    capsys.readouterr()

    def refused(*words, arguments=()):
        assert run(["train", *arguments, "--out", str(out)]) == 2
        printed = capsys.readouterr()
        Outcome(2, printed.out, printed.err).refused(*words)

    refused(
        "another specification", "seed is 0 there and 1 here", arguments=[path, "--epochs=0.2", "--seed=1", "--resume"]
    )
    refused("--resume", "beside --replace; give", arguments=[path, "--resume", "--replace"])
    for content_ in damaged:
        (out / STATE).write_bytes(content_)
        refused(str(out), "damaged", "--replace", arguments=["--resume"])
    (out / STATE).unlink()
    refused(str(out), "without state.npz", "--replace", arguments=["--resume"])
    assert {file.name: file.read_bytes() for file in out.iterdir()} == {
        name: found for name, found in kept.items() if name != STATE
    }


def test_a_training_of_an_older_version_gets_the_defaults_of_the_settings_that_it_did_not_have(spec, tmp_path):
    """With its specification file and without; another value of a new setting is another specification."""
    path, out = spec(), tmp_path / "out"
    assert run(["train", str(path), "--epochs", "0.2", "--out", str(out)]) == 3
    state = read_state(out / STATE)
    for name in ("nesterov", "step_size", "damping_floor", "damping_interval"):
        del state["spec"]["optimizer"][name]
    del state["average"]
    for more, code in (("", 3), (None, 3), ("nesterov = true\n", 2)):
        write_state(out / STATE, state)
        (out / "summary.json").unlink(missing_ok=True)
        arguments = [] if more is None else [str(spec(more=more)), "--epochs", "0.2"]
        assert run(["train", *arguments, "--resume", "--out", str(out)]) == code


def test_two_processes_do_not_share_a_folder(spec, tmp_path, capsys):
    """While one trains, another one is refused by the name of its owner."""
    out = tmp_path / "out"
    process = start("train", spec(), "--epochs", "50", "--out", out)
    while not (out / STATE).exists():
        time.sleep(0.01)
    try:
        assert run(["train", "--resume", "--out", str(out)]) == 2
        assert f"is in use by process {process.pid}" in capsys.readouterr().err
    finally:
        process.kill()
        ended(process)


def test_what_a_killed_process_was_writing_is_removed(spec, tmp_path):
    """A file that was never complete does not stay; files of others do."""
    out = tmp_path / "out"
    assert killed(5, spec(), "--out", out).code == -signal.SIGKILL
    (out / ".amc-half.npz").write_bytes(b"PK")
    (out / "notes.txt").write_text("mine")
    assert trained("--resume", "--out", out).code == 3
    assert sorted(path.name for path in out.iterdir()) == sorted(
        {"amc-run.json", "owner.lock", "notes.txt", *FILES} - {"waveform.png"}
    )


def test_a_terminal_shows_steps_and_the_time_left(spec, tmp_path):
    """The bar counts steps of all steps; without a terminal nothing is shown."""
    command = [sys.executable, "-c", COMMAND, "train", str(spec()), "--epochs", "1", "--out", str(tmp_path / "out")]
    main, terminal = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "160"}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=terminal, env=environment)
    os.close(terminal)
    shown = b""
    with contextlib.suppress(OSError):  # the end of the terminal
        while part := os.read(main, 4096):
            shown += part
    os.close(main)
    assert process.wait() == 3
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode(errors="replace"))
    assert re.search(r"step\s+\d+/23 ", text) and re.search(r"left \d:\d\d:\d\d", text)
    assert re.search(r"accuracy \d+\.\d%", text)
    quiet = trained(spec(), "--epochs", "0.2", "--out", tmp_path / "quiet")
    assert quiet.err.startswith("amc: target") and quiet.err.count("\n") == 1


def test_another_number_of_jobs_may_continue(tmp_path):
    """The number of simulations at the same time is no part of what must be equal."""
    circuit = '[circuit]\nengine = "auto"\njobs = 2\n'
    path, out = tmp_path / "spec.toml", tmp_path / "out"
    path.write_text(SPEC.format(solver="inv-circuit") + circuit)
    assert killed(2, path, "--epochs", "0.3", "--out", out).code == -signal.SIGKILL
    assert run(["train", str(path), "--epochs", "0.3", "--jobs", "1", "--resume", "--out", str(out)]) == 3
