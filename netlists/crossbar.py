"""The array of cells as raw SPICE text, with ideal wires or as the flat mesh of cells and wire segments.

Each word line is contacted at column 1 and each bit line at row 1; the segment between terminal and first cell is
included. Cells are written with twelve digits: more would only cost parsing time.
"""

from __future__ import annotations

from collections.abc import Iterator

from netlists import nodes
from netlists.parameters import Interconnect
from netlists.record import FloatArray


def crossbar(array: int, conductance: FloatArray, rows: list[str], columns: list[str], wires: Interconnect) -> str:
    """Elements of one array between its word line terminals `rows` and its bit line terminals `columns`.

    Args:
        array: 0 for the positive, 1 for the negative array: starts the element names with `p` or `n`.
        conductance: Cells, shape (N, M), siemens.
        rows: N node names.
        columns: M node names.
        wires: Segment resistance and line capacitance.
    """
    resistance = 1 / conductance
    if wires.wire_resistance > 0:
        lines = [*_mesh_cells(array, resistance), *_mesh_wires(array, rows, columns, wires.wire_resistance)]
    else:
        name = nodes.ARRAYS[array]
        lines = [
            f"R{name}_{i}_{j} {row} {column} {ohms:.12g}"
            for i, (row, line) in enumerate(zip(rows, resistance.tolist(), strict=True), 1)
            for j, (column, ohms) in enumerate(zip(columns, line, strict=True), 1)
        ]
    return "\n".join([*lines, *_line_capacitors(array, rows, columns, wires.line_capacitance)])


def _mesh_cells(array: int, resistance: FloatArray) -> Iterator[str]:
    name = nodes.ARRAYS[array]
    for i, line in enumerate(resistance.tolist()):
        for j, ohms in enumerate(line):
            yield f"R{name}_{i + 1}_{j + 1} {nodes.row_node(array, i, j)} {nodes.column_node(array, i, j)} {ohms:.12g}"


def _mesh_wires(array: int, rows: list[str], columns: list[str], segment: float) -> Iterator[str]:
    name = nodes.ARRAYS[array]
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            here = f"{i + 1}_{j + 1}"
            before = nodes.row_node(array, i, j - 1) if j else row
            above = nodes.column_node(array, i - 1, j) if i else column
            yield f"R{name}w_{here} {before} {nodes.row_node(array, i, j)} {segment!r}"
            yield f"R{name}b_{here} {above} {nodes.column_node(array, i, j)} {segment!r}"


def _line_capacitors(array: int, rows: list[str], columns: list[str], per_cell: float) -> Iterator[str]:
    if per_cell == 0:
        return
    name = nodes.ARRAYS[array]
    for i, row in enumerate(rows, 1):
        yield f"C{name}w_{i} {row} 0 {per_cell * len(columns)!r}"
    for j, column in enumerate(columns, 1):
        yield f"C{name}b_{j} {column} 0 {per_cell * len(rows)!r}"
