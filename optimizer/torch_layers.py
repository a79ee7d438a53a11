"""Layers of a PyTorch network in the view of K-FAC: inputs, output gradients and weight gradients as NumPy arrays.

Arrays are float64 in the order of `optimizer.layers`: the sample is the last index.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch.autograd.graph import GradientEdge, get_gradient_edge

from amc_circuits import ParameterError
from optimizer.layers import Array, Convolution, Dense, WeightedLayer
from optimizer.model import Curvature


@dataclass
class TorchLayer:
    """An `nn.Linear` or `nn.Conv2d`, and its calls in the forward pass of a batch.

    Attributes:
        name: Name of the module in the network.
        module: The module.
        calls: Input of each call, and the edge of its output in the graph.
    """

    name: str
    module: torch.nn.Linear | torch.nn.Conv2d
    calls: list[tuple[torch.Tensor, GradientEdge]] = field(default_factory=list)

    @property
    def weight_shape(self) -> tuple[int, int]:
        """Shape of the weight as a matrix, the bias column included."""
        weight = self.module.weight
        return weight.shape[0], math.prod(weight.shape[1:]) + self._has_bias

    @property
    def edge(self) -> GradientEdge:
        """Edge of the output in the graph of the batch.

        Raises:
            ParameterError: The layer did not take part in the forward pass, or more than once.
        """
        if not self.calls:
            mend = "a forward pass in training mode, with gradients on, must use every trained Linear and Conv2d"
            raise ParameterError("sample", f"a batch without the layer {self.name}", mend)
        if len(self.calls) > 1:
            mend = "a batch may use each layer once"
            raise ParameterError("sample", f"{len(self.calls)} calls of the layer {self.name}", mend)
        return self.calls[0][1]

    @property
    def gradient(self) -> Array:
        """Gradient of the loss with respect to the weight, `outputs x (inputs + 1)`.

        Raises:
            ParameterError: There is none.
        """
        columns = []
        for parameter in self._parameters:
            if parameter.grad is None:
                mend = "call loss.backward() before step, with a loss that depends on every layer"
                raise ParameterError("grad", f"none for the layer {self.name}", mend)
            columns.append(to_numpy(parameter.grad).reshape(len(parameter), -1))
        return np.hstack(columns)

    def replace_gradient(self, direction: Array) -> None:
        """Write `direction`, `outputs x (inputs + 1)`, into `.grad` of weight and bias."""
        columns = math.prod(self.module.weight.shape[1:])
        for parameter, part in zip(self._parameters, np.split(direction, [columns], axis=1), strict=False):
            parameter.grad = torch.from_numpy(part.reshape(parameter.shape)).to(parameter)

    def record(self, x: torch.Tensor, y: torch.Tensor) -> None:
        """Record a call of the module.

        The edge of `y` leads to this layer even after an operation in place, such as `nn.ReLU(inplace=True)`; `y`
        itself would not.
        """
        self.calls.append((x.detach(), get_gradient_edge(y)))

    def curvature(self, dy: torch.Tensor | None) -> Curvature:
        """Return the curvature data of the recorded call.

        Args:
            dy: Gradients of the output, each sample's own; None if the logits do not depend on the layer.

        Raises:
            ParameterError: There are no such gradients, or the input is not a batch of vectors or of images.
        """
        if dy is None:
            raise ParameterError("logits", f"values without the layer {self.name}", "they must depend on every layer")
        x = sample_last(self.calls[0][0])
        layer = self._numpy_layer(x.shape[:-1])
        a = layer.columns(x)
        return Curvature(a if self._has_bias else a[:-1], layer.output_gradients(sample_last(dy)), x.shape[-1])

    @property
    def _has_bias(self) -> bool:
        return len(self._parameters) == 2

    @property
    def _parameters(self) -> list[torch.Tensor]:
        weight, bias = self.module.weight, self.module.bias
        return [weight] if bias is None or not bias.requires_grad else [weight, bias]

    def _numpy_layer(self, shape: tuple[int, ...]) -> WeightedLayer:
        """Return the layer of `optimizer.layers` for input samples of a shape."""
        module = self.module
        wanted = 1 if isinstance(module, torch.nn.Linear) else 3
        if len(shape) != wanted:
            mend = "flatten the samples before a Linear; Conv2d takes samples x channels x height x width"
            raise ParameterError("model", f"samples of shape {shape} in the layer {self.name}", mend)
        if isinstance(module, torch.nn.Linear):
            return Dense(shape, module.out_features)
        stride, padding = int(module.stride[0]), int(module.padding[0])
        return Convolution(shape, module.out_channels, int(module.kernel_size[0]), stride, padding)


def trained_layers(model: torch.nn.Module) -> list[TorchLayer]:
    """List the layers with a trained weight, in the order of the network.

    Raises:
        ParameterError: There is none, two share a weight, or a convolution is not one of `optimizer.layers`.
    """
    layers = [
        TorchLayer(name or type(module).__name__, module)
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear | torch.nn.Conv2d) and module.weight.requires_grad
    ]
    if not layers:
        raise ParameterError("model", f"a {type(model).__name__} without a trained Linear or Conv2d", "add one")
    owners: dict[int, str] = {}
    for layer in layers:
        other = owners.setdefault(id(layer.module.weight), layer.name)
        if other != layer.name:
            raise ParameterError("model", f"one weight of {other} and {layer.name}", "give each layer its own")
        if isinstance(layer.module, torch.nn.Conv2d):
            _check_convolution(layer.name, layer.module)
    return layers


def _check_convolution(name: str, module: torch.nn.Conv2d) -> None:
    """Refuse a convolution that `optimizer.layers.Convolution` cannot unfold."""
    for key, only in (("dilation", (1, 1)), ("groups", 1), ("padding_mode", "zeros")):
        value = getattr(module, key)
        if value != only:
            raise ParameterError("model", f"{name} with {key}={value!r}", f"K-FAC covers {only!r} only")
    for key in ("kernel_size", "stride", "padding"):
        value = getattr(module, key)
        if isinstance(value, str) or value[0] != value[1]:
            mend = "K-FAC covers one number for height and width only"
            raise ParameterError("model", f"{name} with {key}={value!r}", mend)


def output_gradients(logits: torch.Tensor, layers: list[TorchLayer], own: Array) -> tuple[torch.Tensor | None, ...]:
    """Return the gradient of each layer's output; the graph is kept, and `.grad` is left unchanged.

    Args:
        logits: `samples x classes`.
        layers: Layers, each with one recorded call.
        own: Each sample's own gradient of its logits, `classes x samples`.

    Raises:
        ParameterError: `loss.backward()` has freed the graph.
    """
    edges = [layer.edge for layer in layers]
    try:
        gradients: tuple[torch.Tensor | None, ...] = torch.autograd.grad(
            logits, edges, torch.from_numpy(own.T).to(logits), retain_graph=True, allow_unused=True
        )
    except RuntimeError as error:
        if "second time" not in str(error):
            raise
        mend = "call sample(logits) before loss.backward()"
        raise ParameterError("logits", "a graph that loss.backward() has freed", mend) from error
    return gradients


def to_numpy(tensor: torch.Tensor) -> NDArray[np.float64]:
    """Return the values in float64."""
    values: NDArray[np.float64] = tensor.detach().to("cpu", torch.float64).numpy()
    return values


def sample_last(tensor: torch.Tensor) -> NDArray[np.float64]:
    """Return the values in float64, with the sample, a tensor's first index, as the last."""
    return np.ascontiguousarray(np.moveaxis(to_numpy(tensor), 0, -1))
