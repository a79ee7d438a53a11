"""Comparison of trainings: curves of accuracy, epochs to the target, cost of the inversions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from rich.table import Table

from amc_circuits import (
    STYLE,
    Compared,
    ParameterError,
    curve_style,
    format_quantity,
    package_version,
    save_figure,
)
from optimizer.training_folder import EPOCHS, METRICS, Training


def compared(folders: Sequence[Path]) -> Compared:
    """Compare folders of trainings on one data set.

    Raises:
        ParameterError: A folder holds no training that ended, or the data sets differ.
    """
    trainings = [Training.read(folder) for folder in folders]
    first = trainings[0]
    for other in trainings[1:]:
        _check_same_data(first, other)
    found = Trainings(tuple(trainings))
    return Compared(found.record, found.heading, found.table, found.rows, found.plot)


@dataclass(frozen=True)
class Trainings:
    """Trainings on one data set; the target is that of the first one.

    Attributes:
        each: Trainings.
    """

    each: tuple[Training, ...]

    @property
    def target(self) -> float:
        """Target accuracy for all."""
        return self.each[0].summary.target_accuracy

    @property
    def dataset(self) -> str:
        """Name of the data set."""
        return self.each[0].dataset

    @property
    def metrics(self) -> list[dict[str, float | None]]:
        """Metrics of each training."""
        return [one.metrics(self.target) for one in self.each]

    @property
    def ratios(self) -> list[dict[str, float | None]]:
        """Ratios of the metrics to those of the first training; None if not defined."""
        first = self.metrics[0]
        return [{name: _ratio(own[name], first[name]) for name in METRICS} for own in self.metrics]

    @property
    def record(self) -> dict[str, Any]:
        """Comparison as plain data for JSON."""
        trainings = [
            {
                "training": one.name,
                "optimizer": one.summary.spec.optimizer.name,
                "solver": one.summary.inversions.solver,
                "seed": one.summary.spec.seed,
                "metrics": metrics,
                "ratios": ratios,
                "epoch": [entry.epoch for entry in one.history.evaluations],
                "accuracy": [entry.accuracy for entry in one.history.evaluations],
            }
            for one, metrics, ratios in zip(self.each, self.metrics, self.ratios, strict=True)
        ]
        found = {"dataset": self.dataset, "target_accuracy": self.target, "trainings": trainings}
        return found | {"package_version": package_version()}

    @property
    def rows(self) -> list[dict[str, Any]]:
        """One row for each training and metric."""
        each = enumerate(zip(self.each, self.metrics, self.ratios, strict=True), 1)
        return [
            {
                "training": number,
                "name": one.name,
                "metric": name,
                "unit": "1" if unit in ("", "%") else unit,
                "value": metrics[name],
                "ratio": ratios[name],
            }
            for number, (one, metrics, ratios) in each
            for name, unit in METRICS.items()
        ]

    @property
    def heading(self) -> list[str]:
        """Title, and a line for each training."""
        names = (f"{number}: {one.name}" for number, one in enumerate(self.each, 1))
        return [f"{self.dataset}: {len(self.each)} trainings", *names]

    @property
    def table(self) -> Table:
        """Printed table, one column a training."""
        grid = Table()
        grid.add_column("metric")
        numbers = range(1, len(self.each) + 1)
        for heading in (*map(str, numbers), *(f"{number} / 1" for number in numbers[1:])):
            grid.add_column(heading, justify="right")
        grid.add_row("optimizer", *(one.method for one in self.each))
        every, ratios = self.metrics, self.ratios
        reached = ("not reached" if one[EPOCHS] is None else _text(one[EPOCHS], "") for one in every)
        grid.add_row(f"epochs to {self.target:.1%}", *reached, *(_text(one[EPOCHS], "") for one in ratios[1:]))
        for name, unit in METRICS.items():
            if name != EPOCHS and any(one[name] is not None for one in every):
                cells = (*(_text(one[name], unit) for one in every), *(_text(one[name], "") for one in ratios[1:]))
                grid.add_row(name.replace("_", " "), *cells)
        return grid

    def plot(self, path: Path) -> None:
        """Draw accuracy over epochs, one curve a training, and the target as a dashed line."""
        with plt.rc_context(STYLE):
            figure, axes = plt.subplots()
            for place, one in enumerate(self.each):
                epochs = [entry.epoch for entry in one.history.evaluations]
                accuracies = [100 * entry.accuracy for entry in one.history.evaluations]
                label = f"{place + 1}: {one.name} ({one.method})"
                axes.plot(epochs, accuracies, label=label, linewidth=1.3, markersize=5, **curve_style(place))
            target = 100 * self.target
            axes.axhline(target, color="black", linestyle=(0, (1, 2)), linewidth=1, label=f"target {target:g} %")
            axes.set_xlabel("epochs")
            axes.set_ylabel("test accuracy (%)")
            axes.set_title(self.dataset, loc="left", fontsize=11)
            axes.legend(fontsize=8, loc="lower right")
            figure.tight_layout()
            save_figure(figure, path)


def _check_same_data(first: Training, other: Training) -> None:
    """Compare the properties of the data that both folders have, for an older one has fewer."""
    for place, one in first.evidence.items():
        two = other.evidence.get(place, one)
        if one != two:
            name = "" if place == "dataset" else f"{place} "
            got = f"{name}{one} in {first.name}, {two} in {other.name}"
            raise ParameterError("DESIGN", got, "compare trainings on one data set")


def _ratio(own: float | None, other: float | None) -> float | None:
    return None if own is None or not other else own / other


def _text(value: float | None, unit: str) -> str:
    if unit:
        return format_quantity(value, unit)
    return "-" if value is None else f"{value:.4g}"
