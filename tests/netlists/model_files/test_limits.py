"""Op-amp model files that would take for ever, or that are swapped while they are read."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from netlists import ParameterError
from netlists.model_files.file import read_model
from tests.command_line import ROOT
from tests.netlists.model_files import cases as files
from tests.netlists.model_files.cases import BODY, GOOD, HEAD, refused


def test_includes_without_number_are_refused(tmp_path):
    """An empty file costs no bytes, but it can be included so many times only."""
    files.written(tmp_path, "", "e.lib")
    refused(tmp_path, ".include e.lib\n" * 60_000 + GOOD, 201, "200 files at most")


# Before the good file: what takes a reader for ever that goes back and forth, or puts texts together without end.
SLOW = {
    "digits": ".param p=" + "1" * 19_000 + "_\n",
    "sums of sums": (
        f".func h(y) {{{'+'.join('y' * 1500)}}}\n.func g(y) {{{'+'.join('y' * 9000)}}}\n"
        ".subckt s a\nB1 x 0 V=g(h(v(a)))\n.ends\n"
    ),
    "comparisons of sums": (
        f".func h(y) {{{'+'.join('y' * 1500)}}}\n.func g(y) {{{'<'.join('y' * 9000)}}}\n"
        ".subckt s a\nB1 x 0 V=g(h(v(a)))\n.ends\n"
    ),
}


READS = """
import sys
from pathlib import Path
from netlists import ParameterError
from netlists.model_files.file import read_model

calls = 0
def count(*_):
    global calls
    calls += 1

sys.setprofile(count)
try:
    read_model(Path(sys.argv[1]), "amp", tuple(sys.argv[2].split(",")))
except ParameterError as error:
    assert error.parameter == "opamp_file" and len(str(error)) < 900
sys.setprofile(None)
print(calls)
"""
MOST_CALLS = 3_000_000
"""And returns from them, of functions of Python and others."""
HANGS = 60
"""s of processor time, of which a file takes less than one; without care from half a minute to hours."""


@pytest.mark.parametrize("name", SLOW)
def test_no_file_takes_long(tmp_path, name):
    """Each is read or refused after so many calls; a process of its own ends where one of them does not come back."""
    body = BODY.replace("R2", "X9 inp s\nR2") if ".subckt s a" in SLOW[name] else BODY
    path = files.written(tmp_path, f"{SLOW[name]}{HEAD}{body}.ends\n")
    command = [sys.executable, "-c", READS, str(path), ",".join(files.PINS)]
    ended = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (HANGS, HANGS)),
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert 0 < int(ended.stdout) < MOST_CALLS


def test_resistances_of_a_switch_may_be_far_apart(tmp_path):
    """Half way between 1e-200 and 1e200 ohm, whose quotient is no number, a smooth switch has 1 ohm."""
    text = ".subckt s a b c d f\nS1 b 0 a 0 sm\n.model sm vswitch(ron=1e-200 roff=1e200 von=2 voff=0)\n.ends"
    model = files.read(tmp_path, text, "s", "inp inn out vdd vss")
    plot = files.run(model, ["Va a 0 1", "Vb b 0 1", "Xe a b 0 0 0 opamp", ".op"])[0]
    assert -plot["i(vb)"][0] == pytest.approx(1, rel=1e-6)


def test_a_link_that_comes_after_the_check_is_not_followed(tmp_path, monkeypatch):
    """A file and a folder that are links when they are opened are refused, whatever they were a moment before."""
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    files.written(outside, GOOD, "secret.lib")
    inside.mkdir()
    (inside / "link.lib").symlink_to(outside / "secret.lib")
    (inside / "folder").symlink_to(outside)
    monkeypatch.setattr("netlists.model_files.reader._resolved", lambda path, asked: path.absolute())
    for name in ("link.lib", "folder/secret.lib"):
        refused(inside, f".include {name}\n{GOOD}", 1, "cannot be read|is a folder")


@pytest.mark.parametrize("path", ["loop/model.lib", "no\0name", "n" * 5000])
def test_a_path_that_is_none_is_refused(tmp_path, monkeypatch, path):
    """A folder that is a link to itself, a name that no file can have, a name too long."""
    monkeypatch.chdir(tmp_path)
    Path("loop").symlink_to("loop")
    with pytest.raises(ParameterError, match="cannot be read"):
        read_model(Path(path), "amp", files.PINS)
