"""Resistors, sources and op-amps at rest, by dense modified nodal analysis: the network of the judges.

Unknowns are the voltage of every node, every cell of a mesh included, and the current of every source. It shares no
code with the packages; of a record of an op-amp it reads the numbers only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from netlists import MacroOpAmp, OpAmp

Array = NDArray[np.float64]
Node = tuple[str, *tuple[int, ...]]
GROUND: Node = ("ground",)


@dataclass(frozen=True)
class Rest:
    """A circuit at rest.

    Attributes:
        voltage: Voltage of every node, V.
        array_power: Power dissipated in all cells and wire segments, W.
    """

    voltage: dict[Node, float]
    array_power: float

    def group(self, name: str, size: int) -> Array:
        """Voltages of a group of nodes, shape (size,)."""
        return np.array([self.voltage[node] for node in nodes(name, size)])

    def lines(self, name: str, k: int, rows: int, columns: int) -> Array:
        """Voltages of the `word` or `bit` lines of array k at every cell, shape (rows, columns)."""
        return np.array([[self.voltage[name, k, i, j] for j in range(columns)] for i in range(rows)])


@dataclass
class Network:
    """Resistors (between two nodes, ohm) and sources (node, volts, controls); nodes need no declaration.

    Attributes:
        cells: Resistors of arrays: cells and wire segments.
        others: All other resistors.
        sources: Sources that hold nodes at volts, plus a gain times the voltage of each control, whatever the current.
    """

    cells: list[tuple[Node, Node, float]] = field(default_factory=list)
    others: list[tuple[Node, Node, float]] = field(default_factory=list)
    sources: list[tuple[Node, float, tuple[tuple[Node, float], ...]]] = field(default_factory=list)

    def resistor(self, a: Node, b: Node, ohms: float) -> None:
        """Joins two nodes outside of an array."""
        self.others.append((a, b, ohms))

    def hold(self, node: Node, volts: float) -> None:
        """An ideal voltage source."""
        self.sources.append((node, volts, ()))

    def amplifier(
        self,
        name: str,
        place: int,
        control: Node,
        output: Node,
        opamp: OpAmp,
        inverting: bool = True,
        other: Node = GROUND,
    ) -> None:
        """An op-amp in its linear range: `A0 (offset + V(+) - V(-))` behind its resistance; control is - or +.

        Half of the sum of both inputs is the common mode, of which 1/CMRR is amplified, too.
        """
        gain, half = opamp.open_loop_gain, 0.0 if opamp.cmrr is None else 0.5 / opamp.cmrr
        sign = -1 if inverting else 1
        controls = ((control, gain * (half + sign)), (other, gain * (half - sign)))
        if isinstance(opamp, MacroOpAmp):
            self.sources.append(((name, place), gain * opamp.input_offset, controls))
            self.resistor((name, place), output, opamp.output_resistance)
        else:
            self.sources.append((output, 0.0, controls))

    def array(
        self, k: int, cells: Array, rows: Sequence[Node], columns: Sequence[Node], segment: float, contacts: str
    ) -> None:
        """Array k with word lines from `rows` and bit lines from `columns`: from one end, or from both."""
        n, m = cells.shape
        word = [[("word", k, i, j) if segment else rows[i] for j in range(m)] for i in range(n)]
        bit = [[("bit", k, i, j) if segment else columns[j] for i in range(n)] for j in range(m)]
        for i in range(n):
            for j in range(m):
                if cells[i, j] > 0:
                    self.cells.append((word[i][j], bit[j][i], 1 / cells[i, j]))
        if not segment:
            return
        for terminal, line in zip([*rows, *columns], [*word, *bit], strict=True):
            stations = [terminal, *line, terminal] if contacts == "both" else [terminal, *line]
            self.cells += [(here, there, segment) for here, there in pairwise(stations)]

    def grounded(self, cells: Array, rows: Sequence[Node], segment: float, contacts: str) -> None:
        """Cells (N, K) straight to ground, on word lines of their own from `rows`; resistors outside of arrays."""
        for row, held in zip(rows, cells.tolist(), strict=True):
            line = [(f"word of {row[0]}", *row[1:], j) if segment else row for j in range(len(held))]
            for node, siemens in zip(line, held, strict=True):
                if siemens > 0:
                    self.resistor(node, GROUND, 1 / siemens)
            stations = [row, *line, row] if contacts == "both" else [row, *line]
            for here, there in pairwise(stations if segment else []):
                self.resistor(here, there, segment)

    def solve(self) -> Rest:
        """The voltages at which the currents out of every node sum to zero."""
        resistors = [*self.cells, *self.others]
        named = [node for a, b, _ in resistors for node in (a, b)] + [source[0] for source in self.sources]
        # Ground stands last and is left out of the equations.
        place = {node: k for k, node in enumerate(dict.fromkeys(node for node in named if node != GROUND))}
        ground = place[GROUND] = len(place)
        count = len(place) + len(self.sources)
        matrix, given = np.zeros((count, count)), np.zeros(count)
        for a, b, ohms in resistors:
            ends = [place[a], place[b]]
            matrix[ends, ends] += 1 / ohms
            matrix[ends, ends[::-1]] -= 1 / ohms
        for k, (node, volts, controls) in enumerate(self.sources, len(place)):
            matrix[place[node], k] -= 1
            matrix[k, place[node]] += 1
            for control, gain in controls:
                matrix[k, place[control]] -= gain
            given[k] = volts
        kept = np.arange(count) != ground
        found = np.zeros(count)
        found[kept] = np.linalg.solve(matrix[np.ix_(kept, kept)], given[kept])
        power = sum((found[place[a]] - found[place[b]]) ** 2 / ohms for a, b, ohms in self.cells)
        return Rest({node: float(found[k]) for node, k in place.items()}, float(power))


def nodes(name: str, size: int) -> list[Node]:
    """The nodes of a group."""
    return [(name, k) for k in range(size)]
