"""Errors of SQLite in the user's terms: who holds a lock, a full disk, damage."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

LOCKS = Path("/proc/locks")
"""Locks of all files, on Linux."""
BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_DISK = {
    sqlite3.SQLITE_FULL: "make room",
    sqlite3.SQLITE_IOERR: "look whether its disk is full or broken",
}
_DONE = "what is done is kept"
_AGAIN = "then run the same command again"


SQLITE_ERRORS = (sqlite3.Error, UnicodeDecodeError)
"""Errors of SQLite; it raises the second one for text that is damaged in the file."""


def reason_of(error: Exception) -> int:
    """Primary result code; -1 for an error that is not from SQLite."""
    return int(getattr(error, "sqlite_errorcode", -1)) & 0xFF


def mend_of(error: Exception, path: Path, mend: str = "") -> str:
    """Describe the problem and its remedy.

    Args:
        error: Error from sqlite3.
        path: The database.
        mend: Remedy for a database that cannot be read; empty for writing.
    """
    # without the content of the file, which may be long and come from anywhere
    said = str(error).partition(" with text")[0].partition(" (")[0]
    said = "".join(sign if sign.isprintable() else "?" for sign in said)
    if reason_of(error) in BUSY:
        return f"its {path.name} is locked by {holder(path)}; wait until that has ended, {_AGAIN}"
    if reason_of(error) in _DISK:
        return f"its {path.name} takes no more rows ({said}); {_DONE}: {_DISK[reason_of(error)]}, {_AGAIN}"
    if mend:
        return f"its {path.name} cannot be read ({said}); {mend}"
    return f"its {path.name} cannot be written ({said}); {_DONE}"


def holder(path: Path) -> str:
    """Name the holder of a database's lock: a process by number and program, if the system shows it."""
    for process in _lockers(path):
        if process == os.getpid():
            return "this process itself"
        with contextlib.suppress(OSError):
            program = Path(f"/proc/{process}/comm").read_text().strip()
            return f"process {process} ({program})"
        return f"process {process}"
    return "another program"


def _lockers(path: Path) -> list[int]:
    """Processes that hold a write lock on a database or on the file beside it in which SQLite locks."""
    identities = set()
    for file in (path, path.with_name(f"{path.name}-shm")):
        with contextlib.suppress(OSError):
            found = file.stat()
            identities.add(f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}")
    try:
        lines = [line.split() for line in LOCKS.read_text().splitlines()]
    except OSError:
        return []
    # Such as: 1: POSIX  ADVISORY  WRITE 1234 08:02:131 120 120
    return [int(line[4]) for line in lines if len(line) == 8 and line[3] == "WRITE" and line[5] in identities]
