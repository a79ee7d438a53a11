"""Comparison of trainings from their folders: curves of accuracy, epochs to the target, cost of the inversions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import matplotlib.pyplot as plt
from pydantic import BaseModel, ValidationError
from rich.table import Table

from amc_circuits import (
    STYLE,
    Compared,
    ParameterError,
    check_own_files,
    curve_style,
    format_quantity,
    package_version,
    save_figure,
)

SUMMARY, HISTORY = "summary.json", "history.json"
LARGEST_FILE = 100_000_000
"""Most bytes of a file; a history of a million inversions has as many."""
METRICS = {
    "epochs_to_target": "",
    "target_accuracy": "%",
    "best_accuracy": "%",
    "final_accuracy": "%",
    "epochs": "",
    "inversions": "",
    "failed_inversions": "",
    "mean_settling_time": "s",
    "inversion_energy": "J",
    "median_relative_error": "%",
    "wall_time": "s",
}
"""Metrics of a training with their units; `%` for a fraction."""


class _Evaluation(BaseModel):
    epoch: float
    accuracy: float


class _History(BaseModel):
    evaluations: tuple[_Evaluation, ...]


class _Inversions(BaseModel):
    count: int = 0
    failed: int = 0
    solver: str | None = None
    mean_settling_time_s: float | None = None
    energy_j: float | None = None
    median_relative_error: float | None = None


class _Optimizer(BaseModel):
    name: str


class _Spec(BaseModel):
    dataset: str
    seed: int
    optimizer: _Optimizer


class _Summary(BaseModel):
    epochs_to_target: float | None
    target_accuracy: float
    best_accuracy: float
    final_accuracy: float | None
    epochs: float
    wall_time_s: float
    inversions: _Inversions
    spec: _Spec


Content = TypeVar("Content", bound=BaseModel)


@dataclass(frozen=True)
class Training:
    """A training that ended, from its folder.

    Attributes:
        name: Name of the folder.
        summary: Outcome.
        history: Evaluations.
    """

    name: str
    summary: _Summary
    history: _History

    @classmethod
    def read(cls, folder: Path) -> Training:
        """Read a folder of `amc train`.

        Raises:
            ParameterError: The folder holds no training that ended, or its files are damaged.
        """
        check_own_files(folder, (SUMMARY, HISTORY), "DESIGN")
        return cls(str(folder), _content(folder / SUMMARY, _Summary), _content(folder / HISTORY, _History))

    @property
    def metrics(self) -> dict[str, float | None]:
        """Metrics by the names of `METRICS`; None where unknown."""
        found, inverted = self.summary, self.summary.inversions
        simulated = inverted.mean_settling_time_s is not None
        values = {
            "epochs_to_target": found.epochs_to_target,
            "target_accuracy": found.target_accuracy,
            "best_accuracy": found.best_accuracy,
            "final_accuracy": found.final_accuracy,
            "epochs": found.epochs,
            "inversions": inverted.count,
            "failed_inversions": inverted.failed,
            "mean_settling_time": inverted.mean_settling_time_s,
            "inversion_energy": inverted.energy_j if simulated else None,
            "median_relative_error": inverted.median_relative_error if simulated else None,
            "wall_time": found.wall_time_s,
        }
        return {name: value if value is not None and math.isfinite(value) else None for name, value in values.items()}

    def ratio(self, metric: str, first: Training) -> float | None:
        """Ratio of a metric to that of the first training; None if it is not defined."""
        own, other = self.metrics[metric], first.metrics[metric]
        return None if own is None or not other else own / other

    @property
    def method(self) -> str:
        """Optimizer, and the solver of its inversions."""
        solver = self.summary.inversions.solver
        return self.summary.spec.optimizer.name + (f", {solver}" if solver else "")


def _content(path: Path, model: type[Content]) -> Content:
    """Read a JSON file that may come from anywhere."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ParameterError("DESIGN", str(path), f"is larger than {LARGEST_FILE // 10**6} MB")
        return model.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise ParameterError("DESIGN", str(path.parent), f"has no {path.name}: its training has not ended") from None
    except OSError as error:
        raise ParameterError("DESIGN", str(path), f"cannot be read: {error.strerror or error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "content"
        mend = f"was not written by amc train, or is damaged: {place}: {first['msg']}; train anew"
        raise ParameterError("DESIGN", str(path), mend) from None


def compared(folders: Sequence[Path]) -> Compared:
    """Compare folders of trainings on one data set.

    Raises:
        ParameterError: A folder holds no training that ended, or the data sets differ.
    """
    trainings = [Training.read(folder) for folder in folders]
    first = trainings[0]
    for other in trainings[1:]:
        one, two = first.summary.spec.dataset, other.summary.spec.dataset
        if one != two:
            mend = "compare trainings on one data set"
            raise ParameterError("DESIGN", f"{one} in {first.name}, {two} in {other.name}", mend)
    unreached = tuple(
        f"training {number} did not reach its target of {one.summary.target_accuracy:.1%}"
        for number, one in enumerate(trainings, 1)
        if one.summary.epochs_to_target is None
    )
    return Compared(
        record=_record(trainings),
        table=_table(trainings),
        rows=_rows(trainings),
        plot=lambda path: plot_trainings(trainings, path),
        unusable=unreached,
    )


def _record(trainings: Sequence[Training]) -> dict[str, Any]:
    return {
        "dataset": trainings[0].summary.spec.dataset,
        "trainings": [
            {
                "training": one.name,
                "optimizer": one.summary.spec.optimizer.name,
                "solver": one.summary.inversions.solver,
                "seed": one.summary.spec.seed,
                "metrics": one.metrics,
                "ratios": {name: one.ratio(name, trainings[0]) for name in METRICS},
                "epoch": [entry.epoch for entry in one.history.evaluations],
                "accuracy": [entry.accuracy for entry in one.history.evaluations],
            }
            for one in trainings
        ],
        "package_version": package_version(),
    }


def _rows(trainings: Sequence[Training]) -> list[dict[str, Any]]:
    return [
        {
            "training": number,
            "name": one.name,
            "metric": name,
            "unit": "1" if unit in ("", "%") else unit,
            "value": one.metrics[name],
            "ratio": one.ratio(name, trainings[0]),
        }
        for number, one in enumerate(trainings, 1)
        for name, unit in METRICS.items()
    ]


def _table(trainings: Sequence[Training]) -> Table:
    names = [f"{number}: {one.name}" for number, one in enumerate(trainings, 1)]
    title = "\n".join([f"{trainings[0].summary.spec.dataset}: {len(trainings)} trainings", *names])
    grid = Table(title=title, title_justify="left")
    grid.add_column("metric")
    for number in range(1, len(trainings) + 1):
        grid.add_column(str(number), justify="right")
    for number in range(2, len(trainings) + 1):
        grid.add_column(f"{number} / 1", justify="right")
    grid.add_row("optimizer", *(one.method for one in trainings))
    for name, unit in METRICS.items():
        if all(one.metrics[name] is None for one in trainings):
            continue
        ratios = (_plain(one.ratio(name, trainings[0])) for one in trainings[1:])
        grid.add_row(name.replace("_", " "), *(_text(one.metrics[name], unit) for one in trainings), *ratios)
    return grid


def _text(value: float | None, unit: str) -> str:
    return format_quantity(value, unit) if unit else _plain(value)


def _plain(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def plot_trainings(trainings: Sequence[Training], path: Path) -> None:
    """Draw accuracy over epochs, one curve a training, and the targets as dashed lines."""
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots()
        for place, one in enumerate(trainings):
            epochs = [entry.epoch for entry in one.history.evaluations]
            accuracies = [100 * entry.accuracy for entry in one.history.evaluations]
            label = f"{place + 1}: {one.name} ({one.method})"
            axes.plot(epochs, accuracies, label=label, linewidth=1.3, markersize=5, **curve_style(place))
        for target in sorted({one.summary.target_accuracy for one in trainings}):
            axes.axhline(100 * target, color="black", linestyle="--", linewidth=1, label=f"target {100 * target:g} %")
        axes.set_xlabel("epochs")
        axes.set_ylabel("test accuracy (%)")
        axes.set_title(trainings[0].summary.spec.dataset, loc="left", fontsize=11)
        axes.legend(fontsize=8, loc="lower right")
        figure.tight_layout()
        save_figure(figure, path)
