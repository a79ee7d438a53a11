"""Folders of sweeps that older versions made: read as they were, or refused by the number of their layout."""

import hashlib
import json
import shutil
import sqlite3
from contextlib import closing

import pytest

from amc_circuits import open_sweep
from amc_circuits.sweep.store import DATABASE, Store
from amc_circuits.sweep.store.layout import LAYOUT
from amc_circuits.sweep.store.older import OLDEST
from tests.amc_circuits.sweep.sweeps import rows_in
from tests.record_sweep import EXPECTED, RECORDS, SPECIFICATION

LAYOUTS = sorted(int(path.name.removeprefix("layout-")) for path in RECORDS.iterdir())
TODAY = {"kind": "family"}
"""Names of options by those that they had."""
OLDER = [number for number in LAYOUTS if number < LAYOUT]


@pytest.fixture
def recorded(tmp_path):
    """A copy of the folder of a layout, with what its table and its waveforms were."""

    def copied(number):
        folder = shutil.copytree(RECORDS / f"layout-{number}", tmp_path / f"layout-{number}")
        return folder, json.loads((folder / EXPECTED).read_text())

    return copied


def test_every_layout_is_recorded():
    """From the oldest that can be read to that of today."""
    assert list(range(OLDEST, LAYOUT + 1)) == LAYOUTS


def as_before(outcome, expected):
    """Rows that are printed as JSON, by the names that columns had, without those that older versions did not have."""
    return [
        {name: row.get(TODAY.get(name, name)) for name in was}
        for row, was in zip(outcome.json, expected["rows"], strict=True)
    ]


@pytest.mark.parametrize("number", LAYOUTS)
def test_rows_are_what_they_were(amc, recorded, number):
    """Every option, metric and waveform, to the last digit; an older layout is told once, in one line."""
    folder, expected = recorded(number)
    outcome = amc("table", folder, "--format", "json")
    assert as_before(outcome, expected) == expected["rows"]
    assert outcome.err.count("\n") == outcome.err.count(f"layout {number}") == (number < LAYOUT)
    with pytest.warns(UserWarning) if number < LAYOUT else Store(folder), Store(folder) as store:
        waveforms = {str(row): store.waveforms(row) for row in store.with_waveforms()}
    assert {row: hashlib.sha256(content).hexdigest() for row, content in waveforms.items()} == expected["waveforms"]


@pytest.mark.parametrize("number", LAYOUTS)
def test_pictures_reports_and_replays_read_it(amc, recorded, number, tmp_path):
    """Without a word but that of the checksums."""
    folder, _ = recorded(number)
    commands = [
        ("table", folder),
        ("plot", folder, "--x", "number", "-o", tmp_path / "sweep.png"),
        ("plot", folder, "--row", 1, "-o", tmp_path / "row.png"),
        ("report", folder, "-o", tmp_path / "report.html"),
        ("replay", folder, 3),
    ]
    for command in commands:
        outcome = amc(*command)
        assert outcome.code == 0 and outcome.err.count("\n") == (number < LAYOUT), outcome


@pytest.mark.parametrize("number", OLDER)
def test_it_is_not_written_to(amc, recorded, number, tmp_path):
    """By a sweep, its estimate or a merge: its layout is named, with the way out, and it stays as it was."""
    folder, _ = recorded(number)
    before = (folder / DATABASE).read_bytes()
    (tmp_path / "spec.toml").write_text(SPECIFICATION)
    words = ("--out", str(folder), f"layout {number}", "an older version of amc", f"amc merge {folder}")
    amc("sweep", tmp_path / "spec.toml", "--out", folder).refused(*words)
    amc("sweep", tmp_path / "spec.toml", "--dry-run", "--out", folder).refused(*words)
    other, _ = recorded(LAYOUT)
    amc("merge", other, "--out", folder).refused(*words)
    assert (folder / DATABASE).read_bytes() == before


@pytest.mark.parametrize("number", OLDER)
def test_its_rows_go_on_in_a_new_folder(amc, recorded, number, tmp_path):
    """`amc merge` brings all of it, with evidence and order, into a folder of today's layout, which is silent."""
    folder, expected = recorded(number)
    outcome = amc("merge", folder, "--out", tmp_path / "new")
    assert outcome.code == 0 and outcome.err.count("\n") == 1
    with pytest.warns(UserWarning, match=f"layout {number}"):
        old = rows_in(folder)
    new = rows_in(tmp_path / "new")
    assert new == old and [row.counter for row in new] == [1, 2, 3, 4, 5, 6]
    outcome = amc("table", tmp_path / "new", "--format", "json")
    for row in expected["rows"]:
        row.pop("counter", None)  # a row that was stored twice, as one that both engines solved, is stored once here
    assert as_before(outcome, expected) == expected["rows"] and outcome.err == ""
    assert (tmp_path / "new" / "failures" / "2" / "deck.cir").read_bytes() == (
        folder / "failures" / "2" / "deck.cir"
    ).read_bytes()
    assert open_sweep(tmp_path / "new").folder == tmp_path / "new"


@pytest.mark.parametrize("number", [1, LAYOUT + 1, 99])
def test_an_unknown_layout_is_refused_by_its_number(amc, recorded, number, tmp_path):
    """Older than any that can be read, or newer; by who reads and by who writes."""
    folder, _ = recorded(LAYOUT)
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        connection.execute(f"pragma user_version={number}")
    (tmp_path / "spec.toml").write_text(SPECIFICATION)
    whose = "a newer version" if number > LAYOUT else "another version"
    for command in (
        ("table", folder),
        ("replay", folder, 0),
        ("report", folder),
        ("merge", folder, "--out", tmp_path / "new"),
        ("sweep", tmp_path / "spec.toml", "--out", folder),
    ):
        amc(*command).refused(str(folder), f"layout {number}, of {whose}", f"reads {OLDEST} to {LAYOUT}")
