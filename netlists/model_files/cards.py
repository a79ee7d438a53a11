"""Cards of a model file: subcircuits with their parameters, functions, models and elements, parsed when needed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from netlists.model_files.elements import element
from netlists.model_files.expressions.grammar import RESERVED, Expression, assignments, expression
from netlists.model_files.expressions.values import Function
from netlists.model_files.lines import Line
from netlists.model_files.parts import Element, Instance
from netlists.model_files.reader import Reader
from netlists.model_files.structure import Block, card_of, not_accepted, put_in
from netlists.model_files.types import Model, read_model_card
from netlists.model_files.words import Words
from netlists.record import ParameterError

LEFT_OUT = {"ic", "nodeset", "option", "options", "probe", "save", "print", "text", "backanno"}
"""Cards inside a subcircuit without effect on it: output, start values, options."""
BETWEEN = {"aliases": "endaliases"}
"""Cards that begin a part to leave out, and the card that ends it."""
PARAMETER_CARDS = ("param", "params", "parameter", "parameters")

_FUNCTION = re.compile(r"([a-z_]\w*)\s*\(([\w\s,]*)\)\s*=?(.*)")
_ARGUMENT = re.compile(r"[a-z_]\w*")
_MODEL_NAME = re.compile(r"\s+([^\s(),={}']+)")


class Header(NamedTuple):
    """Parsed `.subckt` line.

    Attributes:
        pins: Names of its pins, optional ones at the end.
        instead: Default nodes of the optional pins, by name.
        defaults: Default values of its parameters.
    """

    pins: tuple[str, ...]
    instead: dict[str, str]
    defaults: dict[str, Expression]


@dataclass(eq=False)
class Scope:
    """Subcircuit, or the file itself, with all its definitions. Each line is parsed when it is first needed.

    Attributes:
        block: Its lines.
        reader: Reader of included files.
        around: Scope that contains its definition.
        elements: Elements by name; filled by `understand`.
    """

    block: Block
    reader: Reader
    around: Scope | None = None
    elements: dict[str, Element | Instance] = field(default_factory=dict)
    _understood: bool = False
    _inner: dict[int, Scope] = field(default_factory=dict)

    @property
    def line(self) -> Line:
        """The `.subckt` line."""
        return self.block.line

    @property
    def name(self) -> str:
        """Name in lower case."""
        return self.block.name

    def inner(self, block: Block) -> Scope:
        """Scope of a block that is defined in this one."""
        if id(block) not in self._inner:
            self._inner[id(block)] = Scope(block, self.reader, self)
        return self._inner[id(block)]

    def subcircuit(self, name: str) -> Scope | None:
        """Look up a subcircuit that is defined in this scope.

        Raises:
            ParameterError: Two have this name.
        """
        found = self.block.blocks.get(name, [])
        if len(found) > 1:
            raise found[1].line.refused(f"{name} is defined twice here, first in line {found[0].line.number}")
        return self.inner(found[0]) if found else None

    @cached_property
    def header(self) -> Header:
        """Parse the `.subckt` line."""
        self.line.check()
        words, pins, instead = Words(self.line), list[str](), dict[str, str]()
        words.take(".subckt")
        words.name("a subcircuit")
        while words.peek() and not words.option_next() and words.peek() != "optional:":
            pins.append(words.name("a pin"))
        if words.skip("optional:"):
            while words.peek(1) == "=":
                pins.append(words.name("a pin"))
                words.skip("=")
                instead[pins[-1]] = words.name("a node")
        if not pins or len(set(pins)) < len(pins) or "0" in pins:
            raise self.line.refused("a subcircuit needs pins, each of its own name and none of them ground")
        defaults = words.options(None)
        if (reserved := RESERVED & set(defaults)) != set():
            raise self.line.refused(f"no parameter can be called {min(reserved)}")
        return Header(tuple(pins), instead, defaults)

    def understand(self) -> None:
        """Parse all lines of a subcircuit that is used.

        Raises:
            ParameterError: A card or element is not accepted or cannot be parsed.
        """
        if self._understood:
            return
        self._understood = True
        if self.block.broken is not None:
            raise self.block.broken
        if self.block.ended_as is not None:
            name, line = self.block.ended_as
            line.leave_out(f"{name} after .ends of {self.name}")
        put_in(self.block, self.reader)
        between = ""
        for line in self.block.lines:
            line.check()
            card = card_of(line)
            name = "" if card is None else card.name
            if between:
                between = "" if name == between else between
            elif name in BETWEEN:
                line.leave_out(f".{name}")
                between = BETWEEN[name]
            elif card is None:
                found = element(line)
                _add(self.elements, found.name, found, line)
            elif name in LEFT_OUT:
                line.leave_out(f".{name}")
            elif name not in (*PARAMETER_CARDS, "func", "model"):
                raise not_accepted(line)
        self._check()

    def _check(self) -> None:
        """Check all definitions of a scope, used or not."""
        for name in self._named("model"):
            if (model := self.model(name)) is not None:
                model.values()
        for name in self._named("func"):
            self.function(name)
        for name in self.parameters:
            if name in self.header.defaults:
                raise self.parameters[name][1].refused(f"{name} is a parameter of the .subckt line already")
        for several in self.block.blocks.values():
            for block in several:
                _ = self.inner(block).header

    @cached_property
    def parameters(self) -> dict[str, tuple[Expression, Line]]:
        """Expression and line of each name in `.param` cards; the last one counts."""
        found: dict[str, tuple[Expression, Line]] = {}
        for line, rest in self._cards(*PARAMETER_CARDS):
            for name, value in self._assigned(line, rest).items():
                if name in found:
                    found[name][1].leave_out(f"the first {name}=")
                found[name] = (value, line)
        return found

    def _assigned(self, line: Line, rest: str) -> dict[str, Expression]:
        try:
            line.check()
            return assignments(rest, line)
        except ParameterError:
            if self._understood:
                raise
            line.leave_out(".param")
            return {}

    def parameter(self, name: str) -> tuple[Expression, Line] | None:
        """Expression of a parameter in this scope, and its line."""
        if self.around is not None and (default := self.header.defaults.get(name)) is not None:
            return default, self.line
        return self.parameters.get(name)

    def function(self, name: str) -> Function | None:
        """Look up a `.func` of this scope."""
        lines = self._named("func").get(name)
        return None if lines is None else _function(_only(lines, name))

    def model(self, name: str) -> Model | None:
        """Look up a `.model` of this scope, with the parameters of its base model.

        Raises:
            ParameterError: The model is not accepted, or its base model does not exist.
        """
        lines = self._named("model").get(name)
        return None if lines is None else self._derived(read_model_card(_only(lines, name)), (name,))

    def _derived(self, model: Model, above: tuple[str, ...]) -> Model:
        if not model.base:
            return model
        if model.base in above:
            raise model.line.refused(f"{model.base} is derived from itself")
        scope: Scope | None = self
        while scope is not None:
            if (lines := scope._named("model").get(model.base)) is not None:
                base = read_model_card(_only(lines, model.base))
                return model.derived(scope._derived(base, (*above, model.base)))
            scope = scope.around
        raise model.line.refused(f"there is no model {model.base}")

    def _cards(self, *names: str) -> Iterator[tuple[Line, str]]:
        for line in self.block.lines:
            card = card_of(line)
            if card is not None and card.name in names:
                yield line, card.rest

    @cached_property
    def _defined(self) -> dict[str, dict[str, list[Line]]]:
        found: dict[str, dict[str, list[Line]]] = {"model": {}, "func": {}}
        patterns = {"model": _MODEL_NAME, "func": re.compile(r"\s+([a-z_]\w*)", re.IGNORECASE)}
        for line in self.block.lines:
            card = card_of(line)
            if card is not None and card.name in found:
                match = patterns[card.name].match(card.rest)
                found[card.name].setdefault(match[1].lower() if match else "", []).append(line)
        return found

    def _named(self, card: str) -> dict[str, list[Line]]:
        """Lines of `.model` or `.func`, by the name that they define."""
        return self._defined[card]


def _only(lines: list[Line], name: str) -> Line:
    """Line that defines a name; the same line twice counts once."""
    for line in lines[1:]:
        if line.text.lower().split() != lines[0].text.lower().split():
            raise line.refused(f"{name} is defined twice here, first in line {lines[0].number}")
    lines[0].check()
    return lines[0]


def _add(table: dict[str, Any], name: str, value: object, line: Line) -> None:
    if name in table:
        raise line.refused(f"{name} is defined twice here")
    table[name] = value


def _function(line: Line) -> Function:
    rest = line.text[len(".func") :].strip().lower()
    match = _FUNCTION.fullmatch(rest)
    names = [name.strip() for name in match[2].split(",")] if match else []
    names = [] if names == [""] else names
    if match is None or len(set(names)) < len(names) or not all(map(_ARGUMENT.fullmatch, names)):
        raise line.refused("write .func name(argument, ...) {expression}")
    if match[1] in ("v", "i"):
        raise line.refused("v() and i() are voltages and currents; call this function something else")
    if (reserved := RESERVED & set(names)) != set():
        raise line.refused(f"no argument can be called {min(reserved)}")
    return Function(tuple(names), expression(match[3], line), line)
