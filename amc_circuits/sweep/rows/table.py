"""Implementation of `amc table`: rows for users and for files."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from amc_circuits.cases.option import output_format
from amc_circuits.files.run_folder import check_output_file, replacing, writing
from amc_circuits.sweep.rows.columns import (
    Column,
    FlatRow,
    columns_of,
    find_column,
    flat,
    main_metrics,
    newest,
    varied_options,
)
from amc_circuits.sweep.rows.conditions import chosen, sorted_by
from amc_circuits.sweep.rows.text_table import fitted_lines, lines_of, one_line
from amc_circuits.sweep.store import Row, Store
from amc_circuits.values.quantities import counted
from netlists import ParameterError

FORMATS = ("table", "csv", "json", "parquet")
MOST_REASONS = 10
_FORMULA = set(
    "=+-@\t\r\n'\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"
)
"""First characters of a text that a spreadsheet may take for a formula, and of its mark for plain text."""


@dataclass(frozen=True)
class Wanted:
    """User's choice of a sweep's table.

    Attributes:
        where: Conditions, see `conditions.chosen`.
        columns: Names with commas between them; None for all in files, and for the main ones in print.
        sort: A column, with `-` before it for descending; None for the order of the sweep.
        raw_csv: True leaves texts unchanged that a spreadsheet would take for formulas.
    """

    where: tuple[str, ...] = ()
    columns: str | None = None
    sort: str | None = None
    raw_csv: bool = False


def print_rows(folder: Path, form: str | None, output: Path | None, wanted: Wanted) -> None:
    """Run `amc table`."""
    form = _format(form, output)
    if wanted.raw_csv and form != "csv":
        raise ParameterError("raw_csv", "true", f"has no effect on {form}; take format csv")
    with Store(folder) as store:
        rows = store.rows()
    flat_rows = [flat(row) for row in rows]
    columns = columns_of(flat_rows)
    if wanted.where:
        kept = {row.number for row in chosen(rows, wanted.where)}
        flat_rows = [row for row in flat_rows if row["number"] in kept]
    if wanted.sort is not None:
        column = find_column("sort", wanted.sort, columns)
        flat_rows = sorted_by(flat_rows, column, descending=wanted.sort.startswith("-"))
    named = [] if wanted.columns is None else wanted.columns.split(",")
    asked = list(dict.fromkeys(find_column("columns", name, columns) for name in named))
    if form == "table":
        _print_table(rows, flat_rows, columns, asked, folder)
    elif form == "parquet" and output is not None:
        _write_parquet(flat_rows, asked or columns, output)
    else:
        shown = asked or columns
        text = _csv(flat_rows, shown, raw=wanted.raw_csv) if form == "csv" else _json(flat_rows, shown)
        _print_or_write(text, output)


def _print_table(
    rows: Sequence[Row], flat_rows: Sequence[FlatRow], columns: Sequence[Column], asked: Sequence[Column], folder: Path
) -> None:
    """Print the requested or main columns, and why rows are not usable."""
    kept = {row["number"] for row in flat_rows}
    shown = [row for row in rows if row.number in kept]
    total = counted(len(rows), "point")
    print(total if len(shown) == len(rows) else f"{len(shown)} of {total}")
    main = main_columns(shown, columns)
    metrics = main_metrics(shown)
    keep = 1 + sum(column.name not in metrics for column in main)
    lines = lines_of(flat_rows, asked) if asked else fitted_lines(flat_rows, main, keep)
    older = len(shown) - len(newest(shown))
    if older:
        lines.append(
            f"{older} of these points ran again later, with another version of simulator or amc, or another file: "
            "the columns number,engine_version,counter tell them apart"
        )
    print("".join(f"{line}\n" for line in lines + reasons(shown, folder)), end="")


def _format(form: str | None, output: Path | None) -> str:
    """Format of the rows: as requested, or from the suffix of the file."""
    if form is None:
        suffix = "" if output is None else output.suffix.lower().removeprefix(".")
        form = suffix if suffix in FORMATS else "table"
    output_format(*FORMATS).parse(form)
    if form == "parquet" and output is None:
        raise ParameterError("format", "parquet", "is no text to print; name a file, -o FILE.parquet")
    if output is not None:
        if form == "table":
            raise ParameterError("output", str(output), "must end in .csv, .json or .parquet; or give a format, too")
        check_output_file("output", output)
    return form


def _write_parquet(flat_rows: Sequence[FlatRow], columns: Sequence[Column], output: Path) -> None:
    from amc_circuits.sweep.rows.frames import write_parquet

    with writing("output", output), replacing(output) as partial:
        write_parquet(flat_rows, columns, partial)
    print(f"wrote {output}")


def _print_or_write(text: str, output: Path | None) -> None:
    if output is None:
        print(text, end="")
        return
    with writing("output", output), replacing(output) as partial:
        partial.write_text(text, encoding="utf-8")
    print(f"wrote {output}")


def _json(flat_rows: Sequence[FlatRow], columns: Sequence[Column]) -> str:
    found = [{column.name: row[column.name] for column in columns if column.name in row} for row in flat_rows]
    return json.dumps(found, indent=2, allow_nan=False) + "\n"


def _csv(flat_rows: Sequence[FlatRow], columns: Sequence[Column], *, raw: bool) -> str:
    """Format rows as CSV; unless raw, no text in it is a formula for a spreadsheet."""
    names = [column.name for column in columns]
    lines: Iterable[Sequence[object]] = (names, *([row.get(name) for name in names] for row in flat_rows))
    return "".join(_csv_line(cells if raw else [_quoted(cell) for cell in cells]) for cells in lines)


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


def main_columns(rows: Sequence[Row], columns: Sequence[Column]) -> list[Column]:
    """Main columns: number, options that vary, status, and the main metrics that some row has."""
    known = {column.name: column for column in columns}
    metrics = main_metrics(rows)
    missing = [name for name in metrics if name in known]
    for row in rows:
        if not missing:
            break
        found = flat(row)
        missing = [name for name in missing if found.get(name) is None]
    figures = [name for name in metrics if name not in missing]
    return [known[name] for name in ("number", *varied_options(rows), "status", *figures) if name in known]


def reasons(rows: Sequence[Row], folder: Path) -> list[str]:
    """Reasons why rows are not usable, failures first, one line each, with the rows and the place of deck and log."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in sorted(rows, key=lambda row: not row.failed):
        if not row.usable:
            found.setdefault((row.status, row.error), []).append(row)
    lines = []
    for (status, error), alike in list(found.items())[:MOST_REASONS]:
        numbers = ", ".join(str(row.number) for row in alike[:MOST_REASONS])
        more = f" and {len(alike) - MOST_REASONS} more" if len(alike) > MOST_REASONS else ""
        kept = next((f"; deck and log: {folder / row.kept}" for row in alike if row.kept), "")
        lines.append(f"row{'s' * (len(alike) > 1)} {numbers}{more}: {status}: {one_line(error)}{kept}")
    if len(found) > MOST_REASONS:
        mend = "columns number,status,error,kept where status!=SETTLED show all"
        lines.append(f"{len(found) - MOST_REASONS} more reasons; {mend}")
    return lines
