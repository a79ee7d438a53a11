"""Array of cells and wires as raw SPICE text, in one of three forms.

- Ideal wires: one resistor per cell (a behavioural source if cells are not linear).
- `reduced`: one resistor between every two terminals and, with line capacitance, capacitors. The network is that of
  `netlists/arrays/reduction.py`, so currents and voltages at the terminals are those of the mesh.
- `flat`: the mesh itself, one resistor per cell and per wire segment, with the line capacitance at each of its nodes.

Values that many elements share are written exactly, others with twelve digits. The relative error of terminal currents
is then 1e-11; more digits would only cost parsing time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from netlists import nodes
from netlists.arrays.array import Array
from netlists.record import FloatArray

LARGEST_BEND = 30
"""Limit of a cell's voltage in units of its V0: sinh is 5e12 there."""


def crossbar(array: Array, word_lines: list[str], bit_lines: list[str]) -> str:
    """Return the elements of an array between word and bit line nodes; its name is the prefix of theirs."""
    lines = _Lines(array, word_lines, bit_lines)
    return "\n".join(lines.mesh() if array.flat else lines.network())


def _cell(name: str, word_line: str, bit_line: str, siemens: float, bend: float | None) -> str:
    """Return one cell: a resistor, or `I = G V0 sinh(V/V0)` with V0 = bend, from word line to bit line."""
    if bend is None:
        return f"R{name} {word_line} {bit_line} {1 / siemens:.12g}"
    share = f"v({word_line},{bit_line})*{1 / bend!r}"
    # The voltage is limited: Newton's method may reach voltages where sinh has no finite value.
    held = f"max(min({share},{LARGEST_BEND}),{-LARGEST_BEND})"
    return f"B{name} {word_line} {bit_line} I={siemens * bend:.12g}*sinh({held})"


@dataclass(frozen=True)
class _Lines:
    """Array and the names of its terminals.

    Inner nodes of the flat mesh: `pr_i_j` is the word line at cell (i, j) of array `p`, `pc_i_j` the bit line there. Of
    a grid the bit line is one node, its terminal.
    """

    array: Array
    word_lines: list[str]
    bit_lines: list[str]

    def network(self) -> list[str]:
        """Return the cells or, with wires, the reduced network between the terminals, and its capacitors."""
        wires = self.array.interconnect
        lines = self._between() if wires.wire_resistance > 0 else self._cells()
        return lines + (self._capacitors() if wires.line_capacitance > 0 else [])

    def _cells(self) -> list[str]:
        name, bend = self.array.name, self.array.nonlinearity_voltage
        return [
            _cell(f"{name}_{i}_{j}", row, column, siemens, bend)
            for i, (row, line) in enumerate(zip(self.word_lines, self.array.conductance.tolist(), strict=True), 1)
            for j, (column, siemens) in enumerate(zip(self.bit_lines, line, strict=True), 1)
            if siemens > 0
        ]

    def _between(self) -> list[str]:
        """Return the resistors between the terminals.

        Resistors between bit lines are included even if ideal sources drive both ends, so that only the sources'
        currents depend on them. So the array is complete for any other drive.
        """
        name, pairs = self.array.name, self._pairs(self.array.reduced.conductance)
        return [f"R{name}_{a}_{b} {a} {b} {1 / siemens:.12g}" for a, b, siemens in pairs]

    def _capacitors(self) -> list[str]:
        """Return a charge matrix as capacitors: one from each terminal to ground, a negative one between coupled pairs.

        A coupling is up to thousandths of the capacitance of a line, and a line has very many: none is omitted.
        """
        name, capacitance = self.array.name, self.array.reduced.capacitance
        to_ground = zip(self.word_lines + self.bit_lines, capacitance.sum(axis=1).tolist(), strict=True)
        lines = [f"C{name}_{a} {a} 0 {farads:.12g}" for a, farads in to_ground]
        return lines + [f"C{name}_{a}_{b} {a} {b} {-farads:.12g}" for a, b, farads in self._pairs(capacitance)]

    def _pairs(self, between: FloatArray) -> Iterator[tuple[str, str, float]]:
        """Yield every two terminals with the value between them, if it is not zero."""
        terminals = self.word_lines + self.bit_lines
        first, second = np.nonzero(np.triu(between, 1))
        for a, b, value in zip(first.tolist(), second.tolist(), between[first, second].tolist(), strict=True):
            yield terminals[a], terminals[b], value

    def mesh(self) -> list[str]:
        """Return cells, wire segments and the capacitance at every cell."""
        wires = self.array.interconnect
        lines = self._mesh_cells() + self._mesh_wires(wires.wire_resistance, wires.contacts == "both")
        return lines + (self._mesh_capacitors(wires.line_capacitance) if wires.line_capacitance > 0 else [])

    def _mesh_cells(self) -> list[str]:
        name, bend = self.array.name, self.array.nonlinearity_voltage
        return [
            _cell(f"{name}_{i + 1}_{j + 1}", nodes.row_node(name, i, j), self._bit_node(i, j), siemens, bend)
            for i, line in enumerate(self.array.conductance.tolist())
            for j, siemens in enumerate(line)
            if siemens > 0
        ]

    def _mesh_wires(self, segment: float, both: bool) -> list[str]:
        """Return the wire segments; with both contacts, a segment also connects each line's far end to its terminal."""
        name, (rows, columns) = self.array.name, self.array.conductance.shape
        lines = []
        for i, terminal in enumerate(self.word_lines):
            line = [terminal, *(nodes.row_node(name, i, j) for j in range(columns)), *([terminal] if both else [])]
            lines += [f"R{name}w_{i + 1}_{k + 1} {line[k]} {line[k + 1]} {segment!r}" for k in range(len(line) - 1)]
        for j, terminal in enumerate([] if self.array.interconnect.grid else self.bit_lines):
            line = [terminal, *(nodes.column_node(name, i, j) for i in range(rows)), *([terminal] if both else [])]
            lines += [f"R{name}b_{k + 1}_{j + 1} {line[k]} {line[k + 1]} {segment!r}" for k in range(len(line) - 1)]
        return lines

    def _mesh_capacitors(self, per_cell: float) -> list[str]:
        name = self.array.name
        lines = []
        for i, j in np.ndindex(*self.array.conductance.shape):
            lines.append(f"C{name}w_{i + 1}_{j + 1} {nodes.row_node(name, i, j)} 0 {per_cell!r}")
            lines.append(f"C{name}b_{i + 1}_{j + 1} {self._bit_node(i, j)} 0 {per_cell!r}")
        return lines

    def _bit_node(self, i: int, j: int) -> str:
        """Return the node of the bit line at a cell."""
        return self.bit_lines[j] if self.array.interconnect.grid else nodes.column_node(self.array.name, i, j)
