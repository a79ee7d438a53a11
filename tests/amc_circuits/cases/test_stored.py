"""`amc replay FILE`: a saved result that is run again is the same, or the difference is named."""

import json

import numpy as np
import pytest

from amc_circuits.cases.stored import load_stored, rebuilt
from netlists import ParameterError
from tests.amc_circuits.sweep.sweeps import programmed

EXACT = ("--engine", "exact")
RESULTS = {
    "inv by ngspice": ("inv", "--size", 2, "--seed", 3),
    "inv by auto": ("inv", "--size", 2, "--engine", "auto", "--cross-check", 1),
    "inv with analyses": ("inv", "--size", 3, "--budget", "--noise", "--input-noise", "5n", *EXACT),
    "inv of transistors": ("inv", "--size", 2, "--opamp", "cmos-100meg-transistor"),
    "unstable": ("inv", "--size", 4, "--family", "random", *EXACT),
    "mvm of many entries": (
        "mvm",
        "--size",
        9,
        "--columns",
        10,
        "--family",
        "random",
        "--input-voltage",
        "10m",
        *EXACT,
    ),
    "ginv": ("circuit", "ginv", "--size", 3, "--columns", 2, "--family", "uniform", *EXACT),
    "drawn cells": ("inv", "--size", 3, "--programming-error", "2%", "--gbwp", "50M", "--trial", 4, *EXACT),
    "trials": ("inv", "--size", 2, "--programming-error", "1u", "--monte-carlo", 5, "--spec", "bits>3", *EXACT),
    "trials by ngspice": ("inv", "--size", 2, "--offset-spread", "1m", "--monte-carlo", 2, "--jobs", 2),
    "cost": (
        "cost",
        "--size",
        3,
        "--dac-bits",
        6,
        "--adc-bits",
        6,
        "--solves",
        3,
        "--programming-energy",
        "1n",
        *EXACT,
    ),
}


def saved(amc, tmp_path, *command):
    """Files of a result: JSON and, if the command can write it, .npz."""
    save = () if command[0] == "cost" else ("--save", tmp_path / "r.npz")
    outcome = amc(*command, "--format", "json", *save)
    assert outcome.code in (0, 3), outcome
    (tmp_path / "r.json").write_text(outcome.out)
    return [tmp_path / "r.json", *([tmp_path / "r.npz"] if save else [])]


def changed(path, change):
    """The same JSON with a changed record."""
    record = json.loads(path.read_text())
    change(record)
    path.write_text(json.dumps(record))
    return path


@pytest.mark.parametrize("name", RESULTS)
def test_a_saved_result_comes_out_the_same(amc, tmp_path, name):
    """Both formats, by every engine, with trials and cost: exit code 0, and every value is the same to the last bit."""
    for path in saved(amc, tmp_path, *RESULTS[name]):
        outcome = amc("replay", path)
        assert outcome.code == 0, outcome
        assert f"{path}: " in outcome.out and "the same to the last bit" in outcome.out


def test_a_result_needs_no_file_that_it_was_made_from(amc, tmp_path):
    """A, b and conductances are in the file: after the originals are gone, it comes out the same."""
    written = programmed(tmp_path / "c.npz", 2, 1e-7)
    with np.load(written) as content:
        np.save(tmp_path / "A.npy", content["matrix"])
    np.save(tmp_path / "b.npy", np.array([[1.0, 2.0], [0.5, -1.0]]))
    files = (tmp_path / "A.npy", tmp_path / "b.npy")
    paths = saved(amc, tmp_path, "inv", *files, "--conductances", written, *EXACT)
    for file in (*files, written):
        file.unlink()
    for path in paths:
        assert amc("replay", path).code == 0


def test_complex_systems_come_back(amc, tmp_path):
    """A complex matrix and complex right-hand sides, from JSON alone."""
    np.save(tmp_path / "A.npy", np.array([[2.0, 1j], [-1j, 3.0]]))
    np.save(tmp_path / "b.npy", np.array([1.0 + 1j, 2.0]))
    path, _ = saved(amc, tmp_path, "inv", tmp_path / "A.npy", tmp_path / "b.npy", *EXACT)
    (tmp_path / "A.npy").unlink()
    assert amc("replay", path).code == 0


def test_a_value_that_was_changed_is_named(amc, tmp_path):
    """Exit code 3, with name, both values and the relative difference, and nothing else."""
    path, _ = saved(amc, tmp_path, "inv", "--size", 2, *EXACT)
    settled = json.loads(path.read_text())["settling_time_s"]

    def change(record):
        record["settling_time_s"] *= 1.25
        record["x"][1] = None

    outcome = amc("replay", changed(path, change))
    assert (outcome.code, outcome.err) == (3, "")
    assert "2 differences" in outcome.out and "x[2]" in outcome.out
    (line,) = [line for line in outcome.out.splitlines() if "settling_time_s" in line]
    assert str(settled)[:10] in line and "-0.2" in line


def test_a_waveform_that_was_changed_is_named(amc, tmp_path):
    """The sample with the largest difference is shown."""
    _, path = saved(amc, tmp_path, "inv", "--size", 2, *EXACT)
    with np.load(path) as content:
        arrays = {name: content[name] for name in content.files}
    arrays["outputs_0"] = arrays["outputs_0"] + np.eye(*arrays["outputs_0"].shape, k=1)
    np.savez(path, **arrays)
    outcome = amc("replay", path)
    assert outcome.code == 3 and "outputs_0[0, 1]" in outcome.out


def test_other_numbers_of_a_part_change_the_result(amc, tmp_path):
    """The stored op-amp is the one that runs, and that the preset differs is a note."""
    path, _ = saved(amc, tmp_path, "inv", "--size", 2, *EXACT)
    outcome = amc("replay", changed(path, lambda record: record["opamp"]["record"].update(gbwp=50e6)))
    assert outcome.code == 3
    assert "the opamp cmos-100meg has another gbwp now" in outcome.out
    assert "settling_time_s" in outcome.out


def test_files_above_64_entries_need_their_matrix(amc, tmp_path):
    """JSON has only its hash: another content is refused, and so is a missing file."""
    np.save(tmp_path / "A.npy", np.diag(np.arange(1.0, 10)))
    np.save(tmp_path / "b.npy", np.ones(9))
    path, whole = saved(amc, tmp_path, "inv", tmp_path / "A.npy", tmp_path / "b.npy", *EXACT)
    assert amc("replay", path).code == 0
    np.save(tmp_path / "A.npy", np.diag(np.arange(2.0, 11)))
    amc("replay", path).refused("FILE", "another matrix", "sha256")
    (tmp_path / "A.npy").unlink()
    amc("replay", path).refused("A.npy")
    assert amc("replay", whole).code == 0


def test_older_and_newer_files_are_refused_with_the_reason(amc, tmp_path):
    """Without a schema, of a newer one, of an unknown circuit, with an unknown option."""
    path, npz = saved(amc, tmp_path, "inv", "--size", 2, *EXACT)
    text = path.read_text()
    changes = {
        "older version of amc": lambda record: record.pop("schema_version"),
        "schema 2": lambda record: record.update(schema_version="2.0"),
        "oracle": lambda record: record.update(circuit="oracle"),
        "phase_of_moon": lambda record: record["options"].update(phase_of_moon=1),
    }
    for words, change in changes.items():
        path.write_text(text)
        amc("replay", changed(path, change)).refused(words)
    with np.load(npz) as content:
        arrays = {name: content[name] for name in content.files}
    record = json.loads(str(arrays["record"])) | {"schema_version": "2.0"}
    np.savez(npz, **(arrays | {"record": np.array(json.dumps(record))}))
    amc("plot", npz, "-o", tmp_path / "p.png").refused("schema 2,")


def test_keys_of_a_newer_minor_version_are_ignored(amc, tmp_path):
    """A file without a key that this version has is the same: keys are added within a major version."""
    path, _ = saved(amc, tmp_path, "inv", "--size", 2, *EXACT)
    for change in (lambda record: record.pop("overshoot"), lambda record: record["options"].pop("rise_time")):
        assert amc("replay", changed(path, change)).code == 0


@pytest.mark.parametrize("name", ["trials", "attempts"])
def test_keys_inside_lists_may_be_newer_too(amc, tmp_path, name):
    """A trial, or an attempt, without a key that this version has is the same; another value in it is named."""
    command = RESULTS["trials"] if name == "trials" else ("inv", "--size", 2, *EXACT)
    path, npz = saved(amc, tmp_path, *command)
    if name == "attempts":
        with np.load(npz) as content:
            path.write_text(str(content["record"]))
    record = json.loads(path.read_text())
    entries = record["each"] if name == "trials" else record["attempts"][0]
    assert amc("replay", path).code == 0
    lost, other = list(entries[0])[-1], next(key for key, value in entries[0].items() if isinstance(value, float))
    for entry in entries:
        del entry[lost]
    path.write_text(json.dumps(record))
    assert amc("replay", path).code == 0
    entries[0][other if other != lost else "status"] = -1
    path.write_text(json.dumps(record))
    assert amc("replay", path).code == 3


@pytest.mark.parametrize(
    ("command", "held"),
    [
        (("stability", "--size", 2), "poles and limits of amc stability"),
        (("size", "inv", "--size", 2, "--free", "gbwp", "--target", "settling_time < 1u", *EXACT), "of amc size"),
    ],
)
def test_other_json_is_named(amc, tmp_path, command, held):
    """Its content is no result of a solve, of whatever version, and the refusal lists the commands that have one."""
    (tmp_path / "r.json").write_text(amc(*command, "--format", "json").out)
    refused = amc("replay", tmp_path / "r.json")
    refused.refused("FILE", held, "replay takes results of amc inv, mvm, circuit and cost")
    assert "older" not in refused.err


@pytest.mark.parametrize(
    "change",
    [
        lambda record: record.pop("problem"),
        lambda record: record["options"].update(tolerance=-1),
        lambda record: record["options"].update(jobs=0),
        lambda record: record["opamp"]["record"].update(gbwp="fast"),
        lambda record: record["opamp"]["record"].pop("model"),
        lambda record: record["device"]["record"].update(g_min=-1),
        lambda record: record["problem"]["matrix"].update(entries=[[1, 2], [3, 4]]),
        lambda record: record["problem"]["matrix"].update(entries="x"),
        lambda record: record["problem"]["vector"].update(shape=[3]),
        lambda record: record.update(options=[]),
        lambda record: record.update(schema_version="new"),
        lambda record: record.update(type="oracle"),
    ],
)
def test_damaged_records_are_refused_in_one_line(amc, tmp_path, change):
    """Whatever was changed by hand, there is no traceback."""
    path, _ = saved(amc, tmp_path, "inv", "--size", 2, *EXACT)
    outcome = amc("replay", changed(path, change))
    assert outcome.code == 2 and outcome.err.startswith("amc: ") and outcome.err.count("\n") == 1, outcome


@pytest.mark.parametrize("content", [b"", b"no", b"[]", b"{}", b"PK\x03\x04", b"[" * 100_000, b"\xff\xfe"])
def test_foreign_files_are_refused(amc, tmp_path, content):
    """One line with the file."""
    (tmp_path / "f").write_bytes(content)
    amc("replay", tmp_path / "f").refused("FILE", str(tmp_path / "f"))


def test_arguments_that_do_not_fit_are_refused(amc, tmp_path):
    """A row goes with a folder, and a folder needs a row."""
    path, _ = saved(amc, tmp_path, "inv", "--size", 2, *EXACT)
    amc("replay", path, 3).refused("ROW", "folder of a sweep")
    amc("replay", tmp_path).refused("ROW", "number of a row")
    amc("replay", tmp_path / "none").refused("no such file")


def test_only_numbers_of_the_record_are_used(amc, tmp_path):
    """Op-amp, cells and arrays are rebuilt without the files that the options name."""
    path, _ = saved(amc, tmp_path, "inv", "--size", 2, "--device", "hfo2-wide", "--gbwp", "50M", *EXACT)
    parts = rebuilt(load_stored(path))
    assert parts.arguments["opamp"].gbwp == 50e6
    assert parts.arguments["device"].g_max == 200e-6
    with pytest.raises(ParameterError, match="cannot be read: No such file"):
        load_stored(tmp_path / "none")
