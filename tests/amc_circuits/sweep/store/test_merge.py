"""Shards and `amc merge`: parts of a sweep in several folders make the whole."""

import shutil
import tomllib
from dataclasses import replace

import pytest

from amc_circuits.files.run_folder import MARKER
from amc_circuits.sweep.rows.columns import newest
from amc_circuits.sweep.store import FAILED, INVALID, Store
from amc_circuits.sweep.store.evidence import FAILURES
from amc_circuits.sweep.store.folder import SPECIFICATION
from amc_circuits.sweep.store.merge import merge_folders
from tests.amc_circuits import broken_ngspice as broken
from tests.amc_circuits.sweep.made_rows import made, stored
from tests.amc_circuits.sweep.sweeps import EXACT, FAST, lasting, rows, rows_in, run

SPEC = EXACT + 'seed = {range = [0, 4]}\ng_min = ["1u", "1m"]\n'
"""Eight points, of which each second one makes no sense."""


@pytest.fixture
def shards(amc, tmp_path):
    """Folders with a third of the sweep each, with waveforms."""
    (tmp_path / "spec.toml").write_text(SPEC)
    folders = [tmp_path / f"shard{number}" for number in (1, 2, 3)]
    for number, folder in enumerate(folders, 1):
        outcome = amc("sweep", tmp_path / "spec.toml", "--out", folder, "--shard", f"{number}/3", "--waveforms")
        assert outcome.code == 3
    return folders


def waveforms(folder):
    """Those of every row that has any."""
    with Store(folder) as store:
        return {number: store.waveforms(number) for number in store.with_waveforms()}


def test_shards_are_the_whole_sweep(amc, tmp_path, shards):
    """Row by row, by number, with all figures and waveforms, and the specification; amc goes on there."""
    assert [[row.number for row in rows_in(folder)] for folder in shards] == [[0, 3, 6], [1, 4, 7], [2, 5]]
    outcome = amc("merge", *shards[::-1], "--out", tmp_path / "all")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("8 points of 3 folders, 4 failed")
    run(tmp_path / "whole", tomllib.loads(SPEC), with_waveforms=True)
    merged = rows_in(tmp_path / "all")
    assert [lasting(row) for row in merged] == [lasting(row) for row in rows_in(tmp_path / "whole")]
    assert waveforms(tmp_path / "all") == waveforms(tmp_path / "whole")
    assert list(waveforms(tmp_path / "all")) == [0, 2, 4, 6]
    assert (tmp_path / "all" / SPECIFICATION).read_text() == SPEC
    again = amc("sweep", tmp_path / "spec.toml", "--out", tmp_path / "all")
    assert again.out.startswith("8 points, 4 usable, 4 not")
    assert rows_in(tmp_path / "all") == merged


def test_merging_twice_changes_nothing(amc, tmp_path, shards):
    """Nor does a folder that is given twice; what the folders hold stays as it is."""
    before = [rows_in(folder) for folder in shards]
    assert amc("merge", *shards, "--out", tmp_path / "all").code == 0
    merged, seen = rows_in(tmp_path / "all"), waveforms(tmp_path / "all")
    assert amc("merge", *shards, *shards, "--out", tmp_path / "all").code == 0
    assert rows_in(tmp_path / "all") == merged and waveforms(tmp_path / "all") == seen
    assert [rows_in(folder) for folder in shards] == before


def test_one_shard_after_the_other_may_share_a_folder(amc, tmp_path):
    """Each adds its own points."""
    (tmp_path / "spec.toml").write_text(SPEC)
    for number in (1, 2, 2, 1):
        amc("sweep", tmp_path / "spec.toml", "--out", tmp_path / "out", "--shard", f"{number}/2")
    run(tmp_path / "whole", tomllib.loads(SPEC))
    assert [lasting(row) for row in rows(tmp_path)] == [lasting(row) for row in rows_in(tmp_path / "whole")]


GOOD, BAD, UNSTABLE = made(0, {"bits": 5}), made(0, status=FAILED, error="no luck"), made(0, status="UNSTABLE")


@pytest.mark.parametrize(
    ("first", "second", "wanted"),
    [
        (GOOD, BAD, GOOD),
        (BAD, GOOD, GOOD),
        (UNSTABLE, GOOD, GOOD),
        (BAD, UNSTABLE, UNSTABLE),
        (UNSTABLE, BAD, UNSTABLE),
        (replace(BAD, status=INVALID), BAD, replace(BAD, status=INVALID)),
        (replace(GOOD, figures={"bits": 6}), GOOD, replace(GOOD, figures={"bits": 6})),
    ],
)
def test_the_better_of_two_rows_is_taken(tmp_path, first, second, wanted):
    """Usable before any other, a result before a failure; of equals the first. Its waveforms come with it."""
    folders = [
        stored(tmp_path / name, [row], {0: name.encode()}) for name, row in (("one", first), ("two", second))
    ]  # fmt: skip
    merge_folders(folders, tmp_path / "all")
    assert rows_in(tmp_path / "all") == [wanted]
    assert waveforms(tmp_path / "all") == {0: b"one" if wanted == first else b"two"}


def test_other_sweeps_get_numbers_behind(tmp_path):
    """The first of two rows with one number keeps it; none is lost, and a row of both is there once."""
    one = stored(tmp_path / "one", [made(number) for number in (0, 1, 4)])
    other = [replace(made(number), key=f"other {number}") for number in (0, 2, 4)]
    two = stored(tmp_path / "two", [*other, replace(made(4), number=5)])
    merge_folders([one, two], tmp_path / "all")
    found = {row.key: row.number for row in rows_in(tmp_path / "all")}
    assert {key: found[key] for key in ("0", "1", "4", "other 2")} == {"0": 0, "1": 1, "4": 4, "other 2": 2}
    assert sorted(found) == ["0", "1", "4", "other 0", "other 2", "other 4"]
    assert {found["other 0"], found["other 4"]} == {5, 6}


def test_evidence_comes_with_its_row(sweep, amc, tmp_path, monkeypatch):
    """Under the row's new number; that of a row that is replaced by a usable one goes."""
    monkeypatch.setenv("AMC_NGSPICE", broken.program(tmp_path / "simulator", broken.FAILS))
    assert sweep(FAST + "size = 2\n").code == 3
    deck = (tmp_path / "out" / FAILURES / "0" / "deck.cir").read_text()
    other = stored(tmp_path / "other", [made(0)])
    assert amc("merge", other, tmp_path / "out", "--out", tmp_path / "all").out.startswith("2 points of 2 folders, 1 f")
    moved = rows_in(tmp_path / "all")[1]
    assert (moved.number, moved.kept) == (1, f"{FAILURES}/1")
    assert (tmp_path / "all" / moved.kept / "deck.cir").read_text() == deck
    monkeypatch.delenv("AMC_NGSPICE")
    assert sweep(FAST + "size = 2\n", "--retry-failed").code == 0
    assert amc("merge", tmp_path / "out", "--out", tmp_path / "all").code == 0
    better = rows_in(tmp_path / "all")[1]
    assert (better.number, better.status, better.kept) == (1, "SETTLED", "")
    assert not list((tmp_path / "all" / FAILURES).iterdir())


def test_only_evidence_comes_along(tmp_path):
    """A file elsewhere that a row or a link names is neither copied nor removed, wherever the folder comes from."""
    secret, folder = tmp_path / "secret", tmp_path / "one"
    secret.mkdir()
    (secret / "key").write_text("mine")
    names = [str(secret), "../secret", f"{FAILURES}/../../secret", f"{FAILURES}/3", f"{FAILURES}/4"]
    stored(folder, [made(number, status=FAILED, error="no luck", kept=name) for number, name in enumerate(names)])
    (folder / FAILURES / "3").mkdir(parents=True)
    (folder / FAILURES / "3" / "deck.cir").write_text("deck")
    (folder / FAILURES / "3" / "ngspice.log").symlink_to(secret / "key")
    (folder / FAILURES / "4").symlink_to(secret)
    merge_folders([folder], tmp_path / "all")
    assert [row.kept for row in rows_in(tmp_path / "all")] == ["", "", "", f"{FAILURES}/3", ""]
    assert [path.name for path in (tmp_path / "all" / FAILURES).rglob("*")] == ["3", "deck.cir"]
    assert (secret / "key").read_text() == "mine"


def test_what_cannot_be_merged_is_refused(amc, tmp_path):
    """The folder itself among its sources, under whatever name; folders without a sweep; foreign ones. None is made."""
    one = stored(tmp_path / "one", [made(0)])
    (one / MARKER).write_text('{"command": "sweep"}\n')
    (tmp_path / "link").symlink_to(one)
    for source in (one, tmp_path / "link", one / ".." / "one"):
        amc("merge", source, "--out", one).refused("--out", "is one of the folders")
    (tmp_path / "empty").mkdir()
    for source in ("none", "empty"):
        amc("merge", one, tmp_path / source, "--out", tmp_path / "new").refused("DIR: got", source, "amc sweep")
    assert not (tmp_path / "new").exists()
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "thesis.txt").write_text("years of work")
    amc("merge", one, "--out", tmp_path / "foreign").refused("--out", "name a new folder")
    shutil.copytree(one, tmp_path / "damaged")
    next((tmp_path / "damaged").glob("*.sqlite")).write_bytes(b"no database" * 100)
    amc("merge", one, tmp_path / "damaged", "--out", tmp_path / "new").refused("damaged", "cannot be read")
    assert rows_in(one) == [made(0)]


def test_the_folder_that_is_named_last_has_the_newest_rows(tmp_path):
    """Rows keep the order of their folder, folders that in which they are named: clocks say nothing."""
    old = [replace(made(k, size=2 + k), key=f"old {k}", finished="2026-02-02") for k in (1, 0)]
    new = [replace(made(k, size=2 + k), key=f"new {k}", finished="2026-01-01") for k in (0, 1)]
    folders = [stored(tmp_path / "old", old), stored(tmp_path / "new", new)]
    for name, order, keys in (("a", folders, "new"), ("b", folders[::-1], "old")):
        merge_folders(order, tmp_path / name)
        found = rows_in(tmp_path / name)
        assert sorted(row.counter for row in found) == [1, 2, 3, 4]
        assert {row.key for row in newest(found)} == {f"{keys} 0", f"{keys} 1"}
    with Store(tmp_path / "a") as store:
        assert [row.key for row in store.as_they_came()] == ["old 1", "old 0", "new 0", "new 1"]
