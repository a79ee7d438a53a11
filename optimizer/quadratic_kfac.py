"""K-FAC whose step size, momentum and damping come from a quadratic model with exact Fisher products.

Martens, Grosse 2015, arXiv 1503.05671, sections 6.4, 6.5 and 7. Two departures: the damping of the factors is that of
the model, where the paper searches among three with three inversions each (section 6.6); and the damping stays at a
floor or above, where the paper adds the coefficient of its l2 penalty, which is no part of the loss here. Without
a bound it would fall so low on a long run that it could not rise in time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from amc_circuits import short_repr
from optimizer.first_order import loss_gradients
from optimizer.fisher_blocks import FisherBlocks, check_factors
from optimizer.losses import Targets
from optimizer.model import Model, Pass, Weights
from optimizer.preconditioner import Inverter
from optimizer.quadratic_model import adapted, quadratic_model
from optimizer.schedules import full
from optimizer.settings import KfacSettings


@dataclass
class QuadraticKfac:
    """K-FAC optimizer with its state; each step is the best one along the preconditioned gradient and the last step.

    Attributes:
        model: Network to train.
        settings: Parameters of the optimizer.
        inverter: Inverter of the factors.
        random: Source of the sampled targets.
        schedule: Part of the best step that is made at each step, counted from 0.
        damping: Damping of the model and of the factors, which is adapted.
    """

    model: Model
    settings: KfacSettings
    inverter: Inverter
    random: np.random.Generator
    schedule: Callable[[int], float] = full
    damping: float = field(init=False)
    _last: Weights = field(default=(), init=False)
    _blocks: FisherBlocks = field(init=False)

    __repr__ = short_repr

    def __post_init__(self) -> None:
        """Refuse a model whose factors do not fit into the memory, before any training."""
        check_factors(self.model.weight_shapes)
        self._blocks = FisherBlocks(tuple(self.model.weight_shapes), self.settings, self.inverter)
        self.damping = self.settings.damping

    def step(self, weights: Weights, passed: Pass, targets: Targets) -> Weights:
        """Return the weights after one step on the batch of `passed`.

        Raises:
            SolveError: An inversion has no usable result.
        """
        if self._blocks.due:
            own = self.model.loss.sampled_gradients(passed.logits, self.random)
            self._blocks.update(self.model.backward(weights, passed, own))
        part = self.schedule(self._blocks.progress.steps)
        gradients, damping = loss_gradients(self.model, weights, passed, targets), self.damping
        directions = [self._blocks.preconditioned(gradients, damping), *([self._last] if self._last else [])]
        around = quadratic_model(self.model, weights, passed, gradients, directions, damping)
        chosen = part * around.best
        self._last = tuple(
            sum((c * one for c, one in zip(chosen.tolist(), each, strict=True)), np.zeros_like(each[0]))
            for each in zip(*directions, strict=True)
        )
        after = tuple(weight + change for weight, change in zip(weights, self._last, strict=True))
        self._adapt(after, passed, targets, around.change(chosen))
        return after

    @property
    def state(self) -> dict[str, Any]:
        """State between two steps, for `restore`; the number of inversions is in the ledger."""
        stream = self.random.bit_generator.state
        return {"progress": self._blocks.progress, "last": self._last, "damping": self.damping, "random": stream}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from the state of an optimizer with the same arguments."""
        self._blocks.progress, self._last = state["progress"], tuple(state["last"])
        self.damping, self.random.bit_generator.state = state["damping"], state["random"]

    def _adapt(self, after: Weights, passed: Pass, targets: Targets, predicted: float) -> None:
        """Adapt the damping by the change of the loss of the same batch, once every `damping_interval` steps."""
        interval = self.settings.damping_interval
        if self._blocks.progress.steps % interval == 0:
            new = self.model.forward_columns(after, passed.columns[0]).logits
            true = self.model.loss.value(new, targets) - self.model.loss.value(passed.logits, targets)
            self.damping = max(adapted(self.damping, true, predicted, interval), self.settings.damping_floor)
