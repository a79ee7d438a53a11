"""Studies: a task on a data set with one batch size, and the targets, set before any run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CNN, AUTOENCODER = "cnn", "autoencoder"
DEEP = ["dense 64 tanh", "dense 32 tanh", "dense 16 tanh", "dense 32 tanh", "dense 64 tanh", "dense"]
SHALLOW = ["dense 32 tanh", "dense 12 tanh", "dense 32 tanh", "dense"]


@dataclass(frozen=True)
class Study:
    """A task with one batch size.

    Attributes:
        task: `cnn` or `autoencoder`.
        batch: Batch size.
        targets: Accuracies, rising, or losses in nats, falling; the run ends at the last one.
        epochs: Largest number of epochs of a run; the search counts a miss as many.
        images: Training images.
        fixed: Settings of every training.
        layers: Layers with a weight.
    """

    task: str
    batch: int
    targets: tuple[float, ...]
    epochs: float
    images: int
    fixed: Mapping[str, Any]
    layers: int

    @property
    def name(self) -> str:
        """Task, data set and batch."""
        return f"{self.task}-{self.batch}" if self.fixed["dataset"] != "digits" else f"digits-{self.task}"

    @property
    def title(self) -> str:
        """Task, data set and batch in words."""
        return f"{self.task}, {self.fixed['dataset']}, batch {self.batch}"

    def words(self, target: float) -> str:
        """Target with its unit."""
        return f"{target:.0%}" if self.task == CNN else f"{target:g} nats"

    def options(self, setting: Mapping[str, Any], epochs: float, seed: int) -> dict[str, Any]:
        """Options of a training by a setting, as a sweep takes them."""
        name = "target_accuracy" if self.task == CNN else "target_loss"
        given = {"epochs": epochs, "seed": seed, "batch_size": self.batch, name: self.targets[-1]}
        optimizer = {f"optimizer.{key}": value for key, value in setting.items() if key not in ("window", "horizon")}
        if "horizon" in setting:
            optimizer["optimizer.schedule"] = "cosine"
            given["epochs"] = min(setting["horizon"], self.epochs)
        optimizer["optimizer.average_decay"] = max(0.01, 1 - self.batch / (setting["window"] * self.images))
        return {**self.fixed, **given, **optimizer}

    def reached(self, figures: Mapping[str, Any]) -> tuple[float | None, ...]:
        """Epochs at the first score at each target; None for a miss."""
        curve, accuracy = figures.get("accuracy_curve"), True
        if curve is None:
            curve, accuracy = figures.get("loss_curve") or [], False
        there = [
            [epoch for epoch, score in curve if (score >= target if accuracy else score <= target)]
            for target in self.targets
        ]
        return tuple(float(epochs[0]) if epochs else None for epochs in there)


def _cnn(batch: int) -> Study:
    fixed = {"dataset": "ocr-letters", "evaluations": 8}
    return Study(CNN, batch, (0.84, 0.86, 0.87, 0.88), 12.0, 47_535, fixed, 3)


def _autoencoder(batch: int, epochs: float) -> Study:
    fixed = {"task": "autoencoder", "dataset": "ocr-letters", "model.layers": json.dumps(DEEP), "evaluations": 10}
    return Study(AUTOENCODER, batch, (20.0,), epochs, 47_535, fixed, 6)


def _quick() -> tuple[Study, ...]:
    cnn = {"dataset": "digits", "evaluations": 8}
    auto = {"task": "autoencoder", "dataset": "digits", "model.layers": json.dumps(SHALLOW), "evaluations": 20}
    return (
        Study(CNN, 64, (0.84, 0.88, 0.90), 12.0, 1_437, cnn, 3),
        Study(AUTOENCODER, 64, (23.0,), 10.0, 1_437, auto, 4),
    )


STUDIES = {
    one.name: one
    for one in (
        *(_cnn(batch) for batch in (256, 64, 1024)),
        *(_autoencoder(batch, epochs) for batch, epochs in ((512, 25.0), (128, 12.0), (64, 10.0))),
    )
}
"""Studies by name; the batch that is tuned is chosen among those of the task."""
QUICK = {one.name: one for one in _quick()}
