"""Rows of sweeps that never ran, with figures that are known beforehand."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from amc_circuits.cases.options import parse_options
from amc_circuits.sweep.store import DATABASE, Row, Store
from amc_circuits.sweep.store.layout import added, checksum_of
from amc_circuits.sweep.store.row import COLUMNS


def made(number: int, figures: dict[str, Any] | None = None, status: str = "SETTLED", **options: Any) -> Row:
    """A row of INV with these options, the others at their defaults; `error`, `kept` and `engine_version`, too."""
    about = {name: options.pop(name) for name in ("error", "kept", "engine_version") if name in options}
    parameters = {"circuit": "inv", **parse_options("inv", options)}
    return Row(key=str(number), number=number, parameters=parameters, status=status, figures=figures or {},
               **{"error": ""} | about)  # fmt: skip


def stored(folder: Path, rows: list[Row], waveforms: dict[int, bytes] | None = None) -> Path:
    """The folder of a sweep that holds these rows."""
    folder.mkdir(exist_ok=True)
    with Store(folder, create=True) as store:
        store.put([(row, (waveforms or {}).get(row.number)) for row in rows])
    return folder


@contextmanager
def tampered(folder: Path) -> Iterator[sqlite3.Connection]:
    """The database of a sweep, to be changed by somebody who puts the checksums right again."""
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        yield connection
        digest, count = f"{0:064x}", 0
        text = f"select counter, waveforms_sha256, {', '.join(COLUMNS)} from points"
        for counter, waveforms, *values in connection.execute(text).fetchall():
            checksum = checksum_of(counter, values, waveforms)
            connection.execute("update points set row_sha256 = ? where counter = ?", (checksum, counter))
            count += 1
            with suppress(ValueError):  # what is no text has no checksum
                digest = added(digest, checksum)
        connection.execute("update ledger set rows = ?, digest = ?", (count, digest))
        connection.commit()
