"""Sweeps of a run that another package gives: a body that falls, with closed forms for every metric."""

import json

import pytest

from amc_circuits.sweep.store import Store
from tests import forked

PACKAGE = """
import math
from pathlib import Path
from amc_circuits import Option, ParameterError, Run, RunOutcome

def options():
    return (
        Option("height", "quantity", "Height", unit="m"),
        Option("planet.gravity", "quantity", "Acceleration", "9.81"),
        Option("planet.name", "text", "Name", "earth"),
        Option("steps", "integer", "Steps", 1, minimum=1),
        Option("note", "text", "File"),
    )

def complete(given):
    if given["height"] is None:
        raise ParameterError("height", "nothing", "give a height")
    if given["planet.gravity"] < 0:
        raise ParameterError("planet.gravity", given["planet.gravity"], "must be 0 or more")
    return {name: value for name, value in given.items() if value is not None}

def files(given):
    return Path(given["note"]).read_text() if given.get("note") else ""

def measure(given):
    if given["planet.gravity"] == 0:
        return RunOutcome("FLOATS", {}, "nothing falls without gravity")
    if given["height"] < 0:
        raise ZeroDivisionError("below the ground")
    time = math.sqrt(2 * given["height"] / given["planet.gravity"])
    return RunOutcome(metrics={"fall_s": time, "part": 0.5, "never": None})

def engine(given):
    return "pen"

def version(name):
    return f"{name} 1"

run = Run(options, complete, engine, version, files, measure, ("part", "fall_s"), ("part",))
"""
FALL = 'run = "fall"\n'
SPEC = """
run = "fall"
[fixed]
planet.name = "moon"
[grid]
height = {linear = [1, 3, 3]}
planet.gravity = ["1.62", 2]
"""


@pytest.fixture
def amc(tmp_path):
    """Runs `amc` in which the package is installed."""
    place = tmp_path / "packages"
    record = place / "fall-1.dist-info"
    record.mkdir(parents=True)
    (place / "fall.py").write_text(PACKAGE)
    (record / "METADATA").write_text("Metadata-Version: 2.1\nName: fall\nVersion: 1\n")
    (record / "entry_points.txt").write_text("[amc.runs]\nfall = fall:run\n")
    return lambda *words: forked.ended(forked.amc, *map(str, words), folder=tmp_path, packages=place)


@pytest.fixture
def sweep(amc, tmp_path):
    """Runs a specification into `out`."""

    def run(text, *arguments):
        (tmp_path / "spec.toml").write_text(text)
        return amc("sweep", tmp_path / "spec.toml", "--out", tmp_path / "out", *arguments)

    return run


def rows(folder):
    """All rows of the sweep in `out`."""
    with Store(folder / "out") as store:
        return store.rows()


def test_rows_hold_what_the_run_gives(sweep, amc, tmp_path):
    """Every combination is a row with its closed form, and table, CSV, plot, report and replay know its columns."""
    outcome = sweep(SPEC, "--jobs", 2)
    assert (outcome.code, outcome.out.partition(";")[0]) == (0, "6 points, 6 usable, 0 not")
    found = rows(tmp_path)
    assert [(row.parameters["height"], row.parameters["planet.gravity"]) for row in found] == [
        (height, gravity) for height in (1, 2, 3) for gravity in (1.62, 2)
    ]
    for row in found:
        assert row.subject == ("run", "fall") and row.status == "DONE" and row.engine_version == "pen 1"
        assert row.figures["fall_s"] == (2 * row.parameters["height"] / row.parameters["planet.gravity"]) ** 0.5
    out = tmp_path / "out"
    table = amc("table", out, "--where", "planet.gravity=2,height>1.5").out
    assert "2 of 6 points" in table and "fall [s]" in table and "part [%]" in table and "1.732" in table
    assert json.loads(amc("table", out, "--format", "json").out)[0]["run"] == "fall"
    assert amc("plot", out, "--y", "fall", "-o", tmp_path / "plot.png").code == 0
    assert amc("report", out).code == 0
    amc("compare", out, out).refused(str(out), "not circuits")
    assert amc("replay", out, 3).out.startswith("row 3: DONE again")


def test_a_point_that_exists_does_not_run_again(sweep, tmp_path):
    """Whether its keys are written as tables or with dots; the contents of files count, and their names do not."""
    assert sweep(SPEC).code == 0
    kept = rows(tmp_path)
    dotted = SPEC.replace("planet.name", '"planet.name"').replace("planet.gravity", '"planet.gravity"')
    assert sweep(dotted).code == 0 and rows(tmp_path) == kept
    note = tmp_path / "note.txt"
    for content, count in (("a", 12), ("b", 18), ("a", 18)):
        note.write_text(content)
        assert sweep(SPEC.replace('"moon"', f'"moon"\nnote = "{note}"')).code == 0
        assert len(rows(tmp_path)) == count


def test_runs_that_fail_are_rows(sweep, tmp_path):
    """A result that is not usable has the run's own word and reason, an exception is FAILED with its traceback."""
    outcome = sweep('run = "fall"\n[grid]\nheight = [1, -1]\nplanet.gravity = [0, 2]\n')
    assert outcome.code == 3
    assert [(row.status, row.error) for row in rows(tmp_path)] == [
        ("FLOATS", "nothing falls without gravity"),
        ("DONE", ""),
        ("FLOATS", "nothing falls without gravity"),
        ("FAILED", "ZeroDivisionError: below the ground"),
    ]
    assert "ZeroDivisionError" in (tmp_path / "out" / "failures" / "3" / "traceback.txt").read_text()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('run = "rise"\n', ("line 1, run: got 'rise'", "fall")),
        ('run = "fall"\ncircuit = "inv"\n', ("line 1, run", "circuit", "give one of them")),
        ('run = "fall"\n[grid]\nplanet.name = ["a"]\n', ("line 1, run: got nothing", "give a height")),
        (FALL + "[grid]\nheight = [1]\nplanet.gravity = [1, -1]\n", ("line 4, [grid] planet gravity", "0 or more")),
        (FALL + '[fixed]\nheight = 1\n"planet.gravty" = 3\n', ('line 4, [fixed] "planet.gravty"', "planet.gravity?")),
        (FALL + '[fixed]\nplanet.name = "a"\n"planet.name" = "b"\n', ("line 4, [fixed]", "got 'b'", "is given twice")),
        (FALL + "[fixed]\nplanet = {}\n", ("line 3, [fixed] planet", "no such option")),
        ('run = "fall"\n[fixed]\nheight = "high"\n', ("line 3, [fixed] height: got 'high'", "number in m")),
        ('run = "fall"\n[fixed]\nheight = 1\nplanet = 3\n', ("line 4, [fixed] planet", "no such option")),
    ],
)  # fmt: skip
def test_unusable_specifications_are_refused(sweep, tmp_path, text, words):
    """File, line, section and key as they were typed, and no folder."""
    sweep(text).refused(*words)
    assert not (tmp_path / "out").exists()


def test_waveforms_of_a_run_are_refused(sweep):
    """A run has none to keep."""
    sweep(SPEC, "--waveforms").refused("--waveforms", "fall")


def test_the_estimate_is_from_existing_rows(sweep, amc, tmp_path):
    """Without rows there is none, since a run may take hours; with rows their mean counts."""
    (tmp_path / "spec.toml").write_text(SPEC)
    assert "no estimate" in amc("sweep", tmp_path / "spec.toml", "--dry-run").out
    assert sweep(SPEC).code == 0
    (tmp_path / "more.toml").write_text(SPEC.replace("[1, 3, 3]", "[1, 4, 4]"))
    outcome = amc("sweep", tmp_path / "more.toml", "--out", tmp_path / "out", "--dry-run")
    assert outcome.out.startswith("8 points: 2 new, 6 cached, 0 failed before\nabout 5 s with 1 job (from 6 rows)")


def test_rows_of_earlier_days_are_points_of_today(sweep, amc, tmp_path):
    """Of another version they are announced and run again; a row without an option of today has its default.

    Tables and pictures know that a later row is of the same point.
    """
    text = 'run = "fall"\n[grid]\nheight = [1, -1]\n'
    sweep(text)
    package = tmp_path / "packages" / "fall.py"
    newer = PACKAGE.replace('"File"),', '"File"), Option("mass", "quantity", "Mass", 1),')
    package.write_text(newer)
    assert sweep(text).err == "" and len(rows(tmp_path)) == 3  # a row lacks the option, another failed
    package.write_text(newer.replace("{name} 1", "{name} 2").replace('["planet.gravity"] < 0', '["height"] < 0'))
    one = sweep(text.replace(", -1", ""))
    assert "1 point with a row of another version (1 of pen 1): computed again by pen 2," in one.err
    assert len(rows(tmp_path)) == 4
    assert "1 of these points ran again later" in amc("table", tmp_path / "out").out
