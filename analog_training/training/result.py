"""Result of a training."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from amc_circuits import short_repr
from analog_training.algorithms.make import tiles_in_use
from analog_training.devices.cells import Floats
from analog_training.training.costs import TileHardware, TrainingCost, cost_of, hardware_of
from analog_training.training.specification import AnalogSpec

LAST = 3
"""Epochs at the end whose mean accuracy is the result: one epoch of few-state devices is a matter of luck."""
GROWN = 2.0
"""Loss of the last epoch, in units of that of equal probabilities for all classes, above which a training that guesses
has diverged, and has not only learned nothing."""


@dataclass(frozen=True)
class AnalogResult:
    """Outcome of a training.

    Attributes:
        spec: Specification.
        accuracies: Accuracy on the test samples after each epoch.
        losses: Mean cross-entropy of each epoch.
        work: Counters of every layer, see `analog_training.algorithms.contract.Work`.
        weights: Weights of every layer.
        biases: Biases of every layer.
        samples: Samples of an epoch.
        wall_time: Time of the training, s.
        chance: Accuracy that an answer without regard to the signals may have.
    """

    spec: AnalogSpec
    accuracies: tuple[float, ...]
    losses: tuple[float, ...]
    work: tuple[dict[str, int], ...]
    weights: tuple[Floats, ...]
    biases: tuple[Floats, ...]
    samples: int
    wall_time: float
    chance: float

    __repr__ = short_repr

    @property
    def accuracy(self) -> float:
        """Mean accuracy of the last three epochs."""
        return float(np.mean(self.accuracies[-LAST:]))

    @property
    def diverged(self) -> bool:
        """True if a loss or a weight is not finite, or if it guesses with twice the loss of equal probabilities."""
        finite = np.isfinite(self.losses).all() and all(np.isfinite(one).all() for one in (*self.weights, *self.biases))
        return not finite or (self.untrained and self.losses[-1] > GROWN * self.guessing_loss)

    @property
    def guessing_loss(self) -> float:
        """Cross-entropy of equal probabilities for all classes, nats."""
        return float(np.log(len(self.biases[-1])))

    @property
    def untrained(self) -> bool:
        """True if neither the last loss nor the accuracy are better than guessing."""
        return self.losses[-1] >= self.guessing_loss and self.accuracy <= self.chance

    @property
    def status(self) -> str:
        """`DONE`, `DIVERGED` or `UNTRAINED`; the latter two are no usable results."""
        return "DIVERGED" if self.diverged else "UNTRAINED" if self.untrained else "DONE"

    @property
    def message(self) -> str:
        """Reason of a status that is no usable result; else empty."""
        ended = f"it ended at {self.losses[-1]:.3g} nats, equal probabilities have {self.guessing_loss:.3g}"
        messages = {
            "DIVERGED": f"the loss diverged: {ended}; lower the rate",
            "UNTRAINED": f"nothing was learned: {ended}, and an accuracy of {self.accuracy:.1%} is one of guessing; "
            "lower the rate, or train longer",
        }
        return messages.get(self.status, "")

    @property
    def totals(self) -> dict[str, int]:
        """Counters of all layers together."""
        return {name: sum(layer[name] for layer in self.work) for name in self.work[0]}

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """Outputs and inputs of every layer."""
        return tuple((len(matrix), matrix.shape[1]) for matrix in self.weights)

    @property
    def hardware(self) -> TileHardware:
        """Parts of all layers."""
        return hardware_of(self.spec.algorithm, self.shapes)

    @property
    def cost(self) -> TrainingCost | None:
        """Energy and time of the training; None without a calibrated cell."""
        if self.spec.cell is None:
            return None
        algorithm, course = self.spec.algorithm, self.spec.course
        used = [tiles_in_use(algorithm, course.pace(epoch).stage) for epoch in range(len(self.losses))]
        samples = self.samples * len(used), self.samples * sum(used)
        return cost_of(algorithm, self.spec.cell, self.shapes, self.work, *samples)

    def record(self) -> dict[str, Any]:
        """Return the result as plain data, without weights."""
        return {
            "settings": self.spec.content,
            "status": self.status,
            "accuracy": self.accuracy,
            "best_accuracy": max(self.accuracies),
            "accuracies": list(self.accuracies),
            "losses": list(self.losses),
            **self.totals,
            "layers": list(self.work),
            "hardware": asdict(self.hardware),
            "cost": None if self.cost is None else asdict(self.cost) | {"energy": self.cost.energy},
            "wall_time_s": self.wall_time,
        }
