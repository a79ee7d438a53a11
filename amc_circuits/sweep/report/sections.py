"""Parts of a report that need no script: summary, failures with their files, provenance."""

from __future__ import annotations

import hashlib
import json
import os
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from amc_circuits.files.run_folder import read_own_file
from amc_circuits.files.toml_file import LARGEST_FILE
from amc_circuits.sweep.report.content import Subject
from amc_circuits.sweep.report.markup import Markup, button, html, link, table, terms
from amc_circuits.sweep.rows.columns import Column, columns_of, flat, main_metrics, varied_options
from amc_circuits.sweep.rows.description import value_text
from amc_circuits.sweep.rows.source import picker
from amc_circuits.sweep.rows.stream import Rows
from amc_circuits.sweep.store import FAILED, INVALID, Row, Store
from amc_circuits.sweep.store.evidence import evidence_in
from amc_circuits.sweep.store.folder import RESOLVED, SPECIFICATION
from amc_circuits.values.quantities import format_quantity
from netlists.record import FloatArray
from netlists.version import package_version

MOST_VALUES = 8
MOST_FAILURES = 500
MOST_FILES = 8
LARGEST_RESOLVED = 20_000_000
"""Most bytes of a resolved specification from which the number of points is read."""


def summary(subject: Subject, folder: Path) -> Markup:
    """Summary: number of points, statuses, time, varied options, and range of the main metrics."""
    rows, usable = subject.rows, subject.rows.usable
    statuses = Counter(rows.values("status"))
    columns = {column.name: column for column in columns_of(map(flat, subject.some))}
    entries = [
        ("points", f"{len(rows)}{_unfinished(len(rows), folder)}"),
        *([("left out", f"{subject.older} older, of points that ran again")] if subject.older else []),
        *([("here", subject.thinned)] if subject.thinned else []),
        ("usable", f"{np.count_nonzero(usable)}"),
        ("failed", f"{statuses[FAILED] + statuses[INVALID]}"),
        ("statuses", ", ".join(f"{count} {status}" for status, count in statuses.most_common()) or "none"),
        ("computing time", format_quantity(float(np.nansum(rows.numbers("row_wall_time_s"))), "s")),
        *((columns[name].title, _values(rows, columns[name])) for name in varied_options(subject.some)),
    ]
    metrics = [columns[name] for name in main_metrics(subject.some) if name in columns]
    ranges = [_range(column, rows.numbers(column.name)[usable]) for column in metrics if usable.any()]
    below = table(("usable points", "smallest", "median", "largest"), ranges).text if ranges else ""
    return Markup(terms(entries).text + below)


def _unfinished(count: int, folder: Path) -> str:
    """Note if the folder holds fewer points than its specification requires."""
    try:
        wanted = int(json.loads(read_own_file(folder / RESOLVED, LARGEST_RESOLVED))["points"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""
    return f" of the {wanted} that {SPECIFICATION} asks for" if count < wanted else ""


def _values(rows: Rows, column: Column) -> str:
    """Summarize the values of an option."""
    _, first = rows.groups([column.name])
    lacking = None in rows.values(column.name)
    count = len(first) - lacking
    if count <= MOST_VALUES:
        values = (rows.at(column.name, place) for place in first.tolist())
        return ", ".join(value_text(value, column.unit) for value in values if value is not None)
    numbers = rows.numbers(column.name)
    if np.isnan(numbers).any() and not lacking:
        return f"{count} values"
    ends = (rows.at(column.name, int(place(numbers))) for place in (np.nanargmin, np.nanargmax))
    return f"{count} values, {' to '.join(value_text(end, column.unit) for end in ends)}"


def _range(column: Column, values: FloatArray) -> tuple[str, str, str, str]:
    known = values[~np.isnan(values)]
    found = (known.min(), np.median(known), known.max()) if len(known) else (None,) * 3
    least, middle, most = (format_quantity(value, column.unit) for value in found)
    return column.title, least, middle, most


def failures(subject: Subject, folder: Path, page: Path) -> Markup:
    """Section of the points without a usable result: the reason, and links to deck and log, relative to the page.

    It is empty if every point is usable.
    """
    unusable = np.flatnonzero(~subject.rows.usable).tolist()
    if not unusable:
        return Markup("")
    here = {row.number for row in subject.page}
    lines: list[tuple[Any, ...]] = [
        (
            button(row.number) if row.number in here else row.number,
            row.status,
            row.error,
            Markup(" ".join(one.text for one in _files(row, folder, page))),
        )
        for row in subject.rows.rows(unusable[:MOST_FAILURES])
    ]
    headings = ["point", "status", "reason", "files"]
    if not any(files.text for *_, files in lines):
        headings, lines = headings[:-1], [line[:-1] for line in lines]
    more, where = len(unusable) - len(lines), "in amc table" if subject.thinned else "in the table above"
    note = f"<p>{more} more are {where}.</p>" if more else ""
    heading = '<section id="failures"><h2>Points without a usable result</h2>'
    return Markup(f"{heading}\n{table(headings, lines).text}{note}\n</section>")


def _files(row: Row, folder: Path, page: Path) -> Iterator[Markup]:
    for path in evidence_in(folder, row.kept)[:MOST_FILES]:
        # "./" because a name such as a:b would be read as the scheme of an address
        address = quote("./" + os.path.relpath(path.resolve(), page.resolve().parent))
        yield link(address, str(path.relative_to(folder)))


def provenance(subject: Subject, store: Store, plotly_version: str) -> Markup:
    """Provenance of the rows: programs, time and machines, common options, and the text of the specification."""
    try:
        text = read_own_file(store.folder / SPECIFICATION, LARGEST_FILE)
    except OSError:
        text = b""
    rows = subject.rows
    dates = {min(filter(None, rows.values("finished")), default=""), max(rows.values("finished"), default="")}
    engines = zip(rows.values(".engine"), rows.values("engine_version"), strict=True)
    keys, designs = _identities(subject, store)
    entries = [
        ("engines", _counted(f"{name} ({version})" for name, version in engines)),
        ("package versions", _counted(rows.values("package_version"))),
        ("hosts", _counted(rows.values("host"))),
        ("finished (UTC)", " to ".join(sorted(dates)) if any(dates) else "never"),
        ("designs", f"{designs} different ones"),
        ("SHA-256 of all keys", keys),
        (f"SHA-256 of {SPECIFICATION}", hashlib.sha256(text).hexdigest() if text else f"there is no {SPECIFICATION}"),
        ("this page", f"{datetime.now(UTC).isoformat(timespec='seconds')}, amc {package_version()}, {plotly_version}"),
    ]
    return Markup(
        f"{terms(entries).text}<h3>{SPECIFICATION}</h3>"
        f'<pre tabindex="0">{html(text.decode(errors="replace"))}</pre>'
        f"<h3>The same in all points</h3>{terms(_common(subject)).text}"
    )


def _common(subject: Subject) -> list[tuple[str, str]]:
    """Options that all rows share, and their values."""
    rows = [flat(row) for row in subject.some]
    columns = [column for column in columns_of(rows) if column.option]
    values = {column: [row.get(column.name) for row in rows] for column in columns}
    return [
        (column.title, value_text(found[0], column.unit))
        for column, found in values.items()
        if found[0] is not None and len(set(map(str, found))) == 1
    ]


def _identities(subject: Subject, store: Store) -> tuple[str, int]:
    """SHA-256 of all keys, sorted, one a line, and the number of different designs."""
    older, designs = set[str](), array("Q")
    pick = cache(lambda form: picker(form, ("design_sha256",)))
    for row, kept in zip(store.packed(), subject.rows.kept.tolist(), strict=True):
        if not kept:
            older.add(row.key)
        elif design := pick(row.form)(row)[0]:
            designs.append(int.from_bytes(hashlib.sha256(design.encode()).digest()[:8]))
    digest, between = hashlib.sha256(), b""
    for key in store.sorted_keys():
        if key not in older:
            digest.update(between + key.encode())
            between = b"\n"
    return digest.hexdigest(), len(np.unique(designs))


def _counted(names: Iterable[str]) -> str:
    return ", ".join(f"{name}: {count}" for name, count in Counter(names).most_common() if name) or "unknown"
