"""Solutions in .npz files."""

import json
import zipfile

import numpy as np
import pytest

from amc_circuits.results.stored.saved import load_options, load_saved
from netlists import ParameterError
from tests.command_line import SMALL


@pytest.fixture
def saved(amc, tmp_path):
    """A file made by --save, of three right-hand sides, and what was printed."""
    np.save(tmp_path / "A.npy", np.array([[2.0, -1.0], [-1.0, 2.0]]))
    np.save(tmp_path / "b.npy", np.array([[1.0, 0.0, -1.0], [2.0, 1.0, 0.5]]))
    path = tmp_path / "a.npz"
    outcome = amc(
        "inv", tmp_path / "A.npy", tmp_path / "b.npy", "--opamp", "single-pole", "--save", path, "--format", "json"
    )
    assert outcome.code == 0, outcome
    return path, outcome.json


def test_saved_file_holds_what_was_printed(saved):
    """The record in the file has every figure that was printed, and every simulation beside."""
    path, printed = saved
    with np.load(path, allow_pickle=False) as content:
        record = json.loads(str(content["record"]))
    assert {name: record[name] for name in printed} == printed
    assert record.keys() - printed.keys() == {"message", "attempts"}
    assert [attempts[0]["why"] for attempts in record["attempts"]] == ["first"] * 3


def test_saved_file_loads_without_pickle(saved):
    """Every array in the file is of numbers or text, and the waveforms end at k b divided by A."""
    path, printed = saved
    with np.load(path, allow_pickle=False) as content:
        arrays = {name: content[name] for name in content.files}
    of_each = {f"{what}_{k}" for what in ("time", "outputs", "target", "terminal_voltage") for k in range(3)}
    of_arrays = {f"{what}_{k}" for what in ("conductance", "word_lines", "bit_lines") for k in range(2)}
    of_all = {"record", "tolerance", "settling_time", "matrix", "vector"}
    of_all |= {"array_names", "wire_resistance", "contacts", "grid"}
    assert arrays.keys() == of_all | of_arrays | of_each
    np.testing.assert_array_equal(arrays["settling_time"], printed["settling_time_s"])
    # The first column, at 0.1 V full scale: k = 0.05, G0 / G_in = 1, alpha = 2, so outputs = -k alpha x = -0.1 x.
    np.testing.assert_allclose(arrays["outputs_0"][-1], -0.1 * np.array([4 / 3, 5 / 3]), rtol=2e-3)
    np.testing.assert_allclose(arrays["target_0"], -0.1 * np.array([4 / 3, 5 / 3]), rtol=1e-12)
    np.testing.assert_array_equal(arrays["terminal_voltage_0"][2:4], arrays["outputs_0"][-1])
    assert (np.diff(arrays["time_0"]) > 0).all()


def test_saved_options_come_back_as_typed_and_in_si_units(amc, tmp_path):
    """The file holds the options that were given, as typed, and all options with their values in SI units."""
    path = tmp_path / "a.npz"
    given = ("--opamp", "single-pole", "--gbwp", "50MEG", "--wire-resistance", "2 ohm", "--fixed-scale")
    assert amc("inv", "--size", 2, *given, "--engine", "exact", "--save", path).code == 0
    found = load_options(path)
    assert found.circuit == "inv"
    assert found.typed == {
        "size": "2", "opamp": "single-pole", "gbwp": "50MEG", "wire_resistance": "2 ohm", "fixed_scale": True,
        "engine": "exact",
    }  # fmt: skip
    assert (found.values["gbwp"], found.values["wire_resistance"], found.values["size"]) == (50e6, 2.0, 2)
    assert (found.values["family"], found.values["slew_rate"], found.values["noise"]) == ("spd", None, False)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"schema_version": None}, "older version"),
        ({"schema_version": "9.0"}, "schema 9"),
        ({"typed": {"gbwp": [1]}}, "no solution saved by amc"),
        ({"options": []}, "no solution saved by amc"),
        ({"circuit": 3}, "no solution saved by amc"),
    ],
)
def test_files_without_options_are_refused(saved, tmp_path, change, why):
    """A file of an older version, of a newer schema, or one that was changed by hand has no options."""
    with np.load(saved[0], allow_pickle=False) as content:
        arrays = {name: content[name] for name in content.files}
    record = json.loads(str(arrays["record"])) | change
    record = {name: value for name, value in record.items() if value is not None}
    np.savez(tmp_path / "changed.npz", **(arrays | {"record": np.array(json.dumps(record))}))
    with pytest.raises(ParameterError, match=why):
        load_options(tmp_path / "changed.npz")


def test_trials_have_no_options_of_one_solution(saved, tmp_path):
    """A file of trials is refused by its name."""
    with np.load(saved[0], allow_pickle=False) as content:
        arrays = {name: content[name] for name in content.files}
    np.savez(tmp_path / "changed.npz", **arrays, trial=np.ones(2))
    with pytest.raises(ParameterError, match="holds trials"):
        load_options(tmp_path / "changed.npz")


def test_saved_responses_come_back(saved):
    """A picture loads the waveforms of every right-hand side, cells and wires, and a title."""
    path, printed = saved
    loaded = load_saved(path)
    assert [response.outputs.shape[1] for response in loaded.responses] == [2, 2, 2]
    assert [response.time_to_bits(6) for response in loaded.responses] == printed["time_to_6_bits_s"]
    assert loaded.title == "INV 2 x 2, settled"
    # G- has the floor of 1 uS where A is positive: (G+ - G-) = A / 2 * 99 uS.
    positive, negative = (array.conductance for array in loaded.arrays.arrays)
    np.testing.assert_allclose(positive - negative, np.array([[2, -1], [-1, 2]]) / 2 * 99e-6, rtol=1e-12)
    assert [(array.wire_resistance, array.contacts) for array in loaded.arrays.arrays] == [(0, "one")] * 2


def test_right_hand_sides_are_counted_as_they_were_given(amc, tmp_path):
    """One that is zero was not simulated, but keeps its number; without a number the slowest is taken."""
    np.save(tmp_path / "A.npy", np.eye(2))
    np.save(tmp_path / "b.npy", np.array([[1.0, 0.0, 0.0], [1.0, 0.0, 1.0]]))
    outcome = amc("inv", tmp_path / "A.npy", tmp_path / "b.npy", "--opamp", "single-pole", "--save", tmp_path / "a.npz")
    assert outcome.code == 0, outcome
    loaded = load_saved(tmp_path / "a.npz")
    assert (loaded.numbers, loaded.count) == ((1, 3), 3)
    response, title = loaded.chosen(3)
    assert np.abs(response.outputs[-1, 0]) < 2e-3 < np.abs(response.outputs[-1, 1])
    assert title == "INV 2 x 2, settled (right-hand side 3 of 3)"
    slowest, title = loaded.chosen(None)
    assert slowest.settling_time == max(response.settling_time for response in loaded.responses)
    assert title == "INV 2 x 2, settled (the slowest of 3 right-hand sides)"
    for number, why in ((2, "is zero"), (4, "right-hand sides 1 to 3")):
        with pytest.raises(ParameterError, match=why):
            loaded.chosen(number)


def test_files_of_older_versions_are_drawn_as_far_as_they_go(amc, saved, tmp_path):
    """Without target, conductances and terminal voltages there are waveforms, and one line for the other pictures."""
    with np.load(saved[0], allow_pickle=False) as content:
        arrays = {name: content[name] for name in content.files}
    old = ("record", "tolerance", "settling_time", "time", "outputs")
    np.savez(tmp_path / "old.npz", **{name: arrays[name] for name in arrays if name.rstrip("_012") in old})
    assert amc("plot", tmp_path / "old.npz", "-o", tmp_path / "p.png").code == 0
    for option, what in (("--error", "errors"), ("--array", "cells")):
        refused = amc("plot", tmp_path / "old.npz", option, "-o", tmp_path / "q.png")
        refused.refused("old.npz", f"has no {what} to plot", "save it anew")
    assert not (tmp_path / "q.png").exists()


@pytest.mark.parametrize(
    "change",
    [
        {"target_0": np.ones(3)},
        {"terminal_voltage_1": np.ones(5)},
        {"conductance": np.ones((2, 2))},
        {"contacts": np.array("three")},
        {"time_2": np.arange(4.0)},
        {"tolerance": np.full(2, 0.01)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_files_whose_parts_do_not_match_are_refused(saved, tmp_path, change):
    """A file that was changed by hand is refused before anything is drawn."""
    with np.load(saved[0], allow_pickle=False) as content:
        arrays = {name: content[name] for name in content.files} | change
    np.savez(tmp_path / "changed.npz", **arrays)
    with pytest.raises(ParameterError, match="not saved by amc"):
        load_saved(tmp_path / "changed.npz")


def test_foreign_files_are_refused(amc, tmp_path, saved):
    """A file that --save did not make is refused in one line, whatever it is."""
    np.savez(tmp_path / "other.npz", a=np.ones(2))
    np.savez(tmp_path / "objects.npz", record=np.array([{}], dtype=object), tolerance=np.ones(1), settling_time=1)
    np.save(tmp_path / "array.npy", np.ones(2))
    (tmp_path / "text").write_text("no")
    (tmp_path / "empty").write_text("")
    whole = saved[0].read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    with zipfile.ZipFile(tmp_path / "zip.npz", "w") as archive:
        archive.writestr("record.npy", b"no array")
    for name in ("other.npz", "objects.npz", "array.npy", "text", "empty", "cut.npz", "zip.npz"):
        with pytest.raises(ParameterError, match="not saved by amc"):
            load_saved(tmp_path / name)
        amc("plot", tmp_path / name, "-o", tmp_path / "p.png").refused(name, "not saved by amc")
        assert not (tmp_path / "p.png").exists()


def test_save_keeps_an_old_file_when_the_solve_fails(amc, tmp_path):
    """Where nothing could be solved, the old file keeps its content."""
    (tmp_path / "a.npz").write_text("old")
    amc("inv", *SMALL, "--save", tmp_path / "a.npz", "--tolerance", "2").refused("--tolerance")
    assert (tmp_path / "a.npz").read_text() == "old"
