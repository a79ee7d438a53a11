"""Currents through the passive parts of a stack of circuits: what they draw from op-amps, and what they dissipate."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TypeVar

import numpy as np

from amc_circuits.engines.exact.linear_stack.circuits import CircuitStack
from amc_circuits.linear.equations import siemens_of
from netlists import GROUND, Array, Capacitors, Circuit, Conductors, OpAmps, Switches
from netlists.parts import Part, Values, ends_of
from netlists.record import FloatArray
from netlists.short_text import short_repr

P = TypeVar("P", bound=Part)


def shape_of(circuit: Circuit) -> Hashable:
    """Return what circuits of a stack have in common: groups and sources, and types, ends and accounts of parts."""
    sources = tuple(source.group for source in circuit.sources)
    parts = tuple(_shape_of_part(part) for part in circuit.parts)
    return tuple(circuit.groups.items()), sources, circuit.inputs, circuit.outputs, parts


def _shape_of_part(part: Part) -> Hashable:
    charged = isinstance(part, Array) and bool(part.reduced.capacitance.any())
    ends = tuple(group for group, _ in ends_of(part))
    return type(part).__name__, part.name, ends, getattr(part, "account", ""), charged


@dataclass(frozen=True)
class Flow:
    """Currents through a part.

    Attributes:
        account: Account of its energy; empty for capacitances.
        voltage: Voltages of the terminals of an array, and across other parts, shape (P, T, m), V.
        current: Currents at them, shape (P, T, m), A.
        ends: Groups from which the currents are drawn, with their rows, and 1; -1 where they come back.
    """

    account: str
    voltage: FloatArray
    current: FloatArray
    ends: tuple[tuple[str, slice, int], ...]

    __repr__ = short_repr


class Flows:
    """Currents through all passive parts of a stack."""

    def __init__(self, stack: CircuitStack) -> None:
        self._stack, self._record = stack, stack.circuits[0].circuit
        self._flows = [*self._resistive(), *self._capacitive()]

    @property
    def currents(self) -> FloatArray:
        """Currents that passive parts draw from the outputs of the op-amps, shape (P, op-amps, m), A."""
        outputs = [part.output for part in self._record.of(OpAmps)]
        drawn = {group: self._stack.nothing(self._record.groups[group]) for group in outputs}
        for flow in self._flows:
            for group, rows, sign in flow.ends:
                if group in drawn:
                    drawn[group] += sign * flow.current[:, rows]
        return np.concatenate([drawn[group] for group in outputs], axis=1)

    @property
    def forms(self) -> dict[str, FloatArray]:
        """Powers of the passive parts by account, as quadratic forms of the m columns, shape (P, m, m); Tellegen."""
        size = self._stack.columns[-1].stop
        found = {name: np.zeros((len(self._stack.circuits), size, size)) for name in self._record.accounts[:-1]}
        for flow in self._flows:
            if flow.account in found:
                found[flow.account] += flow.voltage.transpose(0, 2, 1) @ flow.current
        return found

    def _of(self, kind: type[P]) -> Iterator[tuple[P, ...]]:
        """Yield the parts of a type, each of all circuits."""
        return zip(*(one.circuit.of(kind) for one in self._stack.circuits), strict=True)

    def _resistive(self) -> Iterator[Flow]:
        for arrays in self._of(Array):
            voltage = self._stack.rows([arrays[0].word_lines, arrays[0].bit_lines])
            current = np.stack([one.reduced.laplacian for one in arrays]).mT @ voltage
            yield Flow(arrays[0].account, voltage, current, _lines(arrays[0]))
        records = [one.circuit for one in self._stack.circuits]
        rows: list[tuple[Conductors | Switches, ...]] = [*self._of(Conductors), *self._of(Switches)]
        for parts in rows:
            siemens = [siemens_of(record, one) for record, one in zip(records, parts, strict=True)]
            yield self._across(parts[0].account, parts[0].a, parts[0].b, siemens, self._stack.rows)

    def _capacitive(self) -> Iterator[Flow]:
        for arrays in self._of(Array):
            if arrays[0].reduced.capacitance.any():
                rates = self._stack.rates([arrays[0].word_lines, arrays[0].bit_lines])
                current = np.stack([one.reduced.capacitance for one in arrays]).mT @ rates
                yield Flow("", rates, current, _lines(arrays[0]))
        for parts in self._of(Capacitors):
            farads = [one.farads for one in parts]
            yield self._across("", parts[0].a, parts[0].b, farads, self._stack.rates)

    def _across(
        self, account: str, a: str, b: str, values: list[Values], rows: Callable[[Sequence[str]], FloatArray]
    ) -> Flow:
        """Return the flow through parts between equal places of two groups, or to ground."""
        ends = tuple((group, slice(None), sign) for group, sign in ((a, 1), (b, -1)) if group != GROUND)
        size = self._record.groups[ends[0][0]]
        voltage = reduce(np.add, [sign * rows([group]) for group, _, sign in ends])
        each = np.stack([np.broadcast_to(one, size) for one in values])
        return Flow(account, voltage, each[..., None] * voltage, ends)


def _lines(part: Array) -> tuple[tuple[str, slice, int], ...]:
    """Return the ends of the currents of an array."""
    count = len(part.conductance)
    return (part.word_lines, slice(count), 1), (part.bit_lines, slice(count, None), 1)
