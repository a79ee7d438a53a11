"""Words of a line of a model file, read one after the other."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

from netlists.model_files.expressions.grammar import Expression, Number, expression, number
from netlists.model_files.lines import Line

_NO_NAME = set('"`\\')
_WORD = re.compile(r"[^\s(),={}']+")
_KEYWORD = re.compile(r"(?<=\s)(params?|optional|ako)\s*:", re.IGNORECASE)
_OPTION = re.compile(r"[a-z_]\w*")


class Raw(NamedTuple):
    """Option `name=value`, with the value not yet parsed."""

    name: str
    value: str


class Words:
    """Words of a line. Braces and quotes hold expressions; commas and parentheses only separate words.

    Raises:
        ParameterError: Raised by every method if the line does not have the requested word.
    """

    def __init__(self, line: Line, balanced: bool = True) -> None:
        self.line = line
        self.items = list(_words(line, balanced))
        self.place = 0

    def peek(self, ahead: int = 0) -> str:
        """Look at a later word; empty if there is none."""
        return self.items[self.place + ahead] if self.place + ahead < len(self.items) else ""

    def take(self, what: str) -> str:
        """Take the next word."""
        if not self.peek() or self.peek() == "=":
            raise self.line.refused(f"{what} is missing")
        self.place += 1
        return self.items[self.place - 1]

    def name(self, what: str) -> str:
        """Take the name of a node, an element, a model or a subcircuit; it is never written to the text."""
        name = self.take(what)
        if name.startswith("{") or _NO_NAME & set(name):
            raise self.line.refused(f"{name} is no name of {what}; a name has no quotes, back-ticks or backslashes")
        return name

    def nodes(self, how_many: int) -> tuple[str, ...]:
        """Take names of nodes."""
        return tuple(self.name("a node") for _ in range(how_many))

    def value_next(self, ahead: int = 0) -> bool:
        """True if a number or an expression comes next."""
        word = self.peek(ahead)
        return word.startswith("{") or number(word, self.line) is not None

    def option_next(self) -> bool:
        """True if `name=` comes next, or the word `params:` before it."""
        return self.peek(1) == "=" or self.peek() in ("params:", "param:")

    def value(self, what: str) -> Expression:
        """Take a number, or an expression in braces."""
        word = self.take(what)
        if word.startswith("{"):
            return expression(word[1:-1], self.line)
        value = number(word, self.line)
        if value is None:
            raise self.line.refused(f"{what} must be a number or an expression in braces, not {word}")
        return Number(value)

    def values(self, least: int, most: int, what: str, to_end: bool = True) -> tuple[Expression, ...]:
        """Take numbers to the end of the line, or as many as there are."""
        found = list[Expression]()
        while self.peek() and (to_end or not found or self.value_next()):
            found.append(self.value(what))
        if not least <= len(found) <= most:
            raise self.line.refused(f"{len(found)} numbers as {what}; from {least} to {most} may stand there")
        return tuple(found)

    def skip(self, *words: str) -> bool:
        """Take the next word if it is one of these."""
        found = self.peek() in words
        self.place += found
        return found

    def leave_out(self, *words: str) -> bool:
        """Take the next word if it is one of these, and note that it is left out."""
        if not self.peek() or self.peek() not in words:
            return False
        self.line.leave_out(self.take("a word"))
        return True

    def options(self, allowed: Collection[str] | None, left_out: Collection[str] = ()) -> dict[str, Expression]:
        """Take `name=value` to the end of the line.

        Args:
            allowed: Accepted names; None for all.
            left_out: Names and words that are noted and left out, whatever their value.
        """
        found: dict[str, Expression] = {}
        while self.peek():
            if self.skip("params:", "param:") or (not self.option_next() and self.leave_out(*left_out)):
                continue
            name, word = self.raw()
            if allowed is not None and name not in allowed:
                if name not in left_out:
                    accepted = ", ".join(allowed) or "none"
                    raise self.line.refused(f"{name}= is not accepted here; accepted are {accepted}")
                self.line.leave_out(f"{name}=")
                continue
            if name in found:
                self.line.leave_out(f"the first {name}=")
            found[name] = expression(word, self.line)
            if name == "tc" and self.value_next():
                found |= {"tc1": found.pop("tc"), "tc2": self.value("tc2")}
        return {"tc1" if name == "tc" else name: value for name, value in found.items()}

    def raw(self) -> Raw:
        """Take `name=value` without parsing."""
        name = self.take("an option")
        if not (self.skip("=") or (name == "tc" and self.value_next())) or _OPTION.fullmatch(name) is None:
            raise self.line.refused(f"{name} is not expected here")
        word = self.take(f"the value of {name}")
        return Raw(name, word[1:-1] if word.startswith("{") else word)

    def end(self) -> None:
        """Refuse the remaining words."""
        if self.peek():
            raise self.line.refused(f"{self.peek()} is not expected here")


def _words(line: Line, balanced: bool) -> Iterator[str]:
    text, place, depth = _KEYWORD.sub(r" \1: ", line.text.lower()), 0, 0
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
            if (depth < 0 and balanced) or sign == "}":
                raise line.refused(f"{sign} closes nothing")
            if sign == "=":
                yield sign
            place += 1
    if depth and balanced:
        raise line.refused("a parenthesis is not closed")
    if depth:
        line.leave_out("a parenthesis without its other half")


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
