"""A network as a chain of layers: construction, forward pass, and gradients."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from amc_circuits import ParameterError, short_repr
from optimizer.activations import MaxPool, PlainLayer, Rectifier, Tanh
from optimizer.layers import Array, Convolution, Dense, Shape, WeightedLayer
from optimizer.losses import SOFTMAX, Loss
from optimizer.settings import ConvolutionShape, DenseShape

Weights = tuple[Array, ...]
ACTIVATIONS: dict[str, PlainLayer] = {"rectifier": Rectifier(), "tanh": Tanh()}


@dataclass(frozen=True)
class Stage:
    """Layer with a weight and the plain layers behind it, up to the next one with a weight."""

    name: str
    layer: WeightedLayer
    after: tuple[PlainLayer, ...] = ()

    __repr__ = short_repr

    @property
    def output_shape(self) -> Shape:
        """Shape of one sample at the end of the stage."""
        shape = self.layer.output_shape
        for plain in self.after:
            shape = plain.output_shape(shape)
        return shape


@dataclass(frozen=True)
class Curvature:
    """Data of one batch for the curvature of one stage: inputs `a` and output gradients `g` of its weight, by columns.

    Attributes:
        a: `(inputs + 1) x (positions * samples)`.
        g: `outputs x (positions * samples)`, each sample's own gradient, not divided by the number of samples.
        samples: Number of samples.
    """

    a: Array
    g: Array
    samples: int

    __repr__ = short_repr

    @property
    def gradient(self) -> Array:
        """Gradient of the mean loss with respect to the weight."""
        return (self.g @ self.a.T) / self.samples


@dataclass(frozen=True)
class Pass:
    """Forward pass: the logits and the memory for `Model.backward`.

    Attributes:
        logits: `classes x samples`.
        columns: `a` of each stage.
        memories: Memory of each plain layer of each stage.
    """

    logits: Array
    columns: tuple[Array, ...]
    memories: tuple[tuple[Array, ...], ...]

    __repr__ = short_repr


@dataclass(frozen=True)
class Model:
    """A chain of stages with a loss. It holds no weights: they go in and out as a tuple, one matrix a stage."""

    stages: tuple[Stage, ...]
    loss: Loss = SOFTMAX

    __repr__ = short_repr

    @property
    def weight_shapes(self) -> dict[str, tuple[int, int]]:
        """Shape of the weight of each stage, the bias column included, by the stage's name."""
        return {stage.name: stage.layer.weight_shape for stage in self.stages}

    def initial_weights(self, random: np.random.Generator, dtype: type[np.floating] = np.float64) -> Weights:
        """Draw weights from N(0, gain / inputs), zero bias.

        The gain is 2 before a rectifier (He et al. 2015, arXiv 1502.01852), and 1 before tanh and in the read-out
        (LeCun, Bottou, Orr, Mueller 1998, "Efficient backprop", section 4.6).
        """
        return tuple(
            _initial_weight(stage.layer.weight_shape, _gain(stage), random).astype(dtype) for stage in self.stages
        )

    def logits(self, weights: Weights, images: Array) -> Array:
        """Return `classes x samples` for images `channels x height x width x samples`, without memory of the pass."""
        x = images
        for stage, weight in zip(self.stages, weights, strict=True):
            x = stage.layer.forward(weight, stage.layer.columns(x))
            for plain in stage.after:
                x = plain.output(x)
        return x

    def forward(self, weights: Weights, images: Array) -> Pass:
        """Run the network and keep the memory for the backward pass."""
        return self.forward_columns(weights, self.stages[0].layer.columns(images))

    def forward_columns(self, weights: Weights, first: Array) -> Pass:
        """Run the network from `a` of its first stage, as `Pass.columns` has it."""
        x = first
        columns: list[Array] = []
        memories: list[tuple[Array, ...]] = []
        for stage, weight in zip(self.stages, weights, strict=True):
            a = stage.layer.columns(x) if columns else first
            x, kept = stage.layer.forward(weight, a), []
            for plain in stage.after:
                x, memory = plain.forward(x)
                kept.append(memory)
            columns.append(a)
            memories.append(tuple(kept))
        return Pass(x, tuple(columns), tuple(memories))

    def backward(self, weights: Weights, passed: Pass, logit_gradients: Array) -> tuple[Curvature, ...]:
        """Propagate the samples' own logit gradients back through the network.

        Args:
            weights: Weights of the forward pass.
            passed: The forward pass.
            logit_gradients: `classes x samples`, not divided by the number of samples.

        Returns:
            Inputs and output gradients of each stage, the basis of the gradients and of K-FAC's factors.
        """
        dy, found = logit_gradients, []
        for index in reversed(range(len(self.stages))):
            stage = self.stages[index]
            for plain, memory in zip(reversed(stage.after), reversed(passed.memories[index]), strict=True):
                dy = plain.backward(memory, dy)
            g = stage.layer.output_gradients(dy)
            found.append(Curvature(passed.columns[index], g, logit_gradients.shape[-1]))
            if index:
                dy = stage.layer.input_gradient(weights[index], g)
        return tuple(reversed(found))


def build_model(
    input_shape: Shape, hidden: Sequence[ConvolutionShape | DenseShape], classes: int, parameter: str = "convolutions"
) -> Model:
    """Build the hidden layers, each with its activation, and a dense read-out.

    Args:
        input_shape: Shape of a sample: number of features; height and width of a grey image; or channels, height and
            width.
        hidden: Layers from the sample on, convolutions before dense ones; may be empty.
        classes: Number of outputs.
        parameter: Name of the parameter of the hidden layers, for the error.

    Returns:
        The model, its stages named `conv1`, `conv2`, ..., `dense1`, `dense2`, ... and `dense`, the read-out.

    Raises:
        ParameterError: A convolution has no image to act on, or nothing is left of the images behind it.
    """
    shape: Shape = (1, *input_shape) if len(input_shape) == 2 else input_shape
    stages: list[Stage] = []
    numbers = {ConvolutionShape: itertools.count(1), DenseShape: itertools.count(1)}
    for wanted in hidden:
        number = next(numbers[type(wanted)])
        if isinstance(wanted, DenseShape):
            stage = Stage(f"dense{number}", Dense(shape, wanted.outputs), (ACTIVATIONS[wanted.activation],))
        elif len(shape) != 3:
            mend = "a convolution takes rows and columns of pixels; take dense layers"
            raise ParameterError(parameter, f"conv{number} on samples of shape {shape}", mend)
        else:
            stage = _convolution(f"conv{number}", shape, wanted)
        stages.append(stage)
        shape = stage.output_shape
        if min(shape) < 1:
            raise ParameterError(parameter, f"a {stage.name} without output", "take less stride or pooling")
    stages.append(Stage("dense", Dense(shape, classes)))
    return Model(tuple(stages))


def _convolution(name: str, shape: Shape, wanted: ConvolutionShape) -> Stage:
    layer = Convolution(shape, wanted.channels, wanted.kernel, wanted.stride, wanted.kernel // 2)
    pooling = (MaxPool(wanted.pool),) if wanted.pool > 1 else ()
    # Pooling first gives the same values as the rectifier first, with less work.
    return Stage(name, layer, (*pooling, Rectifier()))


def _gain(stage: Stage) -> float:
    return 2.0 if any(isinstance(plain, Rectifier) for plain in stage.after) else 1.0


def _initial_weight(shape: tuple[int, int], gain: float, random: np.random.Generator) -> Array:
    weight = np.zeros(shape)
    weight[:, :-1] = random.normal(0.0, np.sqrt(gain / (shape[1] - 1)), (shape[0], shape[1] - 1))
    return weight
