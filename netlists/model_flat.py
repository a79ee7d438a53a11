"""From the scopes of a model file to flat text: parameters are numbers, subcircuits are put in, names are our own."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from netlists.model_cards import Model, Scope
from netlists.model_elements import Control, Element, Formula, Instance, ModelReference, Option, Part, Reference, Word
from netlists.model_expressions import Current, Expression, Voltage
from netlists.model_functions import text
from netlists.model_lines import Line
from netlists.model_values import Function, Names, constant, fold, voltage

MAX_ELEMENTS = 2_000
"""Elements of an op-amp, subcircuits put in; each subcircuit that is put in counts, too."""
MAX_STEPS = 100_000
"""Steps in working out all its expressions."""
MAX_SLOPES = 1_000_000
"""Characters of all behavioural sources, each times the voltages and currents in it: ngspice works out and keeps one
derivative for each. A million take it about 15 MB an op-amp."""
MAX_DEPTH = 100
"""Expressions, functions and parameters that need one another."""
GROUND = ("0", "gnd")
LEVELS = {
    **dict.fromkeys(("d", "npn", "pnp", "njf", "pjf"), (1,)),
    **dict.fromkeys(("nmos", "pmos"), (1, 2, 3, 6, 8, 14, 49, 54)),
}
"""Levels of device models: diode, Gummel-Poon, Shichman-Hodges; MOS 1, 2, 3, 6, BSIM3 (8, 49), BSIM4 (14, 54)."""

_QUANTITY = re.compile(r"[nv]\d+")


@dataclass(eq=False)
class _Circuit:
    """A subcircuit that is put in: its scope, the circuit around its definition, and what its names mean."""

    scope: Scope
    around: _Circuit | None = None
    values: dict[str, float | None] = field(default_factory=dict)
    nodes: dict[str, str] = field(default_factory=dict)
    elements: dict[str, str] = field(default_factory=dict)
    models: dict[str, str] = field(default_factory=dict)

    def outwards(self) -> Iterator[_Circuit]:
        """This circuit, then what is around it."""
        circuit: _Circuit | None = self
        while circuit is not None:
            yield circuit
            circuit = circuit.around


@dataclass(eq=False)
class Flat:
    """The flat text, as far as it has been written, and what may still be spent."""

    lines: list[str] = field(default_factory=list)
    elements: int = MAX_ELEMENTS
    steps: int = MAX_STEPS
    slopes: int = MAX_SLOPES
    named: int = 0

    def name(self, letter: str) -> str:
        """A name that nothing else has. The file's own will not do: ngspice stumbles over some (`thermal`)."""
        self.named += 1
        return f"{letter}{self.named}"

    def pay(self, line: Line) -> None:
        """Counts an element."""
        self.elements -= 1
        if self.elements < 0:
            raise line.refused(f"an op-amp may have {MAX_ELEMENTS} elements at most, with its subcircuits put in")

    def pay_slopes(self, formula: str, line: Line) -> None:
        """Counts what ngspice makes of a behavioural source."""
        self.slopes -= len(formula) * max(1, len(set(_QUANTITY.findall(formula))))
        if self.slopes < 0:
            raise line.refused("the expressions of the op-amp are too long and of too many voltages and currents")


class _View(Names):
    """The names of a circuit as a line of it sees them."""

    def __init__(self, circuit: _Circuit, line: Line, flat: Flat) -> None:
        self.circuit, self.line, self.flat = circuit, line, flat

    def parameter(self, name: str, depth: int) -> float:
        for circuit in self.circuit.outwards():
            if name in circuit.values:
                value = circuit.values[name]
                if value is None:
                    raise self.line.refused(f"the parameter {name} depends on itself")
                return value
            if (found := circuit.scope.parameter(name)) is not None:
                tree, line = found
                circuit.values[name] = None
                value = circuit.values[name] = constant(tree, _View(circuit, line, self.flat), depth)
                return value
        raise self.line.refused(f"there is no parameter {name}")

    def function(self, name: str) -> tuple[Function, Names] | None:
        for circuit in self.circuit.outwards():
            if name in circuit.scope.functions:
                return circuit.scope.functions[name], _View(circuit, self.line, self.flat)
        return None

    def node(self, name: str) -> str:
        if name in GROUND:
            return "0"
        if self.circuit.around is None:
            raise self.line.refused(f"v({name}) stands in a function outside of all subcircuits; hand it over to it")
        nodes = self.circuit.nodes
        if name not in nodes:
            nodes[name] = self.flat.name("n")
        return nodes[name]

    def source(self, name: str) -> str:
        return self.element(name, "v")

    def element(self, name: str, letters: str) -> str:
        """An element of this circuit, of one of these letters."""
        if name[0] not in letters or name not in self.circuit.elements:
            raise self.line.refused(f"there is no {name} in this subcircuit that could be meant")
        return self.circuit.elements[name]

    def spend(self, depth: int) -> None:
        self.flat.steps -= 1
        if depth > MAX_DEPTH or self.flat.steps < 0:
            raise self.line.refused("the expression is too deep or takes too long; does it contain itself?")


def flatten(top: Scope, scope: Scope, name: str) -> list[str]:
    """The subcircuit `scope` of the file `top` as lines of ngspice, without parameters or subcircuits, called `name`.

    Raises:
        ParameterError: A name is not known, a value does not exist, or it becomes too large.
    """
    flat, circuit = Flat(), _Circuit(scope, _Circuit(top))
    view = _View(circuit, scope.line, flat)
    pins = [view.node(pin) for pin in scope.pins]
    _write(circuit, flat, (scope,))
    return [f".subckt {name} {' '.join(pins)}", *flat.lines, f".ends {name}"]


def _give(inner: _Circuit, values: dict[str, Expression], caller: _View) -> None:
    """Sets parameters of a `.subckt` line as its caller wants them."""
    for name, tree in values.items():
        if name not in inner.scope.defaults:
            raise caller.line.refused(f"{inner.scope.name} has no parameter {name} on its .subckt line")
        inner.values[name] = constant(tree, caller)


def _write(circuit: _Circuit, flat: Flat, active: tuple[Scope, ...]) -> None:
    """Writes the elements of a circuit; names come first, because elements name one another."""
    for name, each in circuit.scope.elements.items():
        flat.pay(each.line)
        if isinstance(each, Element):
            letter = "b" if any(isinstance(part, Formula) for part in each.parts) else name[0]
            circuit.elements[name] = flat.name(letter)
    for each in circuit.scope.elements.values():
        view = _View(circuit, each.line, flat)
        if isinstance(each, Instance):
            _put_in(each, view, active)
        else:
            flat.lines.append(_element(each, view))


def _put_in(each: Instance, view: _View, active: tuple[Scope, ...]) -> None:
    for around in view.circuit.outwards():
        if (scope := around.scope.subcircuits.get(each.subcircuit)) is not None:
            break
    else:
        raise view.line.refused(f"there is no subcircuit {each.subcircuit}")
    if scope in active:
        raise view.line.refused(f"{each.subcircuit} contains itself")
    if len(scope.pins) != len(each.nodes):
        raise view.line.refused(f"{each.subcircuit} has {len(scope.pins)} pins, not {len(each.nodes)}")
    nodes = dict(zip(scope.pins, map(view.node, each.nodes), strict=True))
    inner = _Circuit(scope, around, nodes=nodes)
    _give(inner, each.values, view)
    _write(inner, view.flat, (*active, scope))


def _element(each: Element, view: _View) -> str:
    name, nodes = view.circuit.elements[each.name], [view.node(node) for node in each.nodes]
    if each.name[0] in "sw":
        return _switch(each, name, nodes, view)
    return " ".join([name, *nodes, *(_part(part, view) for part in each.parts)])


def _part(part: Part, view: _View) -> str:
    match part:
        case Word(word):
            return word
        case Option(name, tree):
            return f"{name}={constant(tree, view)!r}"
        case Formula(kind, tree):
            formula = str(fold(tree, view))
            view.flat.pay_slopes(formula, view.line)
            return f"{kind}={formula}"
        case Reference(name):
            return view.element(name, "vl")
        case ModelReference():
            return _model(part, view)[0]
        case Control(control):
            return _control(control, view)
        case _:
            return repr(constant(part, view))


def _control(control: Voltage | Current, view: _View) -> str:
    if isinstance(control, Current):
        return view.source(control.source)
    return f"{view.node(control.plus)} {view.node(control.minus)}"


def _model(wanted: ModelReference, view: _View) -> tuple[str, Model, dict[str, float]]:
    """A model by its name in the text, which is written where it is first used."""
    for circuit in view.circuit.outwards():
        if (model := circuit.scope.models.get(wanted.name)) is not None:
            break
    else:
        raise view.line.refused(f"there is no model {wanted.name}")
    if model.type not in wanted.types:
        raise view.line.refused(f"{wanted.name} is a model of type {model.type}, not {' or '.join(wanted.types)}")
    sight = _View(circuit, model.line, view.flat)
    values = {name: constant(tree, sight) for name, tree in model.values.items()}
    if wanted.name not in circuit.models and model.type not in ("vswitch", "iswitch"):
        circuit.models[wanted.name] = view.flat.name("m")
        view.flat.lines.append(f".model {circuit.models[wanted.name]} {model.type} {_model_values(model, values)}")
    return circuit.models.get(wanted.name, ""), model, values


def _model_values(model: Model, values: dict[str, float]) -> str:
    """The parameters of a `.model` card."""
    if model.type in "rcl" and values.get(model.type, 1.0) != 1.0:
        raise model.line.refused(f"{model.type}= multiplies in PSpice and replaces in ngspice; leave it out")
    if values.get("level", 1.0) not in LEVELS.get(model.type, (1.0,)):
        accepted = ", ".join(map(str, LEVELS.get(model.type, (1,))))
        raise model.line.refused(f"accepted levels of {model.type} are {accepted}")
    kept = {name: value for name, value in values.items() if name not in ("r", "c", "l") or model.type != name}
    return " ".join(f"{name}={int(value) if name == 'level' else repr(value)}" for name, value in kept.items())


def _switch(each: Element, name: str, nodes: list[str], view: _View) -> str:
    control, wanted, *state = each.parts
    assert isinstance(control, Control) and isinstance(wanted, ModelReference)
    model_name, model, values = _model(wanted, view)
    if model.type in ("sw", "csw"):
        return " ".join([name, *nodes, _part(control, view), model_name, *(_part(word, view) for word in state)])
    # PSpice's smooth switch: the logarithm of the resistance is a cubic between on and off.
    letter = model.type[0]
    on, off = values.get(f"{letter}on", 1.0 if letter == "v" else 1e-3), values.get(f"{letter}off", 0.0)
    r_on, r_off = values.get("ron", 1.0), values.get("roff", 1e6)
    if not 0 < abs(on - off) < math.inf or min(r_on, r_off) <= 0:
        raise model.line.refused(f"a switch needs {letter}on and {letter}off that differ, and resistances above 0")
    middle, span = (math.log(r_on) + math.log(r_off)) / 2, math.log(r_on) - math.log(r_off)
    place = f"min(max(({fold(control.value, view)}-{text(on / 2 + off / 2)})/{text(on - off)},-0.5),0.5)"
    logarithm = f"{text(middle)}+{text(1.5 * span)}*{place}-{text(2 * span)}*pwr({place},3.0)"
    return f"b{name[1:]} {' '.join(nodes)} i={voltage(*nodes)}*exp(-({logarithm}))"
