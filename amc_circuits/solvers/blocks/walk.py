"""The steps of a block, one after the other: what each of them gets and gives, in volts.

A vector x at the outputs of the leaves is `volts = scale x` with a scale of its own for each leaf. The signs of the
circuits are in the scales, so that nothing needs an inverter: with an input scale s, step 1 gives `y_t = A1^-1 f`,
step 2 `g_t = A3 y_t` at a scale s2, step 3 takes `-s2 (g - g_t)` and gives z, step 4 gives `f_t = A2 z` at s4, step 5
takes `-s4 (f - f_t)` and gives y. What is known digitally is converted at the scale of each step. What comes from the
step before is handed on as it is; what comes from further away enters at the ratio of two scales.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from amc_circuits.results.converters import Converters
from amc_circuits.solvers.blocks.hold import Held, SampleHold
from amc_circuits.solvers.blocks.steps import HeldInputs, InVolts, LeafCircuit, RangedMvm
from amc_circuits.solvers.blocks.tree import RANGES, Leaf, Node, Tiles
from netlists.record import FloatArray

Step = LeafCircuit | RangedMvm
Ranges = dict[str, NDArray[np.int64]]
"""Power of two of the outputs of each MVM for every right-hand side, shape (K,), by the name of the block."""


@dataclass(frozen=True)
class Part:
    """Outputs of one leaf.

    Attributes:
        volts: Voltages, shape (n, K), V.
        scale: Volts per unit of x, with a sign, shape (K,).
        held: The same voltages in sample-and-holds, at a factor of 1.
    """

    volts: FloatArray
    scale: FloatArray
    held: Held


@dataclass
class Walk(ABC):
    """One way through all steps.

    Attributes:
        hold: Sample-and-holds.
        converters: DACs.
        full_scale: Input full scale of every right-hand side, shape (K,), V.
        switched: True if feedback of MVM and resistors of held inputs are switched.
        ranges: Ranges of the MVM; chosen on the way where they are missing.
        time: Predicted time of all steps so far, s.
        steps: Number of steps so far.
    """

    hold: SampleHold
    converters: Converters
    full_scale: FloatArray
    switched: bool
    ranges: Ranges = field(default_factory=dict)
    time: float = 0.0
    steps: int = 0

    @abstractmethod
    def run(self, text: str, circuit: Step, levels: FloatArray, columns: NDArray[np.int64]) -> FloatArray:
        """Compute the outputs of a circuit for levels (inputs, K) of some right-hand sides, shape (N, K), V."""

    def inverse(self, node: Node, known: FloatArray, held: Sequence[Held], scale: FloatArray) -> list[Part]:
        """Solve for one right-hand side `known + held/scale` a column.

        Args:
            node: Leaf or block.
            known: Digital part of the right-hand sides, shape (n, K), in units of b.
            held: Voltages in sample-and-holds that add to it.
            scale: Volts per unit at the inputs, shape (K,).
        """
        if isinstance(node, Leaf):
            return [self._leaf(node, known, held, scale)]
        k = node.first.size
        top, bottom = slice(None, k), slice(k, None)
        before = self.inverse(node.first, known[top], _rows(held, top), scale)
        product, below = self._product(node.lower, before, known[bottom], _rows(held, bottom), scale)
        last = self.inverse(node.last, known[bottom], [*product, *_times(held, bottom, below / scale)], below)
        product, above = self._product(node.upper, last, known[top], _rows(held, top), scale)
        first = self.inverse(node.first, known[top], [*product, *_times(held, top, above / scale)], above)
        return [*first, *last]

    def _leaf(self, leaf: Leaf, known: FloatArray, held: Sequence[Held], scale: FloatArray) -> Part:
        circuit = leaf.circuit if held or not self.switched else leaf.alone
        self._begin([circuit])
        levels, taken = self._converted(known * scale), self._taken(held, known.shape)
        levels = np.vstack([levels, taken]) if isinstance(circuit, HeldInputs) else levels + taken
        volts = self.run(leaf.text, circuit, levels, np.arange(len(scale)))
        return Part(volts, scale / circuit.gain, self._sampled(volts, circuit))

    def _product(
        self, tiles: Tiles, before: Sequence[Part], known: FloatArray, held: Sequence[Held], scale: FloatArray
    ) -> tuple[list[Held], FloatArray]:
        """Multiply outputs of leaves; return what is handed on, and the scale at which the next step takes it."""
        units = [part.scale / one for part, one in zip(before, tiles.inputs, strict=True)]
        base = tiles.gain * units[0]
        if not tiles.circuits:
            return [], -base
        leads = [np.rint(np.log2(unit / units[0])).astype(np.int64) for unit in units]
        self._begin(tiles.circuits.values())
        inputs = [part.held.at(self.time, self.hold) for part in before]
        use = f"{tiles.name}, step {self.steps}"  # blocks are used twice, with other inputs
        if use not in self.ranges:
            others = [base * known, *(base / scale * one.at(self.time, self.hold) for one in held)]
            self.ranges[use] = self._chosen(tiles, inputs, leads, others)
        powers, found = self.ranges[use], []
        for (i, j), tile in tiles.circuits.items():
            volts = np.zeros((len(tile.matrix), len(scale)))
            for power in np.unique(powers - leads[j]):
                columns = np.flatnonzero(powers - leads[j] == power)
                volts[:, columns] = self.run(tiles.text, tile.at_range(int(power)), inputs[j][:, columns], columns)
            sampled = self._sampled(tiles.spread(volts, i), tile, tiles.rows(i))
            found.append(sampled.times(np.full(len(scale), tiles.factor(i, j))))
        return found, -base * 2.0**powers

    def _chosen(
        self, tiles: Tiles, inputs: Sequence[FloatArray], leads: Sequence[NDArray[np.int64]], others: list[FloatArray]
    ) -> NDArray[np.int64]:
        """Choose the ranges that bring the inputs of the next step to half of the full scale or more, not beyond it."""
        if not self.switched:
            return np.zeros_like(leads[0])
        each = {
            (i, j): tiles.spread(tile.steady_volts(inputs[j])[0] * 2.0 ** -leads[j], i)
            for (i, j), tile in tiles.circuits.items()
        }
        product = sum((tiles.factor(*place) * volts for place, volts in each.items()), np.zeros_like(others[0]))
        seen = [*each.values(), *others, sum(others, -product)]
        largest = np.max([np.abs(one).max(axis=0) for one in seen], axis=0)
        ratio = np.divide(self.full_scale, largest, out=np.ones_like(largest), where=largest > 0)
        return np.asarray(np.clip(np.floor(np.log2(ratio)), -RANGES, RANGES), dtype=np.int64)

    def _begin(self, circuits: Iterable[InVolts]) -> None:
        """Count a step, and the time that its values are held if they leak."""
        self.steps += 1
        if self.hold.hold_leakage is not None:
            self.time += float(np.nan_to_num(max(one.predicted_time for one in circuits)))

    def _converted(self, levels: FloatArray) -> FloatArray:
        """Outputs of the DACs, whose reference is the input full scale, or more where a level exceeds it."""
        full = np.maximum(self.full_scale, np.abs(levels).max(axis=0))
        full = np.where(full > 0, full, 1.0)
        return self.converters.inputs(levels / full, 1.0) * full

    def _taken(self, held: Sequence[Held], shape: tuple[int, ...]) -> FloatArray:
        return sum((one.at(self.time, self.hold) for one in held), np.zeros(shape))

    def _sampled(self, volts: FloatArray, circuit: InVolts, rows: slice = slice(None)) -> Held:
        """Sample the outputs of a circuit on some of the lines."""
        held, count = volts.copy(), len(volts[rows])
        held[rows] += self.hold.step
        if self.hold.hold_offset > 0:
            drawn = circuit.hardware.draws.generator("hold_offset").standard_normal(count)
            held[rows] += self.hold.hold_offset * drawn[:, None]
        return Held(held, np.ones(volts.shape[1]), self.time)


def _rows(held: Sequence[Held], rows: slice) -> list[Held]:
    return [one.part(rows) for one in held]


def _times(held: Sequence[Held], rows: slice, factor: FloatArray) -> list[Held]:
    return [one.part(rows).times(factor) for one in held]
