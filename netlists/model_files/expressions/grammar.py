"""Grammar of expressions in model files: text is parsed into a small tree."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from netlists.model_files.lines import Line

MAX_DEPTH = 40
"""Largest depth of nested parentheses."""
RESERVED = {"time", "temper", "temp"}
"""Names that no parameter may have."""

_LEVELS = {
    "||": 0, "|": 0, "&&": 1, "&": 1, "==": 2, "!=": 2, "<=": 2, ">=": 2, "<": 2, ">": 2,
    "+": 3, "-": 3, "*": 4, "/": 4,
}  # fmt: skip
"""Precedence of operators."""

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[ed][+-]?\d+)?[a-z]*(?![\w.]))|(?P<name>[a-z_]\w*)"
    r"|(?P<sign>\*\*|\|\||&&|[=!<>]=|[-+*/^()<>|&!~?:,={}'])|(?P<end>$))"
)
_PROBE = re.compile(r"\s*\(\s*([^\s(){}',=;*\"`\\]+)\s*(?:,\s*([^\s(){}',=;*\"`\\]+)\s*)?\)")
_NUMBER = re.compile(r"([+-]?(?:\d+(?:\.\d*)?|\.\d+))(?:[ed]([+-]?\d+))?([a-z]*)")
_ENLARGING = {"t": 1e12, "g": 1e9, "k": 1e3}
_DIVIDING = {"m": 1e3, "u": 1e6, "n": 1e9, "p": 1e12, "f": 1e15}
_CLOSING = {"(": ")", "{": "}", "'": "'"}


class Number(NamedTuple):
    """Literal number."""

    value: float


class Name(NamedTuple):
    """Name of a parameter, of an argument of a function, or of a quantity such as `time`."""

    name: str


class Call(NamedTuple):
    """Call of a function with its arguments."""

    name: str
    arguments: tuple[Expression, ...]


class Voltage(NamedTuple):
    """Voltage `v(plus)` or `v(plus, minus)`."""

    plus: str
    minus: str = "0"


class Current(NamedTuple):
    """Current `i(V...)`."""

    source: str


class Sign(NamedTuple):
    """Sign `-x` or negation `!x`."""

    sign: str
    operand: Expression


class Chain(NamedTuple):
    """Operands of one precedence, from left to right."""

    first: Expression
    rest: tuple[tuple[str, Expression], ...]


Expression: TypeAlias = Number | Name | Call | Voltage | Current | Sign | Chain


def number(text: str, line: Line) -> float | None:
    """Parse a number with its scale factor and unit; None if it is not a number.

    Raises:
        ParameterError: The number is out of range or ambiguous.
    """
    match = _NUMBER.fullmatch(text.lower())
    if match is None:
        return None
    letters = match[3]
    if letters.startswith("a") and not (letters.startswith("amp") or (letters == "a" and match[2])):
        raise line.refused(f"{text} is read as atto by some and as ampere by others; write the number without the a")
    value = _scaled(float(f"{match[1]}e{match[2] or 0}"), letters)
    if not math.isfinite(value):
        raise line.refused(f"{text} is out of range")
    return value


def _scaled(value: float, letters: str) -> float:
    """Apply SPICE's scale factors; text after them is a unit. Division by a power of ten rounds once."""
    if not letters:
        return value
    if letters.startswith("meg"):
        return value * 1e6
    if letters.startswith("mil"):
        return value * 25.4e-6
    return value * _ENLARGING.get(letters[:1], 1) / _DIVIDING.get(letters[:1], 1)


def expression(text: str, line: Line) -> Expression:
    """Parse an expression into its tree.

    Raises:
        ParameterError: The text is not an arithmetic expression.
    """
    parser = _Parser(text, line)
    tree = parser.whole()
    parser.expect("")
    return tree


def expression_before_options(text: str, line: Line, names: Sequence[str]) -> tuple[Expression, dict[str, Expression]]:
    """Parse an expression, and `name=value` of these names after it."""
    parser = _Parser(text, line)
    tree, found = parser.whole(), dict[str, Expression]()
    while parser.token in names:
        name = parser.name()
        parser.expect("=")
        found[name] = parser.whole()
    parser.expect("")
    return tree, found


def assignments(text: str, line: Line) -> dict[str, Expression]:
    """Parse `name = expression`, one after the other."""
    parser, found = _Parser(text, line), dict[str, Expression]()
    while parser.token:
        name = parser.name()
        parser.expect("=")
        if name in RESERVED:
            raise line.refused(f"no parameter can be called {name}")
        if name in found:
            line.leave_out(f"the first {name}=")
        found[name] = parser.whole()
        if parser.token == ",":
            parser.advance()
    return found


class _Parser:
    """Parser of one expression, by recursive descent over precedences."""

    def __init__(self, text: str, line: Line) -> None:
        self.text, self.line = text.lower(), line
        self.place = self.depth = 0
        self.kind = self.token = ""
        self.advance()

    def advance(self) -> None:
        """Read the next token."""
        match = _TOKEN.match(self.text, self.place)
        if match is None:
            rest = self.text[self.place :].strip()[:20]
            raise self.line.refused(f"an expression cannot have {rest!r} here")
        self.kind, self.place = str(match.lastgroup), match.end()
        self.token = match[self.kind]

    def expect(self, token: str) -> None:
        """Read the next token after this one, and refuse any other."""
        if self.token != token or self.kind == "number":
            raise self.line.refused(f"expected {token or 'the end'}, not {self.token or 'the end'}, in the expression")
        self.advance()

    def name(self) -> str:
        """Read a name."""
        if self.kind != "name":
            raise self.line.refused(f"expected a name, not {self.token or 'the end'}")
        name = self.token
        self.advance()
        return name

    def whole(self) -> Expression:
        """Parse an expression, with `condition ? a : b` at the lowest precedence."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.line.refused(f"expressions may be nested {MAX_DEPTH} deep at most")
        tree = self.binary(0)
        if self.token == "?":
            self.advance()
            yes = self.whole()
            self.expect(":")
            tree = Call("if", (tree, yes, self.whole()))
        self.depth -= 1
        return tree

    def binary(self, level: int) -> Expression:
        """Parse operators of at least this precedence."""
        tree = self.signed()
        while (found := _LEVELS.get(self.token, -1)) >= level:
            rest = list[tuple[str, Expression]]()
            while _LEVELS.get(sign := self.token) == found:
                self.advance()
                rest.append((sign, self.binary(found + 1)))
            tree = Chain(tree, tuple(rest))
        return tree

    def signed(self) -> Expression:
        """Parse signs and their operand."""
        signs = []
        while self.token in ("+", "-", "!", "~"):
            signs.append(self.token)
            self.advance()
        if len(signs) > 2:
            raise self.line.refused("more than two signs in a row")
        tree = self.raised()
        for sign in reversed(signs):
            tree = tree if sign == "+" else Sign(sign.replace("~", "!"), tree)
        return tree

    def raised(self) -> Expression:
        """Parse powers."""
        tree = self.primary()
        while self.token in ("^", "**"):
            self.advance()
            negative = self.token == "-"
            if negative:
                self.advance()
            exponent = self.primary()
            tree = Call("^", (tree, Sign("-", exponent) if negative else exponent))
        return tree

    def primary(self) -> Expression:
        """Parse a number, a name or an expression in brackets."""
        token, kind = self.token, self.kind
        if kind == "number":
            self.advance()
            value = number(token, self.line)
            assert value is not None
            return Number(value)
        if kind == "name":
            return self.named(token)
        if token not in _CLOSING:
            raise self.line.refused(f"an expression cannot have {token or 'its end'} here")
        self.advance()
        tree = self.whole()
        self.expect(_CLOSING[token])
        return tree

    def named(self, name: str) -> Expression:
        """Parse a voltage, a current, a call or a parameter."""
        if name in ("v", "i") and (match := _PROBE.match(self.text, self.place)) is not None:
            self.place = match.end()
            self.advance()
            if name == "v":
                return Voltage(match[1], match[2] or "0")
            if match[2] is None:
                return Current(match[1])
            raise self.line.refused("i() takes the name of one voltage source")
        self.advance()
        return Call(name, self.arguments()) if self.token == "(" else Name(name)

    def arguments(self) -> tuple[Expression, ...]:
        """Parse the arguments of a call."""
        found = list[Expression]()
        self.advance()
        while (not found and self.token != ")") or self.token == ",":
            if found:
                self.advance()
            found.append(self.whole())
        self.expect(")")
        return tuple(found)
