"""Circuit at rest, from Kirchhoff's laws, with a selection of the effects of real parts.

Op-amps follow their records below all limits: `c = A0 (o - s) - R i` with the input s, the offset o, the output
resistance R and the output current i. After division by A0, the limit for an ideal op-amp is s = o. With limiters, rest
is followed from no inputs on, from one change of a limiter's side to the next (as the path of a Lasso: M. R. Osborne,
B. Presnell, B. A. Turlach, IMA J. Numer. Anal. 20, 389, 2000).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amc_circuits.linear.equations import input_factors, siemens_of
from netlists import (
    GROUND,
    Array,
    Buffers,
    Circuit,
    ClippingOpAmps,
    Conductors,
    Hold,
    Limiter,
    MacroOpAmp,
    OpAmps,
    ParameterError,
    Switches,
)
from netlists.arrays.array import IDEAL, network_of, state_of
from netlists.record import FloatArray
from netlists.short_text import short_repr

NEARLY = 1e-6
"""Tolerance in units of the largest voltage: the iteration for non-linear cells ends when no voltage changes more."""
STEPS = 100
"""Largest number of steps of this iteration."""


@dataclass(frozen=True)
class Effects:
    """Effects that are modelled in addition to the cells.

    Attributes:
        gain: Finite gain, CMRR and output resistance of the op-amps.
        offset: Input offsets of the op-amps.
        wires: Resistance of the lines.
        nonlinearity: Non-linearity of the cells.
    """

    gain: bool = False
    offset: bool = False
    wires: bool = False
    nonlinearity: bool = False

    __repr__ = short_repr


ALL_EFFECTS = Effects(gain=True, offset=True, wires=True, nonlinearity=True)


def check_rest(circuit: Circuit) -> None:
    """Refuse a circuit whose rest with some of its effects is not known.

    Raises:
        ParameterError: It has phases, sample-and-holds, or op-amps that clip.
    """
    circuit.check_one_phase()
    for part in circuit.of(Hold):
        raise ParameterError("circuit", f"part {part.name}, {type(part).__name__}", "its rest is not known here")
    if circuit.of(ClippingOpAmps):
        raise ParameterError("budget", "op-amps that clip", "their rest is not known here; leave the budget out")


class StaticCircuit:
    """Steady state of a circuit with some of its effects.

    The unknowns are the voltages of all nodes that no source holds. Nodes that no op-amp drives follow Kirchhoff's
    current law, the others the law of their op-amp. All equations are linear, except those of non-linear cells.

    Args:
        circuit: Circuit to solve; the cells of its arrays are ignored.
        arrays: Cells of each array, shape (N, M) each, S; with ideal wires they may be zero or negative.
        effects: Effects to model.

    Raises:
        ParameterError: If the mesh needs more memory than there is, or no finite network is equal to it.
    """

    def __init__(self, circuit: Circuit, arrays: Sequence[FloatArray], effects: Effects) -> None:
        check_rest(circuit)
        self.circuit, self.effects, self.limiters = circuit, effects, circuit.of(Limiter)
        self.arrays = list(zip(circuit.of(Array), arrays, strict=True))
        ends = np.cumsum([0, *circuit.groups.values()]).tolist()
        self.at = {group: slice(*ends[k : k + 2]) for k, group in enumerate(circuit.groups)}
        self.held, held = np.zeros((ends[-1], circuit.inputs)), circuit.held
        for group, weights in held.items():
            self.held[self.at[group]] = weights
        self.free = np.concatenate(
            [np.arange(place.start, place.stop) for group, place in self.at.items() if group not in held]
        )
        self.bends = effects.nonlinearity and any(array.nonlinearity_voltage is not None for array, _ in self.arrays)

    def outputs(self, levels: FloatArray) -> FloatArray:
        """Compute outputs for input voltages (inputs, K), shape (N, K), V; nan without rest or without convergence."""
        place = self.at[self.circuit.outputs]
        try:
            found = self._solved(self._networks([cells for _, cells in self.arrays]), levels)
            if self.bends:
                found = np.stack([self._bent(column, levels[:, k]) for k, column in enumerate(found.T)], axis=1)
        except np.linalg.LinAlgError:  # such as an array of equal cells around ideal op-amps
            return np.full((place.stop - place.start, levels.shape[1]), np.nan)
        return found[place]

    def _networks(self, cells: Sequence[FloatArray]) -> FloatArray:
        """Return the Laplacian of all passive parts over all nodes, siemens."""
        found = np.zeros((len(self.held), len(self.held)))
        for (array, _), held in zip(self.arrays, cells, strict=True):
            network, rows = self._network(array, held), len(held)
            ends = ((self.at[array.word_lines], slice(rows)), (self.at[array.bit_lines], slice(rows, None)))
            for row, one in ends:
                for column, other in ends:
                    found[row, column] += network[one, other]
        for part in self.circuit.of(Conductors) + self.circuit.of(Switches):
            siemens = np.broadcast_to(siemens_of(self.circuit, part), self.circuit.groups[part.a])
            places = [self._nodes(group) for group in (part.a, part.b) if group != GROUND]
            for here in places:
                found[here, here] += siemens
            if len(places) == 2:
                found[places[0], places[1]] -= siemens
                found[places[1], places[0]] -= siemens
        return found

    def _nodes(self, group: str) -> NDArray[np.int64]:
        return np.arange(self.at[group].start, self.at[group].stop)

    def _places(self, array: Array) -> NDArray[np.int64]:
        """Return the indices of the terminals of an array among all nodes."""
        return np.concatenate([self._nodes(group) for group in (array.word_lines, array.bit_lines)])

    def _network(self, array: Array, cells: FloatArray) -> FloatArray:
        """Return the currents into the terminals of an array per volt at each, word lines first."""
        wires = array.interconnect
        if self.effects.wires and wires.wire_resistance > 0:
            return network_of(cells, wires.replace(line_capacitance=0.0)).laplacian
        rows, total = len(cells), sum(cells.shape)
        found = np.zeros((total, total))
        found[:rows, rows:] = -cells
        found[rows:, :rows] = -cells.T
        np.fill_diagonal(found, np.concatenate([cells.sum(axis=1), cells.sum(axis=0)]))
        return found

    def _solved(self, laplacian: FloatArray, levels: FloatArray) -> FloatArray:
        """Compute voltages of all nodes for inputs (inputs, K), shape (nodes, K), with a given passive network."""
        if not self.limiters:
            return self._linear(laplacian, levels)
        return np.stack([self._limited(laplacian, column) for column in levels.T], axis=1)

    def _limited(self, laplacian: FloatArray, level: FloatArray) -> FloatArray:
        """Compute voltages of all nodes with limiters for inputs (inputs,), shape (nodes,); nan if the path ends."""
        sizes = [self.circuit.groups[part.input] for part in self.limiters]
        limits = np.repeat([part.level for part in self.limiters], sizes)
        inputs = np.concatenate([self._nodes(part.input) for part in self.limiters])
        sides, reached, last = np.zeros(len(limits)), 0.0, -1
        for _ in range(STEPS + 10 * len(sides)):
            still, whole = (self._linear(laplacian, level[:, None], sides, share)[:, 0] for share in (0.0, 1.0))
            slope = whole[inputs] - still[inputs]
            # Towards the next limit, or, beyond it, back to it.
            ends = np.where(sides == 0, np.sign(slope), sides) * limits
            coming = (slope != 0) & ((sides == 0) | (sides * slope < 0))
            at = np.where(coming, (ends - still[inputs]) / np.where(coming, slope, 1.0), np.inf)
            at[(at < reached) | ((np.arange(len(at)) == last) & (at <= reached + NEARLY))] = np.inf
            last = int(np.argmin(at))
            if at[last] >= 1:
                return whole
            reached = float(at[last])
            sides[last] = np.sign(slope[last]) if sides[last] == 0 else 0.0
        return np.full(len(laplacian), np.nan)

    def _limit(self, matrix: FloatArray, constant: FloatArray, sides: FloatArray) -> None:
        """Enter the laws of limiters beyond their level on these sides, or within it: 0."""
        first = 0
        for part in self.limiters:
            here, size = self.at[part.output], self.circuit.groups[part.output]
            side, first = sides[first : first + size], first + size
            sign = 1.0 if part.type == "clip" else -1.0
            matrix[here] = 0.0
            matrix[here, here] = np.eye(size)
            matrix[here, self.at[part.input]] -= np.diag((side == 0) if part.type == "clip" else (side != 0))
            constant[here] = sign * part.level * side

    def _linear(
        self, laplacian: FloatArray, levels: FloatArray, sides: FloatArray | None = None, share: float = 1.0
    ) -> FloatArray:
        """Compute voltages of all nodes as `_solved` does, with limiters on given sides and a share of all drive."""
        matrix, constant = laplacian.copy(), np.zeros(len(laplacian))
        for buffers in self.circuit.of(Buffers):
            here = self.at[buffers.output]
            matrix[here] = 0.0
            one = np.eye(here.stop - here.start)
            matrix[here, here], matrix[here, self.at[buffers.input]] = one, -one
            constant[here] = buffers.offset
        for part in self.circuit.of(OpAmps):
            self._amplify(matrix, constant, laplacian, part)
        constant *= share
        if sides is not None:
            self._limit(matrix, constant, sides)
        given = share * (self.held @ levels)
        found = np.array(given)
        right = constant[self.free, None] - matrix[self.free] @ given
        found[self.free] = np.linalg.solve(matrix[np.ix_(self.free, self.free)], right)
        return found

    def _amplify(self, matrix: FloatArray, constant: FloatArray, laplacian: FloatArray, part: OpAmps) -> None:
        """Replace the equations of currents at outputs by the op-amps' law, `v_inn - v_inp + (v_out + R i)/A0 = o`."""
        opamp, here = part.record.equivalent, self.at[part.output]
        size = here.stop - here.start
        macro = opamp if isinstance(opamp, MacroOpAmp) else None
        inverse_gain = 1 / opamp.open_loop_gain if self.effects.gain else 0.0
        # The passive parts draw the currents that the op-amps deliver.
        matrix[here] = inverse_gain * (macro.output_resistance if macro else 0.0) * laplacian[here]
        matrix[here, here] += inverse_gain * np.eye(size)
        for group, factor in input_factors(part, ideal=not self.effects.gain).items():
            matrix[here, self.at[group]] -= factor * np.eye(size)
        if self.effects.offset:
            weight = opamp.input_weights[0] if self.effects.gain else 1.0
            own = 0.0 if part.offset is None else weight * part.offset
            constant[here] += (macro.input_offset if macro else 0.0) + own

    def _bent(self, linear: FloatArray, levels: FloatArray) -> FloatArray:
        """Compute voltages of all nodes with cells of the current `G V0 sinh(V/V0)`, from those with linear cells.

        Each step solves the circuit of linear cells that carry the same currents at the present voltages. If op-amps
        and wires are ideal, all cells of a bit line are at its voltage c, and their conductance is h =
        sinh(c/V0)/(c/V0) times as large. The result c' of a step then corresponds to the currents of linear cells at
        h c', so V0 asinh(h c'/V0) is the exact result after one step. Real op-amps and wires need some steps.
        """
        found, driven, cells = linear.copy(), self._driven_bit_lines(), [cells for _, cells in self.arrays]
        for lines, voltage in driven:
            found[lines] = voltage * np.arcsinh(linear[lines] / voltage)
        for _ in range(STEPS):
            cells = self._as_they_are(found, cells)
            after = self._solved(self._networks(cells), levels[:, None])[:, 0]
            for lines, voltage in driven:
                after[lines] = voltage * np.arcsinh(_share(found[lines] / voltage) * after[lines] / voltage)
            moved, found = np.abs(after - found).max(), after
            if moved <= NEARLY * np.abs(found).max():
                return found
        return np.full_like(linear, np.nan)

    def _driven_bit_lines(self) -> list[tuple[slice, float]]:
        """Return the bit lines that op-amps drive, and V0 of the cells at them."""
        outputs = {part.output for part in self.circuit.of(OpAmps)}
        return [
            (self.at[array.bit_lines], array.nonlinearity_voltage)
            for array, _ in self.arrays
            if array.nonlinearity_voltage is not None and array.bit_lines in outputs
        ]

    def _as_they_are(self, voltage: FloatArray, before: Sequence[FloatArray]) -> list[FloatArray]:
        """Return linear cells that carry the same currents as the cells at voltages of all nodes (nodes,).

        The voltages inside their meshes are those with the linear cells of the step before.
        """
        found = []
        for (array, cells), held in zip(self.arrays, before, strict=True):
            if array.nonlinearity_voltage is None:
                found.append(cells)
                continue
            wires = array.interconnect if self.effects.wires else IDEAL
            state = state_of(held, wires, voltage[self._places(array)])
            found.append(cells * _share(state.cell_voltage / array.nonlinearity_voltage))
        return found


def _share(part: FloatArray) -> FloatArray:
    """Compute `sinh(part)/part`: current of a cell at part * V0 in units of that of a linear one."""
    small = np.abs(part) < 1e-6  # in this range the result is 1 + part^2/6
    safe = np.where(small, 1.0, part)
    return np.where(small, 1.0, np.sinh(safe) / safe)
