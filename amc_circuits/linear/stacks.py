"""Linear circuits and modes of many circuits that differ in some conductances only: one stack of matrices each.

Modes are those of the inverses, as of a circuit alone (`modes.py`).

Stacked products and LAPACK calls work matrix by matrix, so a circuit's matrices do not depend, bit for bit, on the
other circuits of a stack.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from amc_circuits.linear.circuit import NEGLIGIBLE, Equations, LinearCircuit
from amc_circuits.linear.equations import Network, between, equations, inject, join, networks, reduced, stage_of
from amc_circuits.linear.modes import WORST_CONDITION, ComplexArray, inverse_of
from netlists import Array, Circuit, Conductors, MacroOpAmp, OpAmps, ParameterError
from netlists.arrays.array import network_of, networks_of
from netlists.record import FloatArray
from netlists.short_text import short_repr

SPREAD = 1e6
"""Largest ratio of fastest to slowest pole of circuits in a stack; the fast poles then have ten digits, see `modes`."""
Rows = tuple[FloatArray, FloatArray, FloatArray]
"""Voltages or currents per volt at each state, per volt at each input, and at rest: (P, rows, n or inputs or 1)."""


@dataclass(frozen=True)
class StackedCircuit:
    """Linear circuits of P circuits.

    Attributes:
        linear: Their linear circuit; its matrices and `rest` are stacked: (P, ...).
        usual: Circuits without a node that is far too fast (`Equations.far_too_fast`), and without a charge that an
            input moves into an output at once; shape (P,).
        currents: Currents that passive parts draw from the outputs of the op-amps, in their order, A.
    """

    linear: LinearCircuit
    usual: NDArray[np.bool_]
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
        return StackedCircuit(replace(self.linear, **stacks), self.usual[places], (read, feed, rest))


def stacked_circuit(
    circuit: Circuit, conductances: Mapping[str, FloatArray], offsets: Mapping[str, FloatArray]
) -> StackedCircuit:
    """Compute the linear circuits of many circuits.

    Args:
        circuit: One of the circuits; its op-amps have no inner states besides their gain stages.
        conductances: What differs, by the name of the part: cells of arrays, shape (P, N, M), and conductors that are
            equal within a circuit, shape (P,), siemens.
        offsets: Offsets of rows of op-amps that differ, by the name of the part, shape (P, row), V.

    Raises:
        ParameterError: A part cannot be stacked.
    """
    varied = [_network(circuit, name, values) for name, values in conductances.items()]
    found = _equations(circuit, conductances, varied, offsets)
    passive, driven, usual = found.matrix, found.input, _usual(found)
    pins = found.indices(*(part.output for part in circuit.of(OpAmps)))
    charge, jump = found.capacitance[..., pins, :].copy(), found.input_capacitance[:, pins]
    linear = reduced(circuit, found, circuit.held, np.zeros(passive.shape[1], dtype=np.bool_))
    drawing = -passive[:, pins]
    read, feed, rest = drawing @ linear.read, drawing @ linear.feed - driven[:, pins], drawing @ linear.rest[..., None]
    if charge.any():
        moved = charge @ linear.read
        read, feed = read + moved @ linear.state, feed + moved @ linear.drive
        usual &= ~(charge @ linear.feed + jump).any(axis=(1, 2))
    return StackedCircuit(linear, usual, (read, feed, rest))


def _usual(found: Equations) -> NDArray[np.bool_]:
    """Return the circuits without a node that is far too fast, shape (P,)."""
    own = np.diagonal(found.capacitance, axis1=-2, axis2=-1)
    rates = -np.diagonal(found.matrix, axis1=1, axis2=2) - np.diag(found.amplification)
    return np.asarray(((own == 0) | (own * found.fastest >= NEGLIGIBLE * rates)).all(axis=1))


@dataclass(frozen=True)
class InjectedStack:
    """Linear circuits of P circuits with macro op-amps.

    Attributes:
        linear: Their linear circuit; its matrices and `rest` are stacked: (P, ...). Behind the inputs of the sources,
            currents into the outputs of the op-amps, A.
        stages: States that are the gain stages of the op-amps, in their order, shape (op-amps,).
        usual: Circuits without a node that is far too fast (`Equations.far_too_fast`), shape (P,).
        drawn: Current that every input delivers per volt at every node, shape (P, nodes, inputs), S.
        held: The same between inputs, shape (P, inputs, inputs), S.
        charge: Charge that every input delivers per volt at every node, and between inputs, F, same shapes; None if
            sources are at no capacitors.
        offsets: Input offsets of every row of op-amps, shape (P, row) each, V.
    """

    linear: LinearCircuit
    stages: NDArray[np.int64]
    usual: NDArray[np.bool_]
    drawn: FloatArray
    held: FloatArray
    charge: tuple[FloatArray, FloatArray] | None
    offsets: tuple[FloatArray, ...]

    __repr__ = short_repr

    def part(self, places: NDArray[np.int64]) -> InjectedStack:
        """Some of the circuits."""
        stacks = {name: getattr(self.linear, name)[places] for name in ("state", "drive", "read", "feed", "rest")}
        linear = replace(self.linear, **stacks)
        matrices = self.usual[places], self.drawn[places], self.held[places]
        charge = None if self.charge is None else (self.charge[0][places], self.charge[1][places])
        return InjectedStack(linear, self.stages, *matrices, charge, tuple(one[places] for one in self.offsets))


def injected_stack(
    circuit: Circuit, conductances: Mapping[str, FloatArray], offsets: Mapping[str, FloatArray]
) -> InjectedStack:
    """Compute the linear circuits of many circuits whose op-amps are macro models; arguments as `stacked_circuit`.

    Raises:
        ParameterError: A part cannot be stacked.
    """
    varied = [_network(circuit, name, values) for name, values in conductances.items()]
    found = _equations(circuit, conductances, varied, offsets)
    usual = _usual(found)
    held, charge = _of_sources(circuit, found, [*(one for _, one in networks(circuit, conductances.keys())), *varied])
    stages = found.indices(*(stage_of(part) for part in circuit.of(OpAmps)))
    drawn = -found.input
    drawn[:, stages] = 0.0
    wider = inject(found, circuit.held, [part.output for part in circuit.of(OpAmps)])
    linear = reduced(circuit, found, wider, np.zeros(drawn.shape[1], dtype=np.bool_))
    every = _offsets(circuit, offsets, len(usual))
    return InjectedStack(linear, np.searchsorted(linear.kept, stages), usual, drawn, held, charge, every)


def _of_sources(
    circuit: Circuit, found: Equations, passive: Sequence[Network]
) -> tuple[FloatArray, tuple[FloatArray, FloatArray] | None]:
    """Return `held` and `charge` of an `InjectedStack`: currents and charges if all other nodes are at 0 V."""
    held, nodes = circuit.held, np.zeros_like(found.input)
    currents, charges = np.zeros((2, len(nodes), circuit.inputs, circuit.inputs))
    for groups, laplacian, charge in passive:
        ends = np.cumsum([0, *(circuit.groups[group] for group in groups)])
        place = {group: slice(int(a), int(b)) for group, a, b in zip(groups, ends[:-1], ends[1:], strict=True)}
        for row in (group for group in groups if group in held):
            for column in groups:
                here = (..., place[row], place[column])
                if column in held:
                    currents += held[row].T @ laplacian[here] @ held[column]
                    charges += held[row].T @ charge[here] @ held[column]
                else:
                    nodes[:, found.at[column]] += (held[row].T @ charge[here]).mT
    return currents, (nodes, charges) if nodes.any() or charges.any() else None


def _offsets(circuit: Circuit, offsets: Mapping[str, FloatArray], count: int) -> tuple[FloatArray, ...]:
    """Return the input offsets of every row of op-amps, of its record and its own, shape (P, row) each, V."""
    found = []
    for part in circuit.of(OpAmps):
        record, row = part.record.equivalent, circuit.groups[part.output]
        own = record.input_weights[0] * offsets.get(part.name, np.zeros((count, row)))
        found.append(own + record.input_offset if isinstance(record, MacroOpAmp) else own)
    return tuple(found)


def _equations(
    circuit: Circuit, without: Collection[str], varied: Sequence[Network], offsets: Mapping[str, FloatArray]
) -> Equations:
    """Return the equations of all nodes of many circuits, without some parts and with varied networks."""
    found, count = equations(circuit, without), len(varied[0][1])
    for name in ("matrix", "input", "input_capacitance", "constant"):
        setattr(found, name, np.repeat(getattr(found, name)[None], count, axis=0))
    if any(charge.ndim > 2 for _, _, charge in varied):
        found.capacitance = np.repeat(found.capacitance[None], count, axis=0)
    for groups, laplacian, charge in varied:
        join(found, circuit, circuit.held, groups, laplacian, charge)
    for part, own in zip(circuit.of(OpAmps), _offsets(circuit, offsets, count), strict=True):
        found.constant[:, found.indices(stage_of(part))] = part.record.equivalent.unity_gain_frequency * own
    return found


def _network(circuit: Circuit, name: str, values: FloatArray) -> Network:
    """Return a part of all circuits as a network of matrices (P, T, T); charges (T, T) if they are equal."""
    part = circuit.part(name)
    if isinstance(part, Conductors):
        groups, joined, charge = between(circuit, part.a, part.b, 1.0, conducts=True)
        return groups, joined * values[:, None, None], charge
    if not isinstance(part, Array):
        raise ParameterError("circuit", f"part {name}", "only conductors and arrays are stacked")
    wires, (count, rows, columns) = part.interconnect, values.shape
    size, groups = rows + columns, (part.word_lines, part.bit_lines)
    if wires.wire_resistance > 0:
        networks_between = networks_of(values, wires)
        return groups, networks_between.laplacian, networks_between.capacitance
    joined = np.zeros((count, size, size))
    joined[:, :rows, rows:], joined[:, rows:, :rows] = values, values.transpose(0, 2, 1)
    laplacian = -joined
    laplacian[:, np.arange(size), np.arange(size)] = joined.sum(axis=2)
    return groups, laplacian, network_of(values[0], wires).capacitance


@dataclass(frozen=True)
class StackedModes:
    """Modes of P state matrices, in real coordinates: those of real modes, then real and imaginary parts of pairs.

    Attributes:
        values: Eigenvalues, real ones first, then pairs, each the upper one first, shape (P, n), 1/s.
        vectors: States per unit of each coordinate, as columns, shape (P, n, n).
        inverse: Their inverses; those of circuits that are not readable have no meaning.
        readable: Circuits that can be read here, shape (P,).
    """

    values: ComplexArray
    vectors: FloatArray
    inverse: FloatArray
    readable: NDArray[np.bool_]

    __repr__ = short_repr

    @classmethod
    def of(cls, matrices: FloatArray) -> Self:
        """Compute the modes of matrices (P, n, n), 1/s.

        Raises:
            LinAlgError: There are none, for one of the matrices.
        """
        values, modes = (np.asarray(one, dtype=np.complex128) for one in np.linalg.eig(inverse_of(matrices)))
        # Of a pair the inverse of the upper one is below the real axis.
        values, modes = 1 / values.conj(), modes.conj()
        side = np.sign(values.imag)[:, None]
        order = np.argsort(side[:, 0] != 0, axis=1, kind="stable")
        packed = np.where(side < 0, 2 * modes.imag, np.where(side > 0, 2 * modes.real, modes.real))
        values, vectors = np.take_along_axis(values, order, axis=1), np.take_along_axis(packed, order[:, None], axis=2)
        sizes = np.abs(values)
        readable = (values.real.max(axis=1) < 0) & (sizes.max(axis=1) <= SPREAD * sizes.min(axis=1))
        inverse = np.zeros_like(vectors)
        inverse[readable] = np.linalg.inv(vectors[readable])
        norms = [np.abs(one).sum(axis=1).max(axis=1) for one in (vectors, inverse)]
        return cls(values, vectors, inverse, readable & (norms[0] * norms[1] < WORST_CONDITION))

    def part(self, places: NDArray[np.int64]) -> StackedModes:
        """Modes of some of the matrices."""
        return StackedModes(self.values[places], self.vectors[places], self.inverse[places], self.readable[places])

    @property
    def slowest(self) -> ComplexArray:
        """Slowest pole of each circuit, shape (P,), 1/s."""
        found: ComplexArray = np.take_along_axis(self.values, self.values.real.argmax(axis=1)[:, None], axis=1)[:, 0]
        return found
