"""The linear part of a circuit with macro op-amps, in real modal coordinates, with inputs for what is not linear.

A real mode is one coordinate; a pair of conjugate modes is two, the real and the imaginary part of the upper one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from amc_circuits.engines.exact.nonlinear.laws import Laws
from amc_circuits.engines.exact.nonlinear.method import NODES, Modal, weights
from amc_circuits.linear.circuit import LinearCircuit
from amc_circuits.linear.equations import injected_circuit, input_factors, linear_circuit
from amc_circuits.linear.response import DECAYED, Piece
from netlists import Circuit, MacroOpAmp, OpAmps
from netlists.record import FloatArray
from netlists.short_text import short_repr


@dataclass(frozen=True)
class Rows:
    """Voltages as functions of the coordinates and inputs: `rest + modal z + feed u + pins g`, g currents of outputs.

    Attributes:
        modal: Shape (rows, n).
        feed: Shape (rows, inputs).
        pins: Shape (rows, m), ohm.
        rest: Shape (rows,), V.
    """

    modal: FloatArray
    feed: FloatArray
    pins: FloatArray
    rest: FloatArray

    __repr__ = short_repr

    @classmethod
    def stacked(cls, parts: Iterable[Rows]) -> Rows:
        """Return the rows of some parts, one below the other."""
        each = list(parts)
        names = ("modal", "feed", "pins", "rest")
        return cls(*(np.concatenate([getattr(part, name) for part in each]) for name in names))

    def part(self, which: slice) -> Rows:
        """Return some of the rows."""
        return Rows(self.modal[which], self.feed[which], self.pins[which], self.rest[which])

    def times(self, factor: float) -> Rows:
        """Return all rows multiplied by a factor."""
        return Rows(factor * self.modal, factor * self.feed, factor * self.pins, factor * self.rest)

    def plus(self, other: Rows) -> Rows:
        """Return the sum, row by row."""
        return Rows(self.modal + other.modal, self.feed + other.feed, self.pins + other.pins, self.rest + other.rest)


Blocks = tuple[FloatArray, FloatArray]
"""Matrix of each real mode (r, f, j), and of each pair (c, 2 f, 2 j), from j values to f fractions of a step."""


@dataclass(frozen=True)
class StepWeights:
    """Weights of one step length.

    Attributes:
        step: Length, s.
        whole: From z(0) and N at the four nodes.
        later: From N at the last three nodes.
        omitted: From the third divided difference of N.
    """

    step: float
    whole: Blocks
    later: Blocks
    omitted: Blocks

    __repr__ = short_repr


def _blocks(values: Modal, real: int) -> Blocks:
    """Return factors (f, j, modes) as blocks that multiply (j, K) of real modes, and (2 j, K) of pairs."""
    of_real = np.ascontiguousarray(np.real(values[..., :real]).transpose(2, 0, 1))
    pairs = values[..., real:].transpose(2, 0, 1)
    modes, fractions, nodes = pairs.shape
    found = np.empty((modes, 2, fractions, 2, nodes))
    found[:, 0, :, 0], found[:, 1, :, 1] = pairs.real, pairs.real
    found[:, 0, :, 1], found[:, 1, :, 0] = -pairs.imag, pairs.imag
    return of_real, found.reshape(modes, 2 * fractions, 2 * nodes)


class System:
    """Linear part, limits, and what the limits depend on.

    Attributes:
        circuit: Circuit.
        linear: Its linear circuit; behind the inputs of the sources, rates of stages and currents of outputs.
        laws: Limits of the macro op-amps.
        drive: Coordinates' rates per volt of input, shape (n, inputs).
        push: Coordinates' rates per V/s at a stage and per ampere at an output, shape (n, 2 m).
        discharged: Coordinates at which all capacitors are discharged, shape (n, 1).
        seen: Drives of stages, V/s, outputs of stages, V, drops over output resistances, V: 3 m rows.
    """

    def __init__(self, circuit: Circuit, linear: LinearCircuit | None = None) -> None:
        """`linear`: its linear circuit, whose modes are used; worked out unless given."""
        self.circuit = circuit
        self.laws = Laws.of(circuit)
        self.linear: LinearCircuit = injected_circuit(circuit)
        modes = (linear or linear_circuit(circuit)).modes
        self.real = modes.real
        upper = (modes.real + len(modes.values)) // 2
        self.values: Modal = modes.values[:upper]
        self.inputs = circuit.inputs
        self._vectors = self._packed((modes.vectors[:, :upper] * np.where(np.arange(upper) < self.real, 1, 2)).conj().T)
        rates = self._packed(modes.inverse[:upper] @ self.linear.drive)
        self.discharged = self._packed(-modes.inverse[:upper] @ self.linear.rest[self.linear.kept, None])
        self.drive, self.push = rates[:, : self.inputs], np.ascontiguousarray(rates[:, self.inputs :])
        self.seen = Rows.stacked([*self._drives(), *self._stages(), *self._drops()])
        self._weights: dict[float, StepWeights] = {}
        self._sampled: dict[tuple[float, bytes], Blocks] = {}

    def speed(self, after: float) -> float:
        """Return the size of the fastest eigenvalue whose mode is left some time after the last corner, 1/s."""
        left = -self.values.real * after < DECAYED
        return float(np.abs(self.values[left]).max(initial=np.abs(self.values).min()))

    def _packed(self, rows: Modal) -> FloatArray:
        """Return rows of modes (modes, k) as rows of coordinates (n, k)."""
        pairs = rows[self.real :]
        found = np.empty((self.real + 2 * len(pairs), rows.shape[1]))
        found[: self.real] = rows[: self.real].real
        found[self.real :: 2], found[self.real + 1 :: 2] = pairs.real, pairs.imag
        return found

    def rows(self, *groups: str) -> Rows:
        """Return the voltages of groups of nodes, of stages inside op-amps, or of groups that sources hold."""
        return Rows.stacked([self._rows_of(group) for group in groups])

    def _rows_of(self, group: str) -> Rows:
        linear, count = self.linear, self.laws.count
        if group in linear.held:
            feed = linear.held[group]
            nothing = np.zeros((len(feed), len(self._vectors)))
            return Rows(nothing, feed[:, : self.inputs], np.zeros((len(feed), count)), np.zeros(len(feed)))
        places = linear.nodes[group]
        feed = linear.feed[places]
        modal = linear.read[places] @ self._vectors.T
        return Rows(modal, feed[:, : self.inputs], feed[:, self.inputs + count :], linear.rest[places])

    @property
    def macros(self) -> list[tuple[OpAmps, MacroOpAmp, str]]:
        """Rows of macro op-amps with their records and last stages."""
        pairs = zip(self.circuit.of(OpAmps), self.linear.stages, strict=True)
        return [(part, part.record, last) for part, last in pairs if isinstance(part.record, MacroOpAmp)]

    def _drives(self) -> list[Rows]:
        found = []
        for part, record, _ in self.macros:
            count, rate = self.circuit.groups[part.output], record.unity_gain_frequency
            own = np.zeros(count) if part.offset is None else record.input_weights[0] * part.offset
            size = len(self._vectors)
            total = Rows(
                np.zeros((count, size)),
                np.zeros((count, self.inputs)),
                np.zeros((count, self.laws.count)),
                rate * (record.input_offset + own),
            )
            for group, factor in input_factors(part).items():
                total = total.plus(self._rows_of(group).times(rate * factor))
            found.append(total)
        return found

    def _stages(self) -> list[Rows]:
        return [self._rows_of(f"{part.name} stage") for part, _, _ in self.macros]

    def _drops(self) -> list[Rows]:
        return [self._rows_of(last).plus(self._rows_of(part.output).times(-1)) for part, _, last in self.macros]

    def weights(self, step: float) -> StepWeights:
        """Return the weights of a step at its nodes."""
        found = self._weights.get(step)
        if found is None:
            found = self._weights[step] = self.weighed(step, NODES[1:])
        return found

    def weighed(self, step: float, fractions: FloatArray) -> StepWeights:
        """Return the weights of a step at some fractions of it, computed anew."""
        found = weights(self.values, step, fractions)
        parts = (slice(0, 5), slice(2, 5), slice(5, 6))
        return StepWeights(step, *(_blocks(found[:, part], self.real) for part in parts))

    def sampling(self, step: float, fractions: FloatArray) -> Blocks:
        """Return the weights from z(0) and N at the four nodes at some fractions of a step."""
        key = (step, fractions.tobytes())
        found = self._sampled.get(key)
        if found is None:
            found = self._sampled[key] = _blocks(weights(self.values, step, fractions)[:, :5], self.real)
        return found

    def linear_state(self, piece: Piece, time: FloatArray) -> FloatArray:
        """Return the coordinates of linear responses at times in a piece, shape (n, T, K)."""
        upper, after = len(self.values), time - piece.start
        state = piece.decaying[:upper, None] * np.exp(self.values[:, None] * after)[:, :, None]
        for power in range(len(piece.polynomial)):
            state = state + piece.polynomial[power, :upper, None] * (after**power)[:, None]
        return self._packed(state.reshape(upper, -1)).reshape(-1, len(time), piece.inputs.shape[1])

    def still(self, rates: FloatArray) -> FloatArray:
        """Return the coordinates (n, k) at which constant rates (n, k) change nothing."""
        found, real = np.empty_like(rates), self.real
        found[:real] = -rates[:real] / np.real(self.values[:real, None])
        pairs = -(rates[real::2] + 1j * rates[real + 1 :: 2]) / self.values[real:, None]
        found[real::2], found[real + 1 :: 2] = pairs.real, pairs.imag
        return found

    def applied(self, blocks: Blocks, given: FloatArray) -> FloatArray:
        """Apply blocks of modes to coordinates at j nodes (n, j, K), shape (n, f, K)."""
        of_real, of_pairs = blocks
        real, (size, nodes, count) = self.real, given.shape
        found = np.empty((size, of_real.shape[1], count))
        if real:
            np.matmul(of_real, given[:real], out=found[:real])
        if size > real:
            pairs = given[real:].reshape(-1, 2 * nodes, count)
            np.matmul(of_pairs, pairs, out=found[real:].reshape(len(pairs), -1, count))
        return found


def times(matrix: FloatArray, values: FloatArray) -> FloatArray:
    """Multiply a matrix by values at several times (columns, times, K), shape (rows, times, K)."""
    return (matrix @ values.reshape(len(values), -1)).reshape(-1, *values.shape[1:])
