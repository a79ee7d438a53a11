"""Rows of a sweep in an SQLite database: reported rows are permanent, and damage is detected."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterable, Iterator
from typing import Any

from amc_circuits.sweep.store import layout
from amc_circuits.sweep.store.database import DATABASE, Database
from amc_circuits.sweep.store.database_errors import BUSY, SQLITE_ERRORS, mend_of, reason_of
from amc_circuits.sweep.store.layout import LAYOUT, Stored
from amc_circuits.sweep.store.row import COLUMNS, Row, columns_of_row, row_of_columns
from netlists import ParameterError

LARGEST_STORED = 2**63 - 1
"""Largest whole number in a database and in TOML."""
PATIENCE = 60.0
"""Longest wait of rows for another program that has locked the database, s."""


class Store(Database):
    """Rows of one folder, each checked whenever it is read.

    One process at a time writes them; others may read.
    """

    def put(self, rows: Iterable[tuple[Row, bytes | None]]) -> None:
        """Store rows and their waveforms permanently, all or none, in place of those with the same keys.

        Raises:
            ParameterError: The rows cannot be stored, as on a full disk; earlier rows stay.
        """
        try:
            self._begin()
            self._put(rows)
            self._connection.execute("commit")
        except sqlite3.IntegrityError:
            raise
        except SQLITE_ERRORS as error:
            raise ParameterError("out", str(self.folder), mend_of(error, self.folder / DATABASE)) from None
        finally:
            if self._connection.in_transaction:
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute("rollback")

    def _begin(self) -> None:
        """Wait for other writers for a while, in steps that Ctrl-C ends."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                self._connection.execute("begin immediate")
                return
            except sqlite3.OperationalError as error:
                if reason_of(error) not in BUSY or time.monotonic() >= until:
                    raise

    def _put(self, rows: Iterable[tuple[Row, bytes | None]]) -> None:
        counter, count, digest = self._connection.execute("select counter, rows, digest from ledger").fetchone()
        for row, waveforms in rows:
            for (old,) in self._connection.execute(
                "select row_sha256 from points where key = ?", (row.key,)
            ).fetchall():
                count, digest = count - 1, self._added(digest, old)
            for name in ("waveforms", "points"):
                self._connection.execute(f"delete from {name} where key = ?", (row.key,))
            counter, count, values = counter + 1, count + 1, columns_of_row(row)
            of_waveforms = layout.sha256_of(waveforms)
            checksum = layout.checksum_of(counter, values, of_waveforms)
            self._connection.execute(layout.PUT, (counter, *values, of_waveforms, checksum))
            if waveforms is not None:
                self._connection.execute("insert into waveforms values (?, ?)", (row.key, waveforms))
            digest = self._added(digest, checksum)
        self._connection.execute("update ledger set counter = ?, rows = ?, digest = ?", (counter, count, digest))

    def each(self) -> Iterator[Row]:
        """Yield all rows in the order of their numbers."""
        return map(self._row_of, self._each())

    def as_they_came(self) -> Iterator[Row]:
        """Yield all rows in the order of storage."""
        return map(self._row_of, self._each(by_number=False))

    def rows(self) -> list[Row]:
        """All rows in the order of their numbers."""
        return list(self.each())

    def row(self, number: int) -> Row:
        """Read the row of one number.

        Raises:
            ParameterError: There is no such row.
        """
        found = self._one(number)
        if found is None:
            raise ParameterError("ROW", number, "there is no such row; amc table DIR shows them, by number")
        return self._row_of(found)

    def states(self) -> dict[str, tuple[int, str]]:
        """Number and status of every row by its key."""
        key, status = COLUMNS.index("key"), COLUMNS.index("status")
        return {one.values[key]: (one.number, one.values[status]) for one in self._each()}

    def with_waveforms(self) -> list[int]:
        """Numbers of the rows that have waveforms."""
        return [one.number for one in self._each() if one.waveforms]

    def waveforms(self, number: int) -> bytes | None:
        """Stored waveforms of a row; None if it has none."""
        found = self._one(number, with_content=True)
        if found is None or not found.waveforms:
            return None
        if found.more is None:
            raise self._damaged(f"the waveforms of row {number} of its {DATABASE} are lost")
        return found.more if isinstance(found.more, bytes) else b""

    def check(self) -> None:
        """Read everything.

        Raises:
            ParameterError: The database is damaged.
        """
        with self._reading():
            self._check_structure()
        for _ in self.each():
            pass
        for number in self.with_waveforms():
            self.waveforms(number)

    def _each(self, *, by_number: bool = True) -> Iterator[Stored]:
        """Yield all stored rows, by number or counter; each row is checked, and at the end that all are complete."""
        count, digest, last = 0, f"{0:064x}", -1
        found = None
        order = "order by points.number" if by_number else "order by points.rowid"
        with self._reading():
            for values in self._connection.execute(layout.select(self._layout, order)):
                found = self._checked(Stored.of(values))
                place = found.number if by_number else found.counter
                if place <= last:
                    raise self._damaged(f"row {found.number} of its {DATABASE} is there twice")
                count, last = count + 1, place
                if found.checksum is not None:
                    digest = self._added(digest, found.checksum)
                yield found
            self._check_all(count, digest, found)

    def _check_all(self, count: int, digest: str, last: Stored | None) -> None:
        """Compare the rows that were read with the ledger."""
        if self._layout < LAYOUT:
            return
        if last is None:
            # Rows that another process has stored since then came later.
            there, known = self._connection.execute("select (select count(*) from points), rows from ledger").fetchone()
            complete = there == known
        else:
            complete = last.ledger == f"{count} {digest}"
        if not complete:
            raise self._damaged(f"its {DATABASE} has lost rows, or is damaged")

    def _one(self, number: int, *, with_content: bool = False) -> Stored | None:
        text = layout.select(self._layout, "where points.number = ?", with_content=with_content)
        with self._reading():
            for values in self._connection.execute(text, (min(number, LARGEST_STORED),)):
                found = self._checked(Stored.of(values))
                if found.number != number:
                    raise self._damaged(f"row {number} of its {DATABASE} cannot be found")
                return found
        for _ in self._each():  # reports damage, if there is any
            pass
        return None

    def _checked(self, found: Stored) -> Stored:
        if not isinstance(found.number, int):
            raise self._damaged(f"a row of its {DATABASE} is damaged")
        if not found.intact:
            raise self._damaged(f"row {found.number} of its {DATABASE} is damaged")
        return found

    def _row_of(self, found: Stored) -> Row:
        """Convert stored values to a row; the file may come from anywhere."""
        try:
            return row_of_columns(found.counter, found.values)
        except ValueError:
            raise self._damaged(f"row {found.number} of its {DATABASE} is damaged") from None

    def _added(self, digest: Any, checksum: Any) -> str:
        try:
            return layout.added(digest, checksum)
        except (ValueError, TypeError):
            raise self._damaged(f"its {DATABASE} is damaged") from None
