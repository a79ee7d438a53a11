"""Damage to the database of a sweep: whatever bit flips and whatever is lost, no row is another without a word."""

import sqlite3
import warnings
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from amc_circuits.sweep.store import DATABASE, Store
from netlists import ParameterError
from tests.amc_circuits.sweep.made_rows import made, stored
from tests.record_sweep import RECORDS

FLIPS = 300
WRITTEN_TO = 60
FIGURES = {"settling_time_s": 1e-7, "bits": 5.0}


def all_of(folder):
    """All that can be read of a folder, by every way of reading it, with the order in which the rows came."""
    with Store(folder) as store:
        rows, numbers = store.rows(), [row.number for row in store.each()]
        waveforms = {number: store.waveforms(number) for number in store.with_waveforms()}
        came = [(row.number, row.counter) for row in store.as_they_came()]
        return rows, came, store.states(), waveforms, [store.row(number) for number in numbers]


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A folder with rows of all engines, trials and failures, some with waveforms; its content, and its file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows, *_, waveforms, _ = all_of(_copied(RECORDS / "layout-2", tmp_path_factory.mktemp("old")))
    folder = stored(tmp_path_factory.mktemp("sound") / "out", rows, waveforms)
    return folder, all_of(folder), (folder / DATABASE).read_bytes()


def _copied(source: Path, folder: Path) -> Path:
    (folder / DATABASE).write_bytes((source / DATABASE).read_bytes())
    return folder


def flipped(content, generator):
    """The file with one bit flipped."""
    changed = bytearray(content)
    place = int(generator.integers(8 * len(content)))
    changed[place // 8] ^= 1 << (place % 8)
    return bytes(changed)


def outcome_of(folder, look):
    """Outcome of a look at a folder; None where the folder is refused by its name."""
    try:
        return look(folder)
    except ParameterError as error:
        assert error.value == str(folder) and error.parameter in ("DIR", "out")
        return None


def test_a_flipped_bit_changes_nothing_without_a_word(sound, tmp_path):
    """Anywhere in the file: all that is read is as it was, or the folder is refused by its name."""
    _, content, file = sound
    generator = np.random.default_rng(20)
    refused = 0
    for number in range(FLIPS):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / DATABASE).write_bytes(flipped(file, generator))
        found = outcome_of(folder, all_of)
        assert found is None or found == content
        refused += found is None
    assert FLIPS / 5 < refused < FLIPS


def test_rows_are_added_to_a_damaged_file_without_harm_or_not_at_all(sound, tmp_path):
    """After another row was stored, and one replaced, all others are as they were, or the folder was refused."""
    _, (rows, _, _, waveforms, _), file = sound
    generator = np.random.default_rng(21)

    def written_to(folder):
        with Store(folder, create=True) as store:
            store.states()
            store.put([(made(99), b"new"), (rows[0], waveforms[0])])
        return all_of(folder)

    for number in range(WRITTEN_TO):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / DATABASE).write_bytes(flipped(file, generator))
        found = outcome_of(folder, written_to)
        assert found is None or (found[0], found[3]) == ([*rows, made(99)], waveforms | {99: b"new"})


def changed(folder, text, *values):
    """The folder after an SQL statement that knows of no checksums."""
    with closing(sqlite3.connect(folder / DATABASE)) as connection, connection:
        connection.execute(text, values)
    return folder


@pytest.fixture
def three(tmp_path):
    """A folder with three rows, of which the first two have waveforms."""
    return stored(tmp_path / "out", [made(k, FIGURES, size=2 + k) for k in range(3)], {0: b"first", 1: b"second"})


COLUMNS = ("counter", "number", "key", "status", "form", "content", "waveforms_sha256", "row_sha256")
OTHERS = {"counter": 7, "number": 7, "form": 1, "content": "[]"}


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("command", ["table", "report", "merge"])
def test_every_column_is_held_by_the_checksum(amc, three, tmp_path, column, command):
    """A change is reported with folder and row number, or with the new number where that was changed."""
    changed(three, f"update points set {column} = ? where number = 1", OTHERS.get(column, "FAILED"))
    more = ("--out", tmp_path / "merged") if command == "merge" else ()
    number = OTHERS["number"] if column == "number" else 1
    amc(command, three, *more).refused(
        "DIR: got", str(three), f"row {number} of its", "is damaged", "bring back a copy"
    )


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_damaged_row_does_not_take_others_with_it(three, number):
    """Each that is sound is read on its own."""
    changed(three, "update points set status = 'FAILED' where number = ?", number)
    with Store(three) as store:
        for other in {0, 1, 2} - {number}:
            assert store.row(other) == made(other, FIGURES, size=2 + other)
        with pytest.raises(ParameterError, match=f"row {number} of its"):
            store.row(number)


LOST = [
    "delete from points where number = 1",
    "delete from points",
    "delete from ledger",
    "update ledger set rows = 2",
    "update ledger set digest = replace(digest, substr(digest, 1, 1), 'g')",
    f"insert into points select counter + 9, number + 9, key || 'x', {', '.join(COLUMNS[3:])} from points "
    "where number = 2",
]  # fmt: skip


@pytest.mark.parametrize("text", LOST)
def test_lost_and_doubled_rows_are_noticed(amc, three, text):
    """By every command that reads all of them, also where none is left."""
    changed(three, text)
    for command in ("table", "report"):
        amc(command, three).refused("DIR: got", str(three), "damaged")


def test_a_row_that_is_lost_is_not_said_never_to_have_been(amc, three):
    """By its number, too."""
    changed(three, "delete from points where number = 1")
    amc("replay", three, 1).refused("DIR: got", "lost rows")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("update waveforms set content = x'00' where key = '0'", "row 0 of its"),
        ("delete from waveforms where key = '0'", "waveforms of row 0"),
        ("update waveforms set key = case key when '0' then '1 ' else '0' end", "row 0 of its"),
    ],
)
def test_waveforms_are_those_of_their_row(amc, three, tmp_path, text, words):
    """Changed, lost and exchanged ones are told, by pictures and before a merge begins; the table needs none."""
    changed(three, text)
    amc("plot", three, "--row", 0, "-o", tmp_path / "p.png").refused("DIR: got", str(three), words)
    amc("merge", three, "--out", tmp_path / "merged").refused("DIR: got", str(three), words)
    assert not (tmp_path / "merged").exists() and amc("table", three).code == 0


def test_a_sweep_does_not_go_on_in_a_damaged_folder(sweep, tmp_path):
    """A point whose row cannot be trusted is not taken as done, nor run again under another number."""
    text = 'circuit = "inv"\n[fixed]\nengine = "exact"\nsize = 2\n[grid]\nseed = [0, 1]\n'
    assert sweep(text).code == 0
    changed(tmp_path / "out", "update points set key = 'another' where number = 1")
    sweep(text).refused("--out: got", str(tmp_path / "out"), "row 1 of its", "is damaged")


def test_the_newest_row_is_the_one_that_came_last(tmp_path):
    """In the order of storing, by counters that never come back, whatever the clocks said."""
    with Store(tmp_path, create=True) as store:
        store.put([(replace(made(k), finished=f"2026-01-0{9 - k}"), None) for k in (2, 0)])
        store.put([(made(1), None), (made(2), None)])
        assert [(row.number, row.counter) for row in store.each()] == [(0, 2), (1, 3), (2, 4)]
        assert [row.number for row in store.as_they_came()] == [0, 1, 2]
    with Store(tmp_path, create=True) as store:
        store.put([(made(1), None)])
        assert [row.number for row in store.as_they_came()] == [0, 2, 1]
