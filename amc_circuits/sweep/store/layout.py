"""Layout of a sweep's database: its tables, and checksums that detect damage.

A row's checksum covers all its columns, the form that it names, and the checksum of its waveforms; the ledger's covers
all rows. So a flipped bit in a row is detected, and so is a lost or repeated row. It is not a signature: whoever can
write the file can also write checksums.
"""

from __future__ import annotations

import hashlib
import sqlite3
from functools import cache
from typing import Any

from amc_circuits.sweep.store import older

LAYOUT = 4
"""Layout of databases that this version creates."""
_TABLES = older.TABLES | {
    LAYOUT: """
create table forms (form integer primary key, content text not null, content_sha256 text not null);
create table points (
    counter integer primary key,
    number integer not null unique,
    key text not null unique,
    status text not null,
    form integer not null,
    content text not null,
    waveforms_sha256 text not null,
    row_sha256 text not null
);
create table waveforms (key text primary key, content blob not null);
create table ledger (counter integer not null, rows integer not null, digest text not null);
"""
}
_EMPTY = f"insert into ledger values (0, 0, '{0:064x}');"
MAKE = f"begin immediate; {_TABLES[LAYOUT]} {_EMPTY} pragma user_version={LAYOUT}; commit;"
_COLUMNS = "counter, number, key, status, form, content, waveforms_sha256, row_sha256"
SELECT = older.SELECT | {LAYOUT: f"select {_COLUMNS} from points"}
"""Queries of rows, by layout."""
PUT = f"insert into points ({_COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?)"
_SCHEMA = "select type, name, tbl_name, sql from sqlite_master"


def checksum_of(counter: object, number: object, texts: tuple[Any, ...], form: str) -> str:
    """Checksum of a row; values that no valid row has give a checksum that no row has.

    Args:
        counter: Its counter.
        number: Its number.
        texts: Key, status, content, and the checksum of its waveforms.
        form: Checksum of its form.
    """
    try:
        return hashlib.sha256("\0".join((f"{counter!r} {number!r}", *texts, form)).encode()).hexdigest()
    except (TypeError, ValueError):
        return "none"


def sha256_of(content: object) -> str:
    """Checksum of waveforms; empty without any; content of another type gives one that no waveforms have."""
    if content is None:
        return ""
    return hashlib.sha256(content).hexdigest() if isinstance(content, bytes) else "none"


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
