"""K-FAC: natural gradient with Kronecker-factored curvature.

Martens, Grosse 2015, arXiv 1503.05671; for convolutions Grosse, Martens 2016, arXiv 1602.01407.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from optimizer.curvature import KroneckerFactors, kronecker_factors, running_average
from optimizer.first_order import Momentum, loss_gradients
from optimizer.losses import Labels, cross_entropy_gradients, sample_labels
from optimizer.model import Model, Pass, Weights, check_widths
from optimizer.preconditioner import InverseFactors, Inverter, kl_scale, precondition
from optimizer.settings import KfacSettings


@dataclass
class Kfac:
    """K-FAC optimizer with its state.

    Attributes:
        model: Network to train.
        settings: Parameters of the optimizer.
        inverter: Inverter of the factors.
        random: Source of the sampled labels.
    """

    model: Model
    settings: KfacSettings
    inverter: Inverter
    random: np.random.Generator
    _steps: int = field(default=0, init=False)
    _factors: list[KroneckerFactors | None] = field(default_factory=list, init=False)
    _inverses: list[InverseFactors] = field(default_factory=list, init=False)
    _next_refresh: int = field(default=0, init=False)
    _interval: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        """Refuse a model with a factor wider than the solver's largest array, before any training."""
        check_widths(self.model, self.inverter.solver.largest)
        self._factors = [None] * len(self.model.stages)
        self._momentum = Momentum(self.model, self.settings.learning_rate, self.settings.momentum)
        self._interval = min(self.settings.first_interval, self.settings.inverse_interval)

    def step(self, weights: Weights, passed: Pass, labels: Labels) -> Weights:
        """Return the weights after one step on the batch of `passed`.

        Raises:
            SolveError: An inversion has no usable result.
        """
        if self._steps % self.settings.factor_interval == 0:
            self._update_factors(weights, passed)
        if self._steps == self._next_refresh:
            self._refresh_inverses()
        gradients = loss_gradients(self.model, weights, passed, labels)
        directions = precondition(self._inverses, gradients)
        scale = kl_scale(directions, gradients, self.settings.learning_rate, self.settings.kl_clip)
        self._steps += 1
        return self._momentum.apply(weights, tuple(scale * direction for direction in directions))

    def _update_factors(self, weights: Weights, passed: Pass) -> None:
        labels = sample_labels(passed.logits, self.random)
        curvatures = self.model.backward(weights, passed, cross_entropy_gradients(passed.logits, labels))
        updates, decay = self._steps // self.settings.factor_interval, self.settings.factor_decay
        self._factors = [
            running_average(past, kronecker_factors(curvature), updates, decay)
            for past, curvature in zip(self._factors, curvatures, strict=True)
        ]

    def _refresh_inverses(self) -> None:
        before: list[InverseFactors] | list[None] = self._inverses or [None] * len(self._factors)
        self._inverses = [
            self.inverter.invert(self._steps, stage.name, factors, self.settings.damping, old)
            for stage, factors, old in zip(self.model.stages, self._factors, before, strict=True)
            if factors is not None
        ]
        self._next_refresh = self._steps + self._interval
        self._interval = min(2 * self._interval, self.settings.inverse_interval)
