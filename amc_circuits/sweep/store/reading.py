"""Reading of a sweep's database: every row is checked once, and at the end that none is missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from amc_circuits.sweep.store import layout, older
from amc_circuits.sweep.store.database import DATABASE, Database
from amc_circuits.sweep.store.forms import Form, Forms
from amc_circuits.sweep.store.layout import LAYOUT
from amc_circuits.sweep.store.row import Packed, row_of_columns, tree_of
from netlists import ParameterError

LARGEST_STORED = 2**63 - 1
"""Largest whole number in a database and in TOML."""


class Reading(Database):
    """Rows of one folder as they are stored. A database that is only read stays as it was when it was opened."""

    def __init__(self, folder: Path, *, create: bool = False, current: bool = False) -> None:
        super().__init__(folder, create=create, current=current)
        self._checked = False
        self._forget_forms()

    def packed(self, *, by_number: bool = True) -> Iterator[Packed]:
        """Yield all rows in the order of their numbers, or of their storage.

        Each is checked, and at the end that all are complete; not once more after the store was read to its end, unless
        it was written to.

        Raises:
            ParameterError: The database is damaged.
        """
        check, count, digest, last = not self._checked, 0, 0, -1
        order = "order by number" if by_number else "order by rowid"
        with self._reading():
            ledger = self._ledger()
            for line in self._connection.execute(f"{layout.SELECT[self._layout]} {order}"):
                found, checksum = self._found(line, check)
                place = found.number if by_number else found.counter
                if place <= last:
                    raise self._damaged(f"row {found.number} of its {DATABASE} is there twice")
                last = place
                if check and checksum is not None:
                    count, digest = count + 1, digest ^ self._number_of(checksum)
                yield found
            if check and ledger is not None and (count, digest) != ledger:
                raise self._damaged(f"its {DATABASE} has lost rows, or is damaged")
        self._checked = True

    def _ledger(self) -> tuple[int, int] | None:
        """Number of rows and their digest; None in a layout without a ledger."""
        if self._layout == older.OLDEST:
            return None
        found = self._connection.execute("select rows, digest from ledger").fetchone()
        if found is None:
            raise self._damaged(f"its {DATABASE} is damaged")
        return found[0], self._number_of(found[1])

    def _found(self, line: tuple[Any, ...], check: bool) -> tuple[Packed, str | None]:
        """Convert and check a row of the database; return its checksum, too."""
        if self._layout != LAYOUT:
            return self._found_older(line)
        counter, number, key, status, place, content, waveforms, checksum = line
        form, of_form = self._form(place, number)
        known = not check or checksum == layout.checksum_of(counter, number, (key, status, content, waveforms), of_form)
        if not known or type(number) is not int:
            raise self.damaged_row(number)
        return Packed(number, key, counter, status, form, content, waveforms), checksum

    def _found_older(self, line: tuple[Any, ...]) -> tuple[Packed, str | None]:
        counter, *values, waveforms, checksum = line
        number = values[older.NUMBER]
        if checksum not in (None, older.checksum_of(counter, values, waveforms)):
            raise self.damaged_row(number)
        try:
            row = row_of_columns(counter, values)
        except ValueError:
            raise self.damaged_row(number) from None
        form, own = self._packing.pack(tree_of(row))
        return Packed(row.number, row.key, row.counter, row.status, form, own, waveforms or ""), checksum

    def _one(self, number: int) -> Packed | None:
        """Row of a number; None if there is none."""
        with self._reading():
            text = f"{layout.SELECT[self._layout]} where number = ?"
            for line in self._connection.execute(text, (min(number, LARGEST_STORED),)):
                found, _ = self._found(line, True)
                if found.number != number:
                    raise self._damaged(f"row {number} of its {DATABASE} cannot be found")
                return found
        for _ in self.packed():  # reports damage, if there is any
            pass
        return None

    def _content_of(self, row: Packed) -> bytes | None:
        """Waveforms of a row; None if they are lost."""
        found = self._connection.execute("select content from waveforms where key = ?", (row.key,)).fetchone()
        if found is not None and self._layout > older.OLDEST and layout.sha256_of(found[0]) != row.waveforms:
            raise self.damaged_row(row.number)
        return None if found is None else found[0] if isinstance(found[0], bytes) else b""

    def forms(self) -> list[Form]:
        """All forms of the rows; there may be others, of rows that are no longer there."""
        if self._layout == LAYOUT:
            return list(self._stored_forms())
        for _ in self.packed():
            pass
        return list(self._packing.every)

    def _forget_forms(self) -> None:
        """Forget all forms, as after a write that failed."""
        self._packing = Forms()
        self._by_place: dict[Any, tuple[Form, str]] = {}
        self._places: dict[Form, tuple[int, str]] | None = None

    def _form(self, place: Any, number: Any) -> tuple[Form, str]:
        """Form of a row, and its checksum."""
        if place not in self._by_place:
            text = "select content, content_sha256 from forms where form = ?"
            found: tuple[Any, Any] = self._connection.execute(text, (place,)).fetchone() or (None, None)
            content, checksum = found
            try:
                if layout.sha256_of(content.encode()) != checksum:
                    raise ValueError("it is damaged")
                self._by_place[place] = Form.of_text(content), checksum
            except (AttributeError, ValueError):
                raise self.damaged_row(number) from None
        return self._by_place[place]

    def _stored_forms(self) -> dict[Form, tuple[int, str]]:
        """Number and checksum of each stored form that can be read; they are the ones that new rows get."""
        if self._places is None:
            self._places = {}
            for (place,) in self._connection.execute("select form from forms order by form").fetchall():
                form, checksum = self._form(place, None)
                self._packing.add(form)
                self._places[form] = place, checksum
        return self._places

    def _add_form(self, form: Form) -> tuple[int, str]:
        checksum = layout.sha256_of(form.text.encode())
        text = "insert into forms (content, content_sha256) values (?, ?)"
        place = self._connection.execute(text, (form.text, checksum)).lastrowid
        assert place is not None
        self._by_place[place] = form, checksum
        return place, checksum

    def _number_of(self, digest: Any) -> int:
        try:
            return int(digest, 16)
        except (ValueError, TypeError):
            raise self._damaged(f"its {DATABASE} is damaged") from None

    def damaged_row(self, number: Any) -> ParameterError:
        """Error for a row that holds something else than a row does."""
        if type(number) is not int:
            return self._damaged(f"a row of its {DATABASE} is damaged")
        return self._damaged(f"row {number} of its {DATABASE} is damaged")
