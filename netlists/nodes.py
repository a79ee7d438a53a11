"""Names of nodes and elements that do not follow from a group. Indices start at 1, as in the papers.

The name of node k of a group is the group's name and k: `v1`. Public nodes, which you can measure and connect to:

| node | INV | MVM | GINV |
|---|---|---|---|
| `in1..inN` | input sources | - | input sources |
| `v1..vN` | sum nodes = ends of the word lines | the same | - |
| `c1..cM` | op-amp outputs, drive the bit lines of the positive array | input sources | - |
| `d1..dM` | inverter outputs, drive the bit lines of the negative array | sources of the opposite sign | - |
| `w1..wM` | sum nodes of the inverters | - | - |
| `out1..outN` | - | outputs of the transimpedance amplifiers | - |
| `p1..pN` | non-inverting inputs in the compensated topology, without `d` and `w` | the same | - |
| `b1..bK` | ground lines of the compensating cells | the same | - |
| `r1..rN`, `e1..eN` | - | - | sum nodes and outputs of the row amplifiers |
| `t1..tM`, `x1..xM` | - | - | non-inverting inputs and outputs of the column op-amps |
| `q1..qM` | - | - | outputs of the column op-amps in a recovery circuit; `x` lies behind their dead zones |
| `mv1..mvN`, `mout1..moutN` | sum nodes and outputs of MVM behind INV, in a cascade | - | - |
| `vdd`, `vss` | rails (op-amps with supply pins only) | the same | the same |

The names of nodes inside an array start with its name: `pr_i_j` is the word line of array `p` at cell (i, j), `pc_i_j`
the bit line there. They exist only in the flat form of an array with wire resistance.
"""

from __future__ import annotations


def offset(amplifier: str) -> str:
    """Name the non-inverting input of an amplifier with its own offset."""
    return f"off_{amplifier}"


def beside(place: int) -> str:
    """Name one of several circuits in a deck, counted from 0."""
    return f"k{place}"


def row_node(array: str, row: int, column: int) -> str:
    """Name the word line of an array at a cell; row and column count from 0."""
    return f"{array}r_{row + 1}_{column + 1}"


def column_node(array: str, row: int, column: int) -> str:
    """Name the bit line of an array at a cell; row and column count from 0."""
    return f"{array}c_{row + 1}_{column + 1}"


def rails(place: int) -> tuple[str, str]:
    """Name the positive and negative supply of the op-amp record with this index in a circuit, counted from 0.

    Their sources have the same names with a capital first letter.
    """
    return ("vdd", "vss") if place == 0 else (f"vdd_{place + 1}", f"vss_{place + 1}")
