"""Files that cannot be read or written: exit code 2, one line, nothing executed, nothing written."""

import io
import os
import pickle
import tracemalloc

import numpy as np
import pytest

from tests.command_line import SMALL

GOOD = np.array([[2.0, -1.0], [-1.0, 2.0]])


def _header(shape, kind="<f8"):
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": kind, "fortran_order": False, "shape": shape})
    return file.getvalue()


def _saved(array):
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


class _Bomb:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


DAMAGED = {
    "cut": (_saved(GOOD)[:-1], "truncated"),
    "cut in the header": (_saved(GOOD)[:40], "numpy.save"),
    "80 GB": (_header((100_000, 100_000)) + bytes(64), "truncated"),
    "7 GB": (_header((30_000, 30_000)) + bytes(64), "truncated"),
    "beyond 64 bit": (_header((10**12, 10**12)) + bytes(64), "numpy.save"),
    "negative": (_header((-2, -2)) + bytes(64), "numpy.save"),
    "unknown numbers": (_header((2, 2), "<q9") + bytes(64), "numpy.save"),
    "header of 2 GB": (b"\x93NUMPY\x02\x00\xff\xff\xff\x7f" + bytes(50), "truncated"),
    "header without end": (b"\x93NUMPY\x01\x00v\x00{'descr': " + _header((2, 2)) + bytes(32), "numpy.save"),
    "nothing": (b"", "is empty; wanted is .npy"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_file_is_refused_without_its_memory(with_outputs, tmp_path, name):
    """A file that is cut, foreign, or claims gigabytes is refused by its name and takes no memory."""
    content, mend = DAMAGED[name]
    (tmp_path / "A.npy").write_bytes(content)
    np.save(tmp_path / "b.npy", np.ones(2))
    tracemalloc.start()
    outcome = with_outputs("inv", tmp_path / "A.npy", tmp_path / "b.npy")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    outcome.refused(f"A: got {tmp_path / 'A.npy'}", mend)
    assert peak < 50e6


@pytest.mark.parametrize("form", ["pickle", "object array"])
def test_pickles_never_run(amc, tmp_path, form):
    """Neither a pickle nor an array of objects is unpickled: its code does not run."""
    made = tmp_path / "made"
    bomb = _Bomb(made)
    content = pickle.dumps(bomb) if form == "pickle" else _saved(np.array([[bomb]], dtype=object))
    (tmp_path / "A.npy").write_bytes(content)
    np.save(tmp_path / "b.npy", np.ones(1))
    amc("inv", tmp_path / "A.npy", tmp_path / "b.npy").refused("A: got ", "A.npy")
    amc("plot", tmp_path / "A.npy", "-o", tmp_path / "p.png").refused("A.npy")
    assert not made.exists()
    pickle.loads(pickle.dumps(bomb))
    assert made.exists(), "the bomb does not work"


def test_what_is_no_file_is_refused(amc, tmp_path):
    """A missing file, a folder and a pipe are refused by name, and the pipe is not waited for."""
    os.mkfifo(tmp_path / "pipe")
    np.save(tmp_path / "b.npy", np.ones(2))
    for name, mend in {
        "none.npy": "No such file",
        "": "name one of .npy, .npz, .csv",
        "pipe": "name one of .npy",
    }.items():
        amc("inv", tmp_path / name, tmp_path / "b.npy").refused(f"A: got {tmp_path / name}", mend)


@pytest.mark.parametrize("option", ["--plot", "--save", "-o"])
def test_unusable_output_file_is_refused_before_anything_runs(amc, tmp_path, monkeypatch, option):
    """A missing folder, a folder or a wrong suffix is refused at once: not even a simulator is asked for."""
    monkeypatch.setenv("AMC_NGSPICE", "/bin/false")
    suffix, name = {"--plot": (".png", "--plot"), "--save": (".npz", "--save"), "-o": (".cir", "--output")}[option]
    command = ("netlist", "inv") if option == "-o" else ("inv",)
    amc(*command, *SMALL, option, tmp_path / "none" / f"a{suffix}").refused(name, "does not exist; make it first")
    (tmp_path / f"a{suffix}").mkdir()
    amc(*command, *SMALL, option, tmp_path / f"a{suffix}").refused(name, "is a folder; name a file")
    if option != "-o":
        amc(*command, *SMALL, option, tmp_path / "a.doc").refused(name, "a.doc", f"must end in {suffix}")


def test_old_outputs_survive_a_refusal(amc, tmp_path):
    """Output files are as before after bad input."""
    for name in ("p.png", "s.npz", "d.cir"):
        (tmp_path / name).write_text("old")
    amc("inv", *SMALL, "--plot", tmp_path / "p.png", "--save", tmp_path / "s.npz", "--g-min", "1").refused("--g-min")
    amc("netlist", "inv", *SMALL, "-o", tmp_path / "d.cir", "--g-min", "1").refused("--g-min")
    assert {(tmp_path / name).read_text() for name in ("p.png", "s.npz", "d.cir")} == {"old"}
