"""Element lines of model files: what each letter may say, read into parts that know nothing of the line's text."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import combinations_with_replacement, count
from typing import NamedTuple, TypeAlias

from netlists.model_expressions import Call, Chain, Current, Expression, Number, Voltage, expression, number
from netlists.model_lines import Line
from netlists.model_words import Words

MAX_COEFFICIENTS, MAX_VARIABLES = 200, 20
"""Of a POLY."""

_BEHAVIOURAL = re.compile(r"(\S+)\s+(\S+)\s+(\S+)\s+([vi])\s*=(.*)", re.IGNORECASE)


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
    """The name of another element of the same subcircuit."""

    name: str


class ModelReference(NamedTuple):
    """The name of a model of one of these types."""

    name: str
    types: tuple[str, ...]


class Control(NamedTuple):
    """What controls a switch, beside its model: a voltage or a current."""

    value: Voltage | Current


Part: TypeAlias = Word | Option | Formula | Reference | ModelReference | Control | Expression


class Element(NamedTuple):
    """An element other than X."""

    line: Line
    name: str
    nodes: tuple[str, ...]
    parts: tuple[Part, ...]


class Instance(NamedTuple):
    """An X element."""

    line: Line
    name: str
    nodes: tuple[str, ...]
    subcircuit: str
    values: dict[str, Expression]


def element(line: Line) -> Element | Instance:
    """An element line.

    Raises:
        ParameterError: Its letter is not accepted, or it says what such an element cannot.
    """
    reader = _READERS.get(line.text[0].lower())
    if reader is None:
        raise line.refused(f"accepted elements start with {' '.join(_READERS).upper()}; a comment starts with *")
    words = Words(line)
    name = words.name("an element")
    if len(name) < 2:
        raise line.refused("an element needs a name after its letter")
    return reader(words, name)


def _options(words: Words, allowed: str) -> tuple[Option, ...]:
    return tuple(Option(name, value) for name, value in words.options(allowed.split()).items())


def _passive(options: str) -> Callable[[Words, str], Element]:
    def read(words: Words, name: str) -> Element:
        nodes, parts = words.nodes(2), list[Part]()
        if not words.value_next() and words.peek(1) != "=":
            parts.append(ModelReference(words.name("a value or a model"), (name[0],)))
        if words.value_next():
            parts.append(words.value("a value"))
        if not parts:
            raise words.line.refused("a value or a model is missing")
        return Element(words.line, name, nodes, (*parts, *_options(words, options)))

    return read


def _coupling(words: Words, name: str) -> Element:
    coils = (Reference(words.name("an inductor")), Reference(words.name("an inductor")))
    if any(not coil.name.startswith("l") for coil in coils):
        raise words.line.refused("K couples two inductors; magnetic cores are not accepted")
    return Element(words.line, name, (), (*coils, *words.values(1, 1, "the coupling")))


_WAVES = {"pulse": (2, 8), "sin": (2, 6), "exp": (2, 6), "sffm": (2, 7), "pwl": (2, 1000)}
"""Least and most numbers of each."""


def _independent(words: Words, name: str) -> Element:
    nodes, parts = words.nodes(2), list[Part]()
    while words.peek():
        keyword = "dc" if words.value_next() else words.take("a value")
        if keyword in _WAVES:
            least, most = _WAVES[keyword]
            parts += [Word(f"{keyword}("), *words.values(least, most, keyword), Word(")")]
        elif keyword in ("dc", "ac"):
            parts += [Word(keyword), words.value(keyword)]
            if keyword == "ac" and words.value_next():
                parts.append(words.value("the phase"))
        else:
            raise words.line.refused(f"{keyword} is not accepted; accepted are dc, ac, {', '.join(_WAVES)}")
    return Element(words.line, name, nodes, tuple(parts) or (Word("dc"), Number(0.0)))


def _voltage_controlled(words: Words, name: str) -> Element:
    nodes, kind = words.nodes(2), "v" if name[0] == "e" else "i"
    if words.skip("value", "vol" if kind == "v" else "cur"):
        words.skip("=")
        tree = words.value("the expression")
    elif words.skip("table"):
        what = words.value("the expression")
        words.skip("=")
        tree = Call("table", (what, *words.values(4, 400, "a table")))
    elif words.skip("poly"):
        tree = _polynomial(words, lambda: Voltage(*words.nodes(2)))
    elif words.peek() in ("laplace", "freq", "chebyshev"):
        raise words.line.refused(f"{words.peek()} is not accepted; build it from R, C and linear sources")
    else:
        control = Voltage(*words.nodes(2))
        gain = words.value("the gain")
        parts: tuple[Part, ...] = (Control(control), gain)
        _end(words)
        return Element(words.line, name, nodes, parts)
    _end(words)
    return Element(words.line, name, nodes, (Formula(kind, tree),))


def _current_controlled(words: Words, name: str) -> Element:
    nodes, kind = words.nodes(2), "v" if name[0] == "h" else "i"
    if words.skip("poly"):
        tree = _polynomial(words, lambda: Current(words.name("a voltage source")))
        return Element(words.line, name, nodes, (Formula(kind, tree),))
    source = Reference(words.name("a voltage source"))
    gain = words.value("the gain")
    _end(words)
    return Element(words.line, name, nodes, (source, gain))


def _end(words: Words) -> None:
    if words.peek():
        raise words.line.refused(f"{words.peek()} is not expected here")


def _polynomial(words: Words, variable: Callable[[], Expression]) -> Expression:
    """POLY(n), the terms in SPICE's order: by degree, then x1, x2, ..., then x1 x1, x1 x2, ..."""
    how_many = number(words.take("the number of variables"), words.line)
    if how_many is None or not how_many.is_integer() or not 1 <= how_many <= MAX_VARIABLES:
        raise words.line.refused(f"POLY takes from 1 to {MAX_VARIABLES} variables")
    variables = [variable() for _ in range(int(how_many))]
    coefficients = words.values(1, MAX_COEFFICIENTS, "coefficients")
    if len(variables) == len(coefficients) == 1:
        # A single coefficient is the slope, not the constant (SPICE 2G6).
        coefficients = (Number(0.0), *coefficients)
    terms = (term for degree in count() for term in combinations_with_replacement(variables, degree))
    products = [
        ("+", Chain(factor, tuple(("*", each) for each in term)))
        for factor, term in zip(coefficients, terms, strict=False)
        if factor != Number(0.0)
    ]
    return Chain(Number(0.0), tuple(products))


def _behavioural(words: Words, name: str) -> Element:
    match = _BEHAVIOURAL.fullmatch(words.line.text)
    if match is None:
        raise words.line.refused("write Bname node node V=expression, or I=expression")
    formula, nodes = Formula(match[4].lower(), expression(match[5], words.line)), words.nodes(2)
    if words.peek() not in ("v", "i") or words.peek(1) != "=":
        raise words.line.refused(f"{words.peek()} is not expected here")
    return Element(words.line, name, nodes, (formula,))


def _device(least: int, most: int, types: tuple[str, ...], options: str) -> Callable[[Words, str], Element]:
    """A diode or transistor: nodes, model, area, options."""

    def read(words: Words, name: str) -> Element:
        nodes = [*words.nodes(least)]
        while len(nodes) < most and _node_next(words):
            nodes.append(words.name("a node"))
        parts: list[Part] = [ModelReference(words.name("a model"), types)]
        if words.value_next():
            parts.append(Option("area", words.value("the area")))
        if words.skip("off"):
            parts.append(Word("off"))
        return Element(words.line, name, tuple(nodes), (*parts, *_options(words, options)))

    return read


def _node_next(words: Words) -> bool:
    """True where a further node comes before the model: the word behind it is the model, no number and no option."""
    behind = words.peek(1)
    return behind not in ("", "=", "off") and not words.value_next(1) and words.peek(2) != "="


def _switch(words: Words, name: str) -> Element:
    nodes = words.nodes(2)
    if name[0] == "s":
        control, types = Control(Voltage(*words.nodes(2))), ("sw", "vswitch")
    else:
        control, types = Control(Current(words.name("a voltage source"))), ("csw", "iswitch")
    model = ModelReference(words.name("a model"), types)
    state = (Word(words.take("a state")),) if words.peek() in ("on", "off") else ()
    _end(words)
    return Element(words.line, name, nodes, (control, model, *state))


def _instance(words: Words, name: str) -> Instance:
    names = []
    while words.peek() and words.peek(1) != "=":
        names.append(words.name("a node"))
    if len(names) < 2:
        raise words.line.refused("X needs nodes and the name of a subcircuit")
    return Instance(words.line, name, tuple(names[:-1]), names[-1], words.options(None))


_READERS: dict[str, Callable[[Words, str], Element | Instance]] = {
    "r": _passive("tc tc1 tc2 m temp dtemp l w"),
    "c": _passive("tc tc1 tc2 m temp dtemp l w ic"),
    "l": _passive("m ic"),
    "k": _coupling,
    "v": _independent,
    "i": _independent,
    "e": _voltage_controlled,
    "g": _voltage_controlled,
    "f": _current_controlled,
    "h": _current_controlled,
    "b": _behavioural,
    "d": _device(2, 2, ("d",), "area m temp dtemp"),
    "q": _device(3, 4, ("npn", "pnp"), "area areab areac m temp dtemp"),
    "j": _device(3, 3, ("njf", "pjf"), "area m temp dtemp"),
    "m": _device(4, 4, ("nmos", "pmos"), "l w ad as pd ps nrd nrs nf sa sb m temp dtemp"),
    "s": _switch,
    "w": _switch,
    "x": _instance,
}
