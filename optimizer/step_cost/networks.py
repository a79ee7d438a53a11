"""Networks as layers: widths of their Kronecker factors, and the blocks into which an inversion cuts these."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import Field

from optimizer.preconditioner import block_slices
from optimizer.settings import Count, Settings

Channels = Annotated[int, Field(ge=1, le=65_536)]
Blocks = Mapping[int, int]
"""Matrices to invert: how many there are of each width."""


class Layer(Settings):
    """Convolution, or a dense layer, which has a filter of one pixel at one position.

    Groups of channels are not modelled.

    Attributes:
        inputs: Input channels.
        outputs: Output channels.
        kernel: Width of the square filter.
        positions: Output pixels, at each of which the filter is applied.
        bias: True if the layer has a bias.
        repeat: Number of such layers.
    """

    inputs: Channels
    outputs: Channels
    kernel: Annotated[int, Field(ge=1, le=15)] = 1
    positions: Count = 1
    bias: bool = False
    repeat: Annotated[int, Field(ge=1, le=100_000)] = 1

    @property
    def widths(self) -> tuple[int, int]:
        """Widths of both factors: `inputs kernel^2 (+ 1 with a bias)` and `outputs` (Grosse and Martens 2016)."""
        return self.inputs * self.kernel**2 + self.bias, self.outputs


def factor_widths(layers: Iterable[Layer]) -> Counter[int]:
    """Count the factors of a network by their width."""
    found: Counter[int] = Counter()
    for layer in layers:
        for width in layer.widths:
            found[width] += layer.repeat
    return found


def cut(width: int, block_size: int | None) -> Counter[int]:
    """Cut a factor into the fewest diagonal blocks of at most `block_size`, by width; None leaves it whole."""
    return Counter(part.stop - part.start for part in block_slices(width, block_size))


def blocks_of(layers: Iterable[Layer], block_size: int | None) -> Counter[int]:
    """Count the matrices that one inversion of all factors inverts, by width."""
    found: Counter[int] = Counter()
    for width, count in factor_widths(layers).items():
        for part, parts in cut(width, block_size).items():
            found[part] += count * parts
    return found


def entries_of(width: int, block_size: int | None) -> int:
    """Count the entries of the diagonal blocks of a factor."""
    return sum(count * part**2 for part, count in cut(width, block_size).items())
