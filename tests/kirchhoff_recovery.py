"""The recovery circuit at rest from Kirchhoff's laws alone, with ideal dead zones and with those of op-amps.

Nodes are those of `kirchhoff`; dead zones of op-amps add `("z", j)`, `("w", j)` and `("u", j)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from netlists import Interconnect
from netlists.circuits.recover import RecoverDesign
from tests.kirchhoff import grounded, held_arrays
from tests.kirchhoff_network import GROUND, Array, Network, Node, Rest, nodes


def recover_at_rest(design: RecoverDesign, inputs: Array) -> Rest:
    """A recovery circuit with inputs in units of y, volts; the sources hold their opposite.

    Without wires every set of outputs beyond their dead zones is tried, small ones first, until the voltages agree with
    it. With wires they have to agree with the same set.
    """
    size, ideal = design.conductance.shape[1], design.replace(interconnect=Interconnect())
    for signs in sorted(product((0, 1, -1), repeat=size), key=lambda signs: sum(map(abs, signs))):
        if _beyond(design, recover_with_signs(ideal, inputs, signs)) == signs:
            found = recover_with_signs(design, inputs, signs)
            assert _beyond(design, found) == signs
            return found
    raise AssertionError("no set of outputs agrees with its voltages")


def _beyond(design: RecoverDesign, found: Rest) -> tuple[int, ...]:
    """Signs of the outputs beyond their dead zones, 0 within."""
    before = found.group("q", design.conductance.shape[1])
    return tuple(np.where(np.abs(before) > design.dead_zone, np.sign(before), 0).astype(int).tolist())


def recover_with_signs(design: RecoverDesign, inputs: Array, signs: Sequence[int]) -> Rest:
    """A recovery circuit whose outputs are beyond their dead zones with these signs, 0 within."""
    network, before, outputs = _recovery(design, inputs)
    for j, sign in enumerate(signs):
        follows = ((before[j], 1.0),) if sign else ()
        network.sources.append((outputs[j], -sign * design.dead_zone, follows))
    return network.solve()


def recover_within(design: RecoverDesign, inputs: Array) -> Rest:
    """A recovery circuit with dead zones of op-amps, all of which follow: a follower's swing is not reached."""
    network, before, outputs = _recovery(design, inputs)
    ohms = design.difference_resistance
    assert ohms is not None
    for j, (whole, output) in enumerate(zip(before, outputs, strict=True)):
        network.amplifier("clip", j, ("z", j), ("z", j), design.opamp, other=whole)
        network.amplifier("difference", j, ("w", j), output, design.opamp, other=("u", j))
        network.resistor(("z", j), ("w", j), ohms)
        network.resistor(output, ("w", j), ohms)
        network.resistor(whole, ("u", j), ohms)
        network.resistor(("u", j), GROUND, ohms)
    return network.solve()


def _recovery(design: RecoverDesign, inputs: Array) -> tuple[Network, list[Node], list[Node]]:
    """Everything but the dead zones, with the nodes before and behind them."""
    (samples, features), network = design.conductance.shape, Network()
    rows, errors, plus, minus, before, outputs = (
        nodes(name, samples if name in ("r", "e") else features) for name in ("r", "e", "t", "tm", "q", "x")
    )
    rows_plus = [GROUND] * samples if design.balance_rows_inverting is None else nodes("rp", samples)
    for i, volts in enumerate(inputs.tolist()):
        network.hold(("in", i), -volts)
        network.resistor(("in", i), rows[i], 1 / design.input_conductance)
        network.resistor(errors[i], rows[i], 1 / design.feedback_conductance)
        network.amplifier("row", i, rows[i], errors[i], design.opamp, other=rows_plus[i])
    for j in range(features):
        network.amplifier("column", j, plus[j], before[j], design.opamp, inverting=False, other=minus[j])
        network.resistor(before[j], minus[j], 1 / design.leak_conductance)
        network.resistor(outputs[j], plus[j], 1 / design.leak_conductance)
    held_arrays(network, design, (
        (design.conductance, rows, outputs),
        (design.conductance_negative, rows_plus, outputs),
        (design.conductance_transposed, plus, errors),
        (design.conductance_transposed_negative, minus, errors),
    ))  # fmt: skip
    grounded(network, design, design.balance_rows_inverting, rows)
    grounded(network, design, design.balance_rows_noninverting, rows_plus)
    grounded(network, design, design.balance_columns_inverting, minus)
    grounded(network, design, design.balance_columns_noninverting, plus)
    return network, before, outputs
