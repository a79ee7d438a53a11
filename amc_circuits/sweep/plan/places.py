"""Places in a specification: their names in errors, and options by other names than they were typed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from amc_circuits.cases.option import by_own_names
from amc_circuits.files.toml_lines import Place, line_of
from amc_circuits.sweep.plan.axes import FORMS, cut, shown
from netlists import ParameterError

Where = Callable[[Place], str]
"""Function that names a place in an error."""


def in_file(path: Path, text: str, place: Place) -> str:
    """Name of a place in an error: file, line, section and key."""
    # A missing key has no line: the line of its section is used, if there is one.
    lines = (line_of(text, place[:length]) for length in range(len(place), 0, -1))
    line = next((line for line in lines if line is not None), None)
    names = [str(path), *([] if line is None else [f"line {line}"]), _as_typed(place)]
    return ", ".join(names)


def _as_typed(place: Place) -> str:
    section, *rest = (step for step in place if isinstance(step, str))
    heads = {"points": "[[points]]"} | dict.fromkeys(("fixed", "grid", "zip"), f"[{section}]")
    keys = (name if re.fullmatch(r"[\w-]+", name, re.ASCII) else json.dumps(name) for name in rest)
    return cut(" ".join([heads.get(section, section), *keys]))


@contextmanager
def at(where: Where, *place: str | int) -> Iterator[None]:
    """Add the place to errors that are raised inside."""
    try:
        yield
    except ParameterError as error:
        raise ParameterError(where(place), cut(str(error.value)), error.mend) from None


def options_by_own_names(
    content: Mapping[str, Any], where: Where, names: Mapping[str, str]
) -> tuple[dict[str, Any], Where]:
    """The content with options by their own names, and a `where` by which errors call them as they were typed."""
    typed: dict[Place, Place] = {}

    def table(section: Any, *place: str | int) -> Any:
        for synonym in names.keys() & section.keys() if isinstance(section, dict) else ():
            with at(where, *place, synonym):
                section = by_own_names(section, {synonym: names[synonym]})
            typed[*place, names[synonym]] = (*place, synonym)
        return section

    return _by_section(content, table), lambda place: where(typed.get(place, place))


def _by_section(content: Mapping[str, Any], table: Callable[..., Any]) -> dict[str, Any]:
    """Apply a function of a table and its place to every section, and to each entry of a list of tables."""
    return {
        name: [table(point, name, number) for number, point in enumerate(section)]
        if isinstance(section, list)
        else table(section, name)
        for name, section in content.items()
    }


def options_by_path(content: Mapping[str, Any], where: Where) -> tuple[dict[str, Any], Where]:
    """Replace tables of options in the sections by options whose names have dots.

    A table is a form of values if its only key is one of `FORMS`.

    Raises:
        ParameterError: An option is given twice, with dots and in a table.
    """
    typed: dict[Place, Place] = {}

    def table(section: Any, *place: str | int) -> Any:
        if not isinstance(section, dict):
            return section
        options: dict[str, Any] = {}
        for name, path, value in _paths(section, "", place):
            with at(where, *path):
                if name in options:
                    raise ParameterError(name, shown(value), "is given twice; give it once")
            options[name], typed[*place, name] = value, path
        return options

    return _by_section(content, table), lambda place: where(typed.get(place, place))


def _paths(section: Mapping[str, Any], above: str, place: Place) -> Iterator[tuple[str, Place, Any]]:
    """Yield every option below a table: its name with dots, its place, its value."""
    for name, value in section.items():
        if isinstance(value, dict) and value and not (len(value) == 1 and next(iter(value)) in FORMS):
            yield from _paths(value, f"{above}{name}.", (*place, name))
        else:
            yield above + name, (*place, name), value
