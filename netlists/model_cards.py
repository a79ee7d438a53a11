"""The structure of a model file: subcircuits with their parameters, functions, models and elements."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from netlists.model_elements import Element, Instance, element
from netlists.model_expressions import RESERVED, Expression, assignments, expression
from netlists.model_lines import Line
from netlists.model_values import Function
from netlists.model_words import Words

MAX_NESTING = 8
"""Depth of subcircuits that are defined in one another."""
TYPES = {
    "r": "r", "res": "r", "c": "c", "cap": "c", "l": "l", "ind": "l", "d": "d", "npn": "npn", "pnp": "pnp",
    "njf": "njf", "pjf": "pjf", "nmos": "nmos", "pmos": "pmos", "sw": "sw", "csw": "csw",
    "vswitch": "vswitch", "iswitch": "iswitch",
}  # fmt: skip
"""Types of models, and their names in ngspice. None of these has a parameter that names a file or a program."""

_CARD = re.compile(r"\.([A-Za-z]*)(?:\s+(.*))?")
_FUNCTION = re.compile(r"([a-z_]\w*)\s*\(([\w\s,]*)\)\s*=?(.*)")


class Model(NamedTuple):
    """A `.model` card."""

    line: Line
    type: str
    values: dict[str, Expression]


@dataclass(eq=False)
class Scope:
    """A subcircuit, or the file itself, with all that is defined in it."""

    name: str
    line: Line
    pins: tuple[str, ...] = ()
    defaults: dict[str, Expression] = field(default_factory=dict)
    parent: Scope | None = None
    parameters: dict[str, tuple[Expression, Line]] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    models: dict[str, Model] = field(default_factory=dict)
    subcircuits: dict[str, Scope] = field(default_factory=dict)
    elements: dict[str, Element | Instance] = field(default_factory=dict)

    def parameter(self, name: str) -> tuple[Expression, Line] | None:
        """What a parameter is set to in this scope, and where."""
        default = self.defaults.get(name)
        return self.parameters.get(name) if default is None else (default, self.line)


def read_cards(lines: list[Line], file: str) -> Scope:
    """The file as a tree of scopes.

    Raises:
        ParameterError: A card or element is not accepted or not understood.
    """
    scope = top = Scope("", Line(file, 1, ""))
    for line in lines:
        if not line.text.startswith("."):
            _element(scope, line)
            continue
        match = _CARD.fullmatch(line.text)
        card = _CARDS.get(match[1].lower()) if match else None
        if match is None or card is None:
            raise line.refused(f"accepted cards are .include .lib {' '.join(f'.{name}' for name in _CARDS)}")
        scope = card(scope, line, (match[2] or "").strip())
    if scope.parent is not None:
        raise scope.line.refused("this subcircuit has no .ends")
    return top


def _element(scope: Scope, line: Line) -> None:
    if scope.parent is None:
        raise line.refused("an element must stand in a subcircuit, between .subckt and .ends")
    found = element(line)
    _add(scope.elements, found.name, found, line)


def _add(table: dict[str, Any], name: str, value: object, line: Line) -> None:
    if name in table:
        raise line.refused(f"{name} is defined twice here")
    table[name] = value


def _subcircuit(scope: Scope, line: Line, rest: str) -> Scope:
    del rest
    words, pins = Words(line), list[str]()
    words.take(".subckt")
    name = words.name("a subcircuit")
    while words.peek() and words.peek(1) != "=":
        pins.append(words.name("a pin"))
    if not pins or len(set(pins)) < len(pins) or {"0", "gnd"} & set(pins):
        raise line.refused("a subcircuit needs pins, each of its own name and none of them ground")
    inner = Scope(name, line, tuple(pins), words.options(None), scope)
    if (reserved := RESERVED & set(inner.defaults)) != set():
        raise line.refused(f"no parameter can be called {min(reserved)}")
    depth, above = 0, scope
    while above.parent is not None:
        depth, above = depth + 1, above.parent
    if depth >= MAX_NESTING:
        raise line.refused(f"subcircuits may be defined {MAX_NESTING} deep at most")
    _add(scope.subcircuits, name, inner, line)
    return inner


def _ends(scope: Scope, line: Line, rest: str) -> Scope:
    if scope.parent is None:
        raise line.refused("there is no subcircuit that this could end")
    if rest.lower() not in ("", scope.name):
        raise line.refused(f"the subcircuit that is open here is {scope.name}, from line {scope.line.number}")
    return scope.parent


def _parameters(scope: Scope, line: Line, rest: str) -> Scope:
    for name, value in assignments(rest, line).items():
        if name in scope.defaults:
            raise line.refused(f"{name} is a parameter of the .subckt line already")
        _add(scope.parameters, name, (value, line), line)
    return scope


def _function(scope: Scope, line: Line, rest: str) -> Scope:
    match = _FUNCTION.fullmatch(rest.lower())
    names = [name.strip() for name in match[2].split(",")] if match else []
    if match is None or len(set(names)) < len(names) or any(re.fullmatch(r"[a-z_]\w*", name) is None for name in names):
        raise line.refused("write .func name(argument, ...) {expression}")
    if match[1] in ("v", "i"):
        raise line.refused("v() and i() are voltages and currents; call this function something else")
    if (reserved := RESERVED & set(names)) != set():
        raise line.refused(f"no argument can be called {min(reserved)}")
    _add(scope.functions, match[1], Function(tuple(names), expression(match[3], line), line), line)
    return scope


def _model(scope: Scope, line: Line, rest: str) -> Scope:
    del rest
    words = Words(line)
    words.take(".model")
    name, kind = words.name("a model"), words.name("a type")
    if kind not in TYPES:
        raise line.refused(f"accepted types of models are {', '.join(TYPES)}")
    _add(scope.models, name, Model(line, TYPES[kind], words.options(None)), line)
    return scope


_CARDS: dict[str, Callable[[Scope, Line, str], Scope]] = {
    "subckt": _subcircuit,
    "ends": _ends,
    "model": _model,
    "param": _parameters,
    "func": _function,
}
