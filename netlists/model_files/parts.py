"""Parsed parts of an element of a model file, without the text of its line."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from netlists.model_files.expressions.grammar import Current, Expression, Voltage
from netlists.model_files.lines import Line


class Word(NamedTuple):
    """Keyword of the generated text."""

    text: str


class Option(NamedTuple):
    """Option `name=number`."""

    name: str
    value: Expression


class Formula(NamedTuple):
    """Formula `v=` or `i=` of a behavioural source."""

    kind: str
    value: Expression


class Reference(NamedTuple):
    """Name of another element of the same subcircuit, and its allowed first letters."""

    name: str
    letters: str


class ModelReference(NamedTuple):
    """Name of a model of one of these types."""

    name: str
    types: tuple[str, ...]


class Control(NamedTuple):
    """Control of a switch or a source, besides its model: a voltage or a current."""

    value: Voltage | Current


Part: TypeAlias = Word | Option | Formula | Reference | ModelReference | Control | Expression


class Element(NamedTuple):
    """Element other than X.

    Attributes:
        line: Its line.
        name: Name in lower case.
        nodes: Its nodes.
        parts: Parts after the nodes.
        beside: Additional resistances, capacitances and inductances of LTspice: `rser`, `lser` in series, `rpar`,
            `cpar` across both.
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
