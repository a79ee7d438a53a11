"""Folders of sweeps with links and pipes in them: nothing outside is written, emptied or removed, and nothing hangs."""

import os
import shutil
from functools import partial

import pytest

from amc_circuits.files.run_folder import MARKER
from amc_circuits.sweep.run.outcome import Outcome
from amc_circuits.sweep.store import DATABASE, FAILED
from amc_circuits.sweep.store import evidence as evidence_module
from amc_circuits.sweep.store.database import FILES
from amc_circuits.sweep.store.evidence import FAILURES, keep_evidence
from amc_circuits.sweep.store.folder import LOCK, LOG, RESOLVED, SPECIFICATION, SPECIFICATIONS
from tests.amc_circuits import broken_ngspice as broken
from tests.amc_circuits.sweep.made_rows import made, stored
from tests.amc_circuits.sweep.sweeps import EXACT, FAST, Replacing, exact, rows, run

SPEC = EXACT + "seed = [0]\n"
OWN = (*FILES, LOCK, LOG, SPECIFICATION, RESOLVED)


@pytest.fixture
def outside(tmp_path):
    """Somebody's files, which are none of the sweep's business; in the end they must be as they were."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work\n")
    (folder / "deck.cir").write_text("mine\n")
    yield folder
    assert {path.name: path.read_text() for path in folder.iterdir()} == {
        "thesis.txt": "years of work\n",
        "deck.cir": "mine\n",
    }


def put_in_place(path, what, outside):
    """Exchanges a file of a folder for something else."""
    path.unlink(missing_ok=True)
    if what == "a link to a file":
        path.symlink_to(outside / "thesis.txt")
    elif what == "a link to nothing":
        path.symlink_to(outside / "new.txt")
    elif what == "a link to a folder":
        path.symlink_to(outside)
    elif what == "a pipe":
        os.mkfifo(path)
    else:
        path.mkdir()


WHAT = ("a link to a file", "a link to nothing", "a link to a folder", "a pipe", "a folder")


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("what", WHAT)
def test_a_sweep_has_files_of_its_own(sweep, tmp_path, outside, name, what):
    """Anything else in their place is named, and the folder is not used; when it is gone the sweep goes on."""
    assert sweep(SPEC).code == 0
    before = (tmp_path / "out" / DATABASE).read_bytes()
    put_in_place(tmp_path / "out" / name, what, outside)
    sweep(SPEC).refused(
        f"--out: got {tmp_path / 'out' / name}", what.split(" to ")[0].removesuffix("pipe"), "remove it"
    )
    path = tmp_path / "out" / name
    path.rmdir() if what == "a folder" else path.unlink()
    if name == DATABASE:
        path.write_bytes(before)
    assert sweep(SPEC).code == 0


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("what", WHAT)
def test_readers_follow_no_link(amc, tmp_path, outside, name, what):
    """Tables, pictures, reports, replays and merges name what is there in the database's place."""
    folder = stored(tmp_path / "out", [made(0)])
    put_in_place(folder / name, what, outside)
    for command in (
        ("table", folder),
        ("plot", folder, "-o", tmp_path / "p.png"),
        ("report", folder, "-o", tmp_path / "r.html"),
        ("replay", folder, 0),
        ("merge", folder, "--out", tmp_path / "all"),
    ):
        amc(*command).refused(f"DIR: got {folder / name}", "remove it")


def test_the_folder_itself_may_be_a_link(sweep, amc, tmp_path, outside):
    """To a folder, and it is as if that had been named; to nothing it is refused."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk")
    assert sweep(SPEC).code == 0 and amc("report", tmp_path / "out").code == 0
    assert (tmp_path / "out").is_symlink() and (tmp_path / "disk" / DATABASE).is_file()
    (tmp_path / "out").unlink()
    (tmp_path / "out").symlink_to(tmp_path / "gone")
    sweep(SPEC).refused("--out: got", "link to nothing")


def test_a_report_is_not_written_through_a_link_in_its_folder(amc, tmp_path, outside):
    """It says so, and writes where it is told to."""
    folder = stored(tmp_path / "out", [made(0)])
    (folder / "report.html").symlink_to(outside / "thesis.txt")
    amc("report", folder).refused(str(folder / "report.html"), "is a link")
    assert amc("report", folder, "-o", tmp_path / "r.html").code == 0


@pytest.mark.parametrize("name", [SPECIFICATION, RESOLVED])
@pytest.mark.parametrize("what", WHAT)
def test_reports_and_merges_do_without_a_specification_that_is_none(amc, tmp_path, outside, name, what):
    """Nothing is read through a link or from a pipe, and nothing of it is in the report."""
    folder = stored(tmp_path / "out", [made(0)])
    put_in_place(folder / name, what, outside)
    assert amc("report", folder, "-o", tmp_path / "r.html").code == 0
    assert "years of work" not in (tmp_path / "r.html").read_text()
    assert amc("merge", folder, "--out", tmp_path / "all").code == 0 and not (tmp_path / "all" / name).exists()


def test_numbered_specifications_are_not_reached_through_a_link(amc, tmp_path, outside):
    """A link in place of their folder is not read in a folder that is merged, and refused in the merged one."""
    folder = stored(tmp_path / "out", [made(0)])
    (folder / SPECIFICATIONS).symlink_to(outside)
    (outside / "thesis.txt").rename(outside / "1.toml")
    assert amc("merge", folder, "--out", tmp_path / "all").code == 0
    assert not (tmp_path / "all" / SPECIFICATIONS).exists()
    (outside / "1.toml").rename(outside / "thesis.txt")
    (tmp_path / "all" / SPECIFICATIONS).symlink_to(outside)
    amc("merge", folder, "--out", tmp_path / "all").refused("--out", "is a link")


@pytest.mark.parametrize("what", WHAT)
def test_a_marker_that_is_no_file_marks_nothing(sweep, tmp_path, outside, what):
    """Neither is a pipe waited for, nor does a link make a folder the sweep's own."""
    assert sweep(SPEC).code == 0
    put_in_place(tmp_path / "out" / MARKER, what, outside)
    sweep(SPEC).refused("--out: got", "not made by amc sweep")


def failing(sweep, tmp_path, monkeypatch, *arguments):
    """A sweep of one point that fails and leaves its deck."""
    monkeypatch.delenv("AMC_NGSPICE", raising=False)
    monkeypatch.setenv("AMC_NGSPICE", broken.program(tmp_path / "simulator", broken.FAILS))
    return sweep(FAST + "size = 2\n", *arguments)


def test_evidence_stays_in_the_folder(sweep, tmp_path, outside, monkeypatch):
    """A link in the place of a point's folder is removed, and what it led to is not."""
    assert failing(sweep, tmp_path, monkeypatch).code == 3
    kept = tmp_path / "out" / FAILURES / "0"
    shutil.rmtree(kept)
    kept.symlink_to(outside)
    assert failing(sweep, tmp_path, monkeypatch, "--retry-failed").code == 3
    assert not kept.is_symlink() and {path.name for path in kept.iterdir()} == {"deck.cir", "ngspice.log"}
    (kept / "more").symlink_to(outside)
    monkeypatch.delenv("AMC_NGSPICE")
    assert sweep(FAST + "size = 2\n", "--retry-failed").code == 0 and not kept.exists()


def test_a_link_in_the_place_of_all_evidence_is_refused(sweep, amc, tmp_path, outside, monkeypatch):
    """By a sweep and by a merge into the folder."""
    assert failing(sweep, tmp_path, monkeypatch).code == 3
    shutil.rmtree(tmp_path / "out" / FAILURES)
    (tmp_path / "out" / FAILURES).symlink_to(outside)
    failing(sweep, tmp_path, monkeypatch, "--retry-failed").refused(str(tmp_path / "out" / FAILURES), "is a link")
    other = stored(tmp_path / "other", [made(0)])
    amc("merge", other, "--out", tmp_path / "out").refused(str(tmp_path / "out" / FAILURES), "is a link")
    with pytest.raises(OSError, match="is a link"):
        keep_evidence(tmp_path / "out", 0, {"deck.cir": b"new"})


NAMES = ["/etc/amc", "../../outside/thesis.txt", "../thesis.txt", "a/../../thesis.txt", "", ".", "..", "a//b", "a/",
         "~/x", ".bashrc", "a\0b", "a\nb", "\x1b[2J", "x" * 300, "\udcff", "a/b/c/d/e/f", "con:", "-rf *"]  # fmt: skip


def evil(names, points, call):
    """Outcomes that a worker might send: evidence under these names."""
    evidence = {name: f"of {k}".encode() for k, name in enumerate(names)}
    return [Outcome(FAILED, error="no luck", evidence=evidence) for _ in points]


def test_names_of_evidence_lead_nowhere(tmp_path, outside):
    """Whatever a worker calls its files, all are kept, in the folder of their point, under plain names."""
    run(tmp_path / "out", exact([0]), lambda points: Replacing(partial(evil, [*NAMES, "deck.cir", "a/b.log"])))
    kept = tmp_path / "out" / FAILURES / "0"
    assert rows(tmp_path)[0].kept == f"{FAILURES}/0"
    found = {path.relative_to(kept).as_posix(): path.read_text() for path in kept.rglob("*") if path.is_file()}
    assert sorted(found.values()) == sorted(f"of {k}" for k in range(len(NAMES) + 2))
    assert found["deck.cir"] == f"of {len(NAMES)}" and found["a/b.log"] == f"of {len(NAMES) + 1}"
    assert all(name in ("deck.cir", "a/b.log") or name.startswith("evidence-") for name in found)
    assert {path.name for path in tmp_path.iterdir()} == {"outside", "out"}


def test_so_much_evidence_is_kept_and_no_more(tmp_path, monkeypatch):
    """A long file keeps its beginning, with the size of the rest; the first of many files are kept."""
    monkeypatch.setattr(evidence_module, "LARGEST", 10)
    keep_evidence(tmp_path, 0, {"log": b"0123456789abc", "short": b"0123456789"})
    kept = tmp_path / FAILURES / "0"
    assert (kept / "short").read_bytes() == b"0123456789"
    assert (kept / "log").read_bytes() == b"0123456789\n... and 3 bytes more, which were not kept\n"
    assert evidence_module.read_evidence(kept / "short") == b"0123456789"
    keep_evidence(tmp_path, 1, {f"file{k}": b"" for k in range(1000)})
    assert len(list((tmp_path / FAILURES / "1").iterdir())) == evidence_module.MOST


def test_a_row_from_anywhere_does_not_choose_where_its_replay_works(amc, tmp_path, temporary, outside, monkeypatch):
    """Its key names no folder: where the simulation fails, nothing but that simulation's own folder is cleared away."""
    key = f"/../../{outside.name}"
    row = made(0, size=2, opamp="single-pole", engine="ngspice")
    folder = stored(tmp_path / "out", [type(row)(**{**vars(row), "key": key})])
    monkeypatch.setenv("AMC_NGSPICE", broken.program(tmp_path / "simulator", broken.FAILS))
    outcome = amc("replay", folder, 0)
    assert outcome.code == 3 and "deck and log of this run: " in outcome.out
    (left,) = temporary.iterdir()
    assert {path.name for path in left.iterdir()} == {"deck.cir", "ngspice.log"}


@pytest.mark.parametrize("kept", ["failures", "failures/" + "x" * 5000, "failures/\U0001f600", "failures/0/../../.."])
def test_odd_places_of_evidence_are_none(amc, tmp_path, kept):
    """Reports and merges do without."""
    folder = stored(tmp_path / "out", [made(0, {}, FAILED, error="no luck", kept=kept)])
    (folder / FAILURES).mkdir()
    (folder / FAILURES / "loop").symlink_to(folder / FAILURES / "loop")
    (folder / FAILURES / "up").symlink_to(folder)
    assert amc("report", folder).code == 0
    assert amc("merge", folder, "--out", tmp_path / "all").code == 0
