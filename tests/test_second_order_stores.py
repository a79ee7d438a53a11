"""Benchmark of second-order training: rows of its stores, and the lower of two searches."""

from dataclasses import replace

import pytest

from amc_circuits import open_sweep
from benchmarks.second_order.__main__ import main
from benchmarks.second_order.methods import ADAM, RATE
from benchmarks.second_order.outcomes import Epochs, Judged
from benchmarks.second_order.report import Result, lower_table
from benchmarks.second_order.search import Found
from benchmarks.second_order.studies import STUDIES
from benchmarks.second_order.sweeps import NotRunError, Trainer, executor_of
from tests.amc_circuits.sweep.made_rows import stored

GIVEN = {
    "batch_size": 300,
    "epochs": 0.5,
    "target_accuracy": 0.9,
    "optimizer.name": "momentum",
    "convolutions": "[]",
}
POINTS = [GIVEN | {"seed": seed} for seed in (0, 1)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Rows of two trainings, in two runs."""
    found = tmp_path_factory.mktemp("store") / "rows"
    with executor_of(1, None) as executor:
        train = Trainer(found, executor)
        first = train(POINTS[:1])
        assert train(POINTS)[0] == first[0]
    return found


def test_trainings_are_rows_of_a_sweep_that_continues(folder):
    """Rows that are there are not run again, by which process whatever; without processes a missing one is an error."""
    reader = Trainer(folder)
    first, _ = reader(POINTS)
    assert first["steps"] == 2 and first["processor_time_s"] > 0 and len(reader.rows) == 2
    with pytest.raises(NotRunError):
        reader([GIVEN | {"seed": 2}])


def test_rows_of_other_stores_count_and_stay_valid_when_a_setting_is_added(folder, tmp_path):
    """A row without a setting has its default now; of two rows of a training that of the own store counts."""
    one, other = open_sweep(folder)
    lacking = ("optimizer.nesterov", "evaluations", "precision")
    older = {name: value for name, value in one.parameters.items() if name not in lacking}
    assert len(older) == len(one.parameters) - len(lacking)
    strange = other.parameters | {"optimizer.phase_of_moon": 1.0}
    rows = [
        replace(one, parameters=older, package_version="0.0.1", figures={"steps": 5}),
        replace(other, parameters=strange, key="3", number=3),
    ]
    merged = Trainer(stored(tmp_path / "own", rows), None, [folder])
    assert [figures["steps"] for figures in merged(POINTS)] == [5, 2]
    version = one.package_version
    assert merged.words == (
        f"2 trainings (3 rows: 1 by amc 0.0.1, 2 by amc {version}); 1 row with settings that this version does not have"
    )
    with pytest.raises(NotRunError):
        merged([POINTS[0] | {"optimizer.nesterov": True}])
    alone = Trainer(tmp_path / "own")
    assert alone(POINTS[:1]) == [{"steps": 5}] and len(alone.rows) == 1


def test_the_result_is_the_lower_of_two_searches():
    """Of each target on its own; a bound if the lower one is, and none if a search misses or lacks a method."""
    study = STUDIES["cnn-256"]

    def results(*, missed=0, **epochs):
        each = {RATE: (1.0, 1.0, 1.0, 1.0), ADAM: epochs["adam"]}
        return {
            label: Result(
                study,
                label,
                Found({"name": "x"}, (), (), 12),
                Judged(tuple(Epochs((one, one), missed * (label == ADAM)) for one in values), ({}, {})),
            )
            for label, values in each.items()
        }

    first, second = results(adam=(2.0, 4.0, 2.0, 5.0)), results(adam=(4.0, 2.0, 2.5, 4.0), missed=1)
    grid = lower_table("cnn", study, [first, second])
    assert [list(column.cells) for column in grid.columns] == [
        [f"{RATE} against {ADAM}"], ["50%"], ["> 50%"], ["50%"], ["> 75%"]
    ]  # fmt: skip
    assert lower_table("cnn", study, [first, {RATE: second[RATE]}]).row_count == 0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"also": ["none"], "quick": True}, "there is no store .*none: it has no folder quick"),
        ({"methods": "Adam;SOAP 2"}, "no method SOAP 2; there are momentum; Adam;"),
        ({"small": True, "quick": True}, "leave one out"),
    ],
)
def test_words_without_a_meaning_are_refused(given, said, tmp_path):
    """Nothing is written then."""
    others = [tmp_path / name for name in given.pop("also", ())]
    with pytest.raises(SystemExit, match=said):
        main(**given, also=others, report=True, store=tmp_path / "store")
    assert not list(tmp_path.iterdir())
