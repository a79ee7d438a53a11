"""From the scopes of a model file to flat text.

Parameters become numbers, subcircuits are inserted, and names are generated.
"""

from __future__ import annotations

from netlists.model_files.cards import Scope
from netlists.model_files.expressions.grammar import Expression
from netlists.model_files.expressions.values import constant
from netlists.model_files.names import Circuit, Flat, View
from netlists.model_files.parts import Element, Formula, Instance
from netlists.model_files.write import element_lines


def flatten(file: Scope, scope: Scope, name: str, shared: frozenset[str]) -> list[str]:
    """Write the subcircuit `scope` of a file as lines of ngspice, without parameters or subcircuits, named `name`.

    Args:
        file: Scope of the file.
        scope: The subcircuit.
        name: Its name in the text.
        shared: Nodes that the file declares as shared between all subcircuits.

    Raises:
        ParameterError: A name is unknown, a value does not exist, or the text becomes too large.
    """
    flat = Flat(shared=shared)
    circuit = Circuit(scope, _around(scope.around or file))
    for pin in scope.header.pins:
        circuit.nodes[pin] = flat.name("n")
    _write(circuit, flat, (scope,))
    return [f".subckt {name} {' '.join(circuit.nodes[pin] for pin in scope.header.pins)}", *flat.lines, f".ends {name}"]


def _around(scope: Scope) -> Circuit:
    return Circuit(scope, None if scope.around is None else _around(scope.around))


def _give(inner: Circuit, values: dict[str, Expression], caller: View) -> None:
    """Set parameters of a `.subckt` line to the values of its caller."""
    for name, tree in values.items():
        if name not in inner.scope.header.defaults:
            raise caller.line.refused(f"{inner.scope.name} has no parameter {name} on its .subckt line")
        inner.values[name] = constant(tree, caller)


def _write(circuit: Circuit, flat: Flat, active: tuple[Scope, ...]) -> None:
    """Write the elements of a circuit; names come first, because elements refer to one another."""
    circuit.scope.understand()
    for name, each in circuit.scope.elements.items():
        flat.pay(each.line)
        if isinstance(each, Element):
            letter = "b" if any(isinstance(part, Formula) for part in each.parts) else name[0]
            circuit.elements[name] = flat.name(letter)
    for each in circuit.scope.elements.values():
        view = View(circuit, each.line, flat)
        if isinstance(each, Instance):
            _put_in(each, view, active)
        else:
            flat.lines += element_lines(each, view)


def _put_in(each: Instance, view: View, active: tuple[Scope, ...]) -> None:
    for around in view.circuit.outwards():
        if (scope := around.scope.subcircuit(each.subcircuit)) is not None:
            break
    else:
        raise view.line.refused(f"there is no subcircuit {each.subcircuit}")
    if scope in active:
        raise view.line.refused(f"{each.subcircuit} contains itself")
    pins, instead = scope.header.pins, scope.header.instead
    if not len(pins) - len(instead) <= len(each.nodes) <= len(pins):
        raise view.line.refused(f"{each.subcircuit} has {len(pins)} pins, not {len(each.nodes)}")
    nodes = [*each.nodes, *(instead[pin] for pin in pins[len(each.nodes) :])]
    inner = Circuit(scope, around, nodes=dict(zip(pins, map(view.node, nodes), strict=True)))
    _give(inner, each.values, view)
    _write(inner, view.flat, (*active, scope))
