"""Names of a model file in their context: parameters, functions, models, nodes, elements."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from netlists.model_files.cards import Scope
from netlists.model_files.expressions.functions import Folded
from netlists.model_files.expressions.grammar import Expression
from netlists.model_files.expressions.values import Function, Names, fold
from netlists.model_files.lines import Line
from netlists.model_files.parts import Element, Formula, Instance
from netlists.model_files.types import Model

MAX_ELEMENTS = 2_000
"""Most elements of an op-amp with its subcircuits; each inserted subcircuit counts, too."""
MAX_STEPS = 100_000
"""Most steps in the evaluation of all its expressions."""
MAX_SLOPES = 1_000_000
"""Most characters of all behavioural sources, each times the voltages and currents in it.

ngspice computes and keeps one derivative for each. A million take it about 15 MB an op-amp.
"""
MAX_DEPTH = 100
"""Largest depth of expressions, functions and parameters that need one another."""
GROUND = ("0", "gnd")

_QUANTITY = re.compile(r"[nv]\d+")
_OF_THE_CIRCUIT = re.compile(r"\b([vi]\(|time\b)")


@dataclass(eq=False)
class Circuit:
    """Inserted subcircuit: its scope, the circuit around its definition, and the meaning of its names."""

    scope: Scope
    around: Circuit | None = None
    values: dict[str, Folded | None] = field(default_factory=dict)
    nodes: dict[str, str] = field(default_factory=dict)
    elements: dict[str, str] = field(default_factory=dict)
    models: dict[str, str] = field(default_factory=dict)

    def outwards(self) -> Iterator[Circuit]:
        """Yield this circuit, then those around it."""
        circuit: Circuit | None = self
        while circuit is not None:
            yield circuit
            circuit = circuit.around


@dataclass(eq=False)
class Flat:
    """Flat text so far, and the remaining limits.

    Attributes:
        shared: Nodes that `.global` shares between all subcircuits.
    """

    lines: list[str] = field(default_factory=list)
    elements: int = MAX_ELEMENTS
    steps: int = MAX_STEPS
    slopes: int = MAX_SLOPES
    named: int = 0
    shared: frozenset[str] = frozenset()

    def name(self, letter: str) -> str:
        """Make a unique name. The names of the file are not used: ngspice fails on some (`thermal`)."""
        self.named += 1
        return f"{letter}{self.named}"

    def pay(self, line: Line) -> None:
        """Count an element."""
        self.elements -= 1
        if self.elements < 0:
            raise line.refused(f"an op-amp may have {MAX_ELEMENTS} elements at most, with its subcircuits put in")

    def pay_slopes(self, formula: str, line: Line) -> None:
        """Count the derivatives of a behavioural source."""
        self.slopes -= len(formula) * max(1, len(set(_QUANTITY.findall(formula))))
        if self.slopes < 0:
            raise line.refused("the expressions of the op-amp are too long and of too many voltages and currents")


class View(Names):
    """Names of a circuit as seen from one of its lines."""

    def __init__(self, circuit: Circuit, line: Line, flat: Flat) -> None:
        self.circuit, self.line, self.flat = circuit, line, flat

    def parameter(self, name: str, depth: int) -> Folded:
        """Value of a parameter, computed once."""
        for circuit in self.circuit.outwards():
            if name in circuit.values:
                value = circuit.values[name]
                if value is None:
                    raise self.line.refused(f"the parameter {name} depends on itself")
                return value
            if (found := circuit.scope.parameter(name)) is not None:
                tree, line = found
                circuit.values[name] = None
                value = circuit.values[name] = _parameter(tree, View(circuit, line, self.flat), depth)
                return value
        raise self.line.refused(f"there is no parameter {name}")

    def has_parameter(self, name: str) -> bool:
        """True if a parameter has this name."""
        return any(
            name in circuit.values or circuit.scope.parameter(name) is not None for circuit in self.circuit.outwards()
        )

    def function(self, name: str) -> tuple[Function, Names] | None:
        """Look up a `.func`, and the names that its body sees: those at its definition."""
        for circuit in self.circuit.outwards():
            if (found := circuit.scope.function(name)) is not None:
                return found, View(circuit, self.line, self.flat)
        return None

    def model(self, name: str) -> tuple[Model, Circuit]:
        """Look up a model, and the circuit of its definition."""
        for circuit in self.circuit.outwards():
            if (model := circuit.scope.model(name)) is not None:
                return model, circuit
        raise self.line.refused(f"there is no model {name}")

    def node(self, name: str) -> str:
        """Name of a node in ngspice; a pin may be named gnd, every other gnd is ground."""
        nodes = self.circuit.nodes
        if name in nodes:
            return nodes[name]
        if name in GROUND:
            return "0"
        if self.circuit.around is None:
            raise self.line.refused(f"v({name}) stands in a function outside of all subcircuits; hand it over to it")
        if name in self.flat.shared:
            raise self.line.refused(f"{name} is shared by .global; make it a pin")
        if re.split(r"[.:]", name)[0] in self.circuit.scope.elements and re.search(r"[.:]", name):
            raise self.line.refused(f"{name} is a node inside of another part; make it a pin of that")
        nodes[name] = self.flat.name("n")
        return nodes[name]

    def source(self, name: str) -> str:
        """Name in ngspice of an element with a current: V, E, H, L, or B with a voltage."""
        return self.element(name, "vehlb")

    def element(self, name: str, letters: str) -> str:
        """Name in ngspice of an element of this circuit with a current, of one of these letters."""
        written = self.circuit.elements.get(name, "")
        if name[0] not in letters or not written or _is_current_source(self.circuit.scope.elements[name]):
            raise self.line.refused(f"there is no {name} in this subcircuit that could be meant")
        return written

    def spend(self, depth: int) -> None:
        """Count one step."""
        self.flat.steps -= 1
        if depth > MAX_DEPTH or self.flat.steps < 0:
            raise self.line.refused("the expression is too deep or takes too long; does it contain itself?")


def _is_current_source(each: Element | Instance) -> bool:
    return isinstance(each, Element) and any(isinstance(part, Formula) and part.kind == "i" for part in each.parts)


def _parameter(tree: Expression, names: Names, depth: int) -> Folded:
    """Value of a parameter: a number, or an expression of the temperature only."""
    value = fold(tree, names, depth)
    if isinstance(value, str) and _OF_THE_CIRCUIT.search(value):
        raise names.line.refused("this value must be a number: no voltage, current, time or temperature")
    return value
