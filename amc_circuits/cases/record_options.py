"""Options from the fields of parameter records: name, type, default, unit, choices, bounds and help stand there."""

from __future__ import annotations

import math
from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from amc_circuits.cases.option import KIND_OF, Kind, Option
from netlists import Record
from netlists.record import unit_of


def record_options(record: type[Record], *names: str, of_preset: bool = False, **changes: Any) -> tuple[Option, ...]:
    """Build options for fields of a parameter record.

    Args:
        record: Parameter record.
        *names: Fields in the order of the options; all that have a description if there are none.
        of_preset: True if an option replaces the value of a preset, so that its default is that of the preset.
        **changes: For some names, attributes of `Option` that do not follow from the field.
    """
    fields = record.model_fields
    return tuple(
        _option(name, fields[name], of_preset, changes.get(name, {}))
        for name in names or fields
        if names or fields[name].description
    )


def _option(name: str, field: FieldInfo, of_preset: bool, changes: dict[str, Any]) -> Option:
    types, choices = _types(field.annotation)
    help_text = field.description or name.replace("_", " ")
    found: dict[str, Any] = {
        "kind": _kind(types),
        "help": f"{help_text}: {', '.join(choices)}" if choices else help_text,
        "default": None if of_preset or field.is_required() else field.default,
        "unit": unit_of(field),
        "choices": choices,
        "minimum": int(max(_bounds(field)[0], 0)),
        "bounds": _bounds(field),
        "of_preset": of_preset,
    }
    found |= changes
    return Option(name, **found)


def _types(annotation: Any) -> tuple[set[type], tuple[str, ...]]:
    """Plain types in an annotation, and the values of a `Literal` in it."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _types(get_args(annotation)[0])
    if origin is Literal:
        return {str}, get_args(annotation)
    if origin in (Union, UnionType):
        parts = [_types(part) for part in get_args(annotation)]
        return set().union(*(types for types, _ in parts)), sum((choices for _, choices in parts), ())
    return {annotation} - {NoneType}, ()


def _kind(types: set[type]) -> Kind:
    """Type of the option's value; a number that may also be a text is a quantity."""
    return next((kind for one, kind in KIND_OF.items() if one in types), "text")


def _bounds(field: FieldInfo) -> tuple[float, float]:
    """Least and largest value of a number; infinite unless the field has a bound."""
    inside = [field, *_fields_in(field.annotation)]
    lower = [float(value) for value in _named(inside, "ge", "gt")]
    upper = [float(value) for value in _named(inside, "le", "lt")]
    return max(lower, default=-math.inf), min(upper, default=math.inf)


def _named(fields: list[FieldInfo], *names: str) -> Iterator[Any]:
    """Bounds of these names in some fields."""
    for bound in (bound for field in fields for bound in field.metadata):
        yield from (value for name in names if (value := getattr(bound, name, None)) is not None)


def _fields_in(annotation: Any) -> list[FieldInfo]:
    """Bounds inside an annotation, such as those of a number that may also be None."""
    inside = [part for part in get_args(annotation) if isinstance(part, FieldInfo)]
    return inside + [one for part in get_args(annotation) if get_origin(part) for one in _fields_in(part)]
