"""Rows of a sweep in an SQLite database: what was reported done is there."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

from netlists import ParameterError

DATABASE = "results.sqlite"
LAYOUT = 2
"""Of the database; one of another version of this package may have another."""
LARGEST_STORED = 2**63 - 1
"""Whole numbers in a database go so far, and in TOML."""
FAILED, INVALID = "FAILED", "INVALID"
TEXTS = ("circuit", "engine", "status", "warning")
"""Figures that are text."""
_TABLES = """
create table if not exists points (
    key text primary key,
    number integer not null unique,
    parameters text not null,
    status text not null,
    figures text not null,
    error text not null,
    kept text not null,
    wall_time_s real not null,
    finished text not null,
    seed integer not null,
    host text not null,
    engine text not null,
    engine_version text not null,
    design_sha256 text not null,
    deck_sha256 text not null,
    package_version text not null
);
create table if not exists waveforms (
    key text primary key references points(key) on delete cascade,
    content blob not null
);
"""
_MEND = "bring back a copy, or sweep into a new folder"
_AS_JSON = ("parameters", "figures")


@dataclass(frozen=True)
class Row:
    """One point of a sweep.

    Attributes:
        key: Hash of all that its figures depend on: circuit, options, contents of files, engine and its version.
        number: Its place in the sweep, from 0.
        parameters: Circuit and options, complete, in SI units.
        status: Of the solution; `FAILED` when it could not be simulated, `INVALID` when the point makes no sense.
        figures: What was measured, as `--format json` prints it, without vectors.
        error: Why it failed; empty for a usable row.
        kept: Where deck and log of a failure are, relative to the sweep's folder; empty without any.
        wall_time_s: Of this point, s.
        finished: When, UTC, ISO 8601.
        seed: Of all that was drawn.
        host: Name of the machine that ran it.
        engine: What was asked to simulate it.
        engine_version: Such as `ngspice 46 KLU`, or that of this package.
        design_sha256: Hash of the design record; of trials over all of theirs; empty where none was made.
        deck_sha256: Hash of the decks that were run; empty when none was.
        package_version: Of this package.
    """

    key: str
    number: int
    parameters: dict[str, Any]
    status: str
    figures: dict[str, Any]
    error: str
    kept: str = ""
    wall_time_s: float = 0.0
    finished: str = ""
    seed: int = 0
    host: str = ""
    engine: str = ""
    engine_version: str = ""
    design_sha256: str = ""
    deck_sha256: str = ""
    package_version: str = ""

    @property
    def options(self) -> dict[str, Any]:
        """Its parameters without the circuit."""
        return {name: value for name, value in self.parameters.items() if name != "circuit"}

    @property
    def usable(self) -> bool:
        """True for a settled solution."""
        return self.status == "SETTLED"

    @property
    def failed(self) -> bool:
        """True where nothing could be simulated."""
        return self.status in (FAILED, INVALID)


_COLUMNS = tuple(field.name for field in fields(Row))
_TYPES: dict[str, type] = {
    field.name: {"str": str, "int": int, "float": float}.get(str(field.type), dict) for field in fields(Row)
}
_PUT = f"insert into points ({', '.join(_COLUMNS)}) values ({', '.join('?' * len(_COLUMNS))})"
_FOREIGN = """
select 1 from sqlite_master where type in ('view', 'trigger')
union all select 1 from points where typeof(number) != 'integer' limit 1
"""
"""Finds what no database of ours has: what runs when it is looked at, and numbers that are none."""


class Store:
    """The database of one folder. One process at a time writes it; others may read."""

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        path = folder / DATABASE
        if not create and not path.is_file():
            raise ParameterError("DIR", str(folder), "holds no sweep; make one with amc sweep")
        self.folder = folder
        self._connection = sqlite3.connect(_address(path, create), isolation_level=None, uri=True)
        try:
            self._open(folder, create)
        except sqlite3.DatabaseError as error:
            self._connection.close()
            raise ParameterError("DIR", str(folder), f"its {DATABASE} cannot be read ({error})") from None
        except ParameterError:
            self._connection.close()
            raise

    def _open(self, folder: Path, create: bool) -> None:
        layout = self._connection.execute("pragma user_version").fetchone()[0]
        empty = not self._connection.execute("select count(*) from sqlite_master").fetchone()[0]
        if empty and not create:
            raise ParameterError("DIR", str(folder), "holds no rows yet: its sweep has only just begun")
        if layout != LAYOUT and not empty:
            mend = "was made by another version of amc, or not by amc; sweep into a new folder"
            raise ParameterError("DIR", str(folder), f"its {DATABASE} {mend}")
        if create:
            # A row that was reported done outlives a power cut: the log is on the disk before a commit returns.
            self._connection.execute("pragma journal_mode=wal")
            self._connection.execute("pragma synchronous=full")
        if create and empty:
            self._connection.executescript(f"begin immediate; {_TABLES} pragma user_version={LAYOUT}; commit;")
        if self._connection.execute(_FOREIGN).fetchone():
            raise ParameterError("DIR", str(folder), f"its {DATABASE} was not made by amc, or it is damaged")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends its use."""
        self._connection.close()

    def put(self, rows: Iterable[tuple[Row, bytes | None]]) -> None:
        """Stores rows and their waveforms for good, all or none, in the place of those with the same keys.

        Raises:
            ParameterError: They cannot be stored, as on a full disk; what was stored before stays.
        """
        try:
            self._connection.execute("begin immediate")
            for row, waveforms in rows:
                for name in ("waveforms", "points"):
                    self._connection.execute(f"delete from {name} where key = ?", (row.key,))
                self._connection.execute(_PUT, _as_stored(row))
                if waveforms is not None:
                    self._connection.execute("insert into waveforms values (?, ?)", (row.key, waveforms))
            self._connection.execute("commit")
        except sqlite3.OperationalError as error:
            mend = f"takes no more rows ({error}); what is done is kept: make room, then run the same command again"
            raise ParameterError("out", str(self.folder), mend) from None
        finally:
            if self._connection.in_transaction:
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute("rollback")

    def each(self) -> Iterator[Row]:
        """All rows in the order of their numbers, one at a time."""
        with self._reading():
            for values in self._connection.execute(f"select {', '.join(_COLUMNS)} from points order by number"):
                yield self._read(values)

    def rows(self) -> list[Row]:
        """All rows in the order of their numbers."""
        return list(self.each())

    def row(self, number: int) -> Row:
        """The row of one number.

        Raises:
            ParameterError: There is none.
        """
        text = f"select {', '.join(_COLUMNS)} from points where number = ?"
        with self._reading():
            for values in self._connection.execute(text, (min(number, LARGEST_STORED),)):
                return self._read(values)
        raise ParameterError("ROW", number, "there is no such row; amc table DIR shows them, by number")

    def states(self) -> dict[str, tuple[int, str]]:
        """Number and status of every row by its key."""
        with self._reading():
            found = self._connection.execute("select key, number, status from points")
            return {key: (number, status) for key, number, status in found}

    def with_waveforms(self) -> list[int]:
        """Numbers of the rows that have waveforms."""
        with self._reading():
            found = self._connection.execute("select number from points natural join waveforms order by number")
            return [number for (number,) in found]

    def waveforms(self, number: int) -> bytes | None:
        """What was stored as waveforms of a row; None where it has none."""
        text = "select content from points natural join waveforms where number = ?"
        with self._reading():
            found = self._connection.execute(text, (number,)).fetchone()
        return None if found is None else found[0] if isinstance(found[0], bytes) else b""

    def check(self) -> None:
        """Reads all of it.

        Raises:
            ParameterError: It is damaged.
        """
        with self._reading():
            for (said,) in self._connection.execute("pragma quick_check(1)"):
                if said != "ok":
                    raise sqlite3.DatabaseError(said)
        for _ in self.each():
            pass

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """What cannot be read is told with the folder, and without what stands there, which may be long."""
        try:
            yield
        except sqlite3.Error as error:
            reason = " ".join(str(error).partition(" with text")[0].split())
            mend = f"its {DATABASE} cannot be read ({reason}); {_MEND}"
            raise ParameterError("DIR", str(self.folder), mend) from None

    def _read(self, values: Sequence[Any]) -> Row:
        """A row as it is stored; the file may come from anywhere."""
        try:
            texts = zip(_COLUMNS, values, strict=True)
            found = {name: _unpacked(value) if name in _AS_JSON else value for name, value in texts}
        except (ValueError, TypeError, RecursionError):
            found = {}
        if not all(isinstance(found.get(name), kind) for name, kind in _TYPES.items()) or not _sound(found):
            mend = f"row {values[_COLUMNS.index('number')]} of its {DATABASE} is damaged; {_MEND}"
            raise ParameterError("DIR", str(self.folder), mend)
        return Row(**found)


def _unpacked(text: str) -> Any:
    """JSON, in which a number that is none is not known."""
    return json.loads(text, parse_constant=lambda _: None)


def _sound(row: dict[str, Any]) -> bool:
    """Whether parameters are options of a circuit, figures numbers but for `TEXTS`, and texts have nothing hidden."""
    parameters, figures = row["parameters"], row["figures"]
    numbers = [value for name, value in figures.items() if name not in TEXTS and not isinstance(value, list)]
    numbers += [value for group in numbers if isinstance(group, dict) for value in group.values()]
    return (
        parameters.get("circuit") in ("inv", "mvm")
        and all(value is None or isinstance(value, (str, int, float)) for value in parameters.values())
        and all(value is None or isinstance(value, (int, float, dict)) for value in numbers)
        and all(isinstance(figures.get(name, ""), str) for name in TEXTS)
        and all(value.isprintable() for name, value in row.items() if isinstance(value, str) and name != "error")
    )


def _address(path: Path, create: bool) -> str:
    """Of the database, for sqlite3; one that is only read may lie where nothing can be written."""
    still = not os.access(path.parent, os.W_OK) and not path.with_name(f"{path.name}-wal").exists()
    return f"{path.absolute().as_uri()}{'?immutable=1' if still and not create else ''}"


def _as_stored(row: Row) -> list[Any]:
    return [json.dumps(getattr(row, name)) if name in _AS_JSON else getattr(row, name) for name in _COLUMNS]
