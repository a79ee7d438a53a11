"""`amc doctor` on simulators that are sound, old, broken, slow or wrong: it finds out by a circuit that it knows."""

import itertools
import math
import os
import re
from pathlib import Path

import pytest

from amc_circuits.cli.commands import doctor
from amc_circuits.engines import find_ngspice
from amc_circuits.engines.ngspice.binary import OLDEST
from netlists.version import package_version
from tests.amc_circuits import broken_ngspice as broken
from tests.command_line import HANDED_IN

OLD = HANDED_IN / "k11a_old_ngspice"


def simulator(folder: Path, version: str, script: str) -> str:
    """An executable that says that it is this version, and else runs a script; `$real` is the installed one."""
    path = folder / "ngspice"
    path.write_text(
        f'#!/bin/sh\nreal="{find_ngspice().path}"\n[ "$1" = --version ] && echo "{version}" && exit\n{script}\n'
    )
    path.chmod(0o755)
    return str(path)


def line_of(outcome, name):
    """The line on one part."""
    (line,) = (line for line in outcome.out.splitlines() if line[5:].startswith(f"{name}: "))
    return line


def test_a_sound_simulator_is_ok(amc):
    """Its settling time is near the closed form: log(100) / (2 pi GBWP / 2) of an op-amp with 100 MHz."""
    outcome = amc("doctor")
    found = re.search(r"settles in ([\d.]+) ns, ([\d.]+) ns expected", line_of(outcome, "ngspice"))
    exact = math.log(100) / (math.pi * 100e6) * 1e9
    assert outcome.code == 0
    assert float(found[2]) == pytest.approx(exact, rel=1e-3)
    assert float(found[1]) == pytest.approx(exact, rel=0.01)


@pytest.mark.parametrize(("name", "version", "noted"), [("amc", "99.1", True), ("amc", None, False), ("x", "9", False)])
def test_files_that_are_newer_than_their_installation_are_noted(monkeypatch, tmp_path, name, version, noted):
    """After a pull; not if the versions agree, nor where a project file of something else lies."""
    monkeypatch.setattr(doctor.netlists, "__file__", str(tmp_path / "netlists" / "__init__.py"))
    text = f'[project]\nname = "{name}"\nversion = "{version or package_version()}"\n'
    (tmp_path / "pyproject.toml").write_text(text)
    first, second = itertools.islice(doctor.checks(), 2)
    assert first.ok and (second.name == "version") == noted
    if noted:
        assert not second.ok and not second.required and "its files are 99.1" in second.detail


FAILURES = {
    "fails": (broken.FAILS, "ended with code 3"),
    "crashes": (broken.CRASHES, "signal 11"),
    "says nothing": (broken.SAYS_NOTHING, ""),
    "garbage": (broken.GARBAGE, ""),
    "hangs": (broken.HANGS, "ran longer than 1 s"),
    "no output": ('"$real" "$@"; rm -f out.raw', ""),
}


@pytest.mark.parametrize(("script", "words"), FAILURES.values(), ids=FAILURES)
def test_a_broken_simulator_lacks(amc, tmp_path, monkeypatch, script, words):
    """Though it says who it is; why, and where deck and log are; exit code 2."""
    monkeypatch.setattr(doctor, "PATIENCE", 1.0)
    monkeypatch.setenv("AMC_NGSPICE", simulator(tmp_path, "ngspice-46 KLU", script))
    outcome = amc("doctor")
    line = line_of(outcome, "ngspice")
    assert outcome.code == 2 and line.startswith("LACK ngspice: 46 at ") and "is broken" in line and words in line
    kept = Path(re.search(r"kept in ([^)]+)\)", line)[1])
    assert (kept / "deck.cir").is_file()


WRONG = {
    "another resistor": ("sed -i '0,/ 10000/s// 20000/' deck.cir", "finds x = 0.49999"),
    "another capacitor": (r"sed -i 's/^\(C[^ ]* [^ ]* [^ ]*\) .*/\1 3p/I' deck.cir", "not 0.99998 after 14.66 ns"),
}


@pytest.mark.parametrize(("script", "words"), WRONG.values(), ids=WRONG)
def test_a_simulator_that_computes_something_else_lacks(amc, tmp_path, monkeypatch, script, words):
    """A wrong result stands beside the right one."""
    script += '; exec "$real" "$@"'
    monkeypatch.setenv("AMC_NGSPICE", simulator(tmp_path, "ngspice-46 KLU", script))
    outcome = amc("doctor")
    line = line_of(outcome, "ngspice")
    assert outcome.code == 2 and line.startswith("LACK ngspice: 46 at ") and words in line, line


def test_an_old_one_that_fails_is_too_old(amc, tmp_path, monkeypatch):
    """And from which version on it would do."""
    monkeypatch.setenv("AMC_NGSPICE", simulator(tmp_path, "ngspice-27", "exit 1"))
    outcome = amc("doctor")
    line = line_of(outcome, "ngspice")
    assert outcome.code == 2 and line.startswith("LACK ngspice: 27 at ")
    assert "is too old" in line and f"install ngspice {OLDEST} or later" in line


@pytest.mark.skipif(not OLD.is_dir(), reason="the collection of cases is not beside the project")
def test_the_old_one_of_the_collection_is_too_old(amc, monkeypatch):
    """First on the PATH."""
    monkeypatch.delenv("AMC_NGSPICE", raising=False)
    monkeypatch.setattr("amc_circuits.engines.ngspice.binary.LOCAL_COPY", Path("none"))
    monkeypatch.setenv("PATH", f"{OLD}{os.pathsep}{os.environ['PATH']}")
    outcome = amc("doctor")
    assert outcome.code == 2 and "LACK ngspice: 27 at " in outcome.out and "is too old" in outcome.out


def test_an_old_one_that_works_is_noted(amc, tmp_path, monkeypatch):
    """It does what it is needed for, and nobody has tried more."""
    monkeypatch.setenv("AMC_NGSPICE", simulator(tmp_path, f"ngspice-{OLDEST - 1} KLU", 'exec "$real" "$@"'))
    outcome = amc("doctor")
    assert outcome.code == 0
    assert line_of(outcome, "ngspice").startswith(f"note ngspice: {OLDEST - 1} at ")


def test_one_without_klu_is_noted(amc, tmp_path, monkeypatch):
    """It works, only slower."""
    monkeypatch.setenv("AMC_NGSPICE", simulator(tmp_path, "ngspice-46", 'exec "$real" "$@"'))
    outcome = amc("doctor")
    assert outcome.code == 0
    assert line_of(outcome, "ngspice").startswith("ok   ") and line_of(outcome, "KLU").startswith("note ")
