"""Conditions on the rows of a sweep, such as `size>=16,status=SETTLED`, and the order of rows."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from amc_circuits.sweep.rows.columns import NONE, Column, find_column
from amc_circuits.values.quantities import parse_quantity
from netlists import ParameterError

OPERATORS: dict[str, Callable[[int], bool]] = {
    "=": lambda order: order == 0,
    "==": lambda order: order == 0,
    "!=": lambda order: order != 0,
    "<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    ">": lambda order: order > 0,
    ">=": lambda order: order >= 0,
}
"""Tests by operator, from the order of a row's value and the wanted one (-1, 0, 1)."""
EQUALITY = ("=", "==", "!=")
SAME = 1e-9
"""Relative difference up to which numbers are equal: `35u` and 3.5e-05 are."""
_CONDITION = re.compile(r"""\s*([\w.-]+)\s*(==|!=|<=|>=|=|<|>)\s*("[^"]*"|[^,"<>=!]+?)\s*(,|$)""")


@dataclass(frozen=True)
class Condition:
    """One condition on rows.

    Attributes:
        column: Column to compare.
        operator: One of `OPERATORS`.
        value: Value to compare with: a number in SI units, text, True or False; None for not set.
    """

    column: Column
    operator: str
    value: float | str | bool | None

    def holds(self, value: Any) -> bool:
        """Test a value of a row; a value that is not set is neither above nor below any other."""
        order = _order(_known(value), self.value)
        return self.operator == "!=" if order is None else OPERATORS[self.operator](order)


def read_conditions(
    texts: Iterable[str], columns: Sequence[Column], types: Callable[[str], set[type]]
) -> list[Condition]:
    """Parse conditions on rows.

    Args:
        texts: Each one condition or several with commas between them: COLUMN, one of = == != < <= > >=, and a number
            with SI suffix and unit, text (in double quotes if it contains a comma or an operator), `true`, `false` or
            `none` for a value that is not set.
        columns: All columns.
        types: Function that returns the types of the values of a column.

    Raises:
        ParameterError: A condition cannot be read, or no row has its column.
    """
    return [_condition(parts, columns, types) for text in texts for parts in _split(text)] if columns else []


def columns_named(texts: Iterable[str], columns: Sequence[Column]) -> list[str]:
    """Names of the columns of conditions, with the errors of `read_conditions` about them."""
    parts = [parts for text in texts for parts in _split(text)] if columns else []
    return [find_column("where", name, columns).name for name, *_ in parts]


def _split(text: str) -> list[tuple[str, str, str]]:
    """Split a text into column, operator and value of each condition."""
    parts: list[tuple[str, str, str]] = []
    place = 0
    while place < len(text) or not parts:
        found = _CONDITION.match(text, place)
        if found is None or (found[4] and found.end() == len(text)):
            mend = f"must be COLUMN=VALUE, with one of {' '.join(OPERATORS)}, several with commas between them"
            raise ParameterError("where", repr(text), f'{mend}, as size>=16,status=SETTLED,error!="a, b"')
        parts.append((found[1], found[2], found[3]))
        place = found.end()
    return parts


def _condition(parts: tuple[str, str, str], columns: Sequence[Column], types: Callable[[str], set[type]]) -> Condition:
    name, operator, text = parts
    column = find_column("where", name, columns)
    try:
        value = _value(text, column, types(column.name))
    except ParameterError as error:
        raise ParameterError("where", repr("".join(parts)), f"{column.name} {error.mend}") from None
    if operator not in EQUALITY and (value is None or isinstance(value, bool)):
        raise ParameterError("where", repr("".join(parts)), f"{text} has no order; take = or !=")
    return Condition(column, operator, value)


def _value(text: str, column: Column, held: set[type]) -> float | str | bool | None:
    """Convert a value to the type of its column; a column of numbers and names accepts both."""
    if text == NONE:
        return None
    if bool in held:
        if text not in ("true", "false"):
            raise ParameterError("where", text, "must be true, false or none")
        return text == "true"
    numbers = bool(held & {int, float})
    if text.startswith('"') or (str in held and not numbers):
        return text.strip('"')
    try:
        share = not column.unit and text.endswith("%")
        return parse_quantity("where", text, "%" if share else column.unit)
    except ParameterError:
        if numbers and str not in held:
            raise
        return text


def _known(value: Any) -> Any:
    """Replace values that are not set by None, nan and empty text included."""
    return None if value == "" or (isinstance(value, float) and math.isnan(value)) else value


def _order(value: Any, wanted: Any) -> int | None:
    """Compare two values: -1, 0 or 1; None if they cannot be compared."""
    if value is None or wanted is None:
        return 0 if value is wanted else None
    if isinstance(value, str) != isinstance(wanted, str):
        return None
    if not isinstance(value, str) and math.isclose(value, wanted, rel_tol=SAME):
        return 0
    return int(value > wanted) - int(value < wanted)


def order_of(values: Sequence[Any], *, descending: bool) -> list[int]:
    """Places of values in order: numbers before text, those without a value last, equal ones in their order."""
    groups: tuple[list[int], list[int], list[int]] = [], [], []
    for place, value in enumerate(values):
        groups[2 if _known(value) is None else isinstance(value, str)].append(place)
    numbers, texts = (sorted(group, key=values.__getitem__, reverse=descending) for group in groups[:2])
    return (texts + numbers if descending else numbers + texts) + groups[2]
