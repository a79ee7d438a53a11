"""Trainings that are killed, and sweeps of trainings on several processes."""

import json
import signal
import time

import numpy as np

from amc_circuits import open_sweep
from analog_training.command.folder import FILES, STATE, SUMMARY, WEIGHTS
from analog_training.command.sweep_run import analog_train
from analog_training.command.train import Earlier, run
from tests import forked

SPEC = "hidden = 16\nbatch_size = 30\nepochs = 5\ntiles = 2\n"


SWEEP = """run = "analog-train"
[fixed]
epochs = 2
hidden = "16"
batch_size = 10
[grid]
states = [4, 10]
tiles = [2, 3]
"""


def test_a_training_that_is_killed_ends_as_one_that_was_not(tmp_path):
    """After SIGKILL in its course and `--resume`, summary, weights and picture are those of a training in one go."""
    (tmp_path / "spec.toml").write_text(SPEC)
    out = tmp_path / "broken"

    def kill(process):
        while process.is_alive() and not (out / STATE).exists():
            time.sleep(0.002)
        process.kill()

    words = ("analog-train", "spec.toml", "--out", str(out))
    assert forked.ended(forked.amc, *words, folder=tmp_path, meanwhile=kill).code == -signal.SIGKILL
    assert not (out / SUMMARY).exists()
    run(None, out, {}, Earlier(resume=True), "json")
    run(tmp_path / "spec.toml", tmp_path / "whole", {}, Earlier(), "json")
    one, other = (json.loads((tmp_path / name / SUMMARY).read_text()) for name in ("broken", "whole"))
    assert len(one["losses"]) == 5 and {**one, "wall_time_s": 0} == {**other, "wall_time_s": 0}
    with np.load(out / WEIGHTS) as found, np.load(tmp_path / "whole" / WEIGHTS) as wanted:
        assert found.files == wanted.files and all(np.array_equal(found[name], wanted[name]) for name in found.files)
    assert {path.name for path in out.iterdir()} >= set(FILES)


def test_rows_of_two_processes_are_those_of_the_runs(tmp_path):
    """With `--jobs 2` every row has the metrics of its own run in this process."""
    (tmp_path / "sweep.toml").write_text(SWEEP)
    words = ("sweep", "sweep.toml", "--out", "out", "--jobs", "2", "--no-progress")
    assert forked.ended(forked.amc, *words, folder=tmp_path).code == 0
    rows = list(open_sweep(tmp_path / "out"))
    assert [(row.parameters["states"], row.parameters["tiles"]) for row in rows] == [(4, 2), (4, 3), (10, 2), (10, 3)]
    for row in rows:
        alone = analog_train.measure({name: one for name, one in row.parameters.items() if name != "run"}).metrics
        assert all(row.figures[name] == alone[name] for name in analog_train.metrics)
