"""K-FAC: natural gradient with Kronecker-factored curvature.

Martens, Grosse 2015, arXiv 1503.05671; for convolutions Grosse, Martens 2016, arXiv 1602.01407.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from optimizer.curvature import KroneckerFactors, kronecker_factors, running_average
from optimizer.first_order import Momentum, loss_gradients
from optimizer.ledger import Ledger
from optimizer.linear_solver import LinearSolver
from optimizer.losses import Labels, cross_entropy_gradients, sample_labels
from optimizer.model import Model, Pass, Weights
from optimizer.preconditioner import InverseFactors, Inverter, kl_scale, precondition


class FactorTooWideError(ValueError):
    """A factor that does not fit into one array."""


@dataclass(frozen=True)
class KfacSettings:
    """The numbers of K-FAC.

    Attributes:
        learning_rate: Step size along the preconditioned gradient.
        momentum: Part of the last step that is kept, from 0 to below 1.
        damping: Tikhonov damping of each Fisher block.
        kl_clip: Bound on the predicted change of the output distribution of one step.
        factor_interval: Steps between two updates of the factors' running average.
        inverse_interval: Steps between two refreshes of the inverses, in the long run.
        first_interval: Steps between the first two refreshes; each following interval is twice as long, up to
            `inverse_interval`: at the start the curvature changes fast.
        factor_decay: Largest weight of the past in the running average.
    """

    learning_rate: float
    momentum: float = 0.9
    damping: float = 0.3
    kl_clip: float = 0.01
    factor_interval: int = 1
    inverse_interval: int = 50
    first_interval: int = 5
    factor_decay: float = 0.95


@dataclass
class Kfac:
    """The optimizer and its state.

    Attributes:
        model: The network.
        settings: The numbers.
        solver: Does every inversion.
        random: Source of the sampled labels.
        ledger: Holds every inversion.
    """

    model: Model
    settings: KfacSettings
    solver: LinearSolver
    random: np.random.Generator
    ledger: Ledger = field(default_factory=Ledger)
    _steps: int = field(default=0, init=False)
    _factors: list[KroneckerFactors | None] = field(default_factory=list, init=False)
    _inverses: list[InverseFactors] = field(default_factory=list, init=False)
    _next_refresh: int = field(default=0, init=False)
    _interval: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        """Refuses a model with a factor wider than the solver's largest array, before any training."""
        check_widths(self.model, self.solver.largest)
        self._factors = [None] * len(self.model.stages)
        self._momentum = Momentum(self.model, self.settings.learning_rate, self.settings.momentum)
        self._inverter = Inverter(self.solver, self.settings.damping, self.ledger)
        self._interval = min(self.settings.first_interval, self.settings.inverse_interval)

    def step(self, weights: Weights, passed: Pass, labels: Labels) -> Weights:
        """Returns the weights after one step on the batch of `passed`.

        Raises:
            SolveError: An inversion has no usable answer.
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
        self._inverses = [
            self._inverter.invert(self._steps, stage.name, factors)
            for stage, factors in zip(self.model.stages, self._factors, strict=True)
            if factors is not None
        ]
        self._next_refresh = self._steps + self._interval
        self._interval = min(2 * self._interval, self.settings.inverse_interval)


def check_widths(model: Model, largest: int | None) -> None:
    """Raises `FactorTooWideError` where a factor of the model is wider than `largest`; None is no limit."""
    for stage in model.stages:
        outputs, inputs = stage.layer.weight_shape
        for name, width in (("a_factor", inputs), ("g_factor", outputs)):
            if largest is not None and width > largest:
                raise FactorTooWideError(
                    f"{name} of {stage.name} is {width} wide, an array takes {largest}: "
                    "take fewer channels, a smaller kernel or more pooling, or the solver cholesky"
                )
