"""Layers with weights, dense and convolution, with the inputs and gradients for K-FAC.

The sample is the *last* index everywhere (`features x samples`, `channels x height x width x samples`): NumPy then
works on long contiguous runs, and the formulas read as in the papers, `W a`. Every weight is one matrix `outputs x
(inputs + 1)` whose last column is the bias, acting on a homogeneous 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from amc_circuits import short_repr

Array = NDArray[np.floating[Any]]
Shape = tuple[int, ...]


class WeightedLayer(Protocol):
    """Layer `y = W a` in the view of the optimizers.

    Attributes:
        input_shape: Shape of one input sample.
        output_shape: Shape of one output sample.
        weight_shape: Shape of `W`, the bias column included.
        positions: Columns of `a` for one sample: 1 in a dense layer, one per output pixel in a convolution.
    """

    @property
    def input_shape(self) -> Shape:
        """Shape of one input sample."""

    @property
    def output_shape(self) -> Shape:
        """Shape of one output sample."""

    @property
    def weight_shape(self) -> tuple[int, int]:
        """Shape of `W`, the bias column included."""

    @property
    def positions(self) -> int:
        """Number of columns of `a` for one sample."""

    def columns(self, x: Array) -> Array:
        """Return `a`, `(inputs + 1) x (positions * samples)`, the factor that the weight multiplies.

        Its last row is 1.
        """

    def forward(self, weight: Array, a: Array) -> Array:
        """Return the layer's output, `output_shape x samples`."""

    def output_gradients(self, dy: Array) -> Array:
        """Return `g`, `outputs x (positions * samples)`: gradients of the output in the order of the columns of `a`."""

    def input_gradient(self, weight: Array, g: Array) -> Array:
        """Return the gradient for the layer's input, `input_shape x samples`."""


@dataclass(frozen=True)
class Dense:
    """A fully connected layer; an input of several dimensions is flattened.

    Attributes:
        input_shape: Shape of one input sample.
        outputs: Number of outputs.
    """

    input_shape: Shape
    outputs: int

    __repr__ = short_repr

    @property
    def output_shape(self) -> Shape:
        """Shape of one output sample."""
        return (self.outputs,)

    @property
    def weight_shape(self) -> tuple[int, int]:
        """Shape of the weight, the bias column included."""
        return self.outputs, math.prod(self.input_shape) + 1

    @property
    def positions(self) -> int:
        """Number of columns of `a` for one sample: 1."""
        return 1

    def columns(self, x: Array) -> Array:
        """Return the flattened inputs with a row of ones below, `(inputs + 1) x samples`."""
        return np.concatenate([x.reshape(-1, x.shape[-1]), np.ones((1, x.shape[-1]), x.dtype)])

    def forward(self, weight: Array, a: Array) -> Array:
        """Return `W a`, `outputs x samples`."""
        return weight @ a

    def output_gradients(self, dy: Array) -> Array:
        """Return `dy` unchanged."""
        return dy

    def input_gradient(self, weight: Array, g: Array) -> Array:
        """Return `W^T g` without the bias row, in the shape of the input."""
        return (weight[:, :-1].T @ g).reshape(*self.input_shape, -1)


@dataclass(frozen=True)
class Convolution:
    """A 2-D convolution with zero padding (in the sense of neural networks: a correlation).

    Attributes:
        input_shape: Channels, height and width of one sample.
        channels: Number of output channels.
        kernel: Height and width of the filter.
        stride: Step between output pixels.
        padding: Zeros added on each side.
    """

    input_shape: Shape
    channels: int
    kernel: int
    stride: int = 1
    padding: int = 0

    __repr__ = short_repr

    @property
    def output_shape(self) -> Shape:
        """Channels, height and width of one output sample."""
        _, height, width = self.input_shape
        reach = self.kernel - 2 * self.padding
        return self.channels, (height - reach) // self.stride + 1, (width - reach) // self.stride + 1

    @property
    def weight_shape(self) -> tuple[int, int]:
        """Shape of the weight, the bias column included."""
        return self.channels, self.input_shape[0] * self.kernel**2 + 1

    @property
    def positions(self) -> int:
        """Number of output pixels."""
        return self.output_shape[1] * self.output_shape[2]

    def columns(self, x: Array) -> Array:
        """Return the patches (im2col), `(channels * kernel^2 + 1) x (positions * samples)`, the last row being 1."""
        margin = (self.padding, self.padding)
        padded = np.pad(x, ((0, 0), margin, margin, (0, 0)))
        window = sliding_window_view(padded, (self.kernel, self.kernel), axis=(1, 2))
        patches = window[:, :: self.stride, :: self.stride].transpose(0, 4, 5, 1, 2, 3)
        a = np.ones((self.weight_shape[1], self.positions * x.shape[-1]), x.dtype)
        a[:-1].reshape(patches.shape)[...] = patches
        return a

    def forward(self, weight: Array, a: Array) -> Array:
        """Return the feature maps, `channels x height x width x samples`."""
        return (weight @ a).reshape(*self.output_shape, -1)

    def output_gradients(self, dy: Array) -> Array:
        """Return `dy` with positions and samples in one index, `channels x (positions * samples)`."""
        return dy.reshape(self.channels, -1)

    def input_gradient(self, weight: Array, g: Array) -> Array:
        """Return the gradient of the input, `input_shape x samples`: each patch added back where it was (col2im)."""
        channels, height, width = self.input_shape
        _, rows, columns = self.output_shape
        patches = (weight[:, :-1].T @ g).reshape(channels, self.kernel, self.kernel, rows, columns, -1)
        padded_shape = (channels, height + 2 * self.padding, width + 2 * self.padding, patches.shape[-1])
        padded = np.zeros(padded_shape, patches.dtype)
        row_span, column_span = self.stride * (rows - 1) + 1, self.stride * (columns - 1) + 1
        for i in range(self.kernel):
            for j in range(self.kernel):
                padded[:, i : i + row_span : self.stride, j : j + column_span : self.stride] += patches[:, i, j]
        return padded[:, self.padding : self.padding + height, self.padding : self.padding + width]
