"""Sources of model files: independent, controlled and behavioural ones."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import combinations_with_replacement, count

from netlists.model_files.expressions.grammar import (
    Call,
    Chain,
    Current,
    Expression,
    Number,
    Voltage,
    expression_before_options,
    number,
)  # fmt: skip
from netlists.model_files.parts import Control, Element, Formula, Option, Part, Reference, Word
from netlists.model_files.words import Words

MAX_COEFFICIENTS, MAX_VARIABLES = 200, 20
"""Most coefficients and variables of a POLY."""
BESIDE = {"v": ("rser", "cpar"), "i": (), "b": ("rpar", "cpar")}
"""LTspice's additional parts of a source."""

_WAVES = {"pulse": (2, 8), "sin": (2, 6), "exp": (2, 6), "sffm": (2, 7), "pwl": (2, 1000)}
"""Least and largest number of arguments of each wave."""
_BEHAVIOURAL = re.compile(r"(\S+)\s+(\S+)\s+(\S+)\s+([vi])\s*=(.*)", re.IGNORECASE)


def independent(words: Words, name: str) -> Element:
    """Parse V and I."""
    nodes, parts = words.nodes(2), list[Part]()
    while words.peek() and words.peek() not in BESIDE[name[0]]:
        if words.leave_out("noiseless", "load"):
            continue
        keyword = "dc" if words.value_next() else words.take("a value")
        words.skip("=")
        if keyword in _WAVES:
            least, most = _WAVES[keyword]
            parts += [Word(f"{keyword}("), *words.values(least, most, keyword, to_end=False), Word(")")]
        elif keyword == "ac" and not words.peek():
            parts += [Word("ac"), Number(1.0)]
        elif keyword in ("dc", "ac"):
            parts += [Word(keyword), words.value(keyword)]
            if keyword == "ac" and words.value_next():
                parts.append(words.value("the phase"))
        else:
            raise words.line.refused(f"{keyword} is not accepted; accepted are dc, ac, {', '.join(_WAVES)}")
    beside = tuple(Option(*each) for each in words.options(BESIDE[name[0]], ("noiseless", "load")).items())
    return Element(words.line, name, nodes, tuple(parts) or (Word("dc"), Number(0.0)), beside)


def voltage_controlled(words: Words, name: str) -> Element:
    """Parse E and G: linear, VALUE, TABLE, POLY."""
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
        return _linear(words, name, nodes, kind)
    words.end()
    return Element(words.line, name, nodes, (Formula(kind, tree),))


def _linear(words: Words, name: str, nodes: tuple[str, ...], kind: str) -> Element:
    """Parse a gain, or LTspice's table of the voltage between two nodes."""
    control = Voltage(*words.nodes(2))
    if words.skip("table"):
        words.skip("=")
        tree = Call("table", (control, *words.values(4, 400, "a table")))
        return Element(words.line, name, nodes, (Formula(kind, tree),))
    gain = words.value("the gain")
    words.end()
    return Element(words.line, name, nodes, (Control(control), gain))


def current_controlled(words: Words, name: str) -> Element:
    """Parse F and H: linear, POLY, VALUE."""
    nodes, kind = words.nodes(2), "v" if name[0] == "h" else "i"
    if words.skip("poly"):
        tree = _polynomial(words, lambda: Current(words.name("a voltage source")))
        return Element(words.line, name, nodes, (Formula(kind, tree),))
    if words.skip("value"):
        words.skip("=")
        tree = words.value("the expression")
        words.end()
        return Element(words.line, name, nodes, (Formula(kind, tree),))
    source = words.name("a voltage source")
    gain = words.value("the gain")
    words.end()
    if source.startswith("v"):
        return Element(words.line, name, nodes, (Reference(source, "v"), gain))
    # ngspice's F and H take only the current of a V, its behavioural sources also that of others.
    return Element(words.line, name, nodes, (Formula(kind, Chain(gain, (("*", Current(source)),))),))


def _polynomial(words: Words, variable: Callable[[], Expression]) -> Expression:
    """Parse POLY(n), with the terms in SPICE's order: by degree, then x1, x2, ..., then x1 x1, x1 x2, ..."""
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


def behavioural(words: Words, name: str) -> Element:
    """Parse B with `V=` or `I=`, and LTspice's additional resistor and capacitor."""
    match = _BEHAVIOURAL.fullmatch(words.line.text)
    if match is None:
        raise words.line.refused("write Bname node node V=expression, or I=expression")
    tree, options = expression_before_options(match[5], words.line, BESIDE["b"])
    nodes = words.nodes(2)
    if words.peek() not in ("v", "i") or words.peek(1) != "=":
        raise words.line.refused(f"{words.peek()} is not expected here")
    beside = tuple(Option(*each) for each in options.items())
    return Element(words.line, name, nodes, (Formula(match[4].lower(), tree),), beside)
