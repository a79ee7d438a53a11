"""Whole circuits at rest from Kirchhoff's laws alone: the judge of everything that knows wires.

Dense modified nodal analysis: unknowns are the voltage of every node, every cell of a mesh included, and the current of
every source. It shares no code with the packages; of a design it reads the numbers only.

Nodes are tuples, indices from 0: `("in", i)`, `("v", i)`, `("c", j)`, `("d", j)`, `("w", j)`, `("out", i)` as in the
decks; `("word", k, i, j)` and `("bit", k, i, j)` are the lines of array k at cell (i, j), with wire resistance only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netlists import InvDesign, MvmDesign
from netlists.circuits.cascade import CascadeDesign
from netlists.circuits.egv import EgvDesign
from netlists.circuits.ginv import GinvDesign
from tests.kirchhoff_network import GROUND, Array, Network, Node, Rest, nodes


def inv_at_rest(design: InvDesign, inputs: Array) -> Rest:
    """An INV circuit with inputs (N,) in volts."""
    size, network = design.size, Network()
    sums, outputs, inverted = nodes("v", size), nodes("c", size), nodes("d", size)
    for i, volts in enumerate(inputs.tolist()):
        network.hold(("in", i), volts)
        network.resistor(("in", i), sums[i], 1 / design.input_conductance)
        network.amplifier("amp", i, sums[i], outputs[i], design.opamp)
    _inv(network, design, sums, outputs, inverted)
    return network.solve()


def _inv(network: Network, design: InvDesign, sums: list[Node], outputs: list[Node], inverted: list[Node]) -> None:
    """Arrays, resistors of the diagonal and inverters of an INV circuit without compensating cells."""
    pair = (design.conductance_positive, sums, outputs), (design.conductance_negative, sums, inverted)
    held_arrays(network, design, pair)
    _diagonal(network, design, sums, outputs)
    if design.conductance_negative is not None:
        for j in range(design.size):
            network.resistor(outputs[j], ("w", j), design.inverter_resistance)
            network.resistor(("w", j), inverted[j], design.inverter_resistance)
            network.amplifier("inv", j, ("w", j), inverted[j], design.opamp)


def _diagonal(network: Network, design: InvDesign, sums: list[Node], outputs: list[Node]) -> None:
    """Resistors beside the cells, from each output to its own sum node, if there are any."""
    if design.diagonal_conductance is not None:
        for node, output, siemens in zip(sums, outputs, design.diagonal_conductance.tolist(), strict=True):
            network.resistor(output, node, 1 / siemens)


def mvm_at_rest(design: MvmDesign, inputs: Array) -> Rest:
    """An MVM circuit with inputs (M,) in volts."""
    (rows, columns), network = design.conductance_positive.shape, Network()
    sums, drivers, inverted = nodes("v", rows), nodes("c", columns), nodes("d", columns)
    for j, volts in enumerate(inputs.tolist()):
        network.hold(drivers[j], volts)
        network.hold(inverted[j], -volts)
    pair = (design.conductance_positive, sums, drivers), (design.conductance_negative, sums, inverted)
    held_arrays(network, design, pair)
    for i in range(rows):
        network.resistor(("out", i), sums[i], 1 / design.feedback_conductance)
        network.amplifier("amp", i, sums[i], ("out", i), design.opamp)
    return network.solve()


def cascade_at_rest(design: CascadeDesign, inputs: Array) -> Rest:
    """An INV circuit with inputs (N,) in volts whose outputs, the turned ones too, drive the columns of MVM."""
    first, second, network = design.inverse, design.product, Network()
    size, rows = len(first.conductance_positive), len(second.conductance_positive)
    sums, outputs, inverted, read = nodes("v", size), nodes("c", size), nodes("d", size), nodes("mv", rows)
    plus = nodes("p", size) if first.balance_inverting is not None else [GROUND] * size
    other = nodes("mp", rows) if second.balance_inverting is not None else [GROUND] * rows
    for i, volts in enumerate(inputs.tolist()):
        network.hold(("in", i), volts)
        network.resistor(("in", i), sums[i], 1 / first.input_conductance)
        network.amplifier("amp", i, sums[i], outputs[i], first.opamp, other=plus[i])
    if first.balance_inverting is None:
        _inv(network, first, sums, outputs, inverted)
    else:
        _compensated(network, first, sums, plus, outputs)
        _diagonal(network, first, sums, outputs)
    for i in range(rows):
        network.resistor(("mout", i), read[i], 1 / second.feedback_conductance)
        network.amplifier("mamp", i, read[i], ("mout", i), second.opamp, other=other[i])
    turned = (read, inverted) if second.balance_inverting is None else (other, outputs)
    arrays = (second.conductance_positive, read, outputs), (second.conductance_negative, *turned)
    held_arrays(network, second, arrays, 2)
    grounded(network, second, second.balance_inverting, read)
    grounded(network, second, second.balance_noninverting, other)
    return network.solve()


def ginv_at_rest(design: GinvDesign, inputs: Array) -> Rest:
    """A GINV circuit with inputs in units of b, volts; the sources hold their opposite."""
    (samples, features), network = design.conductance.shape, Network()
    rows, errors, sums, outputs = (
        nodes(name, size) for name, size in (("r", samples), ("e", samples), ("t", features), ("x", features))
    )
    rows_plus = nodes("rp", samples) if design.balance_rows_inverting is not None else [GROUND] * samples
    sums_minus = nodes("tm", features) if design.compensated else [GROUND] * features
    for i, volts in enumerate(inputs.tolist()):
        network.hold(("in", i), -volts)
        network.resistor(("in", i), (rows if design.inputs == "rows" else sums)[i], 1 / design.input_conductance)
    for i in range(samples):
        network.resistor(errors[i], rows[i], 1 / design.feedback_conductance)
        network.amplifier("row", i, rows[i], errors[i], design.opamp, other=rows_plus[i])
    for j in range(features):
        network.amplifier("column", j, sums[j], outputs[j], design.opamp, inverting=False, other=sums_minus[j])
    # Who drives the negative arrays, and where they end: turned outputs at the same nodes, or the other inputs.
    turned = design.conductance_negative is not None and not design.compensated
    drives = (nodes("xn", features), nodes("en", samples)) if turned else (outputs, errors)
    ends = (rows, sums) if turned else (rows_plus, sums_minus)
    _turn(network, design, "e", errors if turned else [])
    _turn(network, design, "x", outputs if turned or (design.ridge_conductance and not design.compensated) else [])
    if design.ridge_conductance is not None:
        for j in range(features):
            drawn = (outputs[j], sums_minus[j]) if design.compensated else (("xn", j), sums[j])
            network.resistor(*drawn, 1 / design.ridge_conductance)
    held_arrays(network, design, (
        (design.conductance, rows, outputs),
        (design.conductance_negative, ends[0], drives[0]),
        (design.conductance_transposed, sums, errors),
        (design.conductance_transposed_negative, ends[1], drives[1]),
    ))  # fmt: skip
    grounded(network, design, design.balance_rows_inverting, rows)
    grounded(network, design, design.balance_rows_noninverting, rows_plus)
    grounded(network, design, design.balance_columns_inverting, sums_minus)
    grounded(network, design, design.balance_columns_noninverting, sums)
    return network.solve()


def grounded(network: Network, design: Any, cells: Array | None, rows: list[Node]) -> None:
    """Compensating cells from rows, those that there are."""
    if cells is not None:
        network.grounded(cells, rows, design.interconnect.wire_resistance, design.interconnect.contacts)


def _turn(network: Network, design: GinvDesign, name: str, outputs: list[Node]) -> None:
    """Inverters of outputs."""
    for k, output in enumerate(outputs):
        network.resistor(output, (f"{name}i", k), design.inverter_resistance)
        network.resistor((f"{name}i", k), (f"{name}n", k), design.inverter_resistance)
        network.amplifier(f"inv{name}", k, (f"{name}i", k), (f"{name}n", k), design.opamp)


def held_arrays(
    network: Network, design: Any, arrays: Sequence[tuple[Array | None, list[Node], list[Node]]], first: int = 0
) -> None:
    """Arrays between rows and drivers, those that there are, counted from the first."""
    wires = design.interconnect
    for k, (cells, rows, drivers) in enumerate(arrays, first):
        if cells is not None:
            network.array(k, cells, rows, drivers, wires.wire_resistance, wires.contacts)


def inv_compensated_at_rest(design: InvDesign, inputs: Array) -> Rest:
    """An INV circuit with compensating cells, with inputs (N,) in volts."""
    size, network = design.size, Network()
    minus, plus, outputs = nodes("v", size), nodes("p", size), nodes("c", size)
    for i, volts in enumerate(inputs.tolist()):
        network.hold(("in", i), volts)
        network.resistor(("in", i), minus[i], 1 / design.input_conductance)
        network.amplifier("amp", i, minus[i], outputs[i], design.opamp, other=plus[i])
    _compensated(network, design, minus, plus, outputs)
    _diagonal(network, design, minus, outputs)
    return network.solve()


def mvm_compensated_at_rest(design: MvmDesign, inputs: Array) -> Rest:
    """An MVM circuit with compensating cells, with inputs (M,) in volts."""
    (rows, columns), network = design.conductance_positive.shape, Network()
    minus, plus, drivers = nodes("v", rows), nodes("p", rows), nodes("c", columns)
    for j, volts in enumerate(inputs.tolist()):
        network.hold(drivers[j], volts)
    for i in range(rows):
        network.resistor(("out", i), minus[i], 1 / design.feedback_conductance)
        network.amplifier("amp", i, plus[i], ("out", i), design.opamp, inverting=False, other=minus[i])
    _compensated(network, design, minus, plus, drivers)
    return network.solve()


def _compensated(
    network: Network,
    design: InvDesign | MvmDesign | EgvDesign,
    minus: list[Node],
    plus: list[Node],
    drivers: list[Node],
    turned: bool = False,
) -> None:
    """G+ and G- at both inputs of the op-amps, on the same bit lines; the rest of their cells at ground.

    Turned, G+ is at the non-inverting inputs.
    """
    held_arrays(network, design, (
        (design.conductance_positive, plus if turned else minus, drivers),
        (design.conductance_negative, minus if turned else plus, drivers),
    ))  # fmt: skip
    grounded(network, design, design.balance_inverting, minus)
    grounded(network, design, design.balance_noninverting, plus)


def egv_at_rest(design: EgvDesign, inputs: Array) -> Rest:
    """An EGV circuit where nothing moves, though it may grow from there, with pulses (N,) that stay, in volts."""
    size, network = design.size, Network()
    sums, rows, inverted = nodes("v", size), nodes("u", size), nodes("c", size)
    for i, volts in enumerate(inputs.tolist()):
        network.hold(("in", i), volts)
        network.resistor(("in", i), sums[i], 1 / design.kick_conductance)
        network.amplifier("amp", i, sums[i], rows[i], design.opamp)
        network.resistor(rows[i], ("w", i), design.inverter_resistance)
        network.resistor(("w", i), inverted[i], design.inverter_resistance)
        network.amplifier("inv", i, ("w", i), inverted[i], design.opamp)
        network.resistor(inverted[i] if design.smallest else rows[i], sums[i], 1 / design.feedback_conductance)
    pair = (rows, inverted) if design.smallest else (inverted, rows)
    cells = design.conductance_positive, design.conductance_negative
    held_arrays(network, design, [(held, sums, drivers) for held, drivers in zip(cells, pair, strict=True)])
    return network.solve()


def egv_compensated_at_rest(design: EgvDesign, inputs: Array) -> Rest:
    """An EGV circuit with compensating cells where nothing moves, with pulses (N,) that stay, in volts."""
    size, network = design.size, Network()
    minus, plus, outputs = nodes("v", size), nodes("p", size), nodes("c", size)
    for i, volts in enumerate(inputs.tolist()):
        network.hold(("in", i), volts)
        network.resistor(("in", i), minus[i], 1 / design.kick_conductance)
        network.resistor(outputs[i], plus[i] if design.smallest else minus[i], 1 / design.feedback_conductance)
        network.amplifier("amp", i, minus[i], outputs[i], design.opamp, other=plus[i])
    _compensated(network, design, minus, plus, outputs, turned=not design.smallest)
    return network.solve()


def array_at_rest(cells: Array, rows: Array, columns: Array, segment: float, contacts: str = "one") -> Rest:
    """One array, its terminals `("v", i)` and `("c", j)` held at `rows` and `columns`, volts."""
    network = Network()
    sums, drivers = nodes("v", len(rows)), nodes("c", len(columns))
    for node, volts in zip([*sums, *drivers], [*rows.tolist(), *columns.tolist()], strict=True):
        network.hold(node, volts)
    network.array(0, cells, sums, drivers, segment, contacts)
    return network.solve()
