"""Options of a training in a sweep, derived from the fields of its settings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from amc_circuits import CircuitOptions, Option, ParameterError
from optimizer.circuit_settings import CircuitSettings
from optimizer.installed import OURS, installed_optimizer, optimizer_names
from optimizer.settings import Settings
from optimizer.specification import PRESETS, TrainingSpec

BASES = ("preset", "specification")
"""Options that name the training that the others change."""
NOT_IN_SWEEPS = ("circuit.jobs",)
"""Settings without an effect on the result; a sweep has jobs of its own."""
OF_OPTIMIZER = "optimizer."
Type = Literal["quantity", "integer", "text", "flag"]
_TYPES: tuple[tuple[type, Type], ...] = (
    (bool, "flag"),
    (float, "quantity"),
    (int, "integer"),
)


@cache
def options() -> tuple[Option, ...]:
    """Table of all options; several optimizers share a name, whose form is that of this package's."""
    found = {option.name: option for option in _of_settings(TrainingSpec, "") if option.name not in NOT_IN_SWEEPS}
    for settings in _installed():
        found |= {option.name: option for option in _of_settings(settings, OF_OPTIMIZER) if option.name not in found}
    choices = tuple(PRESETS)
    return (
        Option("preset", "text", "Preset that the other options change", choices=choices, excludes="specification"),
        Option("specification", "text", "File of a training that the other options change", unit="FILE"),
        *found.values(),
    )


def _of_settings(settings: type[Settings], above: str) -> Iterator[Option]:
    for name, field in settings.model_fields.items():
        types = list(_types_in(field.annotation))
        inner = [one for one in types if isinstance(one, type) and issubclass(one, Settings)]
        for one in inner:
            yield from _of_settings(one, f"{above}{name}.")
        if not inner:
            form: Type = "text" if str in types else next((form for one, form in _TYPES if one in types), "text")
            yield Option(above + name, form, name.replace("_", " "))
    if settings is CircuitSettings:
        for option in CircuitOptions.table("inv"):
            if option.name not in settings.model_fields:
                plain: dict[str, Any] = {"default": None, "needs": "", "excludes": "", "acts_with": (), "synonym": ""}
                yield replace(option, name=above + option.name, **plain)


def _types_in(annotation: Any) -> Iterator[Any]:
    """Plain types in an annotation; a tuple of anything is a tuple."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _types_in(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        for part in get_args(annotation):
            yield from _types_in(part)
    elif annotation is not NoneType:
        yield str if origin is Literal else origin or annotation


def _installed() -> Iterator[type[Settings]]:
    """Settings of the optimizers of other packages; one that cannot be loaded is refused when it is named."""
    for name in optimizer_names():
        if name not in OURS:
            with suppress(ParameterError):
                yield installed_optimizer(name).Settings


def _lists(settings: type[Settings], above: str) -> Iterator[str]:
    for name, field in settings.model_fields.items():
        types = list(_types_in(field.annotation))
        if tuple in types:
            yield above + name
        for one in types:
            if isinstance(one, type) and issubclass(one, Settings):
                yield from _lists(one, f"{above}{name}.")


@cache
def list_names() -> frozenset[str]:
    """Names of options whose value is a list, as text in the notation of JSON."""
    installed = (name for settings in _installed() for name in _lists(settings, OF_OPTIMIZER))
    return frozenset([*_lists(TrainingSpec, ""), *installed])
