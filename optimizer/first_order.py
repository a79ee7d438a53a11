"""First-order optimizers: stochastic gradient descent with momentum, and Adam."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from amc_circuits import short_repr
from optimizer.layers import Array
from optimizer.losses import Targets
from optimizer.model import Model, Pass, Weights
from optimizer.schedules import full


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
    """Stochastic gradient descent with heavy-ball momentum: `v <- momentum v + gradient`, `W <- W - rate v`.

    With Nesterov's momentum `W <- W - rate (gradient + momentum v)` (Sutskever, Martens, Dahl, Hinton 2013, "On the
    importance of initialization and momentum in deep learning", in the variables of the point ahead).

    Attributes:
        model: Network to train.
        learning_rate: Full step size.
        momentum: Part of the last step that is kept, at least 0 and below 1.
        weight_decay: Decoupled weight decay.
        schedule: Part of the full step size at each step, counted from 0.
        nesterov: True for Nesterov's momentum.
        steps: Completed steps.
    """

    model: Model
    learning_rate: float
    momentum: float = 0.9
    weight_decay: float = 0.0
    schedule: Callable[[int], float] = full
    nesterov: bool = False
    steps: int = field(default=0, init=False)
    _velocities: list[Array] = field(default_factory=list, init=False)

    __repr__ = short_repr

    @property
    def rate(self) -> float:
        """Step size of the next step."""
        return self.learning_rate * self.schedule(self.steps)

    def step(self, weights: Weights, passed: Pass, targets: Targets) -> Weights:
        """Return the weights after one step on the batch of `passed`."""
        return self.apply(weights, loss_gradients(self.model, weights, passed, targets))

    def apply(self, weights: Weights, directions: Weights) -> Weights:
        """Return the weights after one step along `directions`, one matrix a weight."""
        self._velocities = self._velocities or [np.zeros_like(weight) for weight in weights]
        for velocity, direction in zip(self._velocities, directions, strict=True):
            velocity *= self.momentum
            velocity += direction
        rate = self.rate
        self.steps += 1
        weights = decayed(weights, rate * self.weight_decay)
        steps = self._velocities
        if self.nesterov:
            steps = [d + self.momentum * v for d, v in zip(directions, self._velocities, strict=True)]
        return tuple(w - rate * v for w, v in zip(weights, steps, strict=True))


@dataclass
class Adam(Stateful):
    """Adam with bias correction (Kingma, Ba 2015, arXiv 1412.6980, algorithm 1); with weight decay AdamW.

    Attributes:
        model: Network to train.
        learning_rate: Full step size.
        decay: Decay of the running means of the gradient and of its square.
        epsilon: Constant added to the root of the mean square.
        weight_decay: Decoupled weight decay.
        schedule: Part of the full step size at each step, counted from 0.
    """

    model: Model
    learning_rate: float = 1e-3
    decay: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    schedule: Callable[[int], float] = full
    _steps: int = field(default=0, init=False)
    _means: list[Array] = field(default_factory=list, init=False)
    _squares: list[Array] = field(default_factory=list, init=False)

    __repr__ = short_repr

    def step(self, weights: Weights, passed: Pass, targets: Targets) -> Weights:
        """Return the weights after one step on the batch of `passed`."""
        gradients = loss_gradients(self.model, weights, passed, targets)
        self._means = self._means or [np.zeros_like(weight) for weight in weights]
        self._squares = self._squares or [np.zeros_like(weight) for weight in weights]
        rate = self.learning_rate * self.schedule(self._steps)
        self._steps += 1
        for mean, square, gradient in zip(self._means, self._squares, gradients, strict=True):
            mean += (1 - self.decay[0]) * (gradient - mean)
            square += (1 - self.decay[1]) * (gradient**2 - square)
        weights = decayed(weights, rate * self.weight_decay)
        changes = (self._change(rate, *pair) for pair in zip(self._means, self._squares, strict=True))
        return tuple(weight - change for weight, change in zip(weights, changes, strict=True))

    def _change(self, rate: float, mean: Array, square: Array) -> Array:
        mean_hat = mean / (1 - self.decay[0] ** self._steps)
        square_hat = square / (1 - self.decay[1] ** self._steps)
        change: Array = rate * mean_hat / (np.sqrt(square_hat) + self.epsilon)
        return change


def decayed(weights: Weights, fraction: float) -> Weights:
    """Return the weights times `1 - fraction`, biases included: the decoupled weight decay of one step.

    Loshchilov, Hutter 2019, arXiv 1711.05101; for K-FAC Zhang et al. 2019, arXiv 1810.12281. The gradient, and with it
    its preconditioning, is that of the loss alone.
    """
    return tuple((1 - fraction) * weight for weight in weights) if fraction else weights


def loss_gradients(model: Model, weights: Weights, passed: Pass, targets: Targets) -> Weights:
    """Return the gradient of the mean loss of the model with respect to each weight."""
    curvatures = model.backward(weights, passed, model.loss.gradients(passed.logits, targets))
    return tuple(curvature.gradient for curvature in curvatures)
