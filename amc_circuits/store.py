"""Rows of a sweep in an SQLite database: what was reported done is there."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from netlists import ParameterError

DATABASE = "results.sqlite"
_TABLE = """
create table if not exists points (
    key text primary key,
    number integer not null,
    parameters text not null,
    status text not null,
    figures text not null,
    error text not null,
    wall_time_s real not null
)
"""


@dataclass(frozen=True)
class Row:
    """One point of a sweep.

    Attributes:
        key: Hash of circuit, options and simulator.
        number: Its place in the sweep, from 0.
        parameters: Circuit and options.
        status: Of the solution; `FAILED` when the simulator failed, `INVALID` when the point makes no sense.
        figures: What was measured, as `--format json` prints it, without the vector.
        error: Why it failed.
        wall_time_s: Of this point, s.
    """

    key: str
    number: int
    parameters: dict[str, Any]
    status: str
    figures: dict[str, Any]
    error: str
    wall_time_s: float

    @property
    def usable(self) -> bool:
        """True for a settled solution."""
        return self.status == "SETTLED"


class Store:
    """The database of one folder; used by one process."""

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        path = folder / DATABASE
        if not create and not path.is_file():
            raise ParameterError("DIR", str(folder), "holds no sweep; make one with amc sweep")
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            if create:
                self._connection.execute("pragma journal_mode=wal")
                self._connection.execute("pragma synchronous=full")
                self._connection.execute(_TABLE)
            self._connection.execute("select number from points limit 1")
        except sqlite3.DatabaseError as error:
            self._connection.close()
            raise ParameterError("DIR", str(folder), f"its {DATABASE} cannot be read ({error})") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def put(self, row: Row) -> None:
        """Stores a row for good, in the place of one with the same key."""
        self._connection.execute(
            "insert or replace into points values (?, ?, ?, ?, ?, ?, ?)",
            (
                row.key,
                row.number,
                json.dumps(row.parameters),
                row.status,
                json.dumps(row.figures),
                row.error,
                row.wall_time_s,
            ),
        )

    def rows(self) -> list[Row]:
        """All rows in the order of their numbers."""
        found = self._connection.execute("select * from points order by number").fetchall()
        return [Row(k, n, json.loads(p), s, json.loads(f), e, w) for k, n, p, s, f, e, w in found]
