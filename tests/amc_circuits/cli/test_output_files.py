"""Odd targets of what commands write, by every option that names a file: followed safely, or refused."""

import os
import zipfile

import numpy as np
import pytest

from tests.amc_circuits.sweep.made_rows import made, stored
from tests.command_line import SMALL

EXACT = (*SMALL, "--engine", "exact")
FIGURES = {"circuit": "inv", "size": 2, "status": "SETTLED", "settling_time_s": 1e-7}
WRITES = {
    "inv --plot": (("inv", *EXACT, "--plot"), ".png"),
    "inv --save": (("inv", *EXACT, "--save"), ".npz"),
    "mvm --plot": (("mvm", *EXACT, "--plot"), ".svg"),
    "trials --save": (("inv", *EXACT, "--monte-carlo", "2", "--save"), ".npz"),
    "trials --plot": (("inv", *EXACT, "--monte-carlo", "2", "--plot"), ".pdf"),
    "stability --plot": (("stability", *SMALL, "--plot"), ".png"),
    "netlist -o": (("netlist", "inv", *SMALL, "-o"), ".cir"),
    "program -o": (("program", "MATRIX", "-o"), ".npz"),
    "plot -o of a sweep": (("plot", "SWEEP", "-o"), ".pdf"),
    "plot -o of a file": (("plot", "SAVED", "-o"), ".png"),
    "table -o csv": (("table", "SWEEP", "-o"), ".csv"),
    "table -o parquet": (("table", "SWEEP", "-o"), ".parquet"),
    "report -o": (("report", "SWEEP", "-o"), ".html"),
}
BEGINS = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF", ".npz": b"PK", ".cir": b"", ".csv": b"number,",
          ".parquet": b"PAR1", ".html": b"<!doctype html>"}  # fmt: skip
IN_FULL = ("inv --save", "plot -o of a sweep", "table -o csv")
"""One of each way to write: an archive, a picture, a text."""


def each_with(first, *others):
    """Every command with the first target, and three of them with all others."""
    return [(name, first) for name in WRITES] + [(name, other) for other in others for name in IN_FULL]


@pytest.fixture
def written(request, amc, tmp_path):
    """A function that runs a command with this path, and the suffix that its file has."""
    words, suffix = WRITES[request.param]
    folder = stored(tmp_path / "sweep", [made(k, FIGURES, size=2 + k) for k in range(2)])
    if "SAVED" in words:
        assert amc("inv", *EXACT, "--save", tmp_path / "saved.npz").code == 0
    np.save(tmp_path / "matrix.npy", np.eye(2))
    places = {"SWEEP": folder, "SAVED": tmp_path / "saved.npz", "MATRIX": tmp_path / "matrix.npy"}
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    return lambda path: amc(*(places.get(word, word) for word in words), path), suffix


def files_in(folder):
    """Names of all that is there."""
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("written", "name"), each_with("same", "other.dat", "bare", "is not there yet.txt"), indirect=["written"]
)
def test_links_are_followed(written, tmp_path, name):
    """Whatever suffix the target has: it gets the whole file in its format, the link stays, and nothing else comes."""
    write, suffix = written
    target, link = tmp_path / "there" / (name.replace("same", f"same{suffix}")), tmp_path / "here" / f"link{suffix}"
    if "yet" not in name:
        target.write_text("old")
    link.symlink_to(target)
    outcome = write(link)
    assert outcome.code == 0, outcome
    assert link.is_symlink() and files_in(target.parent) == [target.name] and files_in(link.parent) == [link.name]
    content = target.read_bytes()
    assert content != b"old" and len(content) > 20 and content.startswith(BEGINS[suffix])
    if suffix == ".npz":
        with zipfile.ZipFile(target) as packed:
            assert packed.testzip() is None and np.load(target, allow_pickle=False).files


def _loop(path):
    path.symlink_to(path)


def _into_nowhere(path):
    path.symlink_to(path.parents[1] / "nowhere" / "file")


def _to_a_folder(path):
    path.symlink_to(path.parents[1] / "there")


def _to_a_pipe(path):
    os.mkfifo(path.parents[1] / "there" / "pipe")
    path.symlink_to(path.parents[1] / "there" / "pipe")


def _to_a_device(path):
    path.symlink_to("/dev/null")


ODD = {
    "a loop": (_loop, "leads to itself"),
    "into nowhere": (_into_nowhere, "does not exist"),
    "to a folder": (_to_a_folder, "is a folder"),
    "a folder": (lambda path: path.mkdir(), "is a folder"),
    "to a pipe": (_to_a_pipe, "device or pipe"),
    "a pipe": (os.mkfifo, "device or pipe"),
    "to a device": (_to_a_device, "device or pipe"),
}


@pytest.mark.parametrize(("written", "target"), each_with(*ODD), indirect=["written"])
def test_odd_targets_are_refused(written, tmp_path, target):
    """Before anything runs, in one line that names the path; nothing is made, emptied or removed."""
    (write, suffix), (make, words) = written, ODD[target]
    path = tmp_path / "here" / f"odd{suffix}"
    make(path)
    before = files_in(tmp_path / "there"), path.lstat().st_mode, path.lstat().st_ino
    write(path).refused(str(path), words)
    assert (files_in(tmp_path / "there"), path.lstat().st_mode, path.lstat().st_ino) == before
    assert files_in(path.parent) == [path.name]


@pytest.mark.parametrize("written", WRITES, indirect=True)
def test_the_longest_names_can_be_written(written, tmp_path):
    """A name of 255 bytes is written; one byte more is refused before anything runs."""
    write, suffix = written
    name = "n" * (255 - len(suffix)) + suffix
    assert write(tmp_path / "here" / name).code == 0 and files_in(tmp_path / "here") == [name]
    write(tmp_path / "here" / f"n{name}").refused("too long")
