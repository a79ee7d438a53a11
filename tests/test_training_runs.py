"""Trainings of a benchmark are stored one by one, and medians are compared with an interval."""

import json

import pytest

from benchmarks.training_runs import Method, ratio_of_medians, run_all
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
    (stored,) = tmp_path.iterdir()
    content = json.loads(stored.read_text())
    stored.write_text(json.dumps(content | {"run": content["run"] | {"epochs": 123.0}}))
    again = run_all([method], 2, 1, tmp_path)["momentum"]
    assert again[0].epochs == 123.0 and len(list(tmp_path.iterdir())) == 2
    result = Training(TrainingSpec(**TINY, seed=1)).run()
    assert (again[1].epochs, again[1].reached) == (TINY["epochs"], result.epochs_to_target is not None)
    assert (first[0].inversions, first[0].cycles, first[0].processor > 0) == (0, 0, True)


def test_the_interval_of_a_ratio_of_medians_is_that_of_pairs():
    """Pairs of one ratio leave no doubt about it; other pairs have it within their interval."""
    values = [3.0, 1.0, 4.0, 2.0, 5.0]
    assert ratio_of_medians([2 * one for one in values], values) == pytest.approx((2, 2, 2))
    ratio, low, high = ratio_of_medians([2.0, 2.0, 3.0, 5.0, 1.0], values)
    assert ratio == pytest.approx(2 / 3) and low < ratio < high
