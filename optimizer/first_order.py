"""First-order optimizers: stochastic gradient descent with momentum, and Adam."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from optimizer.layers import Array
from optimizer.losses import Labels, cross_entropy_gradients
from optimizer.model import Model, Pass, Weights


@dataclass
class Stateful:
    """Optimizer whose state are the fields that are no arguments of its constructor."""

    @property
    def state(self) -> dict[str, Any]:
        """State between two steps, for `restore`."""
        return {entry.name: getattr(self, entry.name) for entry in fields(self) if not entry.init}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from the state of an optimizer with the same arguments."""
        for name, value in state.items():
            setattr(self, name, value)


@dataclass
class Momentum(Stateful):
    """Stochastic gradient descent with heavy-ball momentum: `v <- momentum v + gradient`, `W <- W - learning_rate v`.

    Attributes:
        model: Network to train.
        learning_rate: Step size.
        momentum: Part of the last step that is kept, at least 0 and below 1.
    """

    model: Model
    learning_rate: float
    momentum: float = 0.9
    _velocities: list[Array] = field(default_factory=list, init=False)

    def step(self, weights: Weights, passed: Pass, labels: Labels) -> Weights:
        """Return the weights after one step on the batch of `passed`."""
        return self.apply(weights, loss_gradients(self.model, weights, passed, labels))

    def apply(self, weights: Weights, directions: Weights) -> Weights:
        """Return the weights after one step along `directions`, one matrix a weight."""
        self._velocities = self._velocities or [np.zeros_like(weight) for weight in weights]
        for velocity, direction in zip(self._velocities, directions, strict=True):
            velocity *= self.momentum
            velocity += direction
        return tuple(w - self.learning_rate * v for w, v in zip(weights, self._velocities, strict=True))


@dataclass
class Adam(Stateful):
    """Adam with bias correction (Kingma, Ba 2015, arXiv 1412.6980, algorithm 1).

    Attributes:
        model: Network to train.
        learning_rate: Step size.
        decay: Decay of the running means of the gradient and of its square.
        epsilon: Constant added to the root of the mean square.
    """

    model: Model
    learning_rate: float = 1e-3
    decay: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8
    _steps: int = field(default=0, init=False)
    _means: list[Array] = field(default_factory=list, init=False)
    _squares: list[Array] = field(default_factory=list, init=False)

    def step(self, weights: Weights, passed: Pass, labels: Labels) -> Weights:
        """Return the weights after one step on the batch of `passed`."""
        gradients = loss_gradients(self.model, weights, passed, labels)
        self._means = self._means or [np.zeros_like(weight) for weight in weights]
        self._squares = self._squares or [np.zeros_like(weight) for weight in weights]
        self._steps += 1
        for mean, square, gradient in zip(self._means, self._squares, gradients, strict=True):
            mean += (1 - self.decay[0]) * (gradient - mean)
            square += (1 - self.decay[1]) * (gradient**2 - square)
        return tuple(map(self._updated, weights, self._means, self._squares))

    def _updated(self, weight: Array, mean: Array, square: Array) -> Array:
        mean_hat = mean / (1 - self.decay[0] ** self._steps)
        square_hat = square / (1 - self.decay[1] ** self._steps)
        step: Array = self.learning_rate * mean_hat / (np.sqrt(square_hat) + self.epsilon)
        return weight - step


def loss_gradients(model: Model, weights: Weights, passed: Pass, labels: Labels) -> Weights:
    """Return the gradient of the mean cross-entropy with respect to each weight."""
    curvatures = model.backward(weights, passed, cross_entropy_gradients(passed.logits, labels))
    return tuple(curvature.gradient for curvature in curvatures)
