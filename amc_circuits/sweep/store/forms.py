"""Forms of rows: what rows have in common is stored once, and each row holds only the values that differ.

A row is a list of leaves, each a name and a value. A form has the names of all leaves and the values of those that
every row of it has in common. A row that differs in a further leaf gets a new form, in which that leaf is left open;
so a sweep needs a few forms, one for each option that varies, and not one for each row.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

Leaf = tuple[str, ...]
"""Names from the outermost to the innermost; the last one is empty for a list or an empty table."""
HEAD: tuple[Leaf, ...] = (("number",), ("key",), ("counter",), ("status",))
"""Leaves with columns of their own in the database; they stand before all others."""
_SCALARS = frozenset((str, int, float, bool, type(None)))
LARGEST = 10_000
"""Most leaves of a form."""


@dataclass(frozen=True, eq=False)
class Form:
    """Common part of some rows.

    Attributes:
        leaves: Names of all leaves, in order, without those of `HEAD`.
        fixed: Values that all rows have, by their place among the leaves.
    """

    leaves: tuple[Leaf, ...]
    fixed: Mapping[int, Any]

    @cached_property
    def open(self) -> tuple[int, ...]:
        """Places of the leaves whose values each row holds itself."""
        return tuple(place for place in range(len(self.leaves)) if place not in self.fixed)

    @cached_property
    def base(self) -> tuple[Any, ...]:
        """Values of the fixed leaves."""
        return tuple(self.fixed.values())

    @cached_property
    def places(self) -> dict[Leaf, int]:
        """Place of each leaf in the head of a row, the fixed values and the row's own values, one after the other."""
        order = (*HEAD, *(self.leaves[place] for place in self.fixed), *(self.leaves[place] for place in self.open))
        return {leaf: place for place, leaf in enumerate(order)}

    @cached_property
    def text(self) -> str:
        """The form as JSON: each leaf with its value, or without one if it is open."""
        return json.dumps(
            [[leaf, self.fixed[place]] if place in self.fixed else [leaf] for place, leaf in enumerate(self.leaves)]
        )

    @classmethod
    def of_text(cls, text: str) -> Form:
        """Read a form.

        Raises:
            ValueError: The text is no form.
        """
        try:
            entries = [(tuple(leaf), value) for leaf, *value in parsed(text)]
            names = [leaf for leaf, _ in entries]
            if not all(isinstance(name, str) for leaf in names for name in leaf) or len(names) > LARGEST:
                raise ValueError("it is no form")
        except (TypeError, ValueError, RecursionError):
            raise ValueError("it is no form") from None
        return cls(tuple(names), {place: value[0] for place, (_, value) in enumerate(entries) if value})

    def values(self, content: str | Sequence[Any]) -> tuple[Any, ...]:
        """Fixed values and the row's own values, in the order of `places`, without the head.

        Args:
            content: The row's own values, or their JSON.

        Raises:
            ValueError: The content is no list of so many values.
        """
        try:
            own = parsed(content) if isinstance(content, str) else content
        except RecursionError:
            raise ValueError("it is no row") from None
        if not isinstance(own, list) or len(own) != len(self.open):
            raise ValueError("it is no row")
        return self.base + tuple(own)

    def tree(self, values: Sequence[Any]) -> dict[str, Any]:
        """Build the row from the result of `values`: tables in tables, in the order of the leaves."""
        found: dict[str, Any] = {}
        for leaf, place in self._tree_places:
            table = found
            for name in leaf[:-1]:
                table = table.setdefault(name, {})
            table[leaf[-1]] = values[place]
        return found

    @cached_property
    def _tree_places(self) -> list[tuple[Leaf, int]]:
        return [(leaf[:-1] if leaf[-1] == "" else leaf, self.places[leaf] - len(HEAD)) for leaf in self.leaves]


class Forms:
    """Forms that are known, the latest of each list of names.

    Attributes:
        every: All of them, in their order.
    """

    def __init__(self) -> None:
        self.every: list[Form] = []
        self._latest: dict[tuple[Leaf, ...], Form] = {}

    def add(self, form: Form) -> None:
        """Make a form the latest of its names."""
        self.every.append(form)
        self._latest[form.leaves] = form

    def pack(self, tree: Mapping[str, Any]) -> tuple[Form, list[Any]]:
        """Find or make the form of a row; return it, and the row's own values."""
        leaves, values = zip(*leaves_of(tree), strict=True)
        form = self._latest.get(leaves)
        fixed = dict(enumerate(values)) if form is None else form.fixed
        common = {
            place: value for place, value in fixed.items() if value is values[place] or _same(value, values[place])
        }
        if form is None or len(common) < len(fixed):
            form = Form(leaves, common)
            self.add(form)
        return form, [values[place] for place in form.open]


def leaves_of(tree: Mapping[str, Any], above: Leaf = ()) -> Iterator[tuple[Leaf, Any]]:
    """Yield all leaves of tables in tables, with their values."""
    for name, value in tree.items():
        if value.__class__ in _SCALARS:  # most of them
            yield (*above, name), value
        elif isinstance(value, dict) and value and all(isinstance(key, str) for key in value):
            yield from leaves_of(value, (*above, name))
        elif isinstance(value, (dict, list, tuple)):
            yield (*above, name, ""), value
        else:
            yield (*above, name), value


def _same(one: Any, other: Any) -> bool:
    """True for values that are the same in JSON: 1, 1.0 and true differ, and so do 0.0 and -0.0."""
    if type(one) is not type(other) or one != other:
        return False
    return isinstance(one, (str, int)) or json.dumps(one) == json.dumps(other)


def parsed(text: str) -> Any:
    """Parse JSON; nan and infinity become None."""
    return _DECODER.decode(text)


_DECODER = json.JSONDecoder(parse_constant=lambda _: None)
"""Made once: `json.loads` makes one for each call that has such a function."""
