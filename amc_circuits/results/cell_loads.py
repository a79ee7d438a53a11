"""Current and voltage of every cell of a circuit's arrays, from the voltages at the terminals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from amc_circuits.results.observation import terminals
from netlists import Array, Circuit, Interconnect
from netlists.arrays.array import state_of
from netlists.arrays.mesh import ArrayState
from netlists.record import FloatArray
from netlists.short_text import short_repr

Places = NDArray[np.intp]
Contacts = Literal["one", "both"]


@dataclass(frozen=True)
class CellArray:
    """One array of a circuit.

    Attributes:
        name: Name of the part.
        conductance: Conductances of the cells, shape (N, M), siemens.
        word_lines: Indices of its word lines among the terminals, shape (N,).
        bit_lines: Indices of its bit lines among the terminals, shape (M,).
        wire_resistance: Resistance of each segment, ohm; 0 means ideal wires.
        contacts: Contacts of each line: at `one` end, or at `both`.
        grid: True if only the word lines have segments.
    """

    name: str
    conductance: FloatArray
    word_lines: Places
    bit_lines: Places
    wire_resistance: float = 0.0
    contacts: Contacts = "one"
    grid: bool = False

    __repr__ = short_repr


@dataclass(frozen=True)
class CellArrays:
    """Arrays of a circuit.

    Attributes:
        arrays: Arrays, in the order of the circuit.
        terminals: Number of nodes at which the arrays end.
    """

    arrays: tuple[CellArray, ...]
    terminals: int

    __repr__ = short_repr

    @classmethod
    def of(cls, circuit: Circuit) -> CellArrays:
        """Return the arrays of a circuit, with their terminals in the order of `observation.terminals`."""
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
                array.interconnect.grid,
            )
            for array in circuit.of(Array)
        )
        return cls(found, int(ends[-1]))

    @classmethod
    def stacked(cls, conductance: FloatArray, wire_resistance: float, contacts: Contacts) -> CellArrays:
        """Return a positive and, if there is one, a negative array with common word lines.

        Args:
            conductance: Conductances of the cells, shape (arrays, N, M), siemens.
            wire_resistance: Resistance of each segment, ohm.
            contacts: Contacts of each line.
        """
        count, rows, columns = conductance.shape
        found = tuple(
            CellArray(name, cells, np.arange(rows), rows + k * columns + np.arange(columns), wire_resistance, contacts)
            for k, (name, cells) in enumerate(zip("pn", conductance, strict=False))
        )
        return cls(found, rows + count * columns)

    def load(self, terminal_voltage: FloatArray) -> CellLoad:
        """Compute the loads of the cells at rest.

        Args:
            terminal_voltage: Voltages of all terminals, shape (terminals,), V.
        """
        states, ideal = [], []
        for array in self.arrays:
            words, bits = terminal_voltage[array.word_lines], terminal_voltage[array.bit_lines]
            ends = np.concatenate([words, bits])
            wires = Interconnect(wire_resistance=array.wire_resistance, contacts=array.contacts, grid=array.grid)
            states.append(state_of(array.conductance, wires, ends))
            ideal.append(bits[None, :] - words[:, None])
        return CellLoad(tuple(array.name for array in self.arrays), tuple(states), tuple(ideal))


@dataclass(frozen=True)
class CellLoad:
    """Loads of the cells of arrays; each attribute has one entry for each array.

    Attributes:
        names: Names of the arrays.
        states: Voltages and currents inside their meshes.
        ideal_voltage: Voltage of each bit line's terminal minus that of each word line's, shape (N, M), V: the cell
            voltages with ideal wires.
    """

    names: tuple[str, ...]
    states: tuple[ArrayState, ...]
    ideal_voltage: tuple[FloatArray, ...]

    __repr__ = short_repr

    @property
    def voltage(self) -> tuple[FloatArray, ...]:
        """Voltage of the bit line at each cell minus that of the word line, shape (N, M), V."""
        return tuple(state.cell_voltage for state in self.states)

    @property
    def current(self) -> tuple[FloatArray, ...]:
        """Current through each cell, from the bit line to the word line, shape (N, M), A."""
        return tuple(state.cell_current for state in self.states)

    @property
    def wires(self) -> bool:
        """True if the wires have resistance."""
        return any(state.wire_resistance > 0 for state in self.states)

    @property
    def change_by_wires(self) -> tuple[FloatArray, ...]:
        """Change of each cell's current from wires, against ideal wires at the same terminal voltages.

        The unit is the current of the same cell at the largest cell voltage with ideal wires. So cells of all
        conductances can be compared, and cells with very small currents do not stand out. The sign is negative where
        wires reduce the current. Shape (N, M).
        """
        largest = max(float(np.abs(ideal).max()) for ideal in self.ideal_voltage)
        added = (np.sign(ideal) * (held - ideal) for held, ideal in zip(self.voltage, self.ideal_voltage, strict=True))
        return tuple(one / largest if largest > 0 else one for one in added)

    @property
    def wire_power_share(self) -> float:
        """Fraction of the arrays' power that is lost in wires; nan if the power is 0."""
        wires = sum(float(state.wire_power) for state in self.states)
        total = wires + sum(float(state.cell_power.sum()) for state in self.states)
        return wires / total if total > 0 else float("nan")
