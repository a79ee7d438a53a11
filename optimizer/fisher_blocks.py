"""Fisher blocks of all weights over the steps of a training: when factors and inverses are renewed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from amc_circuits import check_memory, short_repr
from optimizer.curvature import KroneckerFactors, kronecker_factors, running_average
from optimizer.model import Curvature, Weights
from optimizer.preconditioner import InverseFactors, Inverter, kl_scale, precondition
from optimizer.settings import KfacSettings

COPIES = 3
"""Matrices of the width of a factor that exist together: its average, the factor of the batch, and its inverse."""


def check_factors(shapes: Mapping[str, tuple[int, int]], parameter: str = "model") -> None:
    """Refuse a network whose factors and inverses do not fit into the memory.

    Args:
        shapes: Shape of each weight, the bias column included, by name.
        parameter: Parameter that decides the shapes, for the error.

    Raises:
        ParameterError: The machine has too little memory.
    """
    entries = {name: inputs**2 + outputs**2 for name, (outputs, inputs) in shapes.items()}
    widest = max(entries, key=entries.__getitem__)
    found = "weights of " + " x ".join(map(str, shapes[widest])) + f" in {widest}"
    needed = 8.0 * COPIES * sum(entries.values())
    check_memory(found, "K-FAC of such a network", needed, "take fewer channels, features or outputs", parameter)


@dataclass
class Progress:
    """State of the blocks between two steps.

    Attributes:
        steps: Completed steps.
        updates: Batches in the running average of the factors.
        next_refresh: Step before which the inverses are refreshed.
        interval: Steps from that refresh to the one after it.
        factors: Running average of the factors of each weight; empty before the first batch.
        inverses: Inverses of each weight; empty before the first refresh.
    """

    steps: int
    updates: int
    next_refresh: int
    interval: int
    factors: tuple[KroneckerFactors, ...] = ()
    inverses: tuple[InverseFactors, ...] = ()


@dataclass
class FisherBlocks:
    """One Fisher block a weight, in factored form, and the directions of the steps.

    Attributes:
        names: Names of the weights, for the ledger and for errors.
        settings: Parameters of the optimizer; its momentum is not applied here.
        inverter: Inverter of the factors.
        progress: State between two steps.
    """

    names: tuple[str, ...]
    settings: KfacSettings
    inverter: Inverter
    progress: Progress = field(init=False)

    __repr__ = short_repr

    def __post_init__(self) -> None:
        """Begin before the first step."""
        interval = min(self.settings.first_interval, self.settings.inverse_interval)
        self.progress = Progress(steps=0, updates=0, next_refresh=0, interval=interval)

    @property
    def due(self) -> bool:
        """True if the next step needs the curvature of its batch."""
        return self.progress.steps == self.progress.updates * self.settings.factor_interval

    def update(self, curvatures: Iterable[Curvature]) -> None:
        """Blend a batch into the running average of the factors.

        Args:
            curvatures: Inputs and output gradients of each weight, the latter from labels sampled from the model.
        """
        now, decay = self.progress, self.settings.factor_decay
        before: tuple[KroneckerFactors | None, ...] = now.factors or (None,) * len(self.names)
        now.factors = tuple(
            running_average(past, kronecker_factors(curvature), now.updates, decay)
            for past, curvature in zip(before, curvatures, strict=True)
        )
        now.updates += 1

    def directions(self, gradients: Weights, learning_rate: float | None = None) -> Weights:
        """Return the preconditioned gradients of one step, scaled by the KL clip.

        Args:
            gradients: Gradient of each weight.
            learning_rate: Step size of this step, for the KL clip; None for that of the settings.

        Raises:
            SolveError: An inversion has no usable result.
        """
        settings = self.settings
        directions = self.preconditioned(gradients, settings.damping)
        rate = settings.learning_rate if learning_rate is None else learning_rate
        scale = kl_scale(directions, gradients, rate, settings.kl_clip)
        return tuple(scale * direction for direction in directions)

    def preconditioned(self, gradients: Weights, damping: float) -> Weights:
        """Return the preconditioned gradients of one step.

        Args:
            gradients: Gradient of each weight.
            damping: Damping of the inverses, if they are due.

        Raises:
            SolveError: An inversion has no usable result.
        """
        now = self.progress
        if now.steps == now.next_refresh:
            self._refresh(damping)
        now.steps += 1
        return precondition(now.inverses, gradients)

    def _refresh(self, damping: float) -> None:
        now, settings = self.progress, self.settings
        before: tuple[InverseFactors | None, ...] = now.inverses or (None,) * len(self.names)
        now.inverses = tuple(
            self.inverter.invert(now.steps, name, factors, damping, old, settings.array_limit)
            for name, factors, old in zip(self.names, now.factors, before, strict=True)
        )
        now.next_refresh = now.steps + now.interval
        now.interval = min(2 * now.interval, settings.inverse_interval)
