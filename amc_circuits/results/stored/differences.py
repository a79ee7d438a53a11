"""Differences of two records, value by value, and their table."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from rich.table import Table

from amc_circuits.values.plain import plain
from amc_circuits.values.quantities import counted

Differences = dict[str, tuple[Any, Any]]
"""Stored and new values that differ, by name."""


def flat(record: Mapping[str, Any], omitted: Collection[str] = ()) -> dict[str, Any]:
    """Flatten a record to one level of names: `energy_j.total`, `x[2]`, counted from 1.

    Args:
        record: Values as JSON has them.
        omitted: Names that are left out, wherever they stand.
    """
    return dict(_flat(record, "", omitted))


def _flat(value: Any, name: str, omitted: Collection[str]) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, entry in value.items():
            if key not in omitted:
                yield from _flat(entry, f"{name}.{key}" if name else str(key), omitted)
    elif isinstance(value, list) and value:
        for place, entry in enumerate(value, 1):
            yield from _flat(entry, f"{name}[{place}]", omitted)
    else:
        yield name, value


def differences(stored: Mapping[str, Any], again: Mapping[str, Any], omitted: Collection[str] = ()) -> Differences:
    """Compare two records; a name that only one of them has is a difference."""
    before, now = flat(stored, omitted), flat(plain(dict(again)), omitted)
    return {
        name: (before.get(name), now.get(name))
        for name in dict.fromkeys([*before, *now])
        if before.get(name) != now.get(name)
    }


def differences_table(title: str, found: Differences) -> Table:
    """Build the table of differences."""
    grid = Table(title=f"{title}: {counted(len(found), 'difference')}", title_justify="left")
    for heading in ("metric", "stored", "now", "relative difference"):
        grid.add_column(heading, overflow="fold")
    for name, (stored, now) in found.items():
        grid.add_row(*(printable(text) for text in (name, stored, now)), _relative(stored, now))
    return grid


def printable(value: Any) -> str:
    """Make a value from outside safe for a terminal."""
    return "".join(sign if sign.isprintable() else "?" for sign in " ".join(str(value).split()))


def _relative(stored: Any, now: Any) -> str:
    numbers = [value for value in (stored, now) if isinstance(value, (int, float)) and math.isfinite(value)]
    if len(numbers) < 2 or stored == 0:
        return ""
    return f"{(now - stored) / abs(stored):.3g}"
