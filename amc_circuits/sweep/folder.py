"""The folder of a sweep: one process at a time owns it; specification, rows, log and evidence of failures are in it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import shutil
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from amc_circuits.run_folder import claim_folder, replacing, writing
from amc_circuits.sweep.spec import Sweep
from netlists import ParameterError

SPECIFICATION, RESOLVED, LOCK, LOG, FAILURES = "sweep.toml", "resolved.json", "owner.lock", "sweep.log", "failures"
_LOGGER = logging.getLogger("amc.sweep")


@contextmanager
def owned(folder: Path) -> Iterator[logging.Logger]:
    """Makes a folder this process's own, until it ends in whatever way, and yields its log.

    Raises:
        ParameterError: Another process owns it, it holds something else, or it cannot be written to.
    """
    claim_folder(folder, "sweep")
    with writing("out", folder / LOCK):
        file = (folder / LOCK).open("a+")
    with file as lock:
        try:
            # Held by the open file: the system lets go of it when the process is gone.
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            owner = lock.read().strip() or "another process"
            mend = f"is in use by {owner}; wait until it has ended, or name another folder"
            raise ParameterError("out", str(folder), mend) from None
        except OSError as error:  # some network file systems
            mend = f"lies where no file can be locked ({error.strerror}); name a folder on a disk of this machine"
            raise ParameterError("out", str(folder), mend) from None
        with writing("out", folder / LOCK):
            lock.truncate(0)
            lock.write(f"process {os.getpid()} on {socket.gethostname()}\n")
            lock.flush()
        with _logging_to(folder / LOG) as logger:
            yield logger


class _LogFile(logging.FileHandler):
    """A log that cannot be written, as on a full disk, ends the sweep by one line, and not by a traceback a row."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Raises what went wrong in the words of the option."""
        error = sys.exc_info()[1]
        reason = getattr(error, "strerror", None) or error
        mend = f"cannot be written: {reason}; what is done is kept: make room, then run the same command again"
        raise ParameterError("out", self.baseFilename, mend) from None


@contextmanager
def _logging_to(path: Path) -> Iterator[logging.Logger]:
    with writing("out", path):
        handler = _LogFile(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    _LOGGER.addHandler(handler)
    _LOGGER.setLevel(logging.INFO)
    _LOGGER.propagate = False
    try:
        yield _LOGGER
    finally:
        _LOGGER.removeHandler(handler)
        with contextlib.suppress(OSError):  # what could not be written is tried once more
            handler.close()


def write_specification(folder: Path, sweep: Sweep) -> None:
    """Keeps the specification as it was written, and all that it means: complete options, in SI units."""
    with writing("out", folder / SPECIFICATION), replacing(folder / SPECIFICATION) as partial:
        partial.write_text(sweep.text, encoding="utf-8")
    with writing("out", folder / RESOLVED), replacing(folder / RESOLVED) as partial:
        partial.write_text(json.dumps(sweep.resolved(), indent=2) + "\n", encoding="utf-8")


def keep_evidence(folder: Path, number: int, evidence: Mapping[str, bytes]) -> str:
    """Keeps what a failed point left in the place of what it left before; returns where, relative to the folder."""
    kept = Path(FAILURES, str(number))
    shutil.rmtree(folder / kept, ignore_errors=True)
    write_evidence(folder / kept, evidence)
    return str(kept) if evidence else ""


def write_evidence(folder: Path, evidence: Mapping[str, bytes]) -> None:
    """Writes files by their names in a folder, which is made; none where there are none."""
    for name, content in evidence.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def evidence_in(folder: Path, kept: str) -> list[Path]:
    """Files that a failed point left, in order; links, and what a row from anywhere names elsewhere, are none.

    Args:
        folder: Of the sweep.
        kept: As the row has it.
    """
    place = folder / kept
    if not kept or not place.resolve().is_relative_to(folder.resolve() / FAILURES):
        return []
    return [path for path in sorted(place.rglob("*")) if path.is_file() and not path.is_symlink()]
