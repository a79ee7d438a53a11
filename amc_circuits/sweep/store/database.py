"""Database file of a sweep's folder; only a file of this package in a known layout is opened."""

from __future__ import annotations

import os
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from amc_circuits.files.run_folder import check_own_files
from amc_circuits.sweep.store import layout
from amc_circuits.sweep.store.database_errors import SQLITE_ERRORS, mend_of
from amc_circuits.sweep.store.layout import LAYOUT
from amc_circuits.sweep.store.older import OLDEST
from netlists import ParameterError

DATABASE = "results.sqlite"
FILES = (DATABASE, *(f"{DATABASE}-{part}" for part in ("wal", "shm", "journal")))
"""Files of a database, with those that SQLite creates."""
STEP = 1.0
"""Time that a writer waits for a lock before it checks for Ctrl-C and waits again, s."""
READING = 5.0
"""Time that a reader waits for a lock, s."""
_MEND = "bring back a copy, or sweep into a new folder"


class Database:
    """Database of one folder. A database of an older version is read, but not written.

    Args:
        folder: Folder of the sweep.
        create: True to write to it; a missing database is created.
        current: True refuses the layout of an older version, as with `create`, though nothing is written.
    """

    def __init__(self, folder: Path, *, create: bool = False, current: bool = False) -> None:
        path = folder / DATABASE
        self._parameter = "out" if create or current else "DIR"
        check_own_files(folder, FILES, self._parameter)
        if not create and not path.is_file():
            raise ParameterError("DIR", str(folder), "holds no sweep; make one with amc sweep")
        self.folder = folder
        self._layout = LAYOUT
        step = STEP if create else READING
        self._connection = sqlite3.connect(_address(path, create), isolation_level=None, uri=True, timeout=step)
        try:
            with self._reading():
                self._open(create, current)
        except BaseException:
            self._connection.close()
            raise

    def _open(self, create: bool, current: bool) -> None:
        self._layout = self._connection.execute("pragma user_version").fetchone()[0]
        empty = not self._connection.execute("select count(*) from sqlite_master").fetchone()[0]
        if empty and not create:
            raise self._unusable("holds no rows yet: its sweep has only just begun")
        if empty:
            self._layout = LAYOUT
        self._check_layout(create or current)
        if create:
            # A row that was reported done survives a power cut: the log is on the disk before a commit returns.
            self._connection.execute("pragma journal_mode=wal")
            self._connection.execute("pragma synchronous=full")
        if empty:
            self._connection.executescript(layout.MAKE)
        if self._layout > OLDEST:  # a value that is not text is damage, to be reported with its row
            self._connection.text_factory = lambda text: text.decode(errors="surrogateescape")
        if not layout.is_ours(self._connection, self._layout):
            raise self._unusable(f"its {DATABASE} was not made by amc, or it is damaged")
        if create:
            self._check_structure()
        else:  # all that is read is of one moment, though rows may be added meanwhile
            self._connection.execute("begin")

    def _check_layout(self, current: bool) -> None:
        """Refuse the layout of another version by its number; an older one is only read."""
        mine = f"its {DATABASE} has layout {self._layout}"
        known = f"this version of amc reads {OLDEST} to {LAYOUT}"
        if self._layout == 0:
            raise self._unusable(f"its {DATABASE} was not made by amc, or it is damaged")
        if self._layout > LAYOUT:
            raise self._unusable(f"{mine}, of a newer version of amc; {known}: take the version that made it")
        if self._layout < OLDEST:
            raise self._unusable(f"{mine}, of another version of amc; {known}: sweep into a new folder")
        if self._layout < LAYOUT and current:
            bring = f"bring its rows into a new folder (amc merge {self.folder}), and go on there"
            raise self._unusable(f"{mine}, of an older version of amc, which is read but not written; {bring}")
        if self._layout < LAYOUT:
            text = f"{self.folder} has layout {self._layout}, of an older version of amc"
            lacks = "no checksums, " * (self._layout == OLDEST)
            mend = f"amc merge {self.folder} into a new folder brings them up to date"
            warnings.warn(f"{text}: its rows have {lacks}all options each and are read slowly; {mend}", stacklevel=6)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def _check_structure(self) -> None:
        for (said,) in self._connection.execute("pragma integrity_check(1)"):
            if said != "ok":
                raise sqlite3.DatabaseError(said)

    def _damaged(self, problem: str) -> ParameterError:
        return self._unusable(f"{problem}; {_MEND}")

    def _unusable(self, mend: str) -> ParameterError:
        return ParameterError(self._parameter, str(self.folder), mend)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Turn reading errors into one that names the folder, without the content, which may be long."""
        try:
            yield
        except sqlite3.ProgrammingError:  # a store that is closed: our mistake, not the user's
            raise
        except SQLITE_ERRORS as error:
            raise self._unusable(mend_of(error, self.folder / DATABASE, _MEND)) from None


def _address(path: Path, create: bool) -> str:
    """Address of the database for sqlite3; a database that is only read may lie on a read-only disk."""
    still = not os.access(path.parent, os.W_OK) and not path.with_name(f"{path.name}-wal").exists()
    return f"{path.absolute().as_uri()}{'?immutable=1' if still and not create else ''}"
