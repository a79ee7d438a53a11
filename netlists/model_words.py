"""The words of a line of a model file, taken one after the other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from netlists.model_expressions import Expression, Number, expression, number
from netlists.model_lines import Line

_NAME = re.compile(r"[a-z0-9_+\-.#~]+")
_WORD = re.compile(r"[^\s(),={}']+")
_PARAMS = re.compile(r"(?<=\s)params:", re.IGNORECASE)


class Words:
    """A line's words. Braces and quotes hold expressions; commas and parentheses part words and say nothing else.

    Raises:
        ParameterError: By every method, where the line does not have what is asked for.
    """

    def __init__(self, line: Line) -> None:
        self.line = line
        self.items = list(_words(line))
        self.place = 0

    def peek(self, ahead: int = 0) -> str:
        """A word to come, or nothing."""
        return self.items[self.place + ahead] if self.place + ahead < len(self.items) else ""

    def take(self, what: str) -> str:
        """The next word."""
        if not self.peek() or self.peek() == "=":
            raise self.line.refused(f"{what} is missing")
        self.place += 1
        return self.items[self.place - 1]

    def name(self, what: str) -> str:
        """A name of a node, an element, a model or a subcircuit."""
        name = self.take(what)
        if _NAME.fullmatch(name) is None:
            raise self.line.refused(f"{name} is no name of {what}; use letters, digits and _ + - . # ~")
        return name

    def nodes(self, how_many: int) -> tuple[str, ...]:
        """Names of nodes."""
        return tuple(self.name("a node") for _ in range(how_many))

    def value_next(self, ahead: int = 0) -> bool:
        """True where a number or an expression comes next."""
        word = self.peek(ahead)
        return word.startswith("{") or number(word, self.line) is not None

    def value(self, what: str) -> Expression:
        """A number, or an expression in braces."""
        word = self.take(what)
        if word.startswith("{"):
            return expression(word[1:-1], self.line)
        value = number(word, self.line)
        if value is None:
            raise self.line.refused(f"{what} must be a number or an expression in braces, not {word}")
        return Number(value)

    def values(self, least: int, most: int, what: str) -> tuple[Expression, ...]:
        """Numbers to the end of the line."""
        found = list[Expression]()
        while self.peek():
            found.append(self.value(what))
        if not least <= len(found) <= most:
            raise self.line.refused(f"{len(found)} numbers as {what}; from {least} to {most} may stand there")
        return tuple(found)

    def skip(self, *words: str) -> bool:
        """Takes the next word if it is one of these."""
        found = self.peek() in words
        self.place += found
        return found

    def options(self, allowed: Sequence[str] | None) -> dict[str, Expression]:
        """`name=value` to the end of the line; None allows every name."""
        found: dict[str, Expression] = {}
        while self.peek():
            name = self.take("an option")
            if not self.skip("=") or re.fullmatch(r"[a-z_]\w*", name) is None:
                raise self.line.refused(f"{name} is not expected here")
            if allowed is not None and name not in allowed:
                raise self.line.refused(f"{name}= is not accepted here; accepted are {', '.join(allowed) or 'none'}")
            if name in found:
                raise self.line.refused(f"{name}= is given twice")
            word = self.take(f"the value of {name}")
            found[name] = expression(word[1:-1] if word.startswith("{") else word, self.line)
            if name == "tc" and self.value_next():
                found |= {"tc1": found.pop("tc"), "tc2": self.value("tc2")}
        return {"tc1" if name == "tc" else name: value for name, value in found.items()}


def _words(line: Line) -> Iterator[str]:
    text, place, depth = _PARAMS.sub(" ", line.text.lower()), 0, 0
    while place < len(text):
        sign = text[place]
        if sign in "{'":
            end = _end_of_group(text, place, line)
            yield f"{{{text[place + 1 : end]}}}"
            place = end + 1
        elif (match := _WORD.match(text, place)) is not None:
            yield match[0]
            place = match.end()
        else:
            depth += (sign == "(") - (sign == ")")
            if depth < 0 or sign == "}":
                raise line.refused(f"{sign} closes nothing")
            if sign == "=":
                yield sign
            place += 1
    if depth:
        raise line.refused("a parenthesis is not closed")


def _end_of_group(text: str, start: int, line: Line) -> int:
    depth = 0
    for place in range(start, len(text)):
        if text[start] == "'":
            if place > start and text[place] == "'":
                return place
            continue
        depth += (text[place] == "{") - (text[place] == "}")
        if depth == 0:
            return place
    raise line.refused(f"{text[start]} is not closed")
