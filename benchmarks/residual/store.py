"""Store of trainings: a line of JSON each, so that a benchmark goes on where it was broken off.

A line holds all settings. Lines are compared by the settings that differ from their defaults: a line stays valid when a
setting is added, which has its default there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analog_training import AnalogSpec, AnalogTraining, make_spec
from analog_training.training.specification import SECTIONS
from analog_training.training.task import Task, load_task

FILES = ("train", "test", "labels", "test_labels")
"""Settings of `data` that name files."""


def key_of(spec: AnalogSpec, *, whole_cell: bool = False) -> dict[str, Any]:
    """Settings of a training, with the content of its files in place of their paths.

    Args:
        spec: The training.
        whole_cell: True for the digest of the cell that older lines have, with its defaults.
    """
    content = spec.content
    if spec.cell is not None:
        cell = spec.cell.model_dump_json(exclude_defaults=not whole_cell)
        content["cell"] = hashlib.sha256(cell.encode()).hexdigest()
    if spec.data is not None:
        content["data"] = {
            name: _digest(Path(value)) if name in FILES else value for name, value in content["data"].items()
        }
    return content


def _differing(content: Mapping[str, Any]) -> str:
    """Settings that differ from their defaults, as text."""
    defaults = {name: field.default for record in SECTIONS for name, field in record.model_fields.items()}
    differing = {name: value for name, value in content.items() if name not in defaults or value != defaults[name]}
    return json.dumps(differing, sort_keys=True)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@dataclass
class Store:
    """Accuracies of trainings by their settings.

    Attributes:
        path: File of the lines.
        fixed: Settings of all trainings.
        rows: Results by the settings that differ from their defaults.
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
                self.rows[_differing(json.loads(row["key"]))] = row
            except (ValueError, KeyError, AttributeError):
                continue

    def found(self, spec: AnalogSpec) -> dict[str, Any] | None:
        """Return the result of a training that is there; else None."""
        keys = (_differing(key_of(spec, whole_cell=whole)) for whole in (False, True))
        return next((self.rows[key] for key in keys if key in self.rows), None)

    def row(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return the result of a training: accuracy, pulses, reads, seconds."""
        spec = make_spec({**self.fixed, **settings})
        row = self.found(spec)
        if row is None:
            run, key = AnalogTraining(spec, self._task(spec)).run(), key_of(spec)
            text = json.dumps(key, sort_keys=True)
            row = {"key": text, "accuracy": run.accuracy, **run.totals, "seconds": run.wall_time}
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(self._gap + json.dumps(row) + "\n")
            self._gap = ""
            self.rows[_differing(key)] = row
        return row

    def _task(self, spec: AnalogSpec) -> Task:
        """Samples of a training, loaded once."""
        key = json.dumps([spec.title, spec.content.get("data"), spec.task.pool], sort_keys=True)
        if key not in self.tasks:
            self.tasks[key] = load_task(spec)
        return self.tasks[key]

    def accuracy(self, settings: Mapping[str, Any]) -> float:
        """Mean accuracy of the last three epochs, per cent."""
        return 100 * float(self.row(settings)["accuracy"])
