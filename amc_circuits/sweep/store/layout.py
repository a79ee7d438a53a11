"""Layouts of a sweep's database: tables, queries for the rows of each layout, and checksums that detect damage.

A row's checksum covers its counter, all its columns and the checksum of its waveforms; the ledger's covers all rows. So
a flipped bit in a row is detected, and so is a lost or repeated row. It is not a signature: whoever can write the file
can also write checksums.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from amc_circuits.sweep.store.row import COLUMNS, NUMBER

LAYOUT = 3
"""Layout of databases that this version creates."""
OLDEST = 2
"""Oldest layout that this version can read; its rows have no checksums."""
_ROW_COLUMNS = {
    "key": "text not null unique",
    "number": "integer not null unique",
    "wall_time_s": "real not null",
    "seed": "integer not null",
}
_TABLES = {
    2: """
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
""",
    3: f"""
create table points (
    counter integer primary key,
    {", ".join(f"{name} {_ROW_COLUMNS.get(name, 'text not null')}" for name in COLUMNS)},
    waveforms_sha256 text not null,
    row_sha256 text not null
);
create table waveforms (key text primary key, content blob not null);
create table ledger (counter integer not null, rows integer not null, digest text not null);
insert into ledger values (0, 0, '{0:064x}');
""",
}
MAKE = f"begin immediate; {_TABLES[LAYOUT]} pragma user_version={LAYOUT}; commit;"
_SCHEMA = "select type, name, tbl_name, sql from sqlite_master"
_NAMES = ", ".join(f"points.{name}" for name in COLUMNS)
_CONTENT = "(select content from waveforms where waveforms.key = points.key)"
_SELECT = {
    2: f"select {{more}}, null, rowid, {_NAMES}, (select 'some' from waveforms where waveforms.key = points.key), null "
    "from points",
    3: f"select {{more}}, (select rows || ' ' || digest from ledger), counter, {_NAMES}, waveforms_sha256, row_sha256 "
    "from points",
}
PUT = f"insert into points values ({', '.join('?' * (len(COLUMNS) + 3))})"


@dataclass(frozen=True)
class Stored:
    """Content of a database for one row.

    Attributes:
        more: Content of its waveforms, if requested.
        ledger: Count of all rows and their digest, with a blank between; None in a layout without a ledger.
        counter: Counter of the row.
        values: Values of `COLUMNS`.
        waveforms: Checksum of its waveforms; empty if it has none, in a layout without checksums any text.
        checksum: Checksum of the row; None in a layout without checksums.
    """

    more: Any
    ledger: Any
    counter: Any
    values: Sequence[Any]
    waveforms: Any
    checksum: Any

    @classmethod
    def of(cls, values: Sequence[Any]) -> Stored:
        """Build from a line of `select`."""
        more, ledger, counter, *rest, waveforms, checksum = values
        return cls(more, ledger, counter, rest, waveforms, checksum)

    @property
    def number(self) -> Any:
        """Number of the row."""
        return self.values[NUMBER]

    @property
    def intact(self) -> bool:
        """True if checksums agree, or if there are none."""
        if self.checksum is None:
            return True
        known = self.checksum == checksum_of(self.counter, self.values, self.waveforms)
        return known and (self.more is None or self.waveforms == sha256_of(self.more))


def select(layout: int, where: str, *, with_content: bool = False) -> str:
    """SQL that reads lines for `Stored.of`."""
    return f"{_SELECT[layout].format(more=_CONTENT if with_content else 'null')} {where}"


def checksum_of(counter: object, values: Sequence[Any], waveforms: object) -> str:
    """Checksum of a row; values that no valid row has give a checksum that no row has."""
    try:
        text = json.dumps([counter, *values, waveforms])
    except (TypeError, ValueError):
        return "none"
    return hashlib.sha256(text.encode()).hexdigest()


def sha256_of(content: object) -> str:
    """Checksum of waveforms; empty without any; content of another type gives one that no waveforms have."""
    if content is None:
        return ""
    return hashlib.sha256(content).hexdigest() if isinstance(content, bytes) else "none"


def added(digest: str, checksum: str) -> str:
    """Digest of a store with one row more, or with it less: without rows it is 0, and the order does not matter.

    Raises:
        ValueError: One of them is damaged.
    """
    return f"{int(digest, 16) ^ int(checksum, 16):064x}"


@cache
def _schema(layout: int) -> frozenset[tuple[Any, ...]]:
    with sqlite3.connect(":memory:") as connection:
        connection.executescript(_TABLES[layout])
        found = frozenset(connection.execute(_SCHEMA))
    connection.close()
    return found


def is_ours(connection: sqlite3.Connection, layout: int) -> bool:
    """Test that the tables are those of a layout, without views or triggers, which would run on a query."""
    found = frozenset(connection.execute(_SCHEMA))
    return _schema(layout) <= found and not any(entry[0] in ("view", "trigger") for entry in found)
