"""The array of cells and wires as raw SPICE text, in one of three forms.

- Ideal wires: one resistor a cell (a behavioural source where cells are not linear).
- `reduced`: one resistor between every two terminals, and with line capacitance capacitors. The network is that of
  `netlists/reduction.py`, so currents and voltages at the terminals are those of the mesh.
- `flat`: the mesh itself, one resistor a cell and a wire segment, with the line capacitance at each of its nodes.

Values that many elements share are written exactly, others with twelve digits: terminal currents are then right to
1e-11, and more digits would only cost parsing time.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from netlists import nodes
from netlists.parameters import Interconnect, InvDesign, MvmDesign
from netlists.record import FloatArray

LARGEST_BEND = 30
"""A cell's voltage over its V0 goes no further: sinh is 5e12 there."""


def crossbar(design: InvDesign | MvmDesign, array: int) -> str:
    """Elements of one array of a design, between its word lines `v` and its bit lines `c` or `d`.

    Args:
        design: Its cells and wires.
        array: 0 for the positive, 1 for the negative array: starts the element names with `p` or `n`.
    """
    cells, wires, bend = design.arrays[array], design.interconnect, design.nonlinearity_voltage
    if wires.wire_resistance > 0 and wires.form == "flat":
        return "\n".join(_mesh(array, cells, wires, bend))
    if wires.wire_resistance > 0:
        lines = _network(array, cells.shape, design.reduced_arrays[array].conductance)
    else:
        lines = _cells(array, cells, bend)
    if wires.line_capacitance > 0:
        lines += _capacitors(array, cells.shape, design.reduced_arrays[array].capacitance)
    return "\n".join(lines)


def _cell(name: str, word_line: str, bit_line: str, siemens: float, bend: float | None) -> str:
    """One cell: a resistor, or `I = G V0 sinh(V/V0)` with V0 = bend, from word line to bit line."""
    if bend is None:
        return f"R{name} {word_line} {bit_line} {1 / siemens:.12g}"
    share = f"v({word_line},{bit_line})*{1 / bend!r}"
    # Held inside: Newton's method may wander to voltages where sinh has no finite value.
    held = f"max(min({share},{LARGEST_BEND}),{-LARGEST_BEND})"
    return f"B{name} {word_line} {bit_line} I={siemens * bend:.12g}*sinh({held})"


def _cells(array: int, conductance: FloatArray, bend: float | None) -> list[str]:
    name, (rows, columns) = nodes.ARRAYS[array], conductance.shape
    ends = nodes.drivers(array, columns)
    return [
        _cell(f"{name}_{i}_{j}", row, column, siemens, bend)
        for i, (row, line) in enumerate(zip(nodes.sums(rows), conductance.tolist(), strict=True), 1)
        for j, (column, siemens) in enumerate(zip(ends, line, strict=True), 1)
    ]


def _network(array: int, shape: tuple[int, ...], conductance: FloatArray) -> list[str]:
    """The resistors between the terminals.

    Those between bit lines stand also in MVM, where ideal sources drive both ends and nothing but the sources' currents
    depends on them: the array is whole for whatever else drives it.
    """
    name = nodes.ARRAYS[array]
    return [f"R{name}_{a}_{b} {a} {b} {1 / siemens:.12g}" for a, b, siemens in _pairs(array, shape, conductance)]


def _capacitors(array: int, shape: tuple[int, ...], capacitance: FloatArray) -> list[str]:
    """A charge matrix as capacitors: from every terminal to ground, and a negative one between every two that couple.

    A coupling reaches thousandths of the capacitance of a line, and a line has very many: none is left out.
    """
    name, terminals = nodes.ARRAYS[array], nodes.terminals(array, *shape)
    to_ground = capacitance.sum(axis=1).tolist()
    lines = [f"C{name}_{a} {a} 0 {farads:.12g}" for a, farads in zip(terminals, to_ground, strict=True)]
    return lines + [f"C{name}_{a}_{b} {a} {b} {-farads:.12g}" for a, b, farads in _pairs(array, shape, capacitance)]


def _pairs(array: int, shape: tuple[int, ...], between: FloatArray) -> Iterator[tuple[str, str, float]]:
    """Every two terminals and what stands between them, where it is not zero."""
    terminals = nodes.terminals(array, *shape)
    first, second = np.nonzero(np.triu(between, 1))
    for a, b, value in zip(first.tolist(), second.tolist(), between[first, second].tolist(), strict=True):
        yield terminals[a], terminals[b], value


def _mesh(array: int, conductance: FloatArray, wires: Interconnect, bend: float | None) -> list[str]:
    lines = _mesh_cells(array, conductance, bend)
    lines += _mesh_wires(array, conductance.shape, wires.wire_resistance, wires.contacts == "both")
    if wires.line_capacitance > 0:
        lines += _mesh_capacitors(array, conductance.shape, wires.line_capacitance)
    return lines


def _mesh_cells(array: int, conductance: FloatArray, bend: float | None) -> list[str]:
    name = nodes.ARRAYS[array]
    return [
        _cell(f"{name}_{i + 1}_{j + 1}", nodes.row_node(array, i, j), nodes.column_node(array, i, j), siemens, bend)
        for i, line in enumerate(conductance.tolist())
        for j, siemens in enumerate(line)
    ]


def _mesh_wires(array: int, shape: tuple[int, ...], segment: float, both: bool) -> list[str]:
    """The wire segments; with both contacts each line's far end, too, is tied to its terminal by one."""
    name, (rows, columns) = nodes.ARRAYS[array], shape
    lines = []
    for i, terminal in enumerate(nodes.sums(rows)):
        line = [terminal, *(nodes.row_node(array, i, j) for j in range(columns)), *([terminal] if both else [])]
        lines += [f"R{name}w_{i + 1}_{k + 1} {line[k]} {line[k + 1]} {segment!r}" for k in range(len(line) - 1)]
    for j, terminal in enumerate(nodes.drivers(array, columns)):
        line = [terminal, *(nodes.column_node(array, i, j) for i in range(rows)), *([terminal] if both else [])]
        lines += [f"R{name}b_{k + 1}_{j + 1} {line[k]} {line[k + 1]} {segment!r}" for k in range(len(line) - 1)]
    return lines


def _mesh_capacitors(array: int, shape: tuple[int, ...], per_cell: float) -> list[str]:
    name = nodes.ARRAYS[array]
    lines = []
    for i, j in np.ndindex(*shape):
        lines.append(f"C{name}w_{i + 1}_{j + 1} {nodes.row_node(array, i, j)} 0 {per_cell!r}")
        lines.append(f"C{name}b_{i + 1}_{j + 1} {nodes.column_node(array, i, j)} 0 {per_cell!r}")
    return lines
