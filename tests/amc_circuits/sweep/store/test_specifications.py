"""Specifications of merged folders: none that a folder held is lost, whichever version wrote it."""

import pytest

from amc_circuits.sweep.store.folder import RESOLVED, SPECIFICATION, SPECIFICATIONS
from amc_circuits.sweep.store.merge import merge_folders
from tests.amc_circuits.sweep.made_rows import made, stored
from tests.amc_circuits.sweep.sweeps import EXACT, run

SPEC = EXACT + "seed = {range = [0, 6]}\n"
"""Six points."""


@pytest.fixture
def shards(amc, tmp_path):
    """Folders of two thirds of a sweep; the first has the names of options that an older version knew."""
    (tmp_path / "spec.toml").write_text(SPEC)
    folders = [tmp_path / "older", tmp_path / "newer"]
    for number, folder in enumerate(folders, 1):
        assert amc("sweep", tmp_path / "spec.toml", "--out", folder, "--shard", f"{number}/3").code == 0
    resolved = folders[0] / RESOLVED
    resolved.write_text(resolved.read_text().replace('"family"', '"kind"'))
    return folders


def held(folder):
    """Contents of all files of specifications in a folder, by name."""
    paths = [folder / SPECIFICATION, folder / RESOLVED, *(folder / SPECIFICATIONS).glob("*")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths if path.exists()}


def written(folder, text, resolved):
    """A folder of one row with these files of a specification."""
    stored(folder, [made(0)])
    (folder / SPECIFICATION).write_bytes(text)
    (folder / RESOLVED).write_bytes(resolved)
    return folder


def test_one_text_has_the_meaning_of_the_last_folder_and_keeps_the_others(tmp_path, shards):
    """The last folder's meaning is the merged folder's own; an older one has a number."""
    older, newer = (held(folder) for folder in shards)
    assert older[RESOLVED] != newer[RESOLVED]
    for name, folders, last, first in (("a", shards, newer, older), ("b", shards[::-1], older, newer)):
        merge_folders(folders, tmp_path / name)
        numbered = {f"{SPECIFICATIONS}/1.toml": first[SPECIFICATION], f"{SPECIFICATIONS}/1.json": first[RESOLVED]}
        assert held(tmp_path / name) == last | numbered


def test_a_report_of_merged_folders_counts_missing_points(amc, tmp_path, shards):
    """A report shows four of six points, also if the folders give one text two meanings."""
    merge_folders(shards, tmp_path / "all")
    assert amc("report", tmp_path / "all", "-o", tmp_path / "r.html").code == 0
    assert f"4 of the 6 that {SPECIFICATION} asks for" in (tmp_path / "r.html").read_text()


def test_a_folder_without_a_meaning_gets_it_when_it_is_merged_again(tmp_path, shards):
    """A file that is there stays as it is; one that is missing is added."""
    merge_folders(shards, tmp_path / "all")
    (tmp_path / "all" / RESOLVED).unlink()
    merge_folders(shards, tmp_path / "all")
    assert held(tmp_path / "all")[RESOLVED] == held(shards[1])[RESOLVED]
    merge_folders(shards[:1], tmp_path / "all")
    assert held(tmp_path / "all")[RESOLVED] == held(shards[1])[RESOLVED]


def test_different_texts_are_all_numbered(tmp_path):
    """The merged folder has no specification of its own; a common meaning of different texts is still its own."""
    pairs = [(b"one", b"1"), (b"two", b"2"), (b"three", b"2")]
    folders = [written(tmp_path / text.decode(), text, resolved) for text, resolved in pairs]
    merge_folders(folders, tmp_path / "all")
    assert held(tmp_path / "all") == {
        f"{SPECIFICATIONS}/{number}.{suffix}": content
        for number, pair in enumerate(pairs, 1)
        for suffix, content in zip(("toml", "json"), pair, strict=True)
    }
    merge_folders(folders[1:], tmp_path / "alike")
    assert held(tmp_path / "alike")[RESOLVED] == b"2" and SPECIFICATION not in held(tmp_path / "alike")


def test_merging_again_and_merging_merged_folders_adds_nothing(tmp_path):
    """Specifications with a number come along, and none is kept twice."""
    folders = [written(tmp_path / name, name.encode(), name.encode()) for name in ("one", "two", "three")]
    merge_folders(folders[:2], tmp_path / "both")
    before = held(tmp_path / "both")
    merge_folders(folders[:2], tmp_path / "both")
    assert held(tmp_path / "both") == before
    merge_folders([tmp_path / "both", folders[2]], tmp_path / "all")
    merge_folders([folders[0], tmp_path / "both", folders[2]], tmp_path / "all")
    texts = [content for name, content in held(tmp_path / "all").items() if name.endswith(".toml")]
    assert sorted(texts) == [b"one", b"three", b"two"]


def test_a_folder_of_two_sweeps_never_gets_the_specification_of_one(tmp_path):
    """Neither the merged folder nor a copy of it takes the text of one sweep for the rows of both."""
    folders = [written(tmp_path / name, name.encode(), name.encode()) for name in ("one", "two")]
    merge_folders(folders, tmp_path / "both")
    before = held(tmp_path / "both")
    merge_folders(folders[:1], tmp_path / "both")
    assert held(tmp_path / "both") == before
    merge_folders([tmp_path / "both", folders[1]], tmp_path / "again")
    assert sorted(held(tmp_path / "again")) == sorted(before) and SPECIFICATION not in before


def test_sweeps_from_python_differ_by_their_meaning(tmp_path):
    """Sweeps without a text count as different where their meanings differ."""
    folders = [tmp_path / "one", tmp_path / "two"]
    for size, folder in enumerate(folders, 2):
        run(folder, {"circuit": "inv", "fixed": {"size": size, "engine": "exact"}})
    merge_folders(folders, tmp_path / "all")
    found = held(tmp_path / "all")
    assert RESOLVED not in found
    assert [found[f"{SPECIFICATIONS}/{k}.json"] for k in (1, 2)] == [held(folder)[RESOLVED] for folder in folders]


def test_a_file_that_cannot_be_read_takes_a_number_and_stays(tmp_path):
    """A folder in the place of a number is neither replaced nor an end of the numbers."""
    folders = [written(tmp_path / name, name.encode(), name.encode()) for name in ("one", "two")]
    merge_folders([stored(tmp_path / "empty", [made(0)])], tmp_path / "all")
    (tmp_path / "all" / SPECIFICATIONS / "1.toml").mkdir(parents=True)
    for _ in range(2):
        merge_folders(folders, tmp_path / "all")
    names = sorted(path.name for path in (tmp_path / "all" / SPECIFICATIONS).iterdir())
    assert names == ["1.toml", "2.json", "2.toml", "3.json", "3.toml"]
