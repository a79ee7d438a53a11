"""Parts of a report that need no script: summary, failures with their files, provenance."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import quote

from amc_circuits.files.run_folder import read_own_file
from amc_circuits.files.toml_file import LARGEST_FILE
from amc_circuits.sweep.report.markup import Markup, button, html, link, table, terms
from amc_circuits.sweep.rows.columns import main_metrics
from amc_circuits.sweep.rows.description import value_text
from amc_circuits.sweep.store import Row
from amc_circuits.sweep.store.evidence import evidence_in
from amc_circuits.sweep.store.folder import RESOLVED, SPECIFICATION
from amc_circuits.values.quantities import format_quantity
from amc_circuits.values.version import package_version

MOST_VALUES = 8
MOST_FAILURES = 500
MOST_FILES = 8
LARGEST_RESOLVED = 20_000_000
"""Most bytes of a resolved specification from which the number of points is read."""


def summary(rows: Sequence[Row], content: dict[str, Any], folder: Path, older: int) -> Markup:
    """Summary: number of points, statuses, time, varied options, and range of the main metrics.

    `older` rows, of points that ran again, are left out of the page.
    """
    columns = {column["name"]: column for column in content["columns"]}
    varied = [column for column in columns.values() if column["option"] and column["main"]]
    statuses = Counter(row.status for row in rows).most_common()
    entries = [
        ("points", f"{len(rows)}{_unfinished(len(rows), folder)}"),
        *([("left out", f"{older} older, of points that ran again")] if older else []),
        ("usable", f"{sum(row.usable for row in rows)}"),
        ("failed", f"{sum(row.failed for row in rows)}"),
        ("statuses", ", ".join(f"{count} {status}" for status, count in statuses) or "none"),
        ("computing time", format_quantity(sum(row.wall_time_s for row in rows), "s")),
        *((column["title"], _values(column)) for column in varied),
    ]
    usable = [place for place, row in enumerate(rows) if row.usable]
    ranges = [_range(columns[name], usable) for name in main_metrics(rows) if name in columns and usable]
    below = table(("usable points", "smallest", "median", "largest"), ranges).text if ranges else ""
    return Markup(terms(entries).text + below)


def _unfinished(count: int, folder: Path) -> str:
    """Note if the folder holds fewer points than its specification requires."""
    try:
        wanted = int(json.loads(read_own_file(folder / RESOLVED, LARGEST_RESOLVED))["points"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""
    return f" of the {wanted} that {SPECIFICATION} asks for" if count < wanted else ""


def _values(column: dict[str, Any]) -> str:
    """Summarize the values of an option."""
    values = list(dict.fromkeys(value for value in column["values"] if value is not None))
    if len(values) <= MOST_VALUES:
        return ", ".join(text_of(value, column) for value in values)
    if not column["numeric"]:
        return f"{len(values)} values"
    return f"{len(values)} values, {text_of(min(values), column)} to {text_of(max(values), column)}"


def text_of(value: Any, column: dict[str, Any]) -> str:
    """Format a value of a column for users."""
    return value_text(value, column["unit"])


def _range(column: dict[str, Any], places: Sequence[int]) -> tuple[str, str, str, str]:
    known = [value for value in (column["values"][place] for place in places) if value is not None]
    found = (min(known), median(known), max(known)) if known else (None,) * 3
    return column["title"], *(format_quantity(value, column["unit"]) for value in found)


def failures(rows: Sequence[Row], folder: Path, page: Path) -> Markup:
    """Section of the points without a usable result: the reason, and links to deck and log, relative to the page.

    It is empty if every point is usable.
    """
    unusable = [row for row in rows if not row.usable]
    if not unusable:
        return Markup("")
    lines: list[tuple[Any, ...]] = [
        (button(row.number), row.status, row.error, Markup(" ".join(one.text for one in _files(row, folder, page))))
        for row in unusable[:MOST_FAILURES]
    ]
    headings = ["point", "status", "reason", "files"]
    if not any(files.text for *_, files in lines):
        headings, lines = headings[:-1], [line[:-1] for line in lines]
    more = len(unusable) - len(lines)
    note = f"<p>{more} more are in the table above.</p>" if more else ""
    heading = '<section id="failures"><h2>Points without a usable result</h2>'
    return Markup(f"{heading}\n{table(headings, lines).text}{note}\n</section>")


def _files(row: Row, folder: Path, page: Path) -> Iterator[Markup]:
    for path in evidence_in(folder, row.kept)[:MOST_FILES]:
        # "./" because a name such as a:b would be read as the scheme of an address
        address = quote("./" + os.path.relpath(path.resolve(), page.resolve().parent))
        yield link(address, str(path.relative_to(folder)))


def provenance(rows: Sequence[Row], content: dict[str, Any], folder: Path, plotly_version: str) -> Markup:
    """Provenance of the rows: programs, time and machines, common options, and the text of the specification."""
    try:
        text = read_own_file(folder / SPECIFICATION, LARGEST_FILE)
    except OSError:
        text = b""
    dates = sorted(row.finished for row in rows if row.finished)
    common = [column for column in content["columns"] if column["option"] and len(set(map(str, column["values"]))) == 1]
    constant = [
        (column["title"], text_of(value, column)) for column in common if (value := column["values"][0]) is not None
    ]
    entries = [
        ("engines", _counted(f"{row.engine} ({row.engine_version})" for row in rows)),
        ("package versions", _counted(row.package_version for row in rows)),
        ("hosts", _counted(row.host for row in rows)),
        ("finished (UTC)", f"{dates[0]} to {dates[-1]}" if dates else "never"),
        ("designs", f"{len({row.design_sha256 for row in rows if row.design_sha256})} different ones"),
        ("SHA-256 of all keys", _sha256("\n".join(sorted(row.key for row in rows)).encode())),
        (f"SHA-256 of {SPECIFICATION}", _sha256(text) if text else f"there is no {SPECIFICATION}"),
        ("this page", f"{datetime.now(UTC).isoformat(timespec='seconds')}, amc {package_version()}, {plotly_version}"),
    ]
    return Markup(
        f"{terms(entries).text}<h3>{SPECIFICATION}</h3>"
        f'<pre tabindex="0">{html(text.decode(errors="replace"))}</pre>'
        f"<h3>The same in all points</h3>{terms(constant).text}"
    )


def _counted(names: Iterator[str]) -> str:
    return ", ".join(f"{name}: {count}" for name, count in Counter(names).most_common() if name) or "unknown"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
