"""Trainings of a benchmark are stored one by one, and medians are compared with an interval."""

import hashlib
import json

import numpy as np
import pytest

from benchmarks.training_runs import Method, half, ratio_of_medians, run_all, stored
from benchmarks.training_store import TrainingStore
from optimizer import TrainingSpec
from optimizer.training import Training

TINY = {
    "convolutions": [{"channels": 2, "kernel": 3, "pool": 4}],
    "optimizer": {"name": "momentum", "learning_rate": 0.05},
    "batch_size": 400,
    "epochs": 0.7,
    "evaluations": 1,
}


def test_a_broken_benchmark_goes_on(tmp_path):
    """Runs that are stored are not trained again; the others are those of the training itself."""
    method = Method("momentum", TINY)
    first = run_all([method], 1, 1, tmp_path)["momentum"]
    (path,) = tmp_path.iterdir()
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"run": content["run"] | {"epochs": 123.0}}))
    again = run_all([method], 2, 1, tmp_path)["momentum"]
    assert again[0].epochs == 123.0 and len(list(tmp_path.iterdir())) == 2
    other = Method("no result", TINY | {"epochs": 0.8})
    there = stored([method, other], 3, tmp_path)  # seeds and methods that have results
    assert {label: [run.epochs for run in runs] for label, runs in there.items()} == {
        "momentum": [123.0, again[1].epochs]
    }
    result = Training(TrainingSpec(**TINY, seed=1)).run()
    assert (again[1].epochs, again[1].reached) == (TINY["epochs"], result.epochs_to_target is not None)
    assert (first[0].inversions, first[0].cycles, first[0].processor > 0) == (0, 0, True)
    assert again[1].curve == [[entry.epoch, entry.accuracy] for entry in result.history]


def test_a_result_stays_valid_when_a_setting_is_added(tmp_path, capsys):
    """It lacks the setting, which has its default now; another value is another training. Its version is announced."""
    method = Method("momentum", TINY)
    run_all([method], 1, 1, tmp_path)
    (path,) = tmp_path.iterdir()
    content = json.loads(path.read_text())
    for section, name in (("optimizer", "nesterov"), ("optimizer", "average_decay"), ("circuit", "at_rest")):
        del content["spec"][section][name]
    del content["spec"]["stop_at_target"]
    path.rename(tmp_path / "0123.json").write_text(json.dumps(content | {"version": "0.0.1"}))
    others = [{"optimizer": {**TINY["optimizer"], "nesterov": True}}, {"stop_at_target": False}, {"epochs": 0.8}]
    methods = [method, *(Method(str(other), TINY | other) for other in others)]
    assert list(stored(methods, 1, tmp_path)) == ["momentum"]
    assert capsys.readouterr().err == f"{tmp_path}: 1 result of 0.0.1, used as they are\n"
    content["spec"]["phase_of_moon"] = "full"
    (tmp_path / "0123.json").write_text(json.dumps(content))
    assert stored(methods, 1, tmp_path) == {}
    assert "1 result of settings that this version does not have" in capsys.readouterr().err


def test_a_result_stays_valid_when_its_data_move(tmp_path):
    """By name and content of the files; another content is another training. Older results have the names alone."""
    for folder, shift in (("here", 0), ("there", 0), ("other", 1)):
        (tmp_path / folder).mkdir()
        drawn = np.random.default_rng(shift)
        np.savez(tmp_path / folder / "x.npz", x=drawn.standard_normal((60, 5)), y=np.arange(60) % 3)
    quick = {"optimizer": {"name": "adam"}, "batch_size": 20, "epochs": 0.4}
    arrays = {"x_name": "x", "y_name": "y"}
    methods = {
        folder: [Method(folder, {"data": {"train": str(tmp_path / folder / "x.npz"), **arrays}, **quick})]
        for folder in ("here", "there", "other")
    }
    store = tmp_path / "store"
    run_all(methods["here"], 1, 1, store)
    assert set(stored(methods["there"], 1, store)) == {"there"} and stored(methods["other"], 1, store) == {}
    (path,) = store.iterdir()
    content = json.loads(path.read_text())
    del content["data"]
    path.rename(store / "0123.json").write_text(json.dumps(content))
    assert set(stored(methods["there"], 1, store)) == {"there"}
    del content["spec"]
    older = hashlib.sha256(methods["here"][0].spec(0).model_dump_json().encode()).hexdigest()[:16]
    (store / "0123.json").rename(store / f"{older}.json").write_text(json.dumps(content))
    assert set(stored(methods["here"], 1, store)) == {"here"} and stored(methods["there"], 1, store) == {}


@pytest.mark.parametrize("name", ["4790d69fb56e2be0", "4c2a4b27c15e1a9a"])
def test_a_result_without_a_specification_is_found_by_its_name(tmp_path, name):
    """Names of files of one training from before and after `at_rest`, as they were written then."""
    kfac = {"learning_rate": 0.163, "momentum": 0.8, "kl_clip": 0.0034, "damping": 0.02, "first_interval": 5}
    content = {
        "dataset": "ocr-letters",
        "convolutions": [{"channels": 8, "kernel": 5, "pool": 2}, {"channels": 9, "kernel": 3, "stride": 2}],
        "optimizer": {"name": "kfac", **kfac, "average_decay": 0.99},
        "evaluations": 20,
        "target_accuracy": 0.88,
        "epochs": 6.0,
    }
    (tmp_path / f"{name}.json").write_text('{"label": "", "seed": 0, "run": {}}')
    store = TrainingStore(tmp_path)
    assert store.path(TrainingSpec(**content)) == tmp_path / f"{name}.json"
    assert store.path(TrainingSpec(**content, seed=1)) is None
    assert store.path(TrainingSpec(**content, circuit={"at_rest": True})) is None


def test_conditions_are_those_of_the_worst_factor_of_each_refresh(tmp_path):
    """The median over the refreshes, the largest of all, and every column of the ledger."""
    content = TINY | {"epochs": 1.5, "optimizer": {"name": "kfac", "inverse_interval": 1, "first_interval": 1}}
    (run,) = run_all([Method("K-FAC", content)], 1, 1, tmp_path)["K-FAC"]
    ledger = Training(TrainingSpec(**content)).run().ledger
    steps = sorted({entry.step for entry in ledger.inversions})
    worst = [max(entry.condition for entry in ledger.inversions if entry.step == step) for step in steps]
    assert len(worst) == 4 and run.condition == pytest.approx((sorted(worst)[1] + sorted(worst)[2]) / 2)
    assert run.largest_condition == pytest.approx(max(worst))
    assert (run.columns, run.joules, run.reason) == (ledger.right_hand_sides, None, "")


def test_the_interval_of_a_mean_is_that_of_student():
    """Two values: 12.706 standard errors, from tables; one value has no interval."""
    assert half([1.0, 3.0]) == pytest.approx(12.7062, rel=1e-5)
    assert half([1.0]) == float("inf")


def test_the_interval_of_a_ratio_of_medians_is_that_of_pairs():
    """Pairs of one ratio leave no doubt about it; other pairs have it within their interval."""
    values = [3.0, 1.0, 4.0, 2.0, 5.0]
    assert ratio_of_medians([2 * one for one in values], values) == pytest.approx((2, 2, 2))
    ratio, low, high = ratio_of_medians([2.0, 2.0, 3.0, 5.0, 1.0], values)
    assert ratio == pytest.approx(2 / 3) and low < ratio < high
