"""Result of a training run, as records and as plain data for JSON."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from amc_circuits import format_quantity, package_version, rows_text, short_repr
from optimizer.ledger import Ledger
from optimizer.model import Weights
from optimizer.specification import TrainingSpec


@dataclass(frozen=True)
class Evaluation:
    """Evaluation on the test images.

    Attributes:
        epoch: Epochs completed, a fraction.
        step: Steps completed.
        loss: Mean cross-entropy of the training batches since the previous evaluation, nats.
        accuracy: Fraction of the test images that were classified correctly, by the average of the weights if there is
            one.
        seconds: Time since the start of the run, s.
        raw_accuracy: Fraction by the weights of the last step themselves; None without an average.
    """

    epoch: float
    step: int
    loss: float
    accuracy: float
    seconds: float
    raw_accuracy: float | None = None

    __repr__ = short_repr


@dataclass(frozen=True)
class TrainingResult:
    """A run and its outcome.

    Attributes:
        spec: Specification of the run.
        history: Evaluations, in order.
        ledger: Inversions; empty for first-order optimizers.
        diverged: True if the loss was no longer finite, or ended above 100 times that of the first batch.
        wall_time: Wall time of the whole run, s.
        weights: Final weights, averaged if an average was scored.
        data: Name, number of classes, training and test samples, normalisation.
    """

    spec: TrainingSpec
    history: tuple[Evaluation, ...]
    ledger: Ledger
    diverged: bool
    wall_time: float
    weights: Weights = field(repr=False)
    data: dict[str, Any]

    def __repr__(self) -> str:
        spec, ledger, last = self.spec, self.ledger, self.history[-1:]
        reached = self.epochs_to_target
        rows = {
            "training": f"{spec.title} by {spec.optimizer.name}, seed {spec.seed}",
            "best accuracy": f"{self.best_accuracy:.2%}" + " (the loss diverged)" * self.diverged,
            "epochs": f"{last[0].epoch:g}, {last[0].step} steps" if last else "0",
            "target": f"{spec.target_accuracy:.2%}, "
            + ("not reached" if reached is None else f"after {reached:g} epochs"),
            "inversions": f"{len(ledger.inversions)} by {spec.solver}, {len(ledger.failures)} failed"
            if ledger.tried
            else "",
            "wall time": format_quantity(self.wall_time, "s"),
        }
        return rows_text("TrainingResult", rows)

    @property
    def epochs_to_target(self) -> float | None:
        """Epochs at the first evaluation that reached the target; None if none did."""
        target = self.spec.target_accuracy
        return next((found.epoch for found in self.history if found.accuracy >= target), None)

    @property
    def accuracy_curve(self) -> list[tuple[float, float]]:
        """Epochs and test accuracies of all evaluations."""
        return [(found.epoch, found.accuracy) for found in self.history]

    @property
    def best_accuracy(self) -> float:
        """Highest accuracy of all evaluations; 0 without evaluations."""
        return max((found.accuracy for found in self.history), default=0.0)

    @property
    def raw_epochs_to_target(self) -> float | None:
        """Epochs at which the weights without an average reached the target; None if they did not, or without one."""
        target = self.spec.target_accuracy
        raw = ((found.epoch, found.raw_accuracy) for found in self.history)
        return next((epoch for epoch, score in raw if score is not None and score >= target), None)

    @property
    def best_raw_accuracy(self) -> float | None:
        """Highest accuracy of the weights without an average; None if no average was scored."""
        return max((found.raw_accuracy for found in self.history if found.raw_accuracy is not None), default=None)

    def summary(self) -> dict[str, Any]:
        """Return the outcome as plain data: specification, results, and cost of the inversions."""
        return {
            "epochs_to_target": self.epochs_to_target,
            "target_accuracy": self.spec.target_accuracy,
            "best_accuracy": self.best_accuracy,
            "final_accuracy": self.history[-1].accuracy if self.history else None,
            "raw_epochs_to_target": self.raw_epochs_to_target,
            "best_raw_accuracy": self.best_raw_accuracy,
            "final_raw_accuracy": self.history[-1].raw_accuracy if self.history else None,
            "epochs": self.history[-1].epoch if self.history else 0.0,
            "steps": self.history[-1].step if self.history else 0,
            "diverged": self.diverged,
            "inversions": self._inversions(),
            "wall_time_s": self.wall_time,
            "data": self.data,
            "spec": self.spec.model_dump(mode="json"),
            "provenance": self._provenance(),
        }

    def curves(self) -> dict[str, Any]:
        """Return every evaluation and every inversion as plain data."""
        return {
            "evaluations": [asdict(entry) for entry in self.history],
            "inversions": [asdict(entry) for entry in self.ledger.inversions],
            "failures": [asdict(entry) for entry in self.ledger.failures],
        }

    def _inversions(self) -> dict[str, Any]:
        ledger = self.ledger
        return {
            "solver": self.spec.solver if ledger.tried else None,
            "count": len(ledger.inversions),
            "failed": len(ledger.failures),
            "blocks": ledger.blocks,
            "first_failure": ledger.failures[0].reason if ledger.failures else None,
            "right_hand_sides": ledger.right_hand_sides,
            "extrapolated": ledger.extrapolated or None,
            "cycles": ledger.cycles,
            "cells_written": ledger.cells,
            "layouts_programmed": ledger.layouts,
            "conversions": ledger.conversions,
            "simulated_seconds": ledger.simulated_seconds,
            "mean_settling_time_s": ledger.mean_settling_time,
            "energy_j": ledger.joules,
            "median_relative_error": ledger.median_error,
            "largest_relative_error": ledger.largest_error,
            "largest_condition": ledger.largest_condition,
            "largest_lifting_cost": ledger.largest_lifting_cost,
            "engine": self.spec.circuit.engine if ledger.slowest else None,
            "cross_checked": ledger.cross_checked,
            "largest_difference": ledger.largest_difference,
        }

    def _provenance(self) -> dict[str, Any]:
        solved = self.ledger.slowest
        return {
            "package_version": package_version(),
            "python_version": platform.python_version(),
            "numpy_version": np.__version__,
            "ngspice_version": solved.ngspice_version if solved else None,
            "klu": solved.klu if solved else None,
        }
