"""SOAP: Adam in the eigenbasis of Shampoo's factors (Vyas et al. 2024, arXiv 2409.11321, algorithm 3).

A digital rival: it needs eigenvectors, which no INV circuit gives. They are computed in full at every renewal, where
the paper takes one step of a QR iteration: exact, and cheap for the small layers of this benchmark.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np

from optimizer.first_order import decayed, loss_gradients
from optimizer.layers import Array
from optimizer.losses import Targets
from optimizer.model import Model, Pass, Weights
from optimizer.settings import Count, InstalledSettings, Positive
from optimizer.settings import Momentum as Part

EPSILON = 1e-8
"""Constant added to the root of the mean square, that of Adam."""
EARLY = (0, 1, 3, 6)
"""Steps before the first interval ends at which the basis is renewed, too: the first gradient alone has rank one."""


class SoapSettings(InstalledSettings):
    """SOAP.

    Attributes:
        learning_rate: Step size.
        beta1: Weight of the past in the running mean of the gradient.
        beta2: Weight of the past in the running mean of its square in the basis.
        factor_decay: Largest weight of the past in the running means of `G G^T` and `G^T G`.
        basis_interval: Steps between two renewals of the eigenvectors.
        widest: Largest width of a side that gets a basis; a wider one keeps the unit matrix, as in the paper.
    """

    name: Literal["soap"] = "soap"
    learning_rate: Positive = 0.003
    beta1: Part = 0.95
    beta2: Part = 0.95
    factor_decay: Part = 0.95
    basis_interval: Count = 10
    widest: int = 10_000


class Soap:
    """SOAP with its state."""

    Settings = SoapSettings

    def __init__(
        self, model: Model, settings: SoapSettings, inverter: Any, random: np.random.Generator,
        schedule: Callable[[int], float],
    ) -> None:  # fmt: skip
        """Begin before the first step."""
        self.model, self.settings, self.schedule, self.steps = model, settings, schedule, 0
        self.factors: list[tuple[Array, Array]] = []
        self.bases: list[tuple[Array, Array]] = []
        self.means: list[Array] = []
        self.squares: list[Array] = []

    def step(self, weights: Weights, passed: Pass, targets: Targets) -> Weights:
        """Return the weights after one step on the batch of `passed`."""
        chosen = self.settings
        gradients = [one.astype(np.float64) for one in loss_gradients(self.model, weights, passed, targets)]
        rate = chosen.learning_rate * self.schedule(self.steps)
        self._renew(gradients)
        self.steps += 1
        self.means = self.means or [np.zeros_like(one) for one in gradients]
        self.squares = self.squares or [np.zeros_like(one) for one in gradients]
        changes = []
        for mean, square, gradient, (left, right) in zip(self.means, self.squares, gradients, self.bases, strict=True):
            mean += (1 - chosen.beta1) * (gradient - mean)
            square += (1 - chosen.beta2) * ((left.T @ gradient @ right) ** 2 - square)
            mean_hat = left.T @ mean @ right / (1 - chosen.beta1**self.steps)
            square_hat = square / (1 - chosen.beta2**self.steps)
            changes.append(rate * left @ (mean_hat / (np.sqrt(square_hat) + EPSILON)) @ right.T)
        weights = decayed(weights, rate * chosen.weight_decay)
        return tuple(weight - one.astype(weight.dtype) for weight, one in zip(weights, changes, strict=True))

    def _renew(self, gradients: list[Array]) -> None:
        keep = min(1 - 1 / (self.steps + 1), self.settings.factor_decay)
        new = [(one @ one.T, one.T @ one) for one in gradients]
        self.factors = [
            (keep * left + (1 - keep) * now_left, keep * right + (1 - keep) * now_right)
            for (left, right), (now_left, now_right) in zip(self.factors or new, new, strict=True)
        ]
        if self.steps % self.settings.basis_interval == 0 or self.steps in EARLY:
            self.bases = [(self._vectors(left), self._vectors(right)) for left, right in self.factors]

    def _vectors(self, factor: Array) -> Array:
        if len(factor) > self.settings.widest:
            return np.eye(len(factor))
        return np.asarray(np.linalg.eigh(factor)[1])

    @property
    def state(self) -> dict[str, Any]:
        """State between two steps."""
        return {name: getattr(self, name) for name in ("steps", "factors", "bases", "means", "squares")}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from the state of an optimizer with the same arguments."""
        for name, value in state.items():
            setattr(self, name, value)
