"""The linear part of a circuit with macro op-amps, in real modal coordinates, with inputs for what is not linear.

A real mode is one coordinate; a pair of conjugate modes is two, the real and the imaginary part of the upper one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from amc_circuits.engines.exact.nonlinear.injected import injected_circuit, opened, with_cells
from amc_circuits.engines.exact.nonlinear.laws import Cells, Laws, Limiters
from amc_circuits.engines.exact.nonlinear.method import DEGREE, JUDGED, LATER, LEADING, Modal, weights
from amc_circuits.engines.exact.nonlinear.rows import Rows
from amc_circuits.linear.circuit import LinearCircuit
from amc_circuits.linear.equations import input_factors, linear_circuit
from amc_circuits.linear.modes import Modes
from amc_circuits.linear.response import Piece
from netlists import Array, Circuit, MacroOpAmp, OpAmps
from netlists.record import FloatArray
from netlists.short_text import short_repr

Blocks = tuple[FloatArray, FloatArray]
"""Matrix of each real mode (r, f, j), and of each pair (c, 2 f, 2 j), from j values to f fractions of a step."""

QUARTIC = np.append(0.0, LEADING)
"""Fourth divided difference of N from z(0) and N at the five nodes."""


@dataclass(frozen=True)
class StepWeights:
    """Weights of one step length.

    Attributes:
        step: Length, s.
        whole: From z(0) and N at the five nodes.
        later: From N at the last four nodes.
        own: The same from each node to itself: of real modes, then real and imaginary parts of pairs, shape (n, 4).
        end: The end of the step, and by how much the quartic changes the last inner node and it, times `JUDGED`, from
            z(0) and N at the five nodes.
    """

    step: float
    whole: Blocks
    later: Blocks
    own: FloatArray
    end: Blocks

    __repr__ = short_repr


def _pairs(pairs: Modal) -> FloatArray:
    """Return factors (..., f, j) of pairs of modes as blocks (..., 2, f, 2, j) of real numbers."""
    *shape, fractions, nodes = pairs.shape
    found = np.empty((*shape, 2, fractions, 2, nodes))
    found[..., 0, :, 0, :] = found[..., 1, :, 1, :] = pairs.real
    found[..., 1, :, 0, :] = pairs.imag
    np.negative(found[..., 1, :, 0, :], out=found[..., 0, :, 1, :])
    return found


def _as_matrices(blocks: FloatArray) -> FloatArray:
    """Return blocks (..., 2, f, 2, j) as matrices (..., 2 f, 2 j)."""
    *shape, _, fractions, _, nodes = blocks.shape
    return blocks.reshape(*shape, 2 * fractions, 2 * nodes)


class System:
    """Linear part, limits, and what the limits depend on.

    Attributes:
        circuit: Circuit, with sources in the places of limiters.
        linear: Its linear circuit, with inputs for what is not linear (`injected_circuit`).
        laws: Limits of the m macro op-amps.
        limiters: Its limiters.
        cells: Its cells that are not linear; there are k limiters and cells.
        drive: Coordinates' rates per volt of input, shape (n, inputs).
        push: Coordinates' rates per V/s at a stage, A at an output, V of a limiter and A of a cell, shape (n, 2 m + k).
        seen: Drives of stages, V/s, outputs of stages, V, drops over output resistances, V, inputs of limiters and
            voltages of cells, V: 3 m + k rows.
    """

    def __init__(self, circuit: Circuit, modes: Modes | None = None, linear: LinearCircuit | None = None) -> None:
        """`modes`: its modes; `linear`: its linear circuit; each worked out unless given."""
        self.laws, self.limiters, self.cells = Laws.of(circuit), Limiters.of(circuit), Cells.of(circuit)
        self.circuit, self.inputs = opened(circuit), circuit.inputs
        alone = linear or (with_cells(self.circuit, self.cells) if self.cells.count else linear_circuit(self.circuit))
        self.further = self.limiters.count + self.cells.count
        self.linear: LinearCircuit = injected_circuit(self.circuit, alone, self.further)
        modes = modes or alone.modes
        self.real = modes.real
        upper = (modes.real + len(modes.values)) // 2
        self.values: Modal = modes.values[:upper]
        self._speeds = np.abs(self.values), np.minimum(self.values.real, 0.0)
        pairs = np.arange(self.real, len(modes.values)).reshape(2, -1).T.ravel()
        order = np.concatenate([np.arange(self.real), pairs])
        self._vectors, self._inverse = modes.packed_vectors[:, order], modes.packed_inverse[order]
        rates = self._inverse @ self.linear.drive
        self.drive, self.push = rates[:, : self.inputs], np.ascontiguousarray(rates[:, self.inputs :])
        self._groups: dict[str, Rows] = {}
        limited = [self._rows_of(part.input) for part in self.limiters.parts]
        limited += [self._cell_rows(*one) for one in zip(self.cells.parts, self.cells.places, strict=True)]
        self.seen = Rows.stacked([*self._drives(), *self._stages(), *self._drops(), *limited])
        self._weights: dict[float, StepWeights] = {}
        self._together: dict[float, Sequence[float]] = {}

    def paces(self, after: FloatArray, power: float) -> list[float]:
        """Return the largest eigenvalues, times a power of what is left of their modes at times after a corner, 1/s."""
        sizes, decays = self._speeds
        left = sizes * np.exp(np.multiply.outer(power * after, decays))
        return [float(one) for one in left.max(axis=1)]

    @cached_property
    def discharged(self) -> FloatArray:
        """Coordinates at which all capacitors are discharged, shape (n, 1)."""
        return self.coordinates(np.zeros((len(self.linear.kept), 1)), np.zeros((self.inputs, 1)))

    def _packed(self, rows: Modal) -> FloatArray:
        """Return rows of modes (modes, k) as rows of coordinates (n, k)."""
        pairs = rows[self.real :]
        found = np.empty((self.real + 2 * len(pairs), rows.shape[1]))
        found[: self.real] = rows[: self.real].real
        found[self.real :: 2], found[self.real + 1 :: 2] = pairs.real, pairs.imag
        return found

    def coordinates(self, voltage: FloatArray, inputs: FloatArray) -> FloatArray:
        """Return the coordinates (n, K) of voltages at capacitors (n, K) with inputs (inputs, K), V."""
        return np.asarray(self._inverse @ (voltage - self._given(inputs)[self.linear.kept]))

    def voltage(self, coordinates: FloatArray, inputs: FloatArray, pins: FloatArray) -> FloatArray:
        """Return the voltages of all nodes (nodes, K), V, of coordinates (n, K), inputs (inputs, K), V, and `pins`."""
        at_once = self.linear.feed[:, self.inputs + self.laws.count :] @ pins
        return np.asarray(self.linear.read @ (self._vectors @ coordinates) + self._given(inputs) + at_once)

    def _given(self, inputs: FloatArray) -> FloatArray:
        """Return the voltages of all nodes (nodes, K) where all coordinates are 0, V."""
        return np.asarray(self.linear.rest[:, None] + self.linear.feed[:, : self.inputs] @ inputs)

    def rows(self, *groups: str) -> Rows:
        """Return the voltages of groups of nodes, of stages inside op-amps, or of groups that sources hold."""
        return Rows.stacked([self._rows_of(group) for group in groups])

    def _rows_of(self, group: str) -> Rows:
        found = self._groups[group] = self._groups.get(group) or self._computed(group)
        return found

    def _computed(self, group: str) -> Rows:
        linear, direct = self.linear, self.inputs + self.laws.count
        if group in linear.held:
            feed = linear.held[group]
            nothing = np.zeros((len(feed), len(self._vectors)))
            return Rows(nothing, feed[:, : self.inputs], feed[:, direct:], np.zeros(len(feed)))
        places = linear.nodes[group]
        feed = linear.feed[places]
        own = np.flatnonzero((linear.kept >= places.start) & (linear.kept < places.stop))
        # Voltages that are all states need no product.
        modal = self._vectors[own] if len(own) == len(feed) else linear.read[places] @ self._vectors
        return Rows(modal, feed[:, : self.inputs], feed[:, direct:], linear.rest[places])

    def parted(self, seen: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return the drives, stages, drops, and the rest of values of `seen`."""
        m = self.laws.count
        return seen[:m], seen[m : 2 * m], seen[2 * m : 3 * m], seen[3 * m :]

    def limited(self, seen: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Compute volts of limiters and amperes of cells, and their slopes, from the last k rows of `seen`."""
        cut = self.limiters.count
        (volts, a), (currents, b) = self.limiters.volts(seen[:cut]), self.cells.currents(seen[cut:])
        return np.concatenate([volts, currents]), np.concatenate([a, b])

    def _cell_rows(self, part: Array, places: tuple[NDArray[np.int64], NDArray[np.int64]]) -> Rows:
        word, bit = (self._rows_of(part.word_lines), self._rows_of(part.bit_lines))
        return word.part(places[0]).plus(bit.part(places[1]).times(-1))

    @property
    def opamps(self) -> list[tuple[OpAmps, str]]:
        """Rows of all op-amps with their last stages."""
        return list(zip(self.circuit.of(OpAmps), self.linear.stages, strict=True))

    @property
    def macros(self) -> list[tuple[OpAmps, MacroOpAmp, str]]:
        """Rows of macro op-amps with their records and last stages."""
        return [(part, part.record, last) for part, last in self.opamps if isinstance(part.record, MacroOpAmp)]

    def _drives(self) -> list[Rows]:
        found = []
        for part, record, _ in self.macros:
            count, rate = self.circuit.groups[part.output], record.unity_gain_frequency
            own = np.zeros(count) if part.offset is None else record.input_weights[0] * part.offset
            factors = input_factors(part).items()
            total = reduce(Rows.plus, [self._rows_of(group).times(rate * factor) for group, factor in factors])
            found.append(replace(total, rest=total.rest + rate * (record.input_offset + own)))
        return found

    def _stages(self) -> list[Rows]:
        return [self._rows_of(f"{part.name} stage") for part, _, _ in self.macros]

    def _drops(self) -> list[Rows]:
        return [self._rows_of(last).plus(self._rows_of(part.output).times(-1)) for part, _, last in self.macros]

    def weights(self, step: float) -> StepWeights:
        """Return the weights of a step at its nodes."""
        if step not in self._weights:
            self._compute(self._together.get(step, [step]))
        return self._weights[step]

    def learn(self, steps: Sequence[float]) -> None:
        """Note step lengths whose weights are computed at once, when one is taken: there are few modes and nodes."""
        self._together |= dict.fromkeys(steps, steps)

    def _compute(self, steps: Sequence[float]) -> None:
        """Compute the weights of some step lengths at their nodes."""
        shape, last = (len(steps), DEGREE, DEGREE + 3), DEGREE + 2
        real, pairs = self._factors(np.repeat(steps, DEGREE), np.tile(LATER, len(steps)))
        of_real, of_pairs = real.reshape(-1, *shape).swapaxes(0, 1), _pairs(pairs.reshape(-1, *shape).swapaxes(0, 1))
        whole, later = (_as_matrices(of_pairs[..., some]) for some in (slice(last), slice(2, last)))
        here = np.arange(DEGREE)
        own = np.concatenate(
            [of_real[..., here, 2 + here], *(of_pairs[..., part, here, 0, 2 + here] for part in (0, 1))], axis=1
        )
        change = JUDGED[:, None] * QUARTIC
        judged = of_real[..., -2:, last:] * change, of_pairs[..., -2:, :, last:] * change[:, None]
        end_of_real = np.concatenate([of_real[..., -1:, :last], judged[0]], axis=-2)
        end = _as_matrices(np.concatenate([of_pairs[..., -1:, :, :last], judged[1]], axis=-3))
        for k, step in enumerate(steps):
            self._weights[step] = StepWeights(
                step,
                whole=(of_real[k, ..., :last], whole[k]),
                later=(of_real[k, ..., 2:last], later[k]),
                own=own[k],
                end=(end_of_real[k], end[k]),
            )

    def _factors(self, steps: FloatArray, fractions: FloatArray) -> tuple[FloatArray, Modal]:
        """Return the weights of real modes, and of pairs, at fractions (F,) of steps (F,), shape (modes, F, 7) each."""
        real, pairs = np.real(self.values[: self.real]), self.values[self.real :]
        return np.real(weights(real, steps, fractions)), weights(pairs, steps, fractions)

    def sampling(self, steps: Sequence[float], fractions: Sequence[FloatArray]) -> list[Blocks]:
        """Return the weights from z(0) and N at the five nodes at some fractions of each step."""
        counts = [len(one) for one in fractions]
        real, pairs = self._factors(np.repeat(steps, counts), np.concatenate(fractions))
        of_real, of_pairs = real[..., : DEGREE + 2], _pairs(pairs[..., : DEGREE + 2])
        cuts = [slice(first, last) for first, last in pairwise(np.cumsum([0, *counts]).tolist())]
        return [(of_real[:, cut], _as_matrices(of_pairs[:, :, cut])) for cut in cuts]

    def linear_state(self, piece: Piece, time: FloatArray) -> FloatArray:
        """Return the coordinates of linear responses at times in a piece, shape (n, T, K)."""
        upper, after = len(self.values), time - piece.start
        state = piece.decaying[:upper, None] * np.exp(self.values[:, None] * after)[:, :, None]
        for power in range(len(piece.polynomial)):
            state = state + piece.polynomial[power, :upper, None] * (after**power)[:, None]
        return self._packed(state.reshape(upper, -1)).reshape(-1, len(time), piece.inputs.shape[1])

    def step_response(self, levels: FloatArray, time: FloatArray) -> FloatArray:
        """Return the coordinates at times after a step from rest to inputs (inputs, K), linear, shape (n, T, K)."""
        final, real = self.still(self.drive @ levels), self.real
        reached = (1 - np.exp(np.multiply.outer(self.values, time)))[:, :, None]
        found = np.empty((len(final), len(time), levels.shape[1]))
        found[:real] = np.real(reached[:real]) * final[:real, None]
        pairs = reached[real:] * (final[real::2] + 1j * final[real + 1 :: 2])[:, None]
        found[real::2], found[real + 1 :: 2] = pairs.real, pairs.imag
        return found

    def still(self, rates: FloatArray) -> FloatArray:
        """Return the coordinates (n, k) at which constant rates (n, k) change nothing."""
        found, real = np.empty_like(rates), self.real
        found[:real] = -rates[:real] / np.real(self.values[:real, None])
        pairs = -(rates[real::2] + 1j * rates[real + 1 :: 2]) / self.values[real:, None]
        found[real::2], found[real + 1 :: 2] = pairs.real, pairs.imag
        return found

    def applied(self, blocks: Blocks, given: FloatArray, out: FloatArray | None = None) -> FloatArray:
        """Apply blocks of modes to coordinates at j nodes (n, j, K), shape (n, f, K); written to `out` if given."""
        of_real, of_pairs = blocks
        real, (size, nodes, count) = self.real, given.shape
        found = np.empty((size, of_real.shape[1], count)) if out is None else out
        if real:
            np.matmul(of_real, given[:real], out=found[:real])
        if size > real:
            pairs = np.matmul(of_pairs, given[real:].reshape(-1, 2 * nodes, count))
            found[real:] = pairs.reshape(size - real, -1, count)
        return found


def times(matrix: FloatArray, values: FloatArray) -> FloatArray:
    """Multiply a matrix by values at several times (columns, times, K), shape (rows, times, K)."""
    return (matrix @ values.reshape(len(values), -1)).reshape(-1, *values.shape[1:])
