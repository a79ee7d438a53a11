"""The linear parts of many circuits with macro op-amps, in real modal coordinates: `nonlinear/system.py`, stacked.

All are driven by one right-hand side that rises together: `levels` times a factor from 0 to 1.
Products are those of one circuit each, of fixed sizes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from amc_circuits.engines.exact.nonlinear.laws import Laws
from amc_circuits.engines.exact.stack.laws import StackedLaws
from amc_circuits.engines.exact.stack.weights import Poles, swapped
from amc_circuits.linear.equations import input_factors, stage_of
from amc_circuits.linear.modes import ComplexArray
from amc_circuits.linear.stacks import InjectedStack, StackedModes
from netlists import GROUND, Circuit, OpAmps, ParameterError
from netlists.record import FloatArray
from netlists.short_text import short_repr


@dataclass(frozen=True)
class StackedRows:
    """Voltages as functions of coordinates z, currents g that limits add at outputs, and the factor r of the inputs.

    Attributes:
        matrix: Of z, transposed: shape (P, n, rows).
        pins: Of g, transposed: shape (P, m, rows), ohm.
        feed: Of r, shape (P, rows), V.
        rest: Of 1, from offsets, shape (P, rows), V.
    """

    matrix: FloatArray
    pins: FloatArray
    feed: FloatArray
    rest: FloatArray

    __repr__ = short_repr

    def part(self, first: int, last: int) -> StackedRows:
        """Return the rows from one to before another."""
        some = slice(first, last)
        matrix = np.ascontiguousarray(self.matrix[..., some])
        return StackedRows(matrix, self.pins[..., some], self.feed[:, some], self.rest[:, some])

    @classmethod
    def beside(cls, parts: Sequence[StackedRows]) -> StackedRows:
        """Return the rows of some parts, one after the other."""
        names = ("matrix", "pins", "feed", "rest")
        return cls(*(np.concatenate([getattr(part, name) for part in parts], axis=-1) for name in names))

    @cached_property
    def _own(self) -> list[tuple[slice, FloatArray]] | None:
        """Rows that depend on one current each, in order, and its effect (P, m), ohm; None if one depends on others."""
        m, rows = self.pins.shape[1:]
        places = np.arange(m)
        blocks = [slice(first, first + m) for first in range(0, rows - m + 1, m)]
        own = [(block, self.pins[:, places, block.start + places]) for block in blocks]
        found = [(block, effect) for block, effect in own if effect.any()]
        alone = sum(np.count_nonzero(effect) for _, effect in found) == np.count_nonzero(self.pins)
        return found if alone else None

    def less(self, other: StackedRows) -> StackedRows:
        """Return the difference from other rows, row by row."""
        pairs = ((getattr(self, field.name), getattr(other, field.name)) for field in fields(self))
        return StackedRows(*(one - another for one, another in pairs))

    def add_currents(self, found: FloatArray, currents: FloatArray, places: NDArray[np.int64]) -> None:
        """Add the effect of currents (A, times, m) in some circuits to rows (A, times, rows)."""
        if self._own is None:
            found += products(currents, self.pins, places)
            return
        for block, effect in self._own:
            found[..., block] += effect[places, None] * currents


class StackedParts:
    """All of the linear parts of P circuits that an integration needs.

    Attributes:
        laws: Limits of the m op-amps of each circuit.
        poles: Their poles.
        drive: Coordinates' rates per unit of r, shape (P, n).
        push: Coordinates' rates per V/s at a stage and per ampere at an output, transposed: shape (P, 2 m, n).
        seen: Drives of stages, V/s, drops over output resistances, V, outputs of stages, V: 3 m rows.
    """

    def __init__(self, laws: StackedLaws, poles: Poles, drive: FloatArray, push: FloatArray, seen: StackedRows) -> None:
        self.laws, self.poles, self.drive, self.push, self.seen = laws, poles, drive, push, seen

    @property
    def count(self) -> int:
        """Number of op-amps of each circuit."""
        return self.laws.count

    def modes(self, coordinates: FloatArray) -> ComplexArray:
        """Return the mode of each coordinate (P, n), of a pair the upper one; same shape."""
        first, side, found = self.poles.first, self.poles.side, coordinates.astype(np.complex128)
        own, other, pairs = coordinates[:, first:], swapped(coordinates[:, first:]), side[:, first:]
        found[:, first:] = np.where(pairs > 0, other, own) + 1j * np.where(pairs > 0, own, other * (pairs < 0))
        return found

    def still(self, rates: FloatArray) -> FloatArray:
        """Return the coordinates at which constant rates of coordinates (P, n) change nothing; same shape."""
        modal = -self.modes(rates) / self.poles.values
        return np.where(self.poles.side > 0, modal.imag, modal.real)


class StackedSystem(StackedParts):
    """Linear parts of P circuits that differ in some conductances and offsets, and all that is read of them.

    Attributes:
        single: Limits of the m op-amps of each circuit; all are equal.
        read: Outputs of stages, V, voltages of op-amps' outputs, V, the power of the sources per unit of r, W, and, if
            they are at capacitors, the energy that would be theirs at constant voltages, per unit of r, J; means of the
            inputs of op-amps, V, if one has a common-mode range.
        own: The last two per unit of r^2, shape (1 or 2, P).
    """

    def __init__(self, circuit: Circuit, stack: InjectedStack, modes: StackedModes, levels: FloatArray) -> None:
        """`levels`: inputs at the end of the edge, shape (inputs,), V."""
        self.circuit, self.levels = circuit, levels
        self.single, self._linear = Laws.of(circuit), stack.linear
        side = np.sign(modes.values.imag)
        first = int((side == 0).sum(axis=1).min())
        poles = Poles(np.where(side < 0, modes.values.conj(), modes.values), -side, first)
        self._vectors, packed = modes.vectors, modes.inverse
        inputs, drive = len(levels), stack.linear.drive
        driven = (packed @ (drive[:, :, :inputs] @ levels)[..., None])[..., 0]
        turned = packed.transpose(0, 2, 1)
        at_pins = np.matmul(drive[:, :, inputs:].transpose(0, 2, 1), turned)
        push = np.concatenate([turned[:, stack.stages], at_pins], axis=1)
        seen, self.read = self._both(stack, self.single.count)
        super().__init__(StackedLaws.of([self.single]), poles, driven, push, seen)
        between = (stack.held,) if stack.charge is None else (stack.held, stack.charge[1])
        self.own = np.stack([((one @ levels) * levels).sum(axis=1) for one in between])
        self.outputs = self._place_of_outputs()

    def _both(self, stack: InjectedStack, m: int) -> tuple[StackedRows, StackedRows]:
        """Return `seen` and `read`, whose rows have most voltages in common."""
        parts, linear = self.circuit.of(OpAmps), stack.linear
        drawn = (stack.drawn,) if stack.charge is None else (stack.drawn, stack.charge[0])
        power = np.stack([one @ self.levels for one in drawn], axis=1)
        supply = power @ linear.read, power @ _with_rest(linear.feed, linear.rest)
        lasts, pins = (
            [self._group(name) for name in names] for names in (linear.stages, [part.output for part in parts])
        )
        first = [name for part, last in zip(parts, linear.stages, strict=True) if (name := stage_of(part)) != last]
        stages = [self._group(name) for name in first]
        ranged = any(record.equivalent.common_mode_range is not None for record in self.circuit.opamps)
        means = [self._sum({part.noninverting: 0.5, part.inverting: 0.5}) for part in parts] if ranged else []
        drives_of = [self._drive(part, offset) for part, offset in zip(parts, stack.offsets, strict=True)]
        whole = self._rows([*drives_of, *lasts, *pins, supply, *means, *stages])
        drives, last, pin = (whole.part(k * m, (k + 1) * m) for k in range(3))
        end = 3 * m + len(drawn) + m * ranged
        stage = whole.part(end, end + m) if first else last
        return StackedRows.beside([drives, last.less(pin), stage]), whole.part(m, end)

    def _place_of_outputs(self) -> slice:
        """Return the place of the outputs in `read`."""
        first = self.count
        for part in self.circuit.of(OpAmps):
            size = self.circuit.groups[part.output]
            if part.output == self.circuit.outputs:
                return slice(first, first + size)
            first += size
        raise ParameterError("circuit", f"outputs {self.circuit.outputs}", "op-amps must drive them in a stack")

    def _group(self, group: str) -> tuple[FloatArray, FloatArray]:
        """Return the voltages of a group per volt at each state (P, rows, n); and of inputs, currents and 1."""
        linear = self._linear
        if group in linear.held:
            feed = np.repeat(linear.held[group][None], len(linear.state), axis=0)
            return np.zeros((*feed.shape[:2], linear.state.shape[1])), _with_rest(feed, np.zeros(feed.shape[:2]))
        rows = linear.nodes[group]
        return linear.read[:, rows], _with_rest(linear.feed[:, rows], linear.rest[:, rows])

    def _drive(self, part: OpAmps, offset: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the drives of a row of op-amps with offsets (P, rows), V."""
        rate = part.record.equivalent.unity_gain_frequency
        read, feed = self._sum({group: rate * factor for group, factor in input_factors(part).items()})
        feed[..., -1] += rate * offset
        return read, feed

    def _sum(self, factors: dict[str, float]) -> tuple[FloatArray, FloatArray]:
        """Return a weighted sum of the voltages of groups."""
        found = [[factor * one for one in self._group(group)] for group, factor in factors.items() if group != GROUND]
        read, feed = (np.add.reduce([one[k] for one in found]) for k in range(2))
        return read, feed

    def _rows(self, parts: Sequence[tuple[FloatArray, FloatArray]]) -> StackedRows:
        """Return the rows of some voltages, one below the other."""
        read, feed = (np.concatenate([part[k] for part in parts], axis=1) for k in range(2))
        inputs = len(self.levels)
        matrix = np.matmul(self._vectors.transpose(0, 2, 1), read.transpose(0, 2, 1))
        pins = feed[:, :, inputs:-1].transpose(0, 2, 1)
        return StackedRows(matrix, pins, (feed[:, :, :inputs] @ self.levels[:, None])[..., 0], feed[..., -1])


def _with_rest(feed: FloatArray, rest: FloatArray) -> FloatArray:
    """Return voltages per volt at inputs (P, rows, k) with those at rest (P, rows), V, as the last column."""
    return np.concatenate([feed, rest[..., None]], axis=-1)


def products(values: FloatArray, matrices: FloatArray, places: NDArray[np.int64]) -> FloatArray:
    """Multiply values of some circuits (A, times, k) by their matrices out of (P, k, rows); shape (A, times, rows)."""
    if len(places) == len(matrices):
        return np.asarray(np.matmul(values, matrices))
    found = np.empty((len(places), values.shape[1], matrices.shape[2]))
    for value, place, product in zip(np.ascontiguousarray(values), places.tolist(), found, strict=True):
        value.dot(matrices[place], product)
    return found
