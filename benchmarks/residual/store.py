"""Store of trainings: a line of JSON each, so that a benchmark goes on where it was broken off."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analog_training import AnalogSpec, AnalogTraining, make_spec
from analog_training.training.task import Task, load_task

FILES = ("train", "test", "labels", "test_labels")
"""Settings of `data` that name files."""


def key_of(spec: AnalogSpec) -> dict[str, Any]:
    """Settings of a training, with the content of its files in place of their paths."""
    content = spec.content
    if spec.cell is not None:
        content["cell"] = hashlib.sha256(spec.cell.model_dump_json().encode()).hexdigest()
    if spec.data is not None:
        content["data"] = {
            name: _digest(Path(value)) if name in FILES else value for name, value in content["data"].items()
        }
    return content


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@dataclass
class Store:
    """Accuracies of trainings by their settings.

    Attributes:
        path: File of the lines.
        fixed: Settings of all trainings.
        rows: Results by their keys.
        tasks: Samples that were loaded.
    """

    path: Path
    fixed: Mapping[str, Any]
    rows: dict[str, dict[str, Any]] = field(init=False)
    tasks: dict[str, Task] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read what is there; a line that was broken off is dropped, and the next one begins below it."""
        self.rows = {}
        text = self.path.read_text(encoding="utf-8") if self.path.exists() else ""
        self._gap = "" if not text or text.endswith("\n") else "\n"
        for line in text.splitlines():
            try:
                row = json.loads(line)
                self.rows[row["key"]] = row
            except (ValueError, KeyError):
                continue

    def row(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return the result of a training: accuracy, pulses, reads, seconds."""
        spec = make_spec({**self.fixed, **settings})
        key = json.dumps(key_of(spec), sort_keys=True)
        if key not in self.rows:
            found = AnalogTraining(spec, self._task(spec)).run()
            row = {"key": key, "accuracy": found.accuracy, **found.totals, "seconds": found.wall_time}
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(self._gap + json.dumps(row) + "\n")
            self._gap = ""
            self.rows[key] = row
        return self.rows[key]

    def _task(self, spec: AnalogSpec) -> Task:
        """Samples of a training, loaded once."""
        key = json.dumps([spec.title, spec.content.get("data"), spec.task.pool], sort_keys=True)
        if key not in self.tasks:
            self.tasks[key] = load_task(spec)
        return self.tasks[key]

    def accuracy(self, settings: Mapping[str, Any]) -> float:
        """Mean accuracy of the last three epochs, per cent."""
        return 100 * float(self.row(settings)["accuracy"])
