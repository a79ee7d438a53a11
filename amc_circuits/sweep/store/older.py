"""Older layouts of a sweep's database, in which every row holds all of its values: they are read, but not written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from amc_circuits.sweep.store.row import COLUMNS

OLDEST = 2
"""Oldest layout that this version can read; its rows have no checksums."""
NUMBER = COLUMNS.index("number")
_TYPES = {
    "key": "text not null unique",
    "number": "integer not null unique",
    "wall_time_s": "real not null",
    "seed": "integer not null",
}
TABLES = {
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
    {", ".join(f"{name} {_TYPES.get(name, 'text not null')}" for name in COLUMNS)},
    waveforms_sha256 text not null,
    row_sha256 text not null
);
create table waveforms (key text primary key, content blob not null);
create table ledger (counter integer not null, rows integer not null, digest text not null);
""",
}
_NAMES = ", ".join(f"points.{name}" for name in COLUMNS)
_SOME = "(select 'some' from waveforms where waveforms.key = points.key)"
SELECT = {
    2: f"select rowid, {_NAMES}, {_SOME}, null from points",
    3: f"select counter, {_NAMES}, waveforms_sha256, row_sha256 from points",
}


def checksum_of(counter: object, values: Sequence[Any], waveforms: object) -> str:
    """Checksum of a row; values that no valid row has give a checksum that no row has.

    Args:
        counter: Its counter.
        values: Values of `COLUMNS`.
        waveforms: Checksum of its waveforms.
    """
    try:
        text = json.dumps([counter, *values, waveforms])
    except (TypeError, ValueError):
        return "none"
    return hashlib.sha256(text.encode()).hexdigest()
