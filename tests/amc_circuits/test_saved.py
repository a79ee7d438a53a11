"""Solutions in .npz files."""

import json
import zipfile

import numpy as np
import pytest

from amc_circuits.saved import load_responses
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
    waveforms = {f"{what}_{k}" for what in ("time", "outputs") for k in range(3)}
    assert arrays.keys() == {"record", "tolerance", "settling_time"} | waveforms
    np.testing.assert_array_equal(arrays["settling_time"], printed["settling_time_s"])
    # The first column, at 0.1 V full scale: k = 0.05, G0 / G_in = 1, alpha = 2, so outputs = -k alpha x = -0.1 x.
    np.testing.assert_allclose(arrays["outputs_0"][-1], -0.1 * np.array([4 / 3, 5 / 3]), rtol=2e-3)
    assert (np.diff(arrays["time_0"]) > 0).all()


def test_saved_responses_come_back(saved):
    """What is loaded for a picture are the waveforms of every right-hand side, and a title."""
    responses, title = load_responses(saved[0])
    assert [response.outputs.shape[1] for response in responses] == [2, 2, 2]
    assert title == "INV 2 x 2, settled"


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
        with pytest.raises(ParameterError, match=r"not made by --save"):
            load_responses(tmp_path / name)
        amc("plot", tmp_path / name, "-o", tmp_path / "p.png").refused(name, "not made by --save")
        assert not (tmp_path / "p.png").exists()


def test_save_keeps_an_old_file_when_the_solve_fails(amc, tmp_path):
    """Where nothing could be solved, the old file keeps its content."""
    (tmp_path / "a.npz").write_text("old")
    amc("inv", *SMALL, "--save", tmp_path / "a.npz", "--tolerance", "2").refused("--tolerance")
    assert (tmp_path / "a.npz").read_text() == "old"
