"""Blocks of cells of an array, as nested dissection divides it."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple


class Block(NamedTuple):
    """Block of cells, each with its left and its upper segment, and its division into two halves.

    Its ports are numbered around the perimeter: left side downwards, bottom, right side upwards, top; the first of all
    may be anywhere. So the ports of a block are those of its first half, then those of the second, without the shared
    ones: matrices are rotated, never sorted.
    """

    height: int
    width: int

    @property
    def axis(self) -> int:
        """0 if the halves lie one above the other, 1 if side by side."""
        return int(self.width >= self.height)

    @property
    def shared(self) -> int:
        """Number of ports that the halves share."""
        return self[1 - self.axis]

    @property
    def halves(self) -> tuple[Block, Block]:
        """Upper or left half, then the other one.

        The cut is at a multiple of a power of 2, so that few different shapes occur.
        """
        size = self[self.axis]
        unit = 2 ** max(0, size.bit_length() - 3)
        at = unit * round(size / unit / 2)
        if self.axis:
            return Block(self.height, at), Block(self.height, size - at)
        return Block(at, self.width), Block(size - at, self.width)

    @property
    def left(self) -> int:
        """Index of the first port of the left side."""
        if self == (1, 1):
            return 0
        first, _ = self.halves
        return first.width if self.axis else first.height + first.width

    @property
    def top(self) -> int:
        """Index of the first port of the top side."""
        return self.left + 2 * self.height + self.width

    @property
    def turns(self) -> tuple[int, int]:
        """First port of each half such that the shared ports end the first half and begin the second."""
        return _turns(self)


@lru_cache(maxsize=256)
def _turns(block: Block) -> tuple[int, int]:
    first, second = block.halves
    if block.axis:
        return first.top, second.left
    return first.left + first.height + first.width, second.top
