"""What every cell of a circuit's arrays carries, from the voltages at their terminals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from amc_circuits.results.observation import terminals
from netlists import Array, Circuit
from netlists.arrays.mesh import ArrayState, array_state
from netlists.record import FloatArray

Places = NDArray[np.intp]
Contacts = Literal["one", "both"]


@dataclass(frozen=True)
class CellArray:
    """One array of a circuit.

    Attributes:
        name: Of the part.
        conductance: Cells, shape (N, M), siemens.
        word_lines: Places of its word lines among the terminals, shape (N,).
        bit_lines: Places of its bit lines among the terminals, shape (M,).
        wire_resistance: Of each segment, ohm; 0 means ideal wires.
        contacts: Of each line: at `one` end, or at `both`.
    """

    name: str
    conductance: FloatArray
    word_lines: Places
    bit_lines: Places
    wire_resistance: float = 0.0
    contacts: Contacts = "one"


@dataclass(frozen=True)
class CellArrays:
    """The arrays of a circuit.

    Attributes:
        arrays: In the order of the circuit.
        terminals: Number of nodes at which they end.
    """

    arrays: tuple[CellArray, ...]
    terminals: int

    @classmethod
    def of(cls, circuit: Circuit) -> CellArrays:
        """Those of a circuit, their terminals in the order of `observation.terminals`."""
        groups = terminals(circuit)
        ends = np.cumsum([0, *(circuit.groups[group] for group in groups)])
        place = {group: np.arange(*ends[k : k + 2]) for k, group in enumerate(groups)}
        found = tuple(
            CellArray(
                array.name,
                array.conductance,
                place[array.word_lines],
                place[array.bit_lines],
                array.interconnect.wire_resistance,
                array.interconnect.contacts,
            )
            for array in circuit.of(Array)
        )
        return cls(found, int(ends[-1]))

    @classmethod
    def stacked(cls, conductance: FloatArray, wire_resistance: float, contacts: Contacts) -> CellArrays:
        """A positive and, where there is one, a negative array with common word lines.

        Args:
            conductance: Shape (arrays, N, M), siemens.
            wire_resistance: Of each segment, ohm.
            contacts: Of each line.
        """
        count, rows, columns = conductance.shape
        found = tuple(
            CellArray(name, cells, np.arange(rows), rows + k * columns + np.arange(columns), wire_resistance, contacts)
            for k, (name, cells) in enumerate(zip("pn", conductance, strict=False))
        )
        return cls(found, rows + count * columns)

    def load(self, terminal_voltage: FloatArray) -> CellLoad:
        """What the cells carry, at rest.

        Args:
            terminal_voltage: Of all terminals, shape (terminals,), V.
        """
        states, ideal = [], []
        for array in self.arrays:
            words, bits = terminal_voltage[array.word_lines], terminal_voltage[array.bit_lines]
            ends = np.concatenate([words, bits])
            states.append(array_state(array.conductance, array.wire_resistance, ends, array.contacts))
            ideal.append(bits[None, :] - words[:, None])
        return CellLoad(tuple(array.name for array in self.arrays), tuple(states), tuple(ideal))


@dataclass(frozen=True)
class CellLoad:
    """What the cells of arrays carry; one entry an array each.

    Attributes:
        names: Of the arrays.
        states: Of their meshes.
        ideal_voltage: Of each bit line's terminal less that of each word line's, shape (N, M), V: what the cell
            voltages would be with ideal wires.
    """

    names: tuple[str, ...]
    states: tuple[ArrayState, ...]
    ideal_voltage: tuple[FloatArray, ...]

    @property
    def voltage(self) -> tuple[FloatArray, ...]:
        """Of the bit line at each cell less that of the word line, shape (N, M), V."""
        return tuple(state.cell_voltage for state in self.states)

    @property
    def current(self) -> tuple[FloatArray, ...]:
        """Through each cell, from the bit line to the word line, shape (N, M), A."""
        return tuple(state.cell_current for state in self.states)

    @property
    def wires(self) -> bool:
        """False for ideal wires."""
        return any(state.wire_resistance > 0 for state in self.states)

    @property
    def change_by_wires(self) -> tuple[FloatArray, ...]:
        """What wires add to each cell's current (below 0: take), against ideal wires at the same terminal voltages.

        In units of what the same cell would carry at the largest cell voltage with ideal wires: cells of all
        conductances compare, and cells that carry next to nothing do not stand out. Shape (N, M).
        """
        largest = max(float(np.abs(ideal).max()) for ideal in self.ideal_voltage)
        added = (np.sign(ideal) * (held - ideal) for held, ideal in zip(self.voltage, self.ideal_voltage, strict=True))
        return tuple(one / largest if largest > 0 else one for one in added)

    @property
    def wire_power_share(self) -> float:
        """Part of the arrays' power that is lost in wires; nan where there is none."""
        wires = sum(float(state.wire_power) for state in self.states)
        total = wires + sum(float(state.cell_power.sum()) for state in self.states)
        return wires / total if total > 0 else float("nan")
