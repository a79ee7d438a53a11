"""Linear circuits of many circuits that differ in some conductances only: one stack of matrices each.

Stacked products and LAPACK calls work matrix by matrix, so a circuit's matrices do not depend, bit for bit, on the
other circuits of a stack.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from amc_circuits.linear.circuit import LinearCircuit
from amc_circuits.linear.equations import Network, between, equations, join, reduced
from netlists import Array, Circuit, Conductors, OpAmps, ParameterError
from netlists.arrays.reduction import reduce_array
from netlists.record import FloatArray


def stacked_circuit(
    circuit: Circuit, conductances: Mapping[str, FloatArray]
) -> tuple[LinearCircuit, tuple[FloatArray, FloatArray, FloatArray]]:
    """Compute the linear circuits of P circuits, and the currents that passive parts draw from the op-amps' outputs.

    Args:
        circuit: One of the circuits: no line capacitance, op-amps without inner states besides their gain stages.
        conductances: What differs, by the name of the part: cells of arrays, shape (P, N, M), and conductors that are
            equal within a circuit, shape (P,), siemens.

    Returns:
        The linear circuit, its matrices and `rest` stacked: (P, ...). Then currents in the order of the op-amps, A: per
        volt at each state, per volt at each input, and at rest; shapes (P, op-amps, n or inputs or 1).

    Raises:
        ParameterError: A part cannot be stacked.
    """
    found, held = equations(circuit, conductances.keys()), circuit.held
    count = len(next(iter(conductances.values())))
    for name in ("matrix", "input", "input_capacitance", "constant"):
        setattr(found, name, np.repeat(getattr(found, name)[None], count, axis=0))
    for name, values in conductances.items():
        join(found, circuit, held, *_network(circuit, name, values))
    passive, driven = found.matrix, found.input
    linear = reduced(circuit, found, held, np.zeros(passive.shape[1], dtype=np.bool_))
    pins = found.indices(*(part.output for part in circuit.of(OpAmps)))
    drawing = -passive[:, pins]
    currents = drawing @ linear.read, drawing @ linear.feed - driven[:, pins], drawing @ linear.rest[..., None]
    return linear, currents


def _network(circuit: Circuit, name: str, values: FloatArray) -> Network:
    """Return a part of all circuits as a network: its Laplacians have shape (P, T, T)."""
    part = circuit.part(name)
    if isinstance(part, Conductors):
        groups, joined, charge = between(circuit, part.a, part.b, 1.0, conducts=True)
        return groups, joined * values[:, None, None], charge
    if not isinstance(part, Array) or part.interconnect.line_capacitance > 0:
        raise ParameterError("circuit", f"part {name}", "only conductors and arrays without capacitance are stacked")
    wires, (count, rows, columns) = part.interconnect, values.shape
    size = rows + columns
    if wires.wire_resistance > 0:
        made = [reduce_array(one, wires.wire_resistance, contacts=wires.contacts).laplacian for one in values]
        laplacian = np.stack(made)
    else:
        joined = np.zeros((count, size, size))
        joined[:, :rows, rows:], joined[:, rows:, :rows] = values, values.transpose(0, 2, 1)
        laplacian = -joined
        laplacian[:, np.arange(size), np.arange(size)] = joined.sum(axis=2)
    return (part.word_lines, part.bit_lines), laplacian, np.zeros((size, size))
