"""Values of the expressions in model files.

`fold` turns a tree into a number or, if it depends on voltages, currents, time or temperature, into text for a
behavioural source. Only the functions in `FUNCTIONS` and those of the file itself exist.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from netlists.model_files.expressions.functions import FUNCTIONS, MAX_TEXT, OPERATORS, Folded, chain_text, power
from netlists.model_files.expressions.grammar import (
    RESERVED,
    Call,
    Chain,
    Current,
    Expression,
    Name,
    Number,
    Sign,
    Voltage,
)
from netlists.model_files.lines import Line
from netlists.record import ParameterError


class Function(NamedTuple):
    """Definition of a `.func`."""

    arguments: tuple[str, ...]
    body: Expression
    line: Line


class Names(Protocol):
    """Meaning of the names in an expression.

    Attributes:
        line: Line for errors.
    """

    line: Line

    def parameter(self, name: str, depth: int) -> Folded:
        """Value of a parameter."""

    def has_parameter(self, name: str) -> bool:
        """True if a parameter has this name."""

    def function(self, name: str) -> tuple[Function, Names] | None:
        """Look up a `.func`, and the names that its body sees."""

    def node(self, name: str) -> str:
        """Name of a node in ngspice."""

    def source(self, name: str) -> str:
        """Name of a voltage source in ngspice."""

    def spend(self, depth: int) -> None:
        """Count one step; refuse too many."""


def constant(tree: Expression, names: Names, depth: int = 0) -> float:
    """Evaluate an expression of numbers and parameters."""
    value = fold(tree, names, depth)
    if isinstance(value, str):
        raise names.line.refused("this value must be a number: no voltage, current, time or temperature")
    return value


def fold(tree: Expression, names: Names, depth: int = 0) -> Folded:
    """Evaluate to a number, or to text for a behavioural source.

    Raises:
        ParameterError: A name is unknown, a value is not finite, or the evaluation takes too long.
    """
    names.spend(depth)
    try:
        value = _folded(tree, names, depth + 1)
    except ParameterError:
        raise
    except (ArithmeticError, ValueError) as error:
        raise names.line.refused(f"the expression has no value ({error})") from None
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            raise names.line.refused(f"the expression grows beyond {MAX_TEXT} characters")
    elif not math.isfinite(value):
        raise names.line.refused("the expression's value is out of range")
    return value


def _folded(tree: Expression, names: Names, depth: int) -> Folded:
    match tree:
        case Number(literal):
            return literal
        case Name(name):
            return _named(name, names, depth)
        case Voltage(plus, minus):
            return voltage(names.node(plus), names.node(minus))
        case Current(source):
            return f"i({names.source(source)})"
        case Sign(sign, operand):
            return _sign(sign, fold(operand, names, depth))
        case Chain(first, rest):
            return _chain(fold(first, names, depth), [(sign, fold(each, names, depth)) for sign, each in rest])
        case Call(name, arguments):
            return _call(name, [fold(each, names, depth) for each in arguments], names, depth)


def _named(name: str, names: Names, depth: int) -> Folded:
    if name in RESERVED:
        return "temper" if name == "temp" else name
    if name == "pi" and not names.has_parameter(name):
        return math.pi
    return names.parameter(name, depth)


def voltage(plus: str, minus: str) -> Folded:
    """Format the voltage between two ngspice nodes."""
    if minus == "0":
        return 0.0 if plus == "0" else f"v({plus})"
    return f"(-v({minus}))" if plus == "0" else f"v({plus},{minus})"


def _sign(sign: str, value: Folded) -> Folded:
    if isinstance(value, str):
        return f"({sign}{value})"
    return -value if sign == "-" else float(not value)


def _chain(first: Folded, rest: Sequence[tuple[str, Folded]]) -> Folded:
    total: Folded = first
    for place, (sign, operand) in enumerate(rest):
        if isinstance(total, str) or isinstance(operand, str):
            return chain_text(total, rest[place:])
        total = float(OPERATORS[sign](total, operand))
    return total


class _Arguments(Names):
    """Names in the body of a `.func`: its arguments, then the surrounding names."""

    def __init__(self, values: dict[str, Folded], around: Names, line: Line) -> None:
        self.values, self.around, self.line = values, around, line

    def parameter(self, name: str, depth: int) -> Folded:
        """Return the value of an argument or of a parameter outside."""
        return self.values[name] if name in self.values else self.around.parameter(name, depth)

    def has_parameter(self, name: str) -> bool:
        """Return True if there is an argument or a parameter of this name."""
        return name in self.values or self.around.has_parameter(name)

    def function(self, name: str) -> tuple[Function, Names] | None:
        """Return a function of the surrounding names."""
        return self.around.function(name)

    def node(self, name: str) -> str:
        """Return a node of the surrounding names."""
        return self.around.node(name)

    def source(self, name: str) -> str:
        """Return a source of the surrounding names."""
        return self.around.source(name)

    def spend(self, depth: int) -> None:
        """Count a step in the surrounding names."""
        self.around.spend(depth)


def _call(name: str, values: list[Folded], names: Names, depth: int) -> Folded:
    if name == "^":
        return power(values[0], values[1])
    if (own := names.function(name)) is not None:
        function, around = own
        if len(values) != len(function.arguments):
            raise names.line.refused(f"{name}() takes {len(function.arguments)} arguments, not {len(values)}")
        inner = _Arguments(dict(zip(function.arguments, values, strict=True)), around, names.line)
        return fold(function.body, inner, depth)
    known = FUNCTIONS.get(name)
    if known is None:
        raise names.line.refused(f"there is no function {name}() here; known are {', '.join(FUNCTIONS)}")
    if not known.fits(len(values)):
        raise names.line.refused(f"{name}() does not take {len(values)} arguments")
    return known.of(values)
