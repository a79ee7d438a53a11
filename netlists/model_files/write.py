"""Elements and models of a model file as lines of ngspice, generated from their parsed form."""

from __future__ import annotations

import math
from typing import NamedTuple

from netlists.model_files.expressions.functions import text
from netlists.model_files.expressions.grammar import Current, Expression, Voltage
from netlists.model_files.expressions.values import constant, fold, voltage
from netlists.model_files.names import Circuit, View
from netlists.model_files.parts import Control, Element, Formula, ModelReference, Option, Part, Reference, Word
from netlists.model_files.types import AT_TEMPERATURE, LEVELS, SIZES, WRITTEN_LEVELS, Model

ABSOLUTE_ZERO = -273.0
"""Temperature in degrees Celsius at and below which a resistor with this T_ABS makes no noise."""
OWN_SWITCHES = {"vswitch": "sw", "iswitch": "csw"}
"""PSpice's switches with thresholds, with the ngspice types."""
SWITCHED_OFF = 1e6
"""Default off resistance of PSpice's switches, ohm."""


class _Used(NamedTuple):
    """Model of an element, the circuit of its definition, and its parameters as numbers."""

    model: Model
    circuit: Circuit
    values: dict[str, float]


def element_lines(each: Element, view: View) -> list[str]:
    """Format an element as lines of ngspice, with its additional parts, and with its model if that is its first use."""
    name, nodes = view.circuit.elements[each.name], [view.node(node) for node in each.nodes]
    inner, beside = _beside(each, nodes, view)
    used = next((_used(part, view) for part in each.parts if isinstance(part, ModelReference)), None)
    if used is not None and (smooth := _smooth_switch(each, used, view)):
        return [f"b{name[1:]} {' '.join(inner)} i={smooth.format(voltage(*inner))}", *beside]
    model_lines, model_name = _written_model(used, view)
    options = _options(each, used, view)
    factor = 1.0 if used is None else used.values.get(used.model.type, 1.0)
    parts = [
        model_name if isinstance(part, ModelReference) else _part(part, factor, view)
        for part in each.parts
        if not isinstance(part, Option)
    ]
    if used is not None and used.model.type in used.values and len(parts) == 1:
        parts.append(repr(factor))
    return [*model_lines, " ".join([name, *inner, *parts, *options]), *beside]


def _beside(each: Element, nodes: list[str], view: View) -> tuple[list[str], list[str]]:
    """Nodes of an element within LTspice's additional parts, and the lines of these parts."""
    values = {option.name: constant(option.value, view) for option in each.beside}
    inner, lines = list(nodes), list[str]()
    for name in ("rser", "lser"):
        if values.get(name, 0.0):
            lines.append(f"{view.flat.name(name[0])} {view.flat.name('n')} {inner[1]} {values[name]!r}")
            inner[1] = lines[-1].split()[1]
    for name in ("rpar", "cpar"):
        if values.get(name, 0.0):
            lines.append(f"{view.flat.name(name[0])} {' '.join(nodes)} {values[name]!r}")
    return inner, lines


def _options(each: Element, used: _Used | None, view: View) -> list[str]:
    """Format the options of an element: its own, and those that PSpice has in the model and ngspice in the element."""
    found = {part.name: constant(part.value, view) for part in each.parts if isinstance(part, Option)}
    if used is not None:
        values, kind = used.values, used.model.type
        if kind == "r" and values.get("t_abs", 0.0) <= ABSOLUTE_ZERO:
            found.setdefault("noisy", 0.0)
        elif "t_abs" in values:
            found.setdefault("temp", values["t_abs"])
        if "t_rel_global" in values:
            found.setdefault("dtemp", values["t_rel_global"])
        if kind in ("nmos", "pmos"):
            for size in SIZES:
                if size in values:
                    found.setdefault(size, values[size])
    return [f"{name}={value!r}" for name, value in found.items()]


def _part(part: Part, factor: float, view: View) -> str:
    match part:
        case Word(word):
            return word
        case Formula(kind, tree):
            formula = str(fold(tree, view))
            view.flat.pay_slopes(formula, view.line)
            return f"{kind}={formula}"
        case Reference(name, letters):
            return view.element(name, letters)
        case Control(control):
            return _control(control, view)
        case ModelReference() | Option():
            raise TypeError(part)
        case _:
            return _number(part, factor, view)


def _number(tree: Expression, factor: float, view: View) -> str:
    value = constant(tree, view)
    return repr(value if factor == 1 else value * factor)


def _control(control: Voltage | Current, view: View) -> str:
    if isinstance(control, Current):
        return view.element(control.source, "v")
    return f"{view.node(control.plus)} {view.node(control.minus)}"


def _used(wanted: ModelReference, view: View) -> _Used:
    """Look up a model by its name."""
    model, circuit = view.model(wanted.name)
    if model.type not in wanted.types:
        raise view.line.refused(f"{wanted.name} is a model of type {model.type}, not {' or '.join(wanted.types)}")
    level, accepted = model.level(), LEVELS.get(model.type, (1,))
    if level not in accepted:
        raise model.line.refused(f"accepted levels of {model.type} are {', '.join(map(str, accepted))}")
    sight = View(circuit, model.line, view.flat)
    return _Used(model, circuit, {name: constant(tree, sight) for name, tree in model.values().items()})


def _written_model(used: _Used | None, view: View) -> tuple[list[str], str]:
    """Format the `.model` line, unless already written, and return the model's name in the text."""
    if used is None:
        return [], ""
    model, circuit, values = used
    if model.name in circuit.models:
        return [], circuit.models[model.name]
    name = circuit.models[model.name] = view.flat.name("m")
    kept = {key: value for key, value in values.items() if key not in (*AT_TEMPERATURE, *_of_the_element(model))}
    if "t_measured" in values:
        kept["tnom"] = values["t_measured"]
    type_ = OWN_SWITCHES.get(model.type, model.type)
    if type_ != model.type:
        kept.setdefault("roff", SWITCHED_OFF)
    level = int(kept.pop("level", 1.0))
    text_ = [f"level={WRITTEN_LEVELS.get(level, level)}"] if "level" in values else []
    text_ += [f"{key}={value!r}" for key, value in kept.items()]
    return [f".model {name} {type_} {' '.join(text_)}"], name


def _of_the_element(model: Model) -> tuple[str, ...]:
    """Parameters of a card that are written with each element."""
    return SIZES if model.type in ("nmos", "pmos") else (model.type,)


def _smooth_switch(each: Element, used: _Used, view: View) -> str:
    """Format the conductance of a smooth switch times a voltage to be inserted; empty for every other element.

    The logarithm of its resistance is a cubic between on and off (PSpice). LTspice's switch with a negative hysteresis
    is one as well.
    """
    control, (model, _, values) = each.parts[0], used
    letter = "v" if each.name[0] == "s" else "i"
    if not isinstance(control, Control):
        return ""
    on, off = values.get(f"{letter}on", 1.0 if letter == "v" else 1e-3), values.get(f"{letter}off", 0.0)
    middle, half = values.get(f"{letter}t", 0.0), values.get(f"{letter}h", 0.0)
    if half < 0:
        on, off = middle - half, middle + half
    elif model.type in ("sw", "csw") or f"{letter}t" in values:
        return ""
    r_on, r_off = values.get("ron", 1.0), values.get("roff", SWITCHED_OFF if model.type in OWN_SWITCHES else 1e12)
    if not 0 < abs(on - off) < math.inf or min(r_on, r_off) <= 0:
        raise model.line.refused(f"a switch needs {letter}on and {letter}off that differ, and resistances above 0")
    mean, span = (math.log(r_on) + math.log(r_off)) / 2, math.log(r_on) - math.log(r_off)
    place = f"min(max(({fold(control.value, view)}-{text(on / 2 + off / 2)})/{text(on - off)},-0.5),0.5)"
    logarithm = f"{text(mean)}+{text(1.5 * span)}*{place}-{text(2 * span)}*pwr({place},3.0)"
    return f"{{}}*exp(-({logarithm}))"
