"""Rows of a sweep in an SQLite database: reported rows are permanent, and damage is detected."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections.abc import Iterable, Iterator
from typing import Any

from amc_circuits.sweep.store import layout
from amc_circuits.sweep.store.database import DATABASE
from amc_circuits.sweep.store.database_errors import BUSY, SQLITE_ERRORS, mend_of, reason_of
from amc_circuits.sweep.store.reading import Reading
from amc_circuits.sweep.store.row import Packed, Row, row_of, tree_of
from amc_circuits.sweep.store.states import States
from netlists import ParameterError

PATIENCE = 60.0
"""Longest wait of rows for another program that has locked the database, s."""


class Store(Reading):
    """Rows of one folder, each checked when it is read.

    One process at a time writes them; others may read, each what was there when it opened the store.
    """

    def put(self, rows: Iterable[tuple[Row, bytes | None]]) -> None:
        """Store rows and their waveforms permanently, all or none, in place of those with the same keys.

        Raises:
            ParameterError: The rows cannot be stored, as on a full disk; earlier rows stay.
        """
        self._checked = False
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
                self._forget_forms()
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
        counter, count, text = self._connection.execute("select counter, rows, digest from ledger").fetchone()
        digest = self._number_of(text)
        for row, waveforms in rows:
            for (old,) in self._connection.execute(
                "select row_sha256 from points where key = ?", (row.key,)
            ).fetchall():
                count, digest = count - 1, digest ^ self._number_of(old)
                for name in ("waveforms", "points"):
                    self._connection.execute(f"delete from {name} where key = ?", (row.key,))
            counter, count = counter + 1, count + 1
            form, checksum_of_form, own = self._form_of(row)
            of_waveforms, content = layout.sha256_of(waveforms), json.dumps(own, separators=(",", ":"))
            texts = row.key, row.status, content, of_waveforms
            checksum = layout.checksum_of(counter, row.number, texts, checksum_of_form)
            self._connection.execute(
                layout.PUT, (counter, row.number, row.key, row.status, form, content, of_waveforms, checksum)
            )
            if waveforms is not None:
                self._connection.execute("insert into waveforms values (?, ?)", (row.key, waveforms))
            digest ^= int(checksum, 16)
        self._connection.execute(
            "update ledger set counter = ?, rows = ?, digest = ?", (counter, count, f"{digest:064x}")
        )

    def _form_of(self, row: Row) -> tuple[int, str, list[Any]]:
        """Number and checksum of the form of a row, stored if it is new, and the row's own values."""
        forms = self._stored_forms()
        form, own = self._packing.pack(tree_of(row))
        if form not in forms:
            forms[form] = self._add_form(form)
        return *forms[form], own

    def each(self) -> Iterator[Row]:
        """Yield all rows in the order of their numbers."""
        return map(self.unpacked, self.packed())

    def as_they_came(self) -> Iterator[Row]:
        """Yield all rows in the order of storage."""
        return map(self.unpacked, self.packed(by_number=False))

    def rows(self) -> list[Row]:
        """All rows in the order of their numbers."""
        return list(self.each())

    def row(self, number: int) -> Row:
        """Read the row of one number.

        Raises:
            ParameterError: There is no such row.
        """
        return self.unpacked(self.one(number))

    def one(self, number: int) -> Packed:
        """Read the row of one number as it is stored, with the errors of `row`."""
        found = self._one(number)
        if found is None:
            raise ParameterError("ROW", number, "there is no such row; amc table DIR shows them, by number")
        return found

    def states(self) -> States:
        """Number and status of every row by its key."""
        return States((row.key, row.number, row.status) for row in self.packed())

    def sorted_keys(self) -> Iterator[str]:
        """Yield all keys, sorted; of a store that was checked before."""
        with self._reading():
            yield from (key for (key,) in self._connection.execute("select key from points order by key"))

    def with_waveforms(self) -> list[int]:
        """Numbers of the rows that have waveforms."""
        return [row.number for row in self.packed() if row.waveforms]

    def waveforms(self, number: int) -> bytes | None:
        """Stored waveforms of a row; None if it has none."""
        found = self._one(number)
        return None if found is None else self.waveforms_of(found)

    def waveforms_of(self, row: Packed) -> bytes | None:
        """Stored waveforms of a row; None if it has none."""
        if not row.waveforms:
            return None
        with self._reading():
            content = self._content_of(row)
        if content is None:
            raise self._damaged(f"the waveforms of row {row.number} of its {DATABASE} are lost")
        return content

    def check(self) -> None:
        """Read everything.

        Raises:
            ParameterError: The database is damaged.
        """
        with self._reading():
            self._check_structure()
        for row in self.packed():
            self.unpacked(row)
            self.waveforms_of(row)

    def unpacked(self, found: Packed) -> Row:
        """Convert a stored row to a row; the file may come from anywhere."""
        try:
            return row_of(found)
        except ValueError:
            raise self.damaged_row(found.number) from None
