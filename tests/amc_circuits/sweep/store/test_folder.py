"""The folder of a sweep: one owner at a time, and the evidence of failures. Owners that are killed: test_sweep.py."""

import errno
import os
import socket
from multiprocessing import get_context

import pytest

from amc_circuits.files.run_folder import MARKER
from amc_circuits.sweep.plan.spec import sweep_from
from amc_circuits.sweep.store.evidence import FAILURES, keep_evidence
from amc_circuits.sweep.store.folder import LOCK, LOG, RESOLVED, SPECIFICATION, owned, write_specification
from netlists import ParameterError
from tests.amc_circuits.sweep.sweeps import exact


def test_one_owner_at_a_time(tmp_path):
    """The second is refused and told who the first is, who goes on undisturbed; after it the folder is free."""
    folder = tmp_path / "out"
    with owned(folder) as log:
        for _ in range(2):
            with pytest.raises(ParameterError, match=rf"in use by process {os.getpid()} on {socket.gethostname()}"):
                owned(folder).__enter__()
        log.info("still here")
    with owned(folder):
        pass
    lines = (folder / LOG).read_text().splitlines()
    assert len(lines) == 1 and lines[0].endswith("still here")
    assert {path.name for path in folder.iterdir()} == {MARKER, LOCK, LOG}


def test_a_file_system_without_locks_is_told(tmp_path, monkeypatch):
    """It is not said that somebody else had the folder."""

    def refused(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", refused)
    with pytest.raises(ParameterError, match=r"no file can be locked \(No locks available\)"):
        owned(tmp_path).__enter__()


def _own(folder, ready, end):
    with owned(folder):
        ready.set()
        end.wait(60)
        os._exit(1)  # as if it were killed: nothing is given back


def test_the_owner_may_be_another_process(tmp_path):
    """It is named; when it is gone, in whatever way, the folder is free."""
    context = get_context("forkserver")
    ready, end = context.Event(), context.Event()
    process = context.Process(target=_own, args=(tmp_path, ready, end))
    process.start()
    assert ready.wait(60)
    with pytest.raises(ParameterError, match=f"in use by process {process.pid} "):
        owned(tmp_path).__enter__()
    end.set()
    process.join()
    with owned(tmp_path):
        assert (tmp_path / LOCK).read_text() == f"process {os.getpid()} on {socket.gethostname()}\n"


def test_folders_have_logs_of_their_own(tmp_path):
    """A line in one log is not in the other."""
    with owned(tmp_path / "a") as first:
        first.info("one")
    with owned(tmp_path / "b") as second:
        second.info("two")
    assert (tmp_path / "a" / LOG).read_text().splitlines()[0].endswith(" one")
    assert (tmp_path / "b" / LOG).read_text().splitlines()[0].endswith(" two")


def test_evidence_takes_the_place_of_older_evidence(tmp_path):
    """Files in folders as they were, by the row's number; where there is none any more, nothing is left."""
    assert keep_evidence(tmp_path, 12, {"deck.cir": b"old", "ngspice.log": b"log"}) == f"{FAILURES}/12"
    assert keep_evidence(tmp_path, 12, {"a/deck.cir": b"new"}) == f"{FAILURES}/12"
    kept = tmp_path / FAILURES / "12"
    assert [path.relative_to(kept).as_posix() for path in kept.rglob("*") if path.is_file()] == ["a/deck.cir"]
    assert (kept / "a" / "deck.cir").read_bytes() == b"new"
    assert keep_evidence(tmp_path, 12, {}) == ""
    assert not kept.exists()


def test_specification_is_written_whole_or_not_at_all(tmp_path):
    """A specification that cannot be written leaves the old one, and no other file."""
    sweep = sweep_from(exact([0]))
    write_specification(tmp_path, sweep.text, sweep.resolved())
    before = (tmp_path / RESOLVED).read_bytes()
    with pytest.raises(TypeError):
        write_specification(tmp_path, sweep.text, {"not": object()})
    assert (tmp_path / RESOLVED).read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {RESOLVED, SPECIFICATION}
