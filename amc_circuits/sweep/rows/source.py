"""Sources of rows: a store, or rows in memory; and columns picked from stored rows, without the rest of the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, Protocol

from amc_circuits.cases.option import renamed
from amc_circuits.cases.options import SYNONYMS
from amc_circuits.results.trials import BUDGET
from amc_circuits.sweep.rows.columns import ABOUT, BY_ENGINE, Column, FlatRow, columns_of
from amc_circuits.sweep.store import WORDS, Row
from amc_circuits.sweep.store.forms import HEAD, Form, Forms
from amc_circuits.sweep.store.row import Packed, tree_of

_SCALARS = frozenset((type(None), bool, int, float, str))
_STATUS = HEAD.index(("status",))
_OPEN = object()
"""Mark of a value that differs between rows of a form."""


class Source(Protocol):
    """Rows in a store, or in memory."""

    def forms(self) -> list[Form]:
        """All forms of the rows; there may be others."""

    def packed(self) -> Iterator[Packed]:
        """Yield all rows in their order."""

    def row(self, number: int) -> Row:
        """Read the row of a number."""

    def one(self, number: int) -> Packed:
        """Read the row of a number as it is stored."""

    def unpacked(self, row: Packed) -> Row:
        """Build a row."""

    def damaged_row(self, number: int) -> Exception:
        """Error for a row that holds something else than a row does."""


class Held:
    """Rows in memory as a source."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = {row.number: row for row in rows}
        forms = Forms()
        self._packed = {
            row.number: Packed(row.number, row.key, row.counter, row.status, *forms.pack(tree_of(row)), "")
            for row in self._rows.values()
        }

    def forms(self) -> list[Form]:
        """All forms of the rows."""
        return list(dict.fromkeys(row.form for row in self._packed.values()))

    def packed(self) -> Iterator[Packed]:
        """Yield all rows in their order."""
        return iter(self._packed.values())

    def row(self, number: int) -> Row:
        """Return the row of a number."""
        return self._rows[number]

    def one(self, number: int) -> Packed:
        """Return the row of a number in its stored form."""
        return self._packed[number]

    def unpacked(self, row: Packed) -> Row:
        """Return a row."""
        return self._rows[row.number]

    def damaged_row(self, number: int) -> Exception:
        """Error for a row that holds something else than a row does."""
        return ValueError(f"row {number} is no row")


def open_options(forms: Iterable[Form]) -> list[str]:
    """Options that may differ between rows of these forms, with the circuit and the run."""
    each = [{name: _fixed(form, place) for name, place in options_of(form).items()} for form in forms]
    values = {name: [known.get(name, Ellipsis) for known in each] for known in each for name in known}
    return [name for name, known in values.items() if _OPEN in known or len(set(map(repr, known))) > 1]


def _fixed(form: Form, place: int) -> Any:
    """Value that all rows of a form have at a place of `Packed.values`."""
    shared = (*[_OPEN] * len(HEAD), *form.base)
    return shared[place] if place < len(shared) else _OPEN


def known_columns(source: Source) -> list[Column]:
    """Columns of all rows, and perhaps of rows that are no longer there; by name, no more than their forms are read."""
    forms = source.forms()
    rows: list[FlatRow] = []
    for form in forms:
        places = {name: _fixed(form, places[0]) if places else None for name, places in places_of(form).items()}
        rows.append({name: None if value is _OPEN else value for name, value in places.items()})
    if set(WORDS) & set(open_options(forms)):  # which circuits or runs there are decides on options and units
        found = {picker(row.form, WORDS)(row) for row in source.packed()}
        rows += [{name: value for name, value in zip(WORDS, words, strict=True) if value} for words in found]
    return columns_of({name: value for name, value in row.items() if name not in WORDS or value} for row in rows)


@lru_cache(maxsize=1024)
def places_of(form: Form) -> dict[str, tuple[int, ...]]:
    """Places of each column of `flat` in `Packed.values`: the first one that has a value counts."""
    places = {leaf: place for leaf, place in form.places.items() if leaf[-1]}
    options = {leaf[1]: (place,) for leaf, place in places.items() if leaf[0] == "parameters" and len(leaf) == 2}
    found: dict[str, tuple[int, ...]] = {"number": (0,), **renamed(options, SYNONYMS), "status": (_STATUS,)}
    for leaf, place in places.items():
        match leaf:
            case ("figures", "energy_j", part):
                found[f"energy_{part}_j"] = (place,)
            case ("figures", "budget", cause):
                found[f"{BUDGET}{cause}"] = (place,)
            case ("figures", "by_engine", engine):
                found[f"{BY_ENGINE}{engine}"] = (place,)
            case ("figures", name):
                found[name] = (*found.get(name, ()), place)
    about = {name: places.get(("wall_time_s" if name == "row_wall_time_s" else name,)) for name in ABOUT}
    return found | {name: () if place is None else (place,) for name, place in about.items()}


def options_of(form: Form) -> dict[str, int]:
    """Place of each option in `Packed.values`, with the circuit or run."""
    found = {leaf[1]: place for leaf, place in form.places.items() if leaf[0] == "parameters" and len(leaf) == 2}
    return renamed(found, SYNONYMS)


def picker(
    form: Form, names: Sequence[str], missing: Mapping[str, Any] | None = None
) -> Callable[[Packed], tuple[Any, ...]]:
    """Function that picks columns of a row of a form; without need it does not read the row's own values.

    Args:
        form: The form.
        names: Columns of `flat`, or fields of `Row` with a dot before them.
        missing: Values of columns that the form does not have; None for others.

    Raises:
        ValueError: The function raises it for a row that is damaged.
    """
    known, missing = places_of(form), missing or {}
    known = known | {name: (form.places[name[1:],],) for name in names if (name[1:],) in form.places and name[0] == "."}
    shared = len(HEAD) + len(form.base)
    own = any(place >= shared for name in names for place in known.get(name, ()))
    width = shared + (len(form.open) if own else 0)
    extra = tuple(missing.get(name) for name in names)
    first = [known[name][0] if known.get(name) else width + k for k, name in enumerate(names)]
    others = [(k, known[name][1:]) for k, name in enumerate(names) if len(known.get(name, ())) > 1]
    get = itemgetter(*first, 0)  # with the number, so that it is always a tuple

    def pick(row: Packed) -> tuple[Any, ...]:
        values = (row.values if own else row[: len(HEAD)] + form.base) + extra
        found: tuple[Any, ...] = get(values)[:-1]
        for k, places in others:
            if found[k] is None:
                value = next((values[place] for place in places if values[place] is not None), None)
                found = (*found[:k], value, *found[k + 1 :])
        if not _SCALARS.issuperset(map(type, found)):
            raise ValueError("it is no row")
        return found

    return pick
