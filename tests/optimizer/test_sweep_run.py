"""Trainings as points of a sweep: their options, their specifications, and their rows."""

import json

import pytest

from amc_circuits import ParameterError
from amc_circuits.sweep.store import Store
from optimizer.circuit_settings import CircuitSettings
from optimizer.effects import given_places
from optimizer.settings import AdamSettings, KfacSettings
from optimizer.specification import PRESETS, TrainingSpec, override, preset
from optimizer.sweep_options import NOT_IN_SWEEPS, options
from optimizer.sweep_run import complete, files, measure, spec_of
from optimizer.training import Training
from tests import forked

SMALL = '[{"channels": 2, "kernel": 3, "pool": 2}]'
QUICK = {"convolutions": SMALL, "batch_size": 150, "epochs": 1.0, "target_accuracy": 0.3}
SWEEP = f"""
run = "train"
[fixed]
convolutions = '{SMALL}'
batch_size = 300
epochs = 1
[[points]]
solver = "inv-circuit"
circuit.engine = "exact"
circuit.levels = 64
target_accuracy = 0.05
[[points]]
solver = "inv-circuit"
circuit.engine = "exact"
circuit.adc_bits = 8
circuit.adc_range = "1u"
[[points]]
optimizer.name = "momentum"
optimizer.learning_rate = 1e30
[[points]]
optimizer.name = "adam"
target_accuracy = 0.05
[grid]
seed = {{range = [0, 2]}}
"""


@pytest.fixture
def amc(tmp_path):
    """Runs `amc` in which the run `train` is announced."""
    record = tmp_path / "packages" / "trainings-1.dist-info"
    record.mkdir(parents=True)
    (record / "METADATA").write_text("Metadata-Version: 2.1\nName: trainings\nVersion: 1\n")
    (record / "entry_points.txt").write_text("[amc.runs]\ntrain = optimizer.sweep_run:train\n")
    return lambda *words: forked.ended(forked.amc, *map(str, words), folder=tmp_path, packages=record.parent)


def test_every_setting_of_a_training_is_an_option():
    """The settings of all presets, and those of other optimizers and cells, have an option of their name."""
    names = {option.name for option in options()}
    other = TrainingSpec(
        solver="inv-circuit", circuit=CircuitSettings(levels=64, stuck_on=0.1, engine="auto"), optimizer=KfacSettings()
    )
    for spec in (*PRESETS.values(), other, TrainingSpec(optimizer=AdamSettings())):
        places = {place for place, _ in given_places(spec.model_dump(mode="json"))}
        assert places - names <= set(NOT_IN_SWEEPS)


POINTS = [
    {},
    {"preset": "digits-demo"},
    {"preset": "digits-demo", "circuit.engine": "exact", "circuit.levels": 16, "optimizer.damping": 1.0},
    {"preset": "digits-demo", "circuit.programming_error": "3%", "circuit.scaling": "none"},
    {"preset": "digits-demo", "solver": "cholesky", "seed": 4},
    {"preset": "digits-demo", "circuit.topology": "compensated"},
    {"preset": "digits-demo", "circuit.wide": "blocks", "circuit.simulated_columns": 4},
    {"preset": "digits-demo", "circuit.at_rest": True, "circuit.simulated_columns": 4},
    {"preset": "digits-demo", "circuit.bits": 8, "circuit.simulated_columns": "all", "circuit.adc_bits": 6},
    {"preset": "ocr-letters", "optimizer.name": "adam", "optimizer.learning_rate": 0.01},
    {"optimizer.name": "momentum", "convolutions": "[]", "precision": "double"},
    QUICK,
]


@pytest.mark.parametrize("given", POINTS)
def test_complete_options_are_the_training(given):
    """They give the same training without preset and file, and are complete as they are."""
    whole = complete(given)
    assert spec_of(whole).model_copy(update={"circuit": None}) == spec_of(given).model_copy(update={"circuit": None})
    assert spec_of(whole).circuit.options == spec_of(given).circuit.options
    for name in set(CircuitSettings.model_fields) - {"jobs"}:
        assert getattr(spec_of(whole).circuit, name) == getattr(spec_of(given).circuit, name)
    assert complete(whole) == whole
    assert all(isinstance(value, (str, int, float)) for value in whole.values())


def test_options_change_a_preset_as_the_command_does():
    """The same changes by `override`, which the options of `amc train` go through, give the same specification."""
    given = {"seed": 3, "epochs": 2.0, "solver": "inv-circuit"}
    by_command = override(preset("digits-demo"), engine="exact", opamp="single-pole", **given)
    by_sweep = spec_of(given | {"preset": "digits-demo", "circuit.engine": "exact", "circuit.opamp": "single-pole"})
    assert by_sweep.model_copy(update={"circuit": None}) == by_command.model_copy(update={"circuit": None})
    assert by_sweep.circuit.options == by_command.circuit.options


def test_a_file_is_the_base_of_a_point(tmp_path):
    """Its settings are those of the file where no option changes them."""
    path = tmp_path / "train.toml"
    path.write_text('batch_size = 50\nepochs = 3\n[optimizer]\nname = "kfac"\ndamping = 0.7\nmomentum = 0.5\n')
    spec = spec_of({"specification": str(path), "optimizer.damping": 0.1})
    assert spec == TrainingSpec(batch_size=50, epochs=3, optimizer=KfacSettings(damping=0.1, momentum=0.5))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"optimizer.damping": -1.0}, "optimizer.damping: got -1.0; .* greater than 0"),
        ({"optimizer.name": "adam", "optimizer.damping": 0.3}, "optimizer.damping"),
        ({"optimizer.name": "adam", "solver": "inv-circuit"}, "solver: .* has no effect: adam inverts nothing"),
        ({"circuit.levels": 16}, "circuit.levels: .* has no effect with the solver cholesky"),
        ({"solver": "inv-circuit", "circuit.engine": "xyce"}, "circuit.engine: .*xyce"),
        ({"solver": "inv-circuit", "circuit.levels": 1}, "circuit.levels"),
        ({"convolutions": "two"}, "convolutions: .* JSON"),
        ({"dataset": "digits", "epochs": 0.0}, "epochs: .* greater than 0"),
    ],
)
def test_what_cannot_be_used_is_refused_by_its_option(given, words):
    """Before anything runs, with the name of the option."""
    with pytest.raises(ParameterError, match=words):
        complete(given)


def test_a_row_holds_the_metrics_of_the_training():
    """They are those of the summary and of the ledger of the same training."""
    given = complete(QUICK | {"solver": "inv-circuit", "circuit.engine": "exact"})
    outcome = measure(given)
    result = Training(spec_of(given)).run()
    summary, metrics = result.summary(), outcome.metrics
    assert outcome.status == "DONE" and metrics["best_accuracy"] > 0.1
    for name in ("epochs_to_target", "best_accuracy", "final_accuracy", "steps"):
        assert metrics[name] == summary[name]
    entries = result.ledger.inversions
    assert metrics["energy_j"] == sum(entry.joules for entry in entries) > 0
    assert metrics["simulated_time_s"] == sum(entry.simulated_seconds for entry in entries) > 0
    assert (metrics["inversions"], metrics["failed_inversions"]) == (len(entries), 0)
    assert metrics["cycles"] == metrics["right_hand_sides"] == sum(entry.size for entry in entries)
    assert metrics["conversions"] == sum(2 * entry.size**2 for entry in entries)


def test_a_training_that_is_a_guess_is_not_usable():
    """Dead rectifiers, of a loss that has grown or not; a target that a guess reaches makes a usable row."""
    given = {"convolutions": SMALL, "batch_size": 64, "epochs": 1.0, "optimizer.name": "momentum"}
    given["optimizer.learning_rate"] = 1.0
    outcomes = [measure(complete(given | change)) for change in ({}, {"optimizer.learning_rate": 30.0})]
    assert [one.status for one in outcomes] == ["UNTRAINED", "DIVERGED"]
    assert outcomes[0].error == "no better than guessing" and outcomes[0].metrics["best_accuracy"] < 0.25
    assert measure(complete(given | {"target_accuracy": 0.05})).status == "DONE"


def test_files_of_data_count_by_their_content(tmp_path):
    """Another content, or another file in a folder, is another point; another time of the same content is not."""
    path, folder = tmp_path / "x.npz", tmp_path / "pictures"
    path.write_bytes(b"one")
    (folder / "cat").mkdir(parents=True)
    (folder / "cat" / "1.png").write_bytes(b"a")
    given = {"data.train": str(path), "data.test": str(folder)}
    first = files(given)
    path.write_bytes(b"one")
    assert files(given) == first != files({}) == ""
    path.write_bytes(b"two")
    second = files(given)
    (folder / "cat" / "2.png").write_bytes(b"b")
    assert len({first, second, files(given)}) == 3


def test_a_sweep_of_trainings_has_a_row_a_training(amc, tmp_path):
    """Circuits, circuits that all fail, a loss that diverges, and a first-order optimizer, with two seeds each."""
    (tmp_path / "sweep.toml").write_text(SWEEP)
    out = tmp_path / "out"
    outcome = amc("sweep", tmp_path / "sweep.toml", "--out", out, "--jobs", 2)
    assert outcome.code == 3 and outcome.out.startswith("8 points, 4 usable, 4 not")
    with Store(out) as store:
        rows = store.rows()
    assert [row.status for row in rows] == 2 * ["DONE"] + 2 * ["UNSOLVED"] + 2 * ["DIVERGED"] + 2 * ["DONE"]
    assert [row.seed for row in rows] == 4 * [0, 1]
    assert "CLIPPED" in rows[2].error and rows[4].error == "the loss diverged"
    assert rows[6].figures["inversions"] == 0 and rows[6].figures["energy_j"] is None
    assert amc("replay", out, 0).out.startswith("row 0: DONE again")
    again = amc("sweep", tmp_path / "sweep.toml", "--out", out)
    assert again.code == 3
    with Store(out) as store:
        assert store.rows() == rows
    table = json.loads(amc("table", out, "--format", "json", "--where", "circuit.levels=64").out)
    assert [row["seed"] for row in table] == [0, 1]
