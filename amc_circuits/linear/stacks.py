"""Linear circuits of many circuits that differ in some conductances only: one stack of matrices each.

Stacked products and LAPACK calls work matrix by matrix, so a circuit's matrices do not depend, bit for bit, on the
other circuits of a stack.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from amc_circuits.linear.circuit import LinearCircuit
from amc_circuits.linear.equations import Network, between, equations, join, reduced
from netlists import Array, Circuit, Conductors, OpAmps, ParameterError
from netlists.arrays.reduction import reduce_array
from netlists.record import FloatArray
from netlists.short_text import short_repr


Rows = tuple[FloatArray, FloatArray, FloatArray]
"""Voltages or currents per volt at each state, per volt at each input, and at rest: (P, rows, n or inputs or 1)."""


@dataclass(frozen=True)
class StackedCircuit:
    """Linear circuits of P circuits.

    Attributes:
        linear: Their linear circuit; its matrices and `rest` are stacked: (P, ...).
        currents: Currents that passive parts draw from the outputs of the op-amps, in their order, A.
    """

    linear: LinearCircuit
    currents: Rows

    __repr__ = short_repr

    @property
    def outputs(self) -> Rows:
        """Output voltages, V."""
        rows, linear = self.linear.nodes[self.linear.outputs], self.linear
        return linear.read[:, rows], linear.feed[:, rows], linear.rest[:, rows, None]

    def part(self, places: NDArray[np.int64]) -> StackedCircuit:
        """Some of the circuits."""
        stacks = {name: getattr(self.linear, name)[places] for name in ("state", "drive", "read", "feed", "rest")}
        read, feed, rest = (one[places] for one in self.currents)
        return StackedCircuit(replace(self.linear, **stacks), (read, feed, rest))


def stacked_circuit(circuit: Circuit, conductances: Mapping[str, FloatArray]) -> StackedCircuit:
    """Compute the linear circuits of many circuits.

    Args:
        circuit: One of the circuits: no line capacitance, op-amps without inner states besides their gain stages.
        conductances: What differs, by the name of the part: cells of arrays, shape (P, N, M), and conductors that are
            equal within a circuit, shape (P,), siemens.

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
    return StackedCircuit(linear, currents)


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
