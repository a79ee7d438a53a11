"""Output folders of a command: it continues its own, uses empty ones, and refuses all others."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import signal
import stat
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from netlists import ParameterError
from netlists.errors import path_of

MARKER = "amc-run.json"
LOCK = "owner.lock"
LONGEST_SUFFIX = 16
"""Most characters of a suffix that decides a file's format."""


def check_folder(folder: str | Path, command: str, parameter: str = "out") -> None:
    """Refuse a folder whose content `claim_folder` would refuse; create nothing.

    Raises:
        ParameterError: The path is a file, or holds something from elsewhere.
    """
    folder = path_of(parameter, folder)
    if folder.is_symlink() and not folder.exists():
        raise ParameterError(parameter, str(folder), "is a link to nothing; name a folder")
    if folder.exists() and not folder.is_dir():
        raise ParameterError(parameter, str(folder), "is a file; name a folder")
    if folder.is_dir() and any(folder.iterdir()) and made_by(folder) != command:
        raise ParameterError(parameter, str(folder), f"is not empty and not made by amc {command}; name a new folder")


def claim_folder(folder: str | Path, command: str, parameter: str = "out") -> Path:
    """Claim a folder for a command.

    Args:
        folder: New, empty, or filled by the same command before.
        command: Name of the command, such as `sweep`.
        parameter: Name of the folder's parameter, for the error.

    Raises:
        ParameterError: The folder is something else, or cannot be written to.
    """
    folder = path_of(parameter, folder)
    check_folder(folder, command, parameter)
    marker = folder / MARKER
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not marker.exists():
            with replacing(marker, follow=False) as partial:
                partial.write_text(json.dumps({"command": command}) + "\n")
    except OSError as error:
        raise ParameterError(parameter, str(folder), f"cannot be written to: {error.strerror or error}") from None
    return folder


def made_by(folder: Path) -> str:
    """Name the command that made a folder; empty for a folder from elsewhere."""
    try:
        content = json.loads(read_own_file(folder / MARKER, 1000))
        return str(content["command"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""


@contextmanager
def owning(folder: Path, parameter: str = "out") -> Iterator[None]:
    """Own a folder until this process ends.

    Args:
        folder: The command's own folder, whose `LOCK` is checked by `check_own_files`.
        parameter: Name of the folder's parameter, for the error.

    Raises:
        ParameterError: Another process owns it, or it cannot be written to.
    """
    with writing(parameter, folder / LOCK):
        file = (folder / LOCK).open("a+")
    with file as lock:
        try:
            # held by the open file: the system releases it when the process is gone
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            owner = lock.read().strip() or "another process"
            mend = f"is in use by {owner}; wait until it has ended, or name another folder"
            raise ParameterError(parameter, str(folder), mend) from None
        except OSError as error:  # some network file systems
            mend = f"lies where no file can be locked ({error.strerror}); name a folder on a disk of this machine"
            raise ParameterError(parameter, str(folder), mend) from None
        with writing(parameter, folder / LOCK):
            import socket  # few commands own a folder

            lock.truncate(0)
            lock.write(f"process {os.getpid()} on {socket.gethostname()}\n")
            lock.flush()
        yield


def check_own_files(folder: str | Path, names: Iterable[str], parameter: str = "out") -> None:
    """Refuse links, folders, pipes and devices in place of files that a command writes or reads in its own folder.

    The folder may come from anywhere: writing through a link in it would change a file elsewhere.

    Args:
        folder: The command's own folder; it need not exist.
        names: Names of its files, which need not exist.
        parameter: Name of the folder's parameter, for the error.

    Raises:
        ParameterError: One of them is not a regular file.
    """
    folder = path_of(parameter, folder)
    for name in names:
        with writing(parameter, folder / name):
            try:
                mode = (folder / name).lstat().st_mode
            except (FileNotFoundError, NotADirectoryError):
                continue
        if not stat.S_ISREG(mode):
            what = "a link" if stat.S_ISLNK(mode) else "a folder" if stat.S_ISDIR(mode) else "a device or pipe"
            mend = f"is {what}, where amc has a file of its own; remove it, or name another folder"
            raise ParameterError(parameter, str(folder / name), mend)


def read_own_file(path: Path, most: int) -> bytes:
    """Read a file of a folder that may come from anywhere.

    Raises:
        OSError: The path is a link, pipe or device, or the file is larger than `most` bytes.
    """
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(f"{path} is no file")
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(f"{path} is larger than {most} bytes")
    return content


@contextmanager
def signals_held() -> Iterator[None]:
    """Hold back Ctrl-C and termination until the block ends.

    An exception of a signal inside a writer may be lost: a half-written archive raises its own error instead.
    """
    if threading.current_thread() is not threading.main_thread():  # other threads get no signals
        yield
        return
    arrived: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, lambda number, _: arrived.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        if arrived:
            signal.raise_signal(arrived[0])


@contextmanager
def replacing(path: str | Path, *, follow: bool = True) -> Iterator[Path]:
    """Open a temporary file beside `path` that replaces it on success and is removed on failure.

    Its suffix is that of `path`, from which writers of pictures and arrays derive the format.

    Args:
        path: The file, which need not exist.
        follow: True replaces the target of a link, False the link itself.

    Raises:
        OSError: The file cannot be written; the error names it.
    """
    path = path_of("path", path)
    target = _resolved(path) if follow else path.absolute()
    suffix = path.suffix if len(path.suffix) <= LONGEST_SUFFIX else ""
    handle, name = tempfile.mkstemp(prefix=".amc-", suffix=suffix, dir=target.parent)
    os.close(handle)
    partial = Path(name)
    try:
        with signals_held():
            yield partial
        mask = os.umask(0)
        os.umask(mask)
        partial.chmod(0o666 & ~mask)
        partial.replace(target)
    except BaseException as error:
        partial.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename in (None, name):
            error.filename = str(path)  # a full disk names no file, other faults the temporary one
        raise


def check_output_file(parameter: str, path: Path, suffixes: tuple[str, ...] = ()) -> Path:
    """Check that a path can be written to later; for a link, its target is checked.

    Raises:
        ParameterError: The folder does not exist or is not writable, the path is not a regular file, or its suffix is
            not allowed.
    """
    if suffixes and path.suffix.lower() not in suffixes:
        raise ParameterError(parameter, str(path), f"must end in {', '.join(suffixes)}")
    try:
        target = _resolved(path)
        _check_target(parameter, path, target)
        with tempfile.TemporaryFile(dir=target.parent):
            return path
    except OSError as error:
        what = "is a link that leads to itself" if error.errno == errno.ELOOP else _unwritable(path, error)
        raise ParameterError(parameter, str(path), f"{what}; name another file") from None


def _resolved(path: Path) -> Path:
    """Resolve the links of a path; raises OSError if they form a loop."""
    try:
        target = path.resolve()
    except RuntimeError:  # raised by Python before 3.13
        target = path
    if target.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    return target


def _unwritable(path: Path, error: OSError) -> str:
    if error.errno == errno.ENAMETOOLONG:
        return "its name is too long"
    return f"its folder {path.parent} cannot be written to: {error.strerror or error}"


def _check_target(parameter: str, path: Path, target: Path) -> None:
    through = "" if target == path.absolute() else f" (through links it is {target})"
    if target.is_dir():
        raise ParameterError(parameter, str(path), f"is a folder{through}; name a file")
    if not target.parent.is_dir():
        mend = f"its folder {target.parent if through else path.parent} does not exist; make it first"
        raise ParameterError(parameter, str(path), mend)
    if target.exists() and not target.is_file():
        raise ParameterError(parameter, str(path), f"is a device or pipe{through}; name a file")


@contextmanager
def writing(parameter: str, path: Path) -> Iterator[None]:
    """Turn a failure to write a file into the error of an option.

    Raises:
        ParameterError: The file cannot be written, for example on a full disk.
    """
    try:
        yield
    except OSError as error:
        raise ParameterError(parameter, str(path), f"cannot be written: {error.strerror or error}") from None
