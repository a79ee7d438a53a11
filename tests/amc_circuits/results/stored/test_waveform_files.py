"""Waveforms as text with commas and as raw files."""

import csv
import subprocess

import numpy as np
import pytest

from amc_circuits.engines import find_ngspice
from amc_circuits.engines.ngspice.rawfile import read_plots
from amc_circuits.results.stored.saved import load_saved


@pytest.fixture
def saves(amc, tmp_path):
    """The same three right-hand sides, the second one zero, in every format."""
    np.save(tmp_path / "A.npy", np.array([[2.0, -1.0], [-1.0, 2.0]]))
    np.save(tmp_path / "b.npy", np.array([[1.0, 0.0, -1.0], [2.0, 0.0, 0.5]]))
    for suffix in ("npz", "csv", "raw"):
        files = (tmp_path / "A.npy", tmp_path / "b.npy", "--engine", "exact", "--save", tmp_path / f"a.{suffix}")
        assert amc("inv", *files).code == 0
    return load_saved(tmp_path / "a.npz"), tmp_path / "a.csv", tmp_path / "a.raw"


def test_text_has_every_sample_of_every_right_hand_side(saves):
    """Headings have units, and numbers are those of the waveforms to the last bit."""
    saved, path, _ = saves
    with path.open(newline="") as file:
        head, *lines = csv.reader(file)
    assert head == ["right_hand_side", "time [s]", "output 1 [V]", "output 2 [V]"]
    values = np.array(lines, dtype=float)
    assert set(values[:, 0]) == {1, 3}
    for number, response in zip(saved.numbers, saved.responses, strict=True):
        own = values[values[:, 0] == number]
        np.testing.assert_array_equal(own[:, 1], response.time)
        np.testing.assert_array_equal(own[:, 2:], response.outputs)


def test_raw_files_come_back_by_the_reader_of_the_engine(saves):
    """There is a plot for each simulated right-hand side, with the nodes of the deck, and its time begins at 0."""
    saved, _, path = saves
    plots = read_plots(path)
    assert [plot.names for plot in plots] == [("time", "v(c1)", "v(c2)")] * 2
    for plot, response in zip(plots, saved.responses, strict=True):
        np.testing.assert_array_equal(plot["time"], response.time - response.time[0])
        np.testing.assert_array_equal(plot.values[:, 1:], response.outputs)


def test_raw_files_are_loaded_by_ngspice(saves, tmp_path):
    """Ngspice's own command load finds the last plot and its final value."""
    saved, _, path = saves
    (tmp_path / "load.cir").write_text(
        f"* load\n.control\nload {path}\nset numdgt=15\nlet k = length(time) - 1\nprint v(c2)[k]\nquit\n.endc\n.end\n"
    )
    command = [find_ngspice().path, "-b", tmp_path / "load.cir"]
    printed = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout
    (line,) = [line for line in printed.splitlines() if "v(c2)[k]" in line]
    assert float(line.partition("=")[2]) == pytest.approx(saved.responses[-1].outputs[-1, 1], rel=1e-9)


def test_raw_files_are_read_by_spicelib(saves):
    """An independent reader finds the same traces."""
    spicelib = pytest.importorskip("spicelib")
    saved, _, path = saves
    raw = spicelib.RawRead(str(path), verbose=False)
    assert raw.get_trace_names() == ["time", "v(c1)", "v(c2)"]
    np.testing.assert_array_equal(raw.get_trace("v(c1)").data, saved.responses[0].outputs[:, 0])


def test_complex_outputs_keep_their_names(amc, tmp_path):
    """Real and imaginary parts are columns with their names."""
    np.save(tmp_path / "A.npy", np.array([[2.0, 1j], [-1j, 2.0]]))
    assert amc("inv", tmp_path / "A.npy", "--engine", "exact", "--save", tmp_path / "a.csv").code == 0
    head = (tmp_path / "a.csv").read_text().partition("\n")[0]
    assert head == "right_hand_side,time [s],Re x1 [V],Re x2 [V],Im x1 [V],Im x2 [V]"


@pytest.mark.parametrize("suffix", ["csv", "raw"])
def test_nothing_is_written_where_nothing_was_simulated(amc, tmp_path, suffix):
    """A right-hand side of zeros has no waveform: a note names the file, and there is none."""
    np.save(tmp_path / "A.npy", np.eye(2))
    np.save(tmp_path / "b.npy", np.zeros(2))
    path = tmp_path / f"a.{suffix}"
    outcome = amc("inv", tmp_path / "A.npy", tmp_path / "b.npy", "--engine", "exact", "--save", path)
    assert outcome.code == 0 and f"{path} is not written" in outcome.err
    assert not path.exists()


@pytest.mark.parametrize("suffix", ["csv", "raw"])
def test_trials_are_refused(amc, tmp_path, suffix):
    """Trials have no waveforms."""
    many = ("--size", 2, "--engine", "exact", "--monte-carlo", 2)
    amc("inv", *many, "--save", tmp_path / f"a.{suffix}").refused("--save", "must end in .npz")
