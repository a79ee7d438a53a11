"""Conditions on the rows of a sweep, such as `size>=16,status=SETTLED`, and the order of rows."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from amc_circuits.sweep.rows.columns import NONE, Column, FlatRow, columns_of, find_column, flat
from amc_circuits.sweep.store import Row
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


def chosen(rows: Sequence[Row], texts: Iterable[str]) -> list[Row]:
    """Select the rows that keep all conditions.

    Args:
        rows: Rows of one sweep.
        texts: Each one condition or several with commas between them: COLUMN, one of = == != < <= > >=, and a number
            with SI suffix and unit, text (in double quotes if it contains a comma or an operator), `true`, `false` or
            `none` for a value that is not set.

    Raises:
        ParameterError: A condition cannot be read, or no row has its column.
    """
    texts = list(texts)
    flat_rows = [flat(row) for row in rows if texts]
    conditions = read_conditions(texts, flat_rows)
    if not conditions:
        return list(rows)
    kept = [all(one.holds(found.get(one.column.name)) for one in conditions) for found in flat_rows]
    return [row for row, keeps in zip(rows, kept, strict=True) if keeps]


def read_conditions(texts: Iterable[str], flat_rows: Sequence[FlatRow]) -> list[Condition]:
    """Parse conditions, with the errors of `chosen`; the rows decide which columns hold numbers."""
    columns = columns_of(flat_rows)
    return [_condition(parts, columns, flat_rows) for text in texts for parts in _split(text)] if columns else []


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


def _condition(parts: tuple[str, str, str], columns: Sequence[Column], flat_rows: Sequence[FlatRow]) -> Condition:
    name, operator, text = parts
    column = find_column("where", name, columns)
    held = {type(row.get(column.name)) for row in flat_rows}
    try:
        value = _value(text, column, held)
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


def sorted_by(flat_rows: Sequence[FlatRow], column: Column, *, descending: bool) -> list[FlatRow]:
    """Sort rows by a column: numbers before text, rows without a value last, equal rows in their order."""
    last = [row for row in flat_rows if _known(row.get(column.name)) is None]
    known = [row for row in flat_rows if _known(row.get(column.name)) is not None]
    known.sort(key=lambda row: (isinstance(row[column.name], str), row[column.name]), reverse=descending)
    return known + last
