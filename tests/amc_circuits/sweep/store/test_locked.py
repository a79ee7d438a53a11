"""A database that another program has locked, or that takes no more: said as what it is, with who holds it."""

import errno
import sqlite3
import subprocess
import sys

import pytest

from amc_circuits.sweep.store import DATABASE, Store, database, database_errors
from amc_circuits.sweep.store import store as store_module
from netlists import ParameterError
from tests.amc_circuits.sweep.made_rows import made, stored
from tests.amc_circuits.sweep.sweeps import EXACT, rows_in

HOLDS = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute(sys.argv[2])
connection.execute("begin exclusive")
connection.execute("update ledger set rows = rows")
print("held", flush=True)
sys.stdin.readline()
connection.execute("rollback")
connection.close()
print("free", flush=True)
"""


class Holder:
    """A process of another program that has the database of a folder for itself until it is told to let go."""

    def __init__(self, folder, how="select 1"):
        command = [sys.executable, "-c", HOLDS, str(folder / DATABASE), how]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "held\n"

    @property
    def named(self):
        """Name of the owner, where the system has a list of locks and elsewhere."""
        listed = database_errors.LOCKS.exists()
        return f"process {self.process.pid} (python" if listed else "another program"

    def let_go(self):
        """Returns when it has."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "free\n"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.communicate("\n")


def test_a_writer_is_told_who_has_locked_it_and_to_wait(tmp_path, monkeypatch):
    """The process by its number and program; what was stored before is there, and no room is asked for."""
    monkeypatch.setattr(store_module, "PATIENCE", 0.0)
    monkeypatch.setattr(database, "STEP", 0.0)
    with Store(tmp_path, create=True) as store:
        store.put([(made(0), None)])
        with Holder(tmp_path) as holder, pytest.raises(ParameterError) as caught:
            store.put([(made(1), None)])
        assert f"is locked by {holder.named}" in caught.value.mend
        assert "wait until that has ended, then run the same command again" in caught.value.mend
        assert "room" not in caught.value.mend
        store.put([(made(1), None)])
    assert rows_in(tmp_path) == [made(0), made(1)]


def test_a_lock_that_goes_away_costs_nothing(tmp_path, monkeypatch):
    """The row waits and is stored: the other lets go as soon as the row was refused once."""
    monkeypatch.setattr(database, "STEP", 0.0)
    with Store(tmp_path, create=True) as store, Holder(tmp_path) as holder:
        asked = []

        def reason_of(error):
            if not asked:
                holder.let_go()
            asked.append(database_errors.reason_of(error))
            return asked[-1]

        monkeypatch.setattr(store_module, "reason_of", reason_of)
        store.put([(made(0), None)])
        assert asked[0] == sqlite3.SQLITE_BUSY
    assert rows_in(tmp_path) == [made(0)]


def test_a_reader_is_told_who_has_locked_it(amc, tmp_path, monkeypatch):
    """By the commands, in one line with the folder."""
    monkeypatch.setattr(database, "READING", 0.0)
    folder = stored(tmp_path / "out", [made(0)])
    with Holder(folder, "pragma locking_mode=exclusive") as holder:
        outcome = amc("table", folder)
    outcome.refused("DIR: got", str(folder), f"locked by {holder.named}", "wait until")
    assert amc("table", folder).code == 0


def test_a_sweep_says_who_has_locked_its_folder(sweep, tmp_path, monkeypatch):
    """Exit code 2; the same command goes on when the lock is gone."""
    text = EXACT + "seed = [0, 1]\n"
    assert sweep(text).code == 0
    monkeypatch.setattr(store_module, "PATIENCE", 0.0)
    monkeypatch.setattr(database, "STEP", 0.0)
    with Holder(tmp_path / "out"):
        sweep(text.replace("[0, 1]", "[0, 1, 2]"), "--no-progress").refused("--out: got", "is locked by")
    assert sweep(text.replace("[0, 1]", "[0, 1, 2]")).out.startswith("3 points, 3 usable")


def test_where_the_system_does_not_say_who_it_is(tmp_path, monkeypatch):
    """It is another program; where there is no such list, or the process has gone meanwhile."""
    monkeypatch.setattr(database_errors, "LOCKS", tmp_path / "none")
    assert database_errors.holder(tmp_path / DATABASE) == "another program"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (sqlite3.SQLITE_FULL, "make room"),
        (sqlite3.SQLITE_IOERR_WRITE, "look whether its disk is full or broken"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, "wait until"),
        (sqlite3.SQLITE_LOCKED, "wait until"),
        (sqlite3.SQLITE_READONLY, "cannot be written"),
        (sqlite3.SQLITE_CORRUPT, "cannot be written"),
    ],
)
def test_every_reason_has_its_own_mend(tmp_path, code, words):
    """By SQLite's code, the finer ones among them, not by its words."""
    error = sqlite3.OperationalError(errno.errorcode[errno.EIO])
    error.sqlite_errorcode = code
    mend = database_errors.mend_of(error, tmp_path / DATABASE)
    assert words in mend
    assert ("make room" in mend) == (code == sqlite3.SQLITE_FULL)
