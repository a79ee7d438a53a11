"""Names of nodes and elements: the only place where one is spelled. Indices start at 1, as in the papers.

Public nodes, safe to measure and to connect to:

| node | INV | MVM |
|---|---|---|
| `in1..inN` | input sources | - |
| `v1..vN` | sum nodes = ends of the word lines | the same |
| `c1..cM` | op-amp outputs, drive the bit lines of the positive array | input sources |
| `d1..dM` | inverter outputs, drive the bit lines of the negative array | sources of the opposite sign |
| `w1..wM` | sum nodes of the inverters | - |
| `out1..outN` | - | outputs of the transimpedance amplifiers |
| `vdd`, `vss` | rails (op-amps with supply pins only) | the same |

`p` and `n` start the nodes inside the positive and the negative array: `pr_i_j` is the word line at cell (i, j),
`pc_i_j` the bit line there. They exist only in the flat form of an array with wire resistance.
"""

from __future__ import annotations

SUPPLY_POSITIVE, SUPPLY_NEGATIVE = "vdd", "vss"
SUPPLY_POSITIVE_SOURCE, SUPPLY_NEGATIVE_SOURCE = "Vdd", "Vss"
ARRAYS = ("p", "n")


def _numbered(prefix: str, count: int) -> list[str]:
    return [f"{prefix}{k}" for k in range(1, count + 1)]


def inputs(size: int) -> list[str]:
    """Input source nodes of INV."""
    return _numbered("in", size)


def sums(size: int) -> list[str]:
    """Sum nodes, one a word line."""
    return _numbered("v", size)


def columns(size: int) -> list[str]:
    """Drivers of the positive array's bit lines."""
    return _numbered("c", size)


def inverted_columns(size: int) -> list[str]:
    """Drivers of the negative array's bit lines."""
    return _numbered("d", size)


def inverter_sums(size: int) -> list[str]:
    """Sum nodes of the inverters."""
    return _numbered("w", size)


def outputs(size: int) -> list[str]:
    """Outputs of the transimpedance amplifiers."""
    return _numbered("out", size)


def amplifiers(size: int) -> list[str]:
    """Names of the op-amps at the sum nodes."""
    return _numbered("amp", size)


def inverters(size: int) -> list[str]:
    """Names of the op-amps of the inverters."""
    return _numbered("inv", size)


def offset(amplifier: str) -> str:
    """Non-inverting input of an amplifier with an offset of its own."""
    return f"off_{amplifier}"


def beside(place: int) -> str:
    """Name of one of several circuits in a deck, counted from 0."""
    return f"k{place}"


def drivers(array: int, size: int) -> list[str]:
    """Bit line drivers of array 0 (positive) or 1 (negative)."""
    return inverted_columns(size) if array else columns(size)


def terminals(array: int, rows: int, columns: int) -> list[str]:
    """Ends of an array's lines: word lines, then bit lines."""
    return sums(rows) + drivers(array, columns)


def row_node(array: str, row: int, column: int) -> str:
    """Word line of an array at a cell; row and column count from 0."""
    return f"{array}r_{row + 1}_{column + 1}"


def column_node(array: str, row: int, column: int) -> str:
    """Bit line of an array at a cell; row and column count from 0."""
    return f"{array}c_{row + 1}_{column + 1}"


def rails(place: int) -> tuple[str, str]:
    """Positive and negative supply of the op-amp record at that place among a circuit's, counted from 0.

    Their sources have the same names with a capital first letter.
    """
    return (SUPPLY_POSITIVE, SUPPLY_NEGATIVE) if place == 0 else (f"vdd_{place + 1}", f"vss_{place + 1}")
