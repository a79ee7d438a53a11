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
    """

    spec: AnalogSpec
    accuracies: tuple[float, ...]
    losses: tuple[float, ...]
    work: tuple[dict[str, int], ...]
    weights: tuple[Floats, ...]
    biases: tuple[Floats, ...]
    samples: int
    wall_time: float

    __repr__ = short_repr

    @property
    def accuracy(self) -> float:
        """Mean accuracy of the last three epochs."""
        return float(np.mean(self.accuracies[-LAST:]))

    @property
    def diverged(self) -> bool:
        """True if a loss is not finite."""
        return not bool(np.isfinite(self.losses).all())

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
