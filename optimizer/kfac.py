"""K-FAC: natural gradient with Kronecker-factored curvature.

Martens, Grosse 2015, arXiv 1503.05671; for convolutions Grosse, Martens 2016, arXiv 1602.01407.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from amc_circuits import short_repr
from optimizer.first_order import Momentum, loss_gradients
from optimizer.fisher_blocks import FisherBlocks, check_factors
from optimizer.losses import Targets
from optimizer.model import Curvature, Model, Pass, Weights
from optimizer.preconditioner import Inverter
from optimizer.schedules import full
from optimizer.settings import KfacSettings


@dataclass
class Kfac:
    """K-FAC optimizer with its state.

    Attributes:
        model: Network to train.
        settings: Parameters of the optimizer.
        inverter: Inverter of the factors.
        random: Source of the sampled targets.
        schedule: Part of the full step size at each step, counted from 0.
    """

    model: Model
    settings: KfacSettings
    inverter: Inverter
    random: np.random.Generator
    schedule: Callable[[int], float] = full
    _blocks: FisherBlocks = field(init=False)

    __repr__ = short_repr

    def __post_init__(self) -> None:
        """Refuse a model whose factors do not fit into the memory, before any training."""
        check_factors(self.model.weight_shapes)
        self._blocks = FisherBlocks(tuple(self.model.weight_shapes), self.settings, self.inverter)
        chosen = self.settings
        step = chosen.learning_rate, chosen.momentum, chosen.weight_decay, self.schedule, chosen.nesterov
        self._momentum = Momentum(self.model, *step)

    def step(self, weights: Weights, passed: Pass, targets: Targets) -> Weights:
        """Return the weights after one step on the batch of `passed`.

        Raises:
            SolveError: An inversion has no usable result.
        """
        if self._blocks.due:
            self._blocks.update(self._curvatures(weights, passed))
        gradients = loss_gradients(self.model, weights, passed, targets)
        return self._momentum.apply(weights, self._blocks.directions(gradients, self._momentum.rate))

    @property
    def state(self) -> dict[str, Any]:
        """State between two steps, for `restore`; the number of inversions is in the ledger."""
        stream = self.random.bit_generator.state
        return {"progress": self._blocks.progress, "momentum": self._momentum.state, "random": stream}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from the state of an optimizer with the same arguments."""
        self._blocks.progress = state["progress"]
        self._momentum.restore(state["momentum"])
        self.random.bit_generator.state = state["random"]

    def _curvatures(self, weights: Weights, passed: Pass) -> tuple[Curvature, ...]:
        return self.model.backward(weights, passed, self.model.loss.sampled_gradients(passed.logits, self.random))
