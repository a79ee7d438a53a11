"""Parts of an element of a model file, as they are understood: nothing of the line's text is left in them."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from netlists.model_files.expressions.grammar import Current, Expression, Voltage
from netlists.model_files.lines import Line


class Word(NamedTuple):
    """A keyword of ours."""

    text: str


class Option(NamedTuple):
    """`name=number`."""

    name: str
    value: Expression


class Formula(NamedTuple):
    """`v=` or `i=` of a behavioural source."""

    kind: str
    value: Expression


class Reference(NamedTuple):
    """The name of another element of the same subcircuit, and the letters that it may start with."""

    name: str
    letters: str


class ModelReference(NamedTuple):
    """The name of a model of one of these types."""

    name: str
    types: tuple[str, ...]


class Control(NamedTuple):
    """What controls a switch or a source, beside its model: a voltage or a current."""

    value: Voltage | Current


Part: TypeAlias = Word | Option | Formula | Reference | ModelReference | Control | Expression


class Element(NamedTuple):
    """An element other than X.

    Attributes:
        line: Its line.
        name: In lower case.
        nodes: Its nodes.
        parts: What follows them.
        beside: Resistances, capacitances and inductances that LTspice says with the part itself: `rser`, `lser` in
            series, `rpar`, `cpar` across both.
    """

    line: Line
    name: str
    nodes: tuple[str, ...]
    parts: tuple[Part, ...]
    beside: tuple[Option, ...] = ()


class Instance(NamedTuple):
    """An X element."""

    line: Line
    name: str
    nodes: tuple[str, ...]
    subcircuit: str
    values: dict[str, Expression]
