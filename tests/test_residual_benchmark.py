"""Tuning of the residual benchmark against functions with a known best place, and the keys of its store."""

import hashlib
import json
import math

import pytest

from analog_training import make_spec
from benchmarks.residual.rows import Row
from benchmarks.residual.store import Store
from benchmarks.residual.tuning import HALF_DECADES, tune
from tests.analog_training.cells import made_up_cell


class Hill:
    """Accuracies that fall with the distance from the best rates in decades."""

    def __init__(self, **best):
        self.best, self.asked = best, []

    def accuracy(self, settings):
        """The height of the hill at the rates of some settings."""
        self.asked.append(settings)
        return 90 - sum(math.log10(settings[name] / value) ** 2 for name, value in self.best.items())


@pytest.mark.parametrize("rate", HALF_DECADES[1:-1])
@pytest.mark.parametrize("transfer_rate", [0.0003, 0.3, 30.0])
def test_tuning_finds_the_best_rates_inside_the_range(rate, transfer_rate):
    """A grid whose best place is at its edge is widened, until the best one has neighbours on all sides."""
    hill = Hill(rate=rate, transfer_rate=transfer_rate)
    found = tune(hill, "residual", {"states": 4})
    assert found.settings == hill.best and found.edge == () and found.tried >= 9
    for name, value in hill.best.items():
        tried = sorted({one[name] for one in hill.asked})
        assert tried[0] < value < tried[-1]
    assert {one["seed"] for one in hill.asked} == {100, 101} and len(hill.asked) == 2 * found.tried


@pytest.mark.parametrize("rate", [1e-7, 1e4])
def test_a_best_rate_at_the_end_of_the_range_is_named(rate):
    """Rates beyond the range are not tried; the tuning says that it ended there."""
    found = tune(Hill(rate=rate), "analog-sgd", {}, (7,))
    assert found.edge == ("rate",)
    assert found.settings["rate"] == (HALF_DECADES[0] if rate < 1 else HALF_DECADES[-1])


def test_trainings_are_kept_by_the_content_of_their_cell(tmp_path):
    """The same cell at another path is not trained again, another cell at the same path is; lines that broke off go."""
    settings = {"epochs": 1, "tiles": 2, "hidden": "2", "batch_size": 1400, "pool": 4}  # one step
    paths = [tmp_path / name for name in ("one.json", "other.json")]
    for path in paths:
        path.write_text(made_up_cell().model_dump_json())
    store = Store(tmp_path / "store.jsonl", {"dataset": "digits"})
    for path in paths:
        store.row({**settings, "cell": str(path)})
    assert len(store.rows) == 1
    paths[0].write_text(made_up_cell(12).model_dump_json())
    row = store.row({**settings, "cell": str(paths[0])})
    assert len(store.rows) == 2
    with store.path.open("a") as file:
        file.write(json.dumps(row)[:40])
    again = Store(store.path, store.fixed)
    assert again.rows == store.rows
    again.row({**settings, "cell": str(paths[0]), "seed": 1})
    assert Store(store.path, store.fixed).rows == again.rows and len(again.rows) == 3


def test_a_line_stays_valid_when_a_setting_is_added(tmp_path):
    """It lacks the setting, which has its default now; another value, or another cell, is another training."""
    path = tmp_path / "cell.json"
    path.write_text(made_up_cell().model_dump_json())
    content = make_spec({"dataset": "digits", "epochs": 7, "tiles": 2, "cell": str(path)}).content
    whole = hashlib.sha256(made_up_cell().model_dump_json().encode()).hexdigest()  # as older lines have it
    for name in ("longest", "management", "bias_rate"):
        del content[name]
    (tmp_path / "store.jsonl").write_text(json.dumps({"key": json.dumps(content | {"cell": whole}), "accuracy": 0.5}))
    store = Store(tmp_path / "store.jsonl", {"dataset": "digits"})
    settings = {"dataset": "digits", "epochs": 7, "tiles": 2, "cell": str(path)}
    assert store.accuracy(settings) == 50.0
    assert store.found(make_spec(settings | {"longest": 30})) is None
    assert store.found(make_spec(settings | {"bias_rate": 0.2})) is None
    path.write_text(made_up_cell(12).model_dump_json())
    assert store.found(make_spec(settings)) is None


def test_rows_print_their_bounds():
    """Required rows pass or fail, others hold or do not."""
    assert str(Row("a", 2.0, 1.0)) == "  a: 2  (>= 1)  PASS"
    assert str(Row("a", 2.0, high=1.0, error=0.123)) == "  a: 2 +- 0.12  (<= 1)  FAIL"
    assert str(Row("a", 2.0, 1, 3, required=False)) == "  a: 2  (>= 1 and <= 3)  holds"
    assert str(Row("a", 1e-12, required=False)) == "  a: 0  (reported)"
