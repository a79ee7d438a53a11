"""Layers without weights: rectifier, tanh and pooling. The sample is the last index, as in `optimizer.layers`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Protocol

import numpy as np

from optimizer.layers import Array, Shape


class PlainLayer(Protocol):
    """Layer without weights; `forward` also returns the memory that `backward` needs."""

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of one output sample for one input sample of `shape`."""

    def output(self, x: Array) -> Array:
        """Return the output alone, for scores."""

    def forward(self, x: Array) -> tuple[Array, Array]:
        """Return the output and the memory for `backward`."""

    def backward(self, memory: Array, dy: Array) -> Array:
        """Return the gradient of the input from that of the output."""

    def tangent(self, memory: Array, dx: Array) -> Array:
        """Return the derivative of the output along a change of the input."""


@dataclass(frozen=True)
class Rectifier:
    """`max(x, 0)`; its derivative at 0 is taken as 0."""

    def output_shape(self, shape: Shape) -> Shape:
        """Return `shape`."""
        return shape

    def output(self, x: Array) -> Array:
        """Return `max(x, 0)`."""
        y: Array = np.maximum(x, 0)
        return y

    def forward(self, x: Array) -> tuple[Array, Array]:
        """Return `max(x, 0)`, which is also the memory."""
        y = self.output(x)
        return y, y

    def backward(self, memory: Array, dy: Array) -> Array:
        """Return `dy` at positive outputs, else 0."""
        return dy * (memory > 0)

    def tangent(self, memory: Array, dx: Array) -> Array:
        """Return what `backward` does: each output depends on its own input alone."""
        return self.backward(memory, dx)


@dataclass(frozen=True)
class Tanh:
    """Hyperbolic tangent; its derivative is `1 - y^2` of its output `y`."""

    def output_shape(self, shape: Shape) -> Shape:
        """Return `shape`."""
        return shape

    def output(self, x: Array) -> Array:
        """Return `tanh(x)`."""
        y: Array = np.tanh(x)
        return y

    def forward(self, x: Array) -> tuple[Array, Array]:
        """Return `tanh(x)`, which is also the memory."""
        y = self.output(x)
        return y, y

    def backward(self, memory: Array, dy: Array) -> Array:
        """Return `(1 - y^2) dy`."""
        return dy * (1 - memory**2)

    def tangent(self, memory: Array, dx: Array) -> Array:
        """Return what `backward` does: each output depends on its own input alone."""
        return self.backward(memory, dx)


@dataclass(frozen=True)
class MaxPool:
    """Maximum of each `size x size` block; rows and columns that do not fill a block are left out.

    Among equal values the gradient goes in equal parts to each.

    Attributes:
        size: Height, width and step of the blocks.
    """

    size: int

    def output_shape(self, shape: Shape) -> Shape:
        """Return channels, height and width after pooling."""
        return shape[0], shape[1] // self.size, shape[2] // self.size

    def output(self, x: Array) -> Array:
        """Return the pooled maps."""
        return reduce(np.maximum, self._corners(x))

    def forward(self, x: Array) -> tuple[Array, Array]:
        """Return the pooled maps and, as memory, the share of each input in its block's gradient."""
        y = self.output(x)
        largest = [corner == y for corner in self._corners(x)]
        part = 1 / reduce(np.add, largest, np.zeros_like(y))
        share = np.zeros_like(x)
        for corner, is_largest in zip(self._corners(share), largest, strict=True):
            corner[...] = is_largest * part
        return y, share

    def backward(self, memory: Array, dy: Array) -> Array:
        """Return each input's share of its block's gradient."""
        dx = memory.copy()
        for corner in self._corners(dx):
            corner *= dy
        return dx

    def tangent(self, memory: Array, dx: Array) -> Array:
        """Return the changes of the largest values; among equal ones, their mean."""
        parts = zip(self._corners(memory), self._corners(dx), strict=True)
        return reduce(np.add, (share * corner for share, corner in parts))

    def _corners(self, x: Array) -> list[Array]:
        """Return views of `x`, the first of which holds the first value of each block, and so on."""
        _, rows, columns = self.output_shape(x.shape[:-1])
        return [
            x[:, i : rows * self.size : self.size, j : columns * self.size : self.size]
            for i in range(self.size)
            for j in range(self.size)
        ]
