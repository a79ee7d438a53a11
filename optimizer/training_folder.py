"""Folder of a training as a record: its outcome, its evaluations, and their metrics."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

from pydantic import BaseModel, FiniteFloat, ValidationError, model_validator

from amc_circuits import ParameterError, check_own_files, refusal
from optimizer.data_settings import OF_FILES, DataSettings

SUMMARY, HISTORY = "summary.json", "history.json"
LARGEST_FILE = 100_000_000
"""Most bytes of a file; a history of a million inversions has as many."""
EPOCHS = "epochs_to_target"
METRICS = {
    EPOCHS: "",
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
    epoch: FiniteFloat
    accuracy: FiniteFloat


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
    step_size: str | None = None
    average_decay: float | None = None


class _Spec(BaseModel):
    dataset: str | None = None
    data: DataSettings | None = None
    seed: int
    optimizer: _Optimizer

    @model_validator(mode="after")
    def _on_data(self) -> Self:
        if self.dataset is None and self.data is None:
            raise ValueError("neither dataset nor data")
        return self


class _Task(BaseModel):
    task: str = "classification"


class _OfTask(BaseModel):
    spec: _Task


class _Summary(BaseModel):
    target_accuracy: FiniteFloat
    best_accuracy: float
    final_accuracy: float | None
    epochs: float
    wall_time_s: float
    inversions: _Inversions
    data: dict[str, Any] | None = None
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
        if _content(folder / SUMMARY, _OfTask).spec.task == "autoencoder":
            mend = f"holds an autoencoder, which has no accuracy to compare; read its {SUMMARY} and {HISTORY}"
            raise ParameterError("DESIGN", str(folder), mend)
        return cls(str(folder), _content(folder / SUMMARY, _Summary), _content(folder / HISTORY, _History))

    def epochs_to(self, target: float) -> float | None:
        """Epochs at the first evaluation that reached an accuracy; None if none did."""
        return next((entry.epoch for entry in self.history.evaluations if entry.accuracy >= target), None)

    def metrics(self, target: float) -> dict[str, float | None]:
        """Metrics by the names of `METRICS`, with the epochs to a target accuracy; None where unknown."""
        found, inverted = self.summary, self.summary.inversions
        simulated = inverted.mean_settling_time_s is not None
        values = {
            EPOCHS: self.epochs_to(target),
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

    @property
    def dataset(self) -> str:
        """Name of the data set, or of the file or folder of the training samples."""
        spec = self.summary.spec
        return Path(spec.data.train).name if spec.data is not None else str(spec.dataset)

    @property
    def evidence(self) -> dict[str, Any]:
        """Properties of the data by name: equal for trainings on the same data, in whichever folder it was."""
        data, content = self.summary.spec.data, dict(self.summary.data or {})
        own = {} if data is None else {f"data.{name}": value for name, value in data.model_dump().items()}
        for name in own.keys() & {f"data.{name}" for name in OF_FILES}:
            own[name] = own[name] and Path(own[name]).name
        return {"dataset": self.dataset, **own, **content}

    @property
    def method(self) -> str:
        """Optimizer, the solver of its inversions, and whether its weights were averaged."""
        solver, chosen = self.summary.inversions.solver, self.summary.spec.optimizer
        model = ", quadratic model" * (chosen.step_size == "quadratic")
        average = "" if chosen.average_decay is None else ", average of the weights"
        return chosen.name + model + (f", {solver}" if solver else "") + average


def _content(path: Path, model: type[Content]) -> Content:
    """Read a JSON file that may come from anywhere."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ParameterError("DESIGN", str(path), f"is larger than {LARGEST_FILE // 10**6} MB")
        return model.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        mend = f"has no {path.name}: its training has not ended; resume it first"
        raise ParameterError("DESIGN", str(path.parent), mend) from None
    except OSError as error:
        raise ParameterError("DESIGN", str(path), f"cannot be read: {error.strerror or error}") from None
    except ValidationError as error:
        place, value, finding = refusal(error)
        what = f"{'.'.join(map(str, place)) or 'content'}: got {value}; {finding}"
        mend = f"was not written by amc train, or is damaged: {what}; train anew"
        raise ParameterError("DESIGN", str(path), mend) from None
