"""Folders and files that commands write to."""

import errno
import os
import signal
import zipfile

import pytest

from amc_circuits.files.run_folder import MARKER, check_output_file, claim_folder, replacing, writing
from netlists import ParameterError


@pytest.mark.parametrize("parts", [("new",), ("new", "deeper")])
def test_new_folder_is_made(tmp_path, parts):
    """A folder that does not exist is made, its parents too, and marked."""
    folder = claim_folder(tmp_path.joinpath(*parts), "sweep")
    assert [path.name for path in folder.iterdir()] == [MARKER]


def test_empty_folder_is_used_and_own_folder_taken_up_again(tmp_path):
    """An empty folder becomes the command's own, and what is in its own folder stays."""
    claim_folder(tmp_path, "sweep")
    (tmp_path / "kept").write_text("old")
    claim_folder(tmp_path, "sweep")
    assert (tmp_path / "kept").read_text() == "old"


@pytest.mark.parametrize("marker", [None, "", "[]", "{}", '{"command": "train"}', "\xff\xfe"])
def test_foreign_folder_is_refused_and_left_alone(tmp_path, marker):
    """A folder with something in it that this command did not make stays as it is."""
    (tmp_path / "thesis.txt").write_text("years of work")
    if marker is not None:
        (tmp_path / MARKER).write_bytes(marker.encode("latin-1"))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(ParameterError, match="not made by amc sweep; name a new folder") as caught:
        claim_folder(tmp_path, "sweep")
    assert (caught.value.parameter, caught.value.value) == ("out", str(tmp_path))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_file_is_no_folder(tmp_path):
    """A file in the place of a folder, or above it, is refused."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ParameterError, match="is a file; name a folder"):
        claim_folder(tmp_path / "file", "sweep")
    with pytest.raises(ParameterError, match="cannot be written to"):
        claim_folder(tmp_path / "file" / "below", "sweep")


def test_replacing_puts_the_whole_file_in_place(tmp_path):
    """The new file takes the old one's place, with the permissions of a plain new file."""
    target, plain = tmp_path / "a.txt", tmp_path / "plain"
    target.write_text("old")
    plain.touch()
    with replacing(target) as partial:
        partial.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert target.stat().st_mode == plain.stat().st_mode
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_replacing_leaves_the_old_file_when_writing_fails(tmp_path, error):
    """After a failure or Ctrl-C the old content is intact and nothing else is there."""
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(error), replacing(target) as partial:
        partial.write_text("half")
        raise error
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_replacing_follows_links(tmp_path):
    """Where the path is a link, what it points to is replaced and the link stays."""
    target, link = tmp_path / "a.txt", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)
    with replacing(link) as partial:
        partial.write_text("new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_output_file_that_can_be_written_passes_and_leaves_no_trace(tmp_path):
    """A check makes no file and keeps an old one."""
    old = tmp_path / "old.png"
    old.write_text("old")
    assert check_output_file("plot", old, (".png",)) == old
    assert check_output_file("plot", tmp_path / "new.PNG", (".png",)) == tmp_path / "new.PNG"
    assert old.read_text() == "old"
    assert list(tmp_path.iterdir()) == [old]


def test_unusable_output_file_is_refused(tmp_path):
    """A missing folder, a folder, a pipe, a device and another suffix are refused before anything runs."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_text("")
    for path, mend in {
        tmp_path / "none" / "a.cir": "does not exist",
        tmp_path: "is a folder",
        tmp_path / "pipe": "name a file",
        tmp_path / "file" / "a.cir": "does not exist",
    }.items():
        with pytest.raises(ParameterError, match=mend):
            check_output_file("output", path)
    with pytest.raises(ParameterError, match=r"must end in \.png, \.svg"):
        check_output_file("plot", tmp_path / "a.gif", (".png", ".svg"))


def test_full_disk_is_the_error_of_an_option(tmp_path):
    """A system error while a file is written becomes the error of its option."""
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(ParameterError, match="No space left") as caught, writing("save", tmp_path / "a.npz"):
        raise full
    assert caught.value.parameter == "save"


@pytest.fixture
def ctrl_c():
    """Ctrl-C raises, also where the tests run in the background and a shell has told them to ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_a_signal_inside_a_writer_is_not_lost(tmp_path):
    """An archive that Ctrl-C finds half-written is ended first; then the signal acts, and nothing is left."""
    with (
        pytest.raises(KeyboardInterrupt),
        replacing(tmp_path / "a.npz") as partial,
        zipfile.ZipFile(partial, "w") as archive,
        archive.open("x", "w"),
    ):
        signal.raise_signal(signal.SIGINT)
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_signal_that_is_ignored_stays_ignored(tmp_path):
    """As with nohup: the file is written, and nothing is raised afterwards."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with replacing(tmp_path / "a.txt") as partial:
            signal.raise_signal(signal.SIGINT)
            partial.write_text("whole")
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
    assert (tmp_path / "a.txt").read_text() == "whole"
