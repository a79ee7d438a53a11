"""A matrix cut into blocks, and each block programmed into a circuit.

`A = [[A1, A2], [A3, A4]]` with `k = ceil(N/2)` rows in A1, and the Schur complement `A4s = A4 - A3 A1^-1 A2`, computed
digitally before programming. The INV of A1 and of A4s are cut again. A2 and A3 are cut at the lines of the leaves.
Reference: BlockAMC, arXiv 2401.10042.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from amc_circuits.solvers.blocks.steps import HeldInputs, LeafCircuit, RangedMvm
from amc_circuits.solvers.least_squares.ginv import GinvCircuit
from netlists import ParameterError
from netlists.record import FloatArray
from netlists.short_text import short_repr


class Maker(Protocol):
    """Programming of the circuits of blocks."""

    def inverse(self, matrix: FloatArray) -> LeafCircuit:
        """Program a leaf."""

    def mvm(self, matrix: FloatArray, gain: float) -> RangedMvm:
        """Program a tile whose outputs are `-gain` times the product with its matrix, or more."""


@dataclass(frozen=True)
class Leaf:
    """A block in an INV or GINV circuit.

    Attributes:
        circuit: The circuit.
        name: Name of the block, such as `A1 of A4s`.
        rows: First and last row of the whole matrix, from 1.
    """

    circuit: LeafCircuit
    name: str
    rows: tuple[int, int]

    __repr__ = short_repr

    @property
    def size(self) -> int:
        """Number of rows."""
        return len(self.circuit.matrix)

    @property
    def alone(self) -> LeafCircuit:
        """Circuit without held inputs."""
        return self.circuit.alone if isinstance(self.circuit, HeldInputs) else self.circuit

    @property
    def text(self) -> str:
        """Description for messages."""
        first, last = self.rows
        circuit = "GINV" if isinstance(self.circuit, GinvCircuit) else "INV"
        return f"{circuit} of {self.name} (rows {first}..{last})"

    @property
    def gains(self) -> tuple[float, ...]:
        """Volts at the outputs per unit of x, for inputs of 1 V per unit of b: one number."""
        return (1 / self.circuit.gain,)

    @property
    def widths(self) -> tuple[int, ...]:
        """Numbers of lines of the leaves."""
        return (self.size,)


@dataclass(frozen=True)
class Tiles:
    """A block beside the diagonal, in MVM circuits that work at the same time; blocks of zeros need none.

    Attributes:
        circuits: Circuit of each tile that is not zero but for rounding, by its place.
        heights: Numbers of rows of the tiles.
        inputs: Volts per unit at the outputs of each leaf before them, where the inputs of the whole are 1 V per unit.
        gain: Volts at their outputs per unit of the product, the same for all tiles, with the feedback conductances as
            programmed.
        name: Name of the block, such as `A3`.
    """

    circuits: dict[tuple[int, int], RangedMvm]
    heights: tuple[int, ...]
    inputs: tuple[float, ...]
    gain: float
    name: str

    __repr__ = short_repr

    @property
    def text(self) -> str:
        """Description for messages."""
        return f"MVM of {self.name}"

    def rows(self, i: int) -> slice:
        """Rows of the tiles in a row of tiles."""
        first = sum(self.heights[:i])
        return slice(first, first + self.heights[i])

    def factor(self, i: int, j: int) -> float:
        """Factor at which the next step takes the outputs of a tile: 1, or less for a tile with a larger gain."""
        return abs(self.gain / self.inputs[j] * self.circuits[i, j].gain)

    def spread(self, volts: FloatArray, i: int) -> FloatArray:
        """Put the outputs of a tile, shape (n, K), on the lines of the whole block, 0 elsewhere."""
        found = np.zeros((sum(self.heights), volts.shape[1]))
        found[self.rows(i)] = volts
        return found


@dataclass(frozen=True)
class Block:
    """A block solved in five steps.

    Attributes:
        first: INV of A1, used in the first and in the last step.
        lower: MVM of A3.
        last: INV of the Schur complement A4s.
        upper: MVM of A2.
        name: Name of the block.
    """

    first: Node
    lower: Tiles
    last: Node
    upper: Tiles
    name: str

    __repr__ = short_repr

    @property
    def size(self) -> int:
        """Number of rows."""
        return self.first.size + self.last.size

    @property
    def gains(self) -> tuple[float, ...]:
        """Volts at the outputs of the leaves per unit of x, for inputs of 1 V per unit of b."""
        return (
            *(-self.upper.gain * one for one in self.first.gains),
            *(-self.lower.gain * one for one in self.last.gains),
        )

    @property
    def widths(self) -> tuple[int, ...]:
        """Numbers of lines of the leaves."""
        return (*self.first.widths, *self.last.widths)


Node = Leaf | Block
RANGES = 12
"""Largest power of two by which a feedback conductance is switched up or down; a choice of this package."""
EPSILON = float(np.finfo(float).eps)


class SingularBlockError(ParameterError):
    """A block that has to be inverted is singular."""


def leaves(node: Node) -> Iterator[Leaf]:
    """Yield the leaves in the order of their rows."""
    if isinstance(node, Leaf):
        yield node
    else:
        yield from leaves(node.first)
        yield from leaves(node.last)


def first_leaves(node: Node) -> Iterator[Leaf]:
    """Yield the leaves that work before any other, and take no held values: the first one, or more beside zeros."""
    if isinstance(node, Leaf):
        yield node
    else:
        yield from first_leaves(node.first)
        if not node.lower.circuits:
            yield from first_leaves(node.last)


def products(node: Node) -> Iterator[Tiles]:
    """Yield all blocks beside the diagonals."""
    if isinstance(node, Block):
        yield from products(node.first)
        yield from (node.lower, node.upper)
        yield from products(node.last)


def programmed_tree(matrix: FloatArray, stages: int, make: Maker, name: str = "A", row: int = 1) -> Node:
    """Cut a matrix, shape (N, N), and program its blocks.

    Args:
        matrix: Real and invertible.
        stages: Number of cuts of each part; a part of one row is not cut.
        make: Programming of the circuits.
        name: Name of the matrix.
        row: Its first row in the whole matrix, from 1.

    Raises:
        SingularBlockError: A block is singular.
    """
    size = len(matrix)
    if stages == 0 or size == 1:
        _check_block(name, matrix)
        return Leaf(make.inverse(matrix), name, (row, row + size - 1))
    k = (size + 1) // 2
    a1, a2, a3, a4 = matrix[:k, :k], matrix[:k, k:], matrix[k:, :k], matrix[k:, k:]
    of = "" if name == "A" else f" of {name}"
    _check_block(f"A1{of}", a1)
    first = programmed_tree(a1, stages - 1, make, f"A1{of}", row)
    last = programmed_tree(_complement(a1, a2, a3, a4), stages - 1, make, f"A4s{of}", row + k)
    lower = _tiles(a3, first, last, 1.0, make, f"A3{of}")
    upper = _tiles(a2, last, first, -lower.gain, make, f"A2{of}")
    return Block(first, lower, last, upper, name)


def _complement(a1: FloatArray, a2: FloatArray, a3: FloatArray, a4: FloatArray) -> FloatArray:
    """Compute the Schur complement of A1; what is left of entries that cancel but for rounding is 0."""
    taken = a3 @ np.linalg.solve(a1, a2)
    found = a4 - taken
    found[np.abs(found) <= len(a1) * EPSILON * np.maximum(np.abs(a4), np.abs(taken))] = 0
    return np.asarray(found)


def _check_block(name: str, matrix: FloatArray) -> None:
    """Refuse a block that is singular to working precision."""
    singular_values = np.linalg.svd(matrix, compute_uv=False)
    if singular_values[-1] <= singular_values[0] * len(matrix) * EPSILON:
        mend = "must be invertible to working precision; take pivoting = partial, or add damping to A"
        raise SingularBlockError(name, "a singular block", mend)


def _tiles(matrix: FloatArray, before: Node, after: Node, scale: float, make: Maker, name: str) -> Tiles:
    """Program a block between the leaves that drive it and those that it drives.

    Every tile multiplies its outputs by the same gain, so that they can be added. It is the largest one with which no
    line exceeds the input full scale if no leaf does, or that with which the smallest range brings what is known
    digitally to the scale of the step before: a block of far smaller entries than others has small outputs.

    Args:
        matrix: The block.
        before: Node whose outputs it takes.
        after: Node whose inputs it gives.
        scale: Volts per unit at the inputs of `before`.
        make: Programming of the circuits.
        name: Name of the block.
    """
    inputs = scale * np.array(before.gains)
    columns = np.split(matrix, np.cumsum(before.widths)[:-1], axis=1)
    blocks = [np.split(part, np.cumsum(after.widths)[:-1], axis=0) for part in columns]
    sums = sum(np.abs(part).sum(axis=1) / abs(one) for part, one in zip(columns, inputs, strict=True))
    largest = float(np.max(sums))
    if largest == 0:
        # Nothing is to be multiplied: the next leaf works at the scale of the one before.
        return Tiles({}, after.widths, tuple(inputs.tolist()), -scale, name)
    gain, circuits = -np.sign(inputs[0]) * min(1 / largest, 2.0**RANGES * abs(scale)), {}
    for j, part in enumerate(blocks):
        for i, block in enumerate(part):
            if np.abs(block).sum(axis=1).max(initial=0) > len(matrix) * EPSILON * largest * abs(inputs[j]):
                ratio, sign = float(abs(gain / inputs[j])), -np.sign(inputs[j] * gain)
                circuits[i, j] = make.mvm(sign * block, ratio)
    return Tiles(circuits, after.widths, tuple(inputs.tolist()), float(gain), name)
