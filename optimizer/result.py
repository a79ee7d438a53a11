"""Result of a training run, as records and as plain data for JSON."""

from __future__ import annotations

import math
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
            one; nan for an autoencoder.
        seconds: Time since the start of the run, s.
        raw_accuracy: Fraction by the weights of the last step themselves; None without an average.
        test_loss: Mean loss of a test image of an autoencoder, nats, likewise averaged; None for a classification.
        raw_test_loss: Loss by the weights of the last step themselves; None without an average.
    """

    epoch: float
    step: int
    loss: float
    accuracy: float
    seconds: float
    raw_accuracy: float | None = None
    test_loss: float | None = None
    raw_test_loss: float | None = None

    __repr__ = short_repr

    @property
    def score(self) -> float:
        """Accuracy, or the test loss of an autoencoder."""
        return self.accuracy if self.test_loss is None else self.test_loss

    @property
    def raw_score(self) -> float | None:
        """The same of the weights of the last step themselves; None without an average."""
        return self.raw_accuracy if self.test_loss is None else self.raw_test_loss

    def reaches(self, spec: TrainingSpec) -> bool:
        """Return True if the score is at the target of a training."""
        return self.score <= spec.target_loss if spec.task == "autoencoder" else self.accuracy >= spec.target_accuracy

    @property
    def plain(self) -> dict[str, Any]:
        """Evaluation for JSON: without the fields of the other task."""
        unused = ("test_loss", "raw_test_loss") if self.test_loss is None else ("accuracy", "raw_accuracy")
        return {name: value for name, value in _plain(self).items() if name not in unused}


def _plain(record: Any) -> dict[str, Any]:
    """Return a record for JSON, which has no numbers that are not finite: None in their places."""
    return {name: _finite(value) if isinstance(value, float) else value for name, value in asdict(record).items()}


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


@dataclass(frozen=True)
class TrainingResult:
    """A run and its outcome.

    Attributes:
        spec: Specification of the run.
        history: Evaluations, in order.
        ledger: Inversions; empty for first-order optimizers.
        diverged: True if a loss or a weight was not finite, or the loss ended above 100 times that of the first batch,
            or above twice that and no better than guessing.
        untrained: True if neither the last loss nor the last score are better than guessing.
        wall_time: Wall time of the whole run, s.
        weights: Final weights, averaged if an average was scored.
        data: Name, number of classes, training and test samples, normalisation.
    """

    spec: TrainingSpec
    history: tuple[Evaluation, ...]
    ledger: Ledger
    diverged: bool
    untrained: bool
    wall_time: float
    weights: Weights = field(repr=False)
    data: dict[str, Any]

    def __repr__(self) -> str:
        spec, ledger, last = self.spec, self.ledger, self.history[-1:]
        reached = self.epochs_to_target
        rows = {
            "training": f"{spec.title} by {spec.optimizer.name}, seed {spec.seed}",
            f"best {self.spec.score_name}": self.spec.score_text(self.best_score)
            + (f" ({self.fault})" if self.fault else ""),
            "epochs": f"{last[0].epoch:g}, {last[0].step} steps" if last else "0",
            "target": f"{spec.score_text(spec.target)}, "
            + ("not reached" if reached is None else f"after {reached:g} epochs"),
            "inversions": f"{len(ledger.inversions)} by {spec.solver}, {len(ledger.failures)} failed"
            if ledger.tried
            else "",
            "wall time": format_quantity(self.wall_time, "s"),
        }
        return rows_text("TrainingResult", rows)

    @property
    def fault(self) -> str:
        """Reason why the last weights are of no use; empty if there is none."""
        return "the loss diverged" if self.diverged else "no better than guessing" if self.untrained else ""

    @property
    def epochs_to_target(self) -> float | None:
        """Epochs at the first evaluation that reached the target; None if none did."""
        return next((found.epoch for found in self.history if found.reaches(self.spec)), None)

    @property
    def accuracy_curve(self) -> list[tuple[float, float]]:
        """Epochs and test accuracies of all evaluations; empty for an autoencoder."""
        return [(found.epoch, found.accuracy) for found in self.history if found.test_loss is None]

    @property
    def loss_curve(self) -> list[tuple[float, float]]:
        """Epochs and finite test losses of all evaluations, nats an image; empty for a classification."""
        losses = ((found.epoch, _finite(found.test_loss)) for found in self.history)
        return [(epoch, loss) for epoch, loss in losses if loss is not None]

    @property
    def best_score(self) -> float:
        """Highest accuracy, or lowest test loss of an autoencoder; the worst there is without evaluations."""
        if self.spec.task == "autoencoder":
            return min((loss for _, loss in self.loss_curve), default=math.inf)
        return self.best_accuracy

    @property
    def best_accuracy(self) -> float:
        """Highest accuracy of all evaluations; 0 without evaluations, nan for an autoencoder."""
        if self.spec.task == "autoencoder":
            return math.nan
        return max((found.accuracy for found in self.history), default=0.0)

    @property
    def raw_epochs_to_target(self) -> float | None:
        """Epochs at which the weights without an average reached the target; None if they did not, or without one."""
        raw = ((found, found.raw_score) for found in self.history)
        return next((found.epoch for found, score in raw if score is not None and self._at_target(score)), None)

    def _at_target(self, score: float) -> bool:
        return score <= self.spec.target if self.spec.task == "autoencoder" else score >= self.spec.target

    @property
    def best_raw_score(self) -> float | None:
        """Best score of the weights without an average; None if no average was scored."""
        best = min if self.spec.task == "autoencoder" else max
        scores = (_finite(found.raw_score) for found in self.history)
        return best((score for score in scores if score is not None), default=None)

    def summary(self) -> dict[str, Any]:
        """Return the outcome as plain data: specification, results, and cost of the inversions."""
        return {
            "epochs_to_target": self.epochs_to_target,
            **self._scores(),
            "epochs": self.history[-1].epoch if self.history else 0.0,
            "steps": self.history[-1].step if self.history else 0,
            "diverged": self.diverged,
            "untrained": self.untrained,
            "inversions": self._inversions(),
            "wall_time_s": self.wall_time,
            "data": self.data,
            "spec": self.spec.model_dump(mode="json"),
            "provenance": self._provenance(),
        }

    def _scores(self) -> dict[str, float | None]:
        """Scores under the name of the task's own: `best_accuracy` ..., or `best_test_loss` ..."""
        last, name = self.history[-1] if self.history else None, self.spec.score_name.replace(" ", "_")
        raw = f"raw_{name}"
        return {
            f"target_{name.removeprefix('test_')}": self.spec.target,
            f"best_{name}": _finite(self.best_score),
            f"final_{name}": _finite(last.score) if last else None,
            "raw_epochs_to_target": self.raw_epochs_to_target,
            f"best_{raw}": self.best_raw_score,
            f"final_{raw}": _finite(last.raw_score) if last else None,
        }

    def curves(self) -> dict[str, Any]:
        """Return every evaluation and every inversion as plain data."""
        return {
            "evaluations": [entry.plain for entry in self.history],
            "inversions": [_plain(entry) for entry in self.ledger.inversions],
            "failures": [_plain(entry) for entry in self.ledger.failures],
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
            "by_engine": ledger.by_engine,
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
