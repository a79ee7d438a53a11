"""Rows of a sweep in files: CSV and JSON row by row, Parquet as a whole."""

from __future__ import annotations

import csv
import io
import itertools
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from textwrap import indent

from amc_circuits.files.run_folder import replacing, writing
from amc_circuits.sweep.rows.columns import Column, flat
from amc_circuits.sweep.rows.source import picker
from amc_circuits.sweep.rows.stream import Rows
from amc_circuits.sweep.store import Row
from amc_circuits.sweep.store.row import Packed

_FORMULA = set(
    "=+-@\t\r\n'\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"
)
"""First characters of a text that a spreadsheet may take for a formula, and of its mark for plain text."""


def write_rows(
    form: str, rows: Rows, order: Sequence[int] | None, columns: Sequence[Column], output: Path | None, *, raw: bool
) -> None:
    """Print rows as CSV or JSON, or write a file.

    Args:
        form: `csv`, `json` or `parquet`; the last one needs a file, and memory for all rows.
        rows: Rows.
        order: Places of the rows, as in `Rows.packed`.
        columns: Columns.
        output: File; None to print.
        raw: True leaves texts in CSV unchanged that a spreadsheet would take for formulas.
    """
    if output is None:
        sys.stdout.writelines(_lines(form, rows, order, columns, raw=raw))
        return
    with writing("output", output), replacing(output) as partial:
        if form == "parquet":
            from amc_circuits.sweep.rows.frames import write_parquet

            write_parquet([flat(row) for row in rows.rows(order)], columns, partial)
        else:
            with partial.open("w", encoding="utf-8", newline="") as file:
                file.writelines(_lines(form, rows, order, columns, raw=raw))
    print(f"wrote {output}")


def _lines(
    form: str, rows: Rows, order: Sequence[int] | None, columns: Sequence[Column], *, raw: bool
) -> Iterator[str]:
    return _csv(rows.packed(order), columns, raw=raw) if form == "csv" else _json(rows.rows(order), columns)


def _json(rows: Iterable[Row], columns: Sequence[Column]) -> Iterator[str]:
    """Format rows as JSON, one after the other, as `json.dumps` does for a list of them all."""
    before = "[\n"
    for row in map(flat, rows):
        found = {column.name: row[column.name] for column in columns if column.name in row}
        yield before + indent(json.dumps(found, indent=2, allow_nan=False), "  ")
        before = ",\n"
    yield "[]\n" if before.startswith("[") else "\n]\n"


def _csv(rows: Iterable[Packed], columns: Sequence[Column], *, raw: bool) -> Iterator[str]:
    """Format rows as CSV, one after the other; unless raw, no text in it is a formula for a spreadsheet."""
    names = [column.name for column in columns]
    pick = cache(lambda form: picker(form, names))
    for cells in itertools.chain([names], (pick(row.form)(row) for row in rows)):
        yield _csv_line(cells if raw else map(_quoted, cells))


def _csv_line(cells: Iterable[object]) -> str:
    text = io.StringIO()
    # With this end of a line, Python puts a text with a carriage return in quotes, too.
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().removesuffix("\r\n") + "\n"


def _quoted(cell: object) -> object:
    """Put the mark for plain text before a text that begins like a formula or with that mark.

    Numbers stay numbers. OWASP, "CSV injection", lists the characters; a blank before them does not help everywhere.
    """
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip(" ")[:1] in _FORMULA and cell.strip(" ") else cell
