"""Rows of a sweep column by column: only the columns that are needed, and a few whole rows that stand for all.

One reading goes through all rows, one after the other, and keeps 8 bytes a value or less.
"""

from __future__ import annotations

import copy
import hashlib
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import compress
from operator import is_not, ne
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from amc_circuits.sweep.rows.columns import completed
from amc_circuits.sweep.rows.conditions import Condition, columns_named, read_conditions
from amc_circuits.sweep.rows.source import Held, Source, known_columns, open_options, options_of, picker
from amc_circuits.sweep.rows.values import columns_in_blocks
from amc_circuits.sweep.store import WORDS, Row
from amc_circuits.sweep.store.forms import Form
from amc_circuits.sweep.store.row import Packed, usable_by
from netlists.record import FloatArray

Flags = NDArray[np.bool_]
ABOUT_ALL = ("number", "counter", "status", "usable")
"""Columns that are always there."""
_ABSENT = "\0"
"""Value of an option that a row lacks and that has no default; no option has it."""
_OWN = 3
"""Columns before those with names: the form, and the hash of the options in two parts."""


class Rows:
    """Rows of a source, or those of them that were chosen, with some of their columns.

    Args:
        source: Rows.
        names: Columns, besides `ABOUT_ALL` and the options that differ.
    """

    def __init__(self, source: Source | Sequence[Row], names: Iterable[str] = ()) -> None:
        self.source: Source = Held(source) if isinstance(source, Sequence) else source
        self.options = open_options(self.source.forms())
        self.names = list(dict.fromkeys((*self.options, *ABOUT_ALL, *names)))
        columns = columns_in_blocks(self._read(), _OWN + len(self.names))
        self._columns = dict(zip(self.names, columns[_OWN:], strict=True))
        self._form, *self._point = (np.fromiter(column, dtype=np.int64) for column in columns[:_OWN])
        self._keep(np.ones(len(self._form), dtype=bool))

    def _keep(self, kept: Flags) -> None:
        self.kept: Flags = kept
        self.places: NDArray[np.int64] = np.flatnonzero(kept)

    def _read(self) -> Iterator[tuple[Any, ...]]:
        picks: dict[Form, tuple[int, Callable[[Packed], tuple[Any, ...]], dict[int, Any]]] = {}
        for row in self.source.packed():
            try:
                if row.form not in picks:
                    picks[row.form] = len(picks), picker(row.form, self.names), self._lacking(row)
                place, pick, lacking = picks[row.form]
                found = pick(row)
            except ValueError:
                raise self.source.damaged_row(row.number) from None
            options = found[: len(self.options)]
            if lacking:
                options = tuple(lacking.get(k, value) for k, value in enumerate(options))
            yield place, *struct.unpack("<qq", _hash_of(options)), *found

    def _lacking(self, row: Packed) -> dict[int, Any]:
        """Values of options that rows of a form lack: their defaults, by their place among the options."""
        known = options_of(row.form)
        if known.keys() >= set(self.options):
            return {}
        usual = completed(self.source.unpacked(row))
        return {k: usual.get(name, _ABSENT) for k, name in enumerate(self.options) if name not in known}

    @property
    def all(self) -> Self:
        """All rows of the source."""
        every = copy.copy(self)
        every._keep(np.ones(len(self._form), dtype=bool))
        return every

    def __len__(self) -> int:
        return len(self.places)

    def those(self, wanted: Flags) -> Self:
        """Select rows by a flag for each of these rows."""
        chosen = copy.copy(self)
        kept = np.zeros_like(self.kept)
        kept[self.places[wanted]] = True
        chosen._keep(kept)
        return chosen

    def where(self, conditions: Sequence[Condition]) -> Self:
        """Select the rows that keep all conditions."""
        chosen = self
        for one in conditions:
            holds = np.fromiter(map(one.holds, chosen.values(one.column.name)), dtype=bool)
            chosen = chosen.those(holds)
        return chosen

    def newest(self) -> Self:
        """Select the rows whose points did not run again later, as `columns.newest` does."""
        counters = np.fromiter(self.values("counter"), dtype=np.int64)
        first, second = (part[self.kept] for part in self._point)
        order = np.lexsort((counters, second, first))
        later = (np.diff(first[order]) == 0) & (np.diff(second[order]) == 0)
        wanted = np.ones(len(self), dtype=bool)
        wanted[order[:-1][later]] = False
        return self.those(wanted)

    def values(self, name: str) -> Iterable[Any]:
        """Values of a column in the order of the rows."""
        column = self._columns[name]
        return column if len(self) == len(self.kept) else compress(column, self.kept)

    def types(self, name: str) -> set[type]:
        """Types of all values of a column, also in rows that were not chosen."""
        return self._columns[name].types

    def numbers(self, name: str) -> FloatArray:
        """Values of a column as floats; nan for those that are not finite numbers."""
        return self._columns[name].numbers()[self.kept]

    def groups(self, names: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Group of each row by the values of some columns, from 0 as they come, and the place of the first of each."""
        if not names or not len(self):
            return np.zeros(len(self), dtype=np.int64), np.zeros(min(len(self), 1), dtype=np.int64)
        points = np.fromiter(map(_hash_of, zip(*map(self.values, names), strict=True)), dtype="S16", count=len(self))
        _, first, group = np.unique(points, return_index=True, return_inverse=True)
        rank = np.empty(len(first), dtype=np.int64)
        rank[np.argsort(first)] = np.arange(len(first))
        return rank[group], np.sort(first)

    def at(self, name: str, place: int) -> Any:
        """Value of a column at a place among the rows."""
        return self._columns[name][int(self.places[place])]

    @property
    def usable(self) -> Flags:
        """True for each row that is usable, as `Row.usable` is."""
        return np.fromiter(
            (
                bool(stated) if stated is not None else usable_by(status)
                for status, stated in zip(self.values("status"), self.values("usable"), strict=True)
            ),
            dtype=bool,
        )

    def some(self, figures: Iterable[str] = ()) -> list[Row]:
        """A few of the rows, in order, that have the same columns, options that differ and fixed options as all.

        Args:
            figures: Columns of which a value is among the rows, if there is one.
        """
        chosen = self.places
        wanted = {int(place) for place in chosen[np.unique(self._form[chosen], return_index=True)[1]]}
        for name in self.options:
            values = self.values(name)
            if name in WORDS:
                seen: dict[Any, int] = {}
                for place, value in zip(chosen.tolist(), values, strict=True):
                    seen.setdefault(value, place)
                wanted |= set(seen.values())
            else:
                first = next(iter(values), None)
                wanted |= self._first(chosen, self.values(name), partial(ne, first))
        for name in figures:
            wanted |= self._first(chosen, self.values(name), partial(is_not, None))
        return [self.source.row(self._columns["number"][place]) for place in sorted(wanted)]

    @staticmethod
    def _first(chosen: NDArray[np.int64], values: Iterable[Any], holds: Callable[[Any], bool]) -> set[int]:
        found = next((k for k, value in enumerate(values) if holds(value)), None)
        return set() if found is None else {int(chosen[found])}

    def packed(self, order: Sequence[int] | None = None) -> Iterator[Packed]:
        """Yield the rows as they are stored, in another reading.

        Args:
            order: Places of the rows; None for the order of their numbers.
        """
        if order is None:
            yield from compress(self.source.packed(), self.kept)
        else:
            yield from (self.source.one(self.at("number", place)) for place in order)

    def rows(self, order: Sequence[int] | None = None) -> Iterator[Row]:
        """Yield the rows themselves, in another reading; see `packed`."""
        return map(self.source.unpacked, self.packed(order))


def _hash_of(values: tuple[Any, ...]) -> bytes:
    return hashlib.blake2b(repr(values).encode(errors="replace"), digest_size=16).digest()


def load(source: Source | Sequence[Row], names: Iterable[str] = (), where: Sequence[str] = ()) -> Rows:
    """Read columns of the rows that keep all conditions; see `conditions.read_conditions`.

    Raises:
        ParameterError: A condition cannot be read, no row has its column, or the store is damaged.
    """
    source = Held(source) if isinstance(source, Sequence) else source
    columns = known_columns(source) if where else []
    rows = Rows(source, [*names, *columns_named(where, columns)])
    return rows.where(read_conditions(where, columns, rows.types))


def chosen(rows: Sequence[Row], where: Sequence[str]) -> list[Row]:
    """Select the rows that keep all conditions, with the errors of `load`."""
    return list(load(rows, (), where).rows()) if where else list(rows)
