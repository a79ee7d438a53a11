"""Implementation of `amc table`: rows for users and for files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from pathlib import Path

from amc_circuits.cases.option import output_format
from amc_circuits.cases.runs import run_names
from amc_circuits.files.run_folder import check_output_file
from amc_circuits.sweep.rows.columns import (
    Column,
    columns_of,
    find_column,
    flat,
    main_metrics,
    metrics_of,
    varied_options,
)
from amc_circuits.sweep.rows.conditions import order_of
from amc_circuits.sweep.rows.files import write_rows
from amc_circuits.sweep.rows.source import known_columns
from amc_circuits.sweep.rows.stream import Rows, load
from amc_circuits.sweep.rows.text_table import fitted_lines, lines_of, one_line
from amc_circuits.sweep.store import FAILED, INVALID, Row, Store
from amc_circuits.values.quantities import counted
from netlists import ParameterError

FORMATS = ("table", "csv", "json", "parquet")
MOST_REASONS = 10
MOST_PRINTED = 1000
"""Most rows of a printed table."""
REASON = ("number", "status", "error", "kept")


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
        known = known_columns(store)
        sort = None if wanted.sort is None else find_column("sort", wanted.sort, known)
        named = [] if wanted.columns is None else wanted.columns.split(",")
        asked = list(dict.fromkeys(find_column("columns", name, known) for name in named))
        needed = [] if sort is None else [sort.name]
        rows = load(store, [*needed, *((*REASON, *_metrics()) if form == "table" else ())], wanted.where)
        order = None
        if sort is not None and wanted.sort is not None:
            order = order_of(list(rows.values(sort.name)), descending=wanted.sort.startswith("-"))
        if form == "table":
            _print_table(rows, asked, order, folder)
        else:
            columns = asked or columns_of(map(flat, rows.all.some()))
            write_rows(form, rows, order, columns, output, raw=wanted.raw_csv)


def _print_table(rows: Rows, asked: Sequence[Column], order: Sequence[int] | None, folder: Path) -> None:
    """Print the requested or main columns, and why rows are not usable."""
    total = counted(len(rows.all), "point")
    print(total if len(rows) == len(rows.all) else f"{len(rows)} of {total}")
    columns = columns_of(map(flat, rows.all.some()))
    some = rows.some(_metrics())
    main = main_columns(some, columns)
    metrics = main_metrics(some)
    keep = 1 + sum(column.name not in metrics for column in main)
    flat_rows = [flat(row) for row in rows.rows((range(len(rows)) if order is None else order)[:MOST_PRINTED])]
    lines = lines_of(flat_rows, asked) if asked else fitted_lines(flat_rows, main, keep)
    if len(rows) > len(flat_rows):
        mend = "where and sort choose others, format csv gives all"
        lines.append(f"{len(flat_rows)} of {len(rows)} points are shown; {mend}")
    older = len(rows) - len(rows.newest())
    if older:
        lines.append(
            f"{older} of these points ran again later, with another version of simulator or amc, or another file: "
            "the columns number,engine_version,counter tell them apart"
        )
    print("".join(f"{line}\n" for line in lines + reasons(rows, folder)), end="")


def _metrics() -> tuple[str, ...]:
    """Main metrics of all rows that there may be."""
    return metrics_of(run_names())


def _format(form: str | None, output: Path | None) -> str:
    """Format of the rows: as requested, or from the suffix of the file."""
    suffix = "" if output is None else output.suffix.lower().removeprefix(".")
    named = suffix if suffix in FORMATS else None
    form = form or named or "table"
    output_format(*FORMATS).parse(form)
    if form == "parquet" and output is None:
        raise ParameterError("format", "parquet", "is no text to print; name a file, -o FILE.parquet")
    if output is not None:
        if form == "table":
            raise ParameterError("output", str(output), "must end in .csv, .json or .parquet; or give a format, too")
        if named not in (None, form):
            raise ParameterError("format", form, f"is not that of {output.name}; leave it out, or name another file")
        check_output_file("output", output)
    return form


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


def reasons(rows: Rows, folder: Path) -> list[str]:
    """Reasons why rows are not usable, failures first, one line each, with the rows and the place of deck and log."""
    found: dict[tuple[str, str], _Alike] = {}
    for failed in (True, False):
        for number, status, error, kept in compress(zip(*map(rows.values, REASON), strict=True), ~rows.usable):
            if (status in (FAILED, INVALID)) == failed:
                alike = found.get((status, error)) or found.setdefault((status, error), _Alike())
                alike.add(number, kept)
    lines = []
    for (status, error), alike in list(found.items())[:MOST_REASONS]:
        numbers = ", ".join(map(str, alike.numbers))
        more = f" and {alike.count - MOST_REASONS} more" if alike.count > MOST_REASONS else ""
        kept = f"; deck and log: {folder / alike.kept}" if alike.kept else ""
        lines.append(f"row{'s' * (alike.count > 1)} {numbers}{more}: {status}: {one_line(error)}{kept}")
    if len(found) > MOST_REASONS:
        mend = "columns number,status,error,kept where status!=SETTLED show all"
        lines.append(f"{len(found) - MOST_REASONS} more reasons; {mend}")
    return lines


@dataclass
class _Alike:
    """Rows that are not usable for the same reason: their count, the first numbers, the first deck and log."""

    count: int = 0
    numbers: tuple[int, ...] = ()
    kept: str = ""

    def add(self, number: int, kept: str) -> None:
        """Count a row."""
        self.count += 1
        if self.count <= MOST_REASONS:
            self.numbers += (number,)
        self.kept = self.kept or kept
