"""Rows of sweeps that never ran, with figures that are known beforehand."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from amc_circuits.cases.options import parse_options
from amc_circuits.sweep.store import DATABASE, Row, Store
from amc_circuits.sweep.store.forms import Form, leaves_of
from amc_circuits.sweep.store.layout import checksum_of, sha256_of


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
def tampered(folder: Path) -> Iterator[Tampered]:
    """The rows of a sweep, to be changed by somebody who puts the checksums right again."""
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        yield Tampered(connection)
        found = connection.execute("select form, content from forms").fetchall()
        checksums = {form: sha256_of(str(text).encode()) for form, text in found}
        connection.executemany(
            "update forms set content_sha256 = ? where form = ?", [one[::-1] for one in checksums.items()]
        )
        digest, count = 0, 0
        text = "select counter, number, key, status, content, waveforms_sha256, form from points"
        for counter, number, *texts, form in connection.execute(text).fetchall():
            checksum = checksum_of(counter, number, tuple(texts), checksums.get(form, ""))
            connection.execute("update points set row_sha256 = ? where counter = ?", (checksum, counter))
            count += 1
            with suppress(ValueError):  # what is no text has no checksum
                digest ^= int(checksum, 16)
        connection.execute("update ledger set rows = ?, digest = ?", (count, f"{digest:064x}"))
        connection.commit()


class Tampered:
    """Rows of a database as trees, which can be exchanged for any others."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def trees(self) -> dict[int, dict[str, Any]]:
        """The tree of each row by its number."""
        text = "select number, points.content, forms.content from points join forms using (form) order by number"
        found = {number: (Form.of_text(form), own) for number, own, form in self.connection.execute(text)}
        return {number: form.tree(form.values(own)) for number, (form, own) in found.items()}

    def put(self, number: int, tree: dict[str, Any]) -> None:
        """Exchange the tree of a row; one with a form of its own."""
        form = json.dumps([[leaf, value] for leaf, value in leaves_of(tree)])
        place = self.connection.execute("insert into forms (content, content_sha256) values (?, '')", (form,)).lastrowid
        self.connection.execute("update points set form = ?, content = '[]' where number = ?", (place, number))
