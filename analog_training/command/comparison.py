"""Comparison of folders of `amc analog-train`: accuracy, pulses, hardware, energy."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import matplotlib.pyplot as plt
from pydantic import BaseModel, Field, ValidationError
from rich.table import Table

from amc_circuits import STYLE, Compared, ParameterError, check_own_files, curve_style, format_quantity, save_figure
from analog_training.command.folder import SUMMARY

LARGEST_FILE = 100_000_000
METRICS = {
    "accuracy": "%",
    "best_accuracy": "%",
    "update_pulses": "",
    "transfer_pulses": "",
    "reads": "",
    "devices": "",
    "digital_words": "",
    "area": "m2",
    "energy": "J",
    "update_time": "s",
    "transfer_time": "s",
}
"""Metrics with their units; `%` for a fraction."""
Number = Annotated[float, Field(allow_inf_nan=False)]


class _Settings(BaseModel, extra="allow"):
    algorithm: str
    seed: int


class _Summary(BaseModel, extra="allow"):
    settings: _Settings
    accuracy: Number
    best_accuracy: Number
    accuracies: tuple[Number, ...]
    hardware: dict[str, float]
    cost: dict[str, float] | None


def compared(folders: Sequence[Path]) -> Compared:
    """Compare folders of trainings on the same samples.

    Raises:
        ParameterError: A folder holds no training that ended, or the samples differ.
    """
    found = [(str(folder), _read(folder)) for folder in folders]
    samples = [_samples(summary) for _, summary in found]
    for (name, _), one in zip(found, samples, strict=True):
        if one != samples[0]:
            got = f"{samples[0]} in {found[0][0]}, {one} in {name}"
            raise ParameterError("DESIGN", got, "compare trainings on the same samples")
    metrics = [_metrics(summary) for _, summary in found]
    designs = [
        {"training": name, "settings": summary.settings.model_dump(), "metrics": own, "accuracies": summary.accuracies}
        for (name, summary), own in zip(found, metrics, strict=True)
    ]
    rows = [
        {
            "training": number,
            "name": name,
            "metric": metric,
            "unit": unit.replace("%", "1") or "1",
            "value": own[metric],
        }
        for number, ((name, _), own) in enumerate(zip(found, metrics, strict=True), 1)
        for metric, unit in METRICS.items()
    ]
    heading = [f"{len(found)} trainings in memory", *(f"{n}: {name}" for n, (name, _) in enumerate(found, 1))]
    return Compared({"trainings": designs}, heading, _table(found, metrics), rows, lambda path: _plot(found, path))


def _read(folder: Path) -> _Summary:
    check_own_files(folder, (SUMMARY,), "DESIGN")
    path = folder / SUMMARY
    try:
        with path.open("rb") as file:
            return _Summary.model_validate(json.loads(file.read(LARGEST_FILE)))
    except FileNotFoundError:
        raise ParameterError(
            "DESIGN", str(folder), f"has no {SUMMARY}: its training has not ended; resume it first"
        ) from None
    except OSError as error:
        raise ParameterError("DESIGN", str(path), f"cannot be read: {error.strerror or error}") from None
    except (ValidationError, ValueError, RecursionError):
        mend = "was not written by amc analog-train, or is damaged; train anew"
        raise ParameterError("DESIGN", str(path), mend) from None


def _samples(summary: _Summary) -> str:
    extra = summary.settings.model_extra or {}
    data = extra.get("data")
    name = extra.get("dataset") if data is None else json.dumps(data, sort_keys=True)
    return f"{name}, pool {extra.get('pool')}"


def _metrics(summary: _Summary) -> dict[str, float | None]:
    every: dict[str, Any] = {**(summary.cost or {}), **summary.hardware, **summary.model_dump()}
    return {name: every.get(name) for name in METRICS}


def _label(summary: _Summary) -> str:
    extra = summary.settings.model_extra or {}
    parts = (f", {extra[name]:g} {name}" for name in ("tiles", "states") if isinstance(extra.get(name), int | float))
    return f"{summary.settings.algorithm}{''.join(parts)}"


def _table(found: Sequence[tuple[str, _Summary]], metrics: Sequence[dict[str, float | None]]) -> Table:
    grid = Table()
    grid.add_column("metric")
    for number in range(1, len(found) + 1):
        grid.add_column(str(number), justify="right")
    grid.add_row("algorithm", *(_label(summary) for _, summary in found))
    for name, unit in METRICS.items():
        if any(own[name] is not None for own in metrics):
            grid.add_row(name.replace("_", " "), *(_text(own[name], unit) for own in metrics))
    return grid


def _text(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    if unit == "m2":
        return f"{1e12 * value:.4g} um2"
    return format_quantity(value, unit) if unit else f"{value:,.0f}"


def _plot(found: Sequence[tuple[str, _Summary]], path: Path) -> None:
    """Draw accuracy over epochs, one curve a training."""
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots()
        for place, (name, summary) in enumerate(found):
            epochs = range(1, len(summary.accuracies) + 1)
            label = f"{place + 1}: {name} ({_label(summary)})"
            values = [100 * one for one in summary.accuracies]
            axes.plot(epochs, values, label=label, linewidth=1.3, markersize=4, **curve_style(place))
        axes.set_xlabel("epochs")
        axes.set_ylabel("test accuracy (%)")
        axes.legend(fontsize=8, loc="lower right")
        figure.tight_layout()
        save_figure(figure, path)
