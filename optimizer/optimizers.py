"""Optimizers by name: their interface for the training loop, and the one of a specification."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Protocol

import numpy as np

from optimizer.first_order import Adam, Momentum
from optimizer.installed import installed_optimizer
from optimizer.kfac import Kfac
from optimizer.losses import Targets
from optimizer.model import Model, Pass, Weights
from optimizer.preconditioner import Inverter
from optimizer.quadratic_kfac import QuadraticKfac
from optimizer.schedules import full
from optimizer.settings import AdamSettings, InstalledSettings, MomentumSettings
from optimizer.specification import TrainingSpec


class Optimizer(Protocol):
    """Interface of an optimizer for the training loop."""

    def step(self, weights: Weights, passed: Pass, targets: Targets) -> Weights:
        """Return the weights after one step on the batch of `passed`."""

    @property
    def state(self) -> dict[str, Any]:
        """State between two steps, for `restore`."""

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from the state of an optimizer with the same arguments."""


class InstalledOptimizer(Optimizer, Protocol):
    """Contract of an optimizer of another package, which an entry point in the group `amc.optimizers` names.

    Attributes:
        Settings: Record of its parameters, a subclass of `InstalledSettings`.
    """

    Settings: ClassVar[type[InstalledSettings]]

    def __init__(
        self,
        model: Model,
        settings: Any,
        inverter: Inverter,
        random: np.random.Generator,
        schedule: Callable[[int], float],
    ) -> None:
        """Build the optimizer of a run.

        Args:
            model: Network to train.
            settings: Its settings.
            inverter: Inverter of matrices, by the solver of the specification.
            random: Source of random numbers, that of the run's seed.
            schedule: Factor of the learning rate in each step, counted from 0.
        """


def make_optimizer(
    model: Model, spec: TrainingSpec, inverter: Inverter, schedule: Callable[[int], float] = full
) -> Optimizer:
    """Build the optimizer of a specification; `inverter` is for K-FAC and for optimizers of other packages."""
    chosen, random = spec.optimizer, np.random.default_rng([spec.seed, 2])
    decay = chosen.weight_decay
    if isinstance(chosen, MomentumSettings):
        return Momentum(model, chosen.learning_rate, chosen.momentum, decay, schedule, chosen.nesterov)
    if isinstance(chosen, AdamSettings):
        return Adam(model, chosen.learning_rate, (chosen.beta1, chosen.beta2), weight_decay=decay, schedule=schedule)
    if isinstance(chosen, InstalledSettings):
        installed: type[InstalledOptimizer] = installed_optimizer(chosen.name)
        return installed(model, chosen, inverter, random, schedule)
    if chosen.step_size == "quadratic":
        return QuadraticKfac(model, chosen, inverter, random, schedule)
    return Kfac(model, chosen, inverter, random, schedule)
