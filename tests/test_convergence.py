"""The benchmark of convergence: edges of grids, bounds, and its two sweeps."""

import tomllib

import pytest

from amc_circuits.sweep.store import Row
from benchmarks.convergence import Method, Outcome, baselines, best, judged, result_table, specification
from optimizer.settings import KfacSettings


def outcome(method, *epochs):
    """Trainings with these epochs to the target, of at most 15; None for a miss."""
    rows = [Row(str(k), k, {"epochs": 15.0}, "OK", {"epochs_to_target": one, "wall_time_s": 1.0}, "") for k, one in
            enumerate(epochs)]  # fmt: skip
    return Outcome(method, tuple(rows))


def tuned(momentum, adam):
    """Both grids with one seed, every rate with the epochs given."""
    grids = baselines(None)
    return {
        name: [outcome(method, value) for method, value in zip(grids[name], epochs, strict=True)]
        for name, epochs in (("momentum", momentum), ("adam", adam))
    }


def test_the_best_rate_inside_its_grid_is_judged_beside_the_default_and_one_at_the_edge_is_refused():
    """Momentum at its smallest rate, the default, is at the edge; Adam's best is inside."""
    methods, refused = judged(tuned([2.0, 3.0, 4.0, 5.0, 6.0, None], [9.0, 5.0, 4.0, 6.0, 7.0, 8.0, None]))
    assert [(method.optimizer.name, method.optimizer.learning_rate) for method in methods.values()] == [
        ("momentum", 0.01), ("adam", 6e-3), ("adam", 1e-3)
    ]  # fmt: skip
    assert len(refused) == 1 and refused[0].startswith("momentum, rate 0.01 (best, default, AT THE EDGE")
    kfac = outcome(Method(KfacSettings()), 1.0, 1.0)
    rows = {label: outcome(method, 4.0, 4.0) for label, method in methods.items()} | {"K-FAC": kfac}
    assert list(result_table(rows, refused).columns[4].cells) == ["edge", "75% (75%)", "75% (75%)", ""]


def test_a_miss_counts_as_the_whole_run_and_makes_a_bound():
    """A grid prefers rates that arrive; against a miss the saving is a bound, and without K-FAC there is none."""
    methods = baselines(None)["adam"]
    each = zip(methods, ((14.0, 14.0), (12.0, None), (None, None)), strict=False)
    assert best([outcome(method, *epochs) for method, epochs in each]) == (methods[1], False)
    rival, kfac = outcome(methods[0], 5.0, None), outcome(Method(KfacSettings()), 1.0, 1.5)
    assert (rival.text, rival.mean) == ("> 10.00", 10.0)
    assert kfac.saving(rival) == "> 88% (open)"
    assert outcome(Method(KfacSettings()), 1.0, None).saving(rival) == "not reached"


@pytest.mark.parametrize("average", [None, 0.99])
def test_an_average_is_offered_to_all_or_to_none(average):
    """Every point of the sweep has it, K-FAC too."""
    methods = [one for grid in baselines(average).values() for one in grid]
    methods += [Method(KfacSettings(average_decay=average), solver) for solver in ("cholesky", "inv-circuit")]
    content = tomllib.loads(specification("digits-demo", 5.0, methods, range(100, 103)))
    assert content["grid"]["seed"] == {"range": [100, 103]}
    assert [point["optimizer"].get("average_decay") for point in content["points"]] == [average] * len(methods)
