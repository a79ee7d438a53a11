"""What every cell of a circuit's arrays carries, from the voltages at their terminals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from netlists import InvDesign, MvmDesign
from netlists.arrays.mesh import ArrayState, array_state
from netlists.record import FloatArray


@dataclass(frozen=True)
class CellArrays:
    """The arrays of a circuit, positive and, where there is one, negative.

    Attributes:
        conductance: Shape (arrays, N, M), siemens.
        wire_resistance: Of each segment, ohm; 0 means ideal wires.
        contacts: Of each line: at `one` end, or at `both`.
    """

    conductance: FloatArray
    wire_resistance: float
    contacts: Literal["one", "both"]

    @classmethod
    def of(cls, design: InvDesign | MvmDesign) -> CellArrays:
        """Those of a design."""
        wires = design.interconnect
        return cls(np.stack(design.arrays), wires.wire_resistance, wires.contacts)

    @property
    def terminals(self) -> int:
        """Number of word lines, and of bit lines of all arrays."""
        count, rows, columns = self.conductance.shape
        return int(rows + count * columns)

    def load(self, terminal_voltage: FloatArray) -> CellLoad:
        """What the cells carry, at rest.

        Args:
            terminal_voltage: Word lines, bit lines of each array, shape (N + arrays * M,), V.
        """
        count, rows, columns = self.conductance.shape
        words, bits = terminal_voltage[:rows], terminal_voltage[rows:].reshape(count, columns)
        states = (
            array_state(cells, self.wire_resistance, np.concatenate([words, ends]), self.contacts)
            for cells, ends in zip(self.conductance, bits, strict=True)
        )
        return CellLoad(tuple(states), bits[:, None, :] - words[:, None])


@dataclass(frozen=True)
class CellLoad:
    """What the cells of arrays carry.

    Attributes:
        states: Of each array.
        ideal_voltage: Of each bit line's terminal less that of each word line's, shape (arrays, N, M), V: what the cell
            voltages would be with ideal wires.
    """

    states: tuple[ArrayState, ...]
    ideal_voltage: FloatArray

    @property
    def voltage(self) -> FloatArray:
        """Of the bit line at each cell less that of the word line, shape (arrays, N, M), V."""
        return np.stack([state.cell_voltage for state in self.states])

    @property
    def current(self) -> FloatArray:
        """Through each cell, from the bit line to the word line, shape (arrays, N, M), A."""
        return np.stack([state.cell_current for state in self.states])

    @property
    def wires(self) -> bool:
        """False for ideal wires."""
        return self.states[0].wire_resistance > 0

    @property
    def change_by_wires(self) -> FloatArray:
        """What wires add to each cell's current (below 0: take), against ideal wires at the same terminal voltages.

        In units of what the same cell would carry at the largest cell voltage with ideal wires: cells of all
        conductances compare, and cells that carry next to nothing do not stand out. Shape (arrays, N, M).
        """
        largest = np.abs(self.ideal_voltage).max()
        added = np.sign(self.ideal_voltage) * (self.voltage - self.ideal_voltage)
        found: FloatArray = added / largest if largest > 0 else added
        return found

    @property
    def wire_power_share(self) -> float:
        """Part of the arrays' power that is lost in wires; nan where there is none."""
        wires = sum(float(state.wire_power) for state in self.states)
        total = wires + sum(float(state.cell_power.sum()) for state in self.states)
        return wires / total if total > 0 else float("nan")
