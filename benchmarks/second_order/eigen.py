"""EK-FAC: K-FAC whose eigenvalues are second moments of gradients (George et al. 2018, arXiv 1806.03884).

A digital rival: it needs the eigenvectors of both factors, which no INV circuit gives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from optimizer.curvature import KroneckerFactors, kronecker_factors, running_average
from optimizer.first_order import Momentum, loss_gradients
from optimizer.layers import Array
from optimizer.losses import Targets
from optimizer.model import Curvature, Model, Pass, Weights
from optimizer.preconditioner import kl_scale
from optimizer.settings import Count, InstalledSettings, Positive
from optimizer.settings import Momentum as Part


class EigenSettings(InstalledSettings):
    """EK-FAC.

    Attributes:
        learning_rate: Step size along the preconditioned gradient.
        momentum: Part of the last step that is kept.
        nesterov: Step along the new direction plus the kept part.
        damping: Constant added to every second moment.
        kl_clip: Bound on the predicted change of the output distribution, as in K-FAC.
        factor_decay: Largest weight of the past in the averages of factors and of second moments.
        basis_interval: Steps between two renewals of the eigenvectors, in the long run.
        first_interval: Steps between the first two; each interval after it is twice as long as the one before.
    """

    name: Literal["ek-fac"] = "ek-fac"
    learning_rate: Positive = 0.1
    momentum: Part = 0.9
    nesterov: bool = False
    damping: Positive = 0.1
    kl_clip: Positive = 0.005
    factor_decay: Part = 0.95
    basis_interval: Count = 20
    first_interval: Count = 5


@dataclass(frozen=True)
class Basis:
    """Eigenvectors of both factors of one weight, as columns."""

    a_vectors: Array
    g_vectors: Array

    @classmethod
    def of(cls, factors: KroneckerFactors, dtype: Any) -> Basis:
        """Diagonalise both factors."""
        return cls(*(np.linalg.eigh(one)[1].astype(dtype) for one in (factors.a_factor, factors.g_factor)))

    def second_moments(self, curvature: Curvature) -> Array:
        """Return `E[(U_g^T G_s U_a)^2]` over the samples' own gradients `G_s`, `outputs x inputs`."""
        a, g = self.a_vectors.T @ curvature.a, self.g_vectors.T @ curvature.g
        positions = a.shape[1] // curvature.samples
        if positions == 1:
            found: Array = (g * g) @ (a * a).T / curvature.samples
            return found
        a = a.reshape(len(a), positions, -1).transpose(2, 1, 0)
        g = g.reshape(len(g), positions, -1).transpose(2, 0, 1)
        return np.asarray(np.mean((g @ a) ** 2, axis=0))

    def precondition(self, gradient: Array, moments: Array, damping: float) -> Array:
        """Divide the gradient by moments plus damping, in the basis."""
        inside = (self.g_vectors.T @ gradient @ self.a_vectors) / (moments + damping)
        return (self.g_vectors @ inside @ self.a_vectors.T).astype(gradient.dtype)


class EkFac:
    """EK-FAC with its state, the variant that averages second moments in the basis; a new basis begins anew."""

    Settings = EigenSettings

    def __init__(
        self, model: Model, settings: EigenSettings, inverter: Any, random: np.random.Generator,
        schedule: Callable[[int], float],
    ) -> None:  # fmt: skip
        """Begin before the first step."""
        self.model, self.settings, self.random = model, settings, random
        step = settings.learning_rate, settings.momentum, settings.weight_decay, schedule, settings.nesterov
        self.momentum = Momentum(model, *step)
        self.steps, self.next, self.seen = 0, 0, 0
        self.interval = min(settings.first_interval, settings.basis_interval)
        self.factors: list[KroneckerFactors] = []
        self.bases: list[Basis] = []
        self.moments: list[Array] = []

    def step(self, weights: Weights, passed: Pass, targets: Targets) -> Weights:
        """Return the weights after one step on the batch of `passed`."""
        sampled = self.model.loss.sampled_gradients(passed.logits, self.random)
        self._update(self.model.backward(weights, passed, sampled), weights[0].dtype)
        gradients = loss_gradients(self.model, weights, passed, targets)
        directions = self.directions(gradients)
        scale = kl_scale(directions, gradients, self.momentum.rate, self.settings.kl_clip)
        return self.momentum.apply(weights, tuple(scale * direction for direction in directions))

    def directions(self, gradients: Weights) -> Weights:
        """Return the preconditioned gradients, without clip."""
        each = zip(self.bases, gradients, self.moments, strict=True)
        return tuple(basis.precondition(one, moments, self.settings.damping) for basis, one, moments in each)

    def _update(self, curvatures: tuple[Curvature, ...], dtype: Any) -> None:
        decay = self.settings.factor_decay
        past = self.factors or [None] * len(curvatures)
        self.factors = [
            running_average(old, kronecker_factors(new), self.steps, decay)
            for old, new in zip(past, curvatures, strict=True)
        ]
        if self.steps == self.next:
            self.bases = [Basis.of(one, dtype) for one in self.factors]
            self.moments, self.seen = [], 0
            self.next += self.interval
            self.interval = min(2 * self.interval, self.settings.basis_interval)
        new = [basis.second_moments(one) for basis, one in zip(self.bases, curvatures, strict=True)]
        keep = min(1 - 1 / (self.seen + 1), decay)
        old = self.moments or new
        self.moments = [keep * before + (1 - keep) * now for before, now in zip(old, new, strict=True)]
        self.steps, self.seen = self.steps + 1, self.seen + 1

    @property
    def state(self) -> dict[str, Any]:
        """State between two steps."""
        names = ("steps", "next", "seen", "interval", "factors", "bases", "moments")
        own = {name: getattr(self, name) for name in names}
        return own | {"momentum": self.momentum.state, "random": self.random.bit_generator.state}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from the state of an optimizer with the same arguments."""
        own = dict(state)
        self.momentum.restore(own.pop("momentum"))
        self.random.bit_generator.state = own.pop("random")
        for name, value in own.items():
            setattr(self, name, value)
