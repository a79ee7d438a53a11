"""Trainings as points of a sweep: its folder keeps every row, so a broken benchmark continues.

A row counts by its settings, with today's defaults for those that it lacks: it stays valid when a setting is added.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from amc_circuits import ParameterError, open_sweep
from amc_circuits.studies.workers import Executor, Workers
from amc_circuits.sweep.plan.spec import read_sweep
from amc_circuits.sweep.run.run import run_sweep
from amc_circuits.values.quantities import counted
from optimizer.sweep_run import complete

ENTRIES = """[amc.optimizers]
ek-fac = benchmarks.second_order.eigen:EkFac
soap = benchmarks.second_order.soap:Soap
"""
ROOT = Path(__file__).parents[2]


class NotRunError(RuntimeError):
    """A training has no row in the folder, and none is to be run."""


def announce_rivals(folder: Path) -> None:
    """Announce the rivals of this benchmark as optimizers of an installed package, to this process and its workers."""
    record = folder.absolute() / "rivals-1.dist-info"
    record.mkdir(parents=True, exist_ok=True)
    metadata = "Metadata-Version: 2.1\nName: rivals\nVersion: 1\n"
    for path, text in ((record / "METADATA", metadata), (record / "entry_points.txt", ENTRIES)):
        if not path.exists() or path.read_text(encoding="utf-8") != text:  # another process may be reading it
            path.write_text(text, encoding="utf-8")
    paths = [str(ROOT), str(record.parent)]
    sys.path.extend(paths)
    os.environ["PYTHONPATH"] = os.pathsep.join([*paths, os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)


def executor_of(jobs: int, scheduler: str | None) -> AbstractContextManager[Executor]:
    """Processes of this machine, or the Dask cluster of a scheduler, as `amc sweep` has them."""
    if scheduler is None:
        return Workers(jobs)
    from amc_circuits.sweep.run.cluster import DaskWorkers

    return DaskWorkers(scheduler)


@dataclass
class Trainer:
    """Runs trainings that have no row yet, as a sweep; without an executor, it reads those that are there.

    Attributes:
        folder: Folder of the sweep.
        executor: Processes of the trainings, kept for all sweeps: a new one loads all packages again.
        others: Folders of other sweeps, whose rows count too; of two rows of a training that of `folder`.
        versions: Number of rows by the version of this package that made them.
        unknown: Number of rows with settings that this version does not have.
    """

    folder: Path
    executor: Executor | None = None
    others: Sequence[Path] = ()
    versions: Counter[str] = field(default_factory=Counter, init=False)
    unknown: int = field(default=0, init=False)
    rows: dict[str, dict[str, Any]] = field(default_factory=dict, init=False)
    _read_from: dict[Path, int] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Read the rows that are there."""
        for folder in (*self.others, self.folder):
            if folder.exists():
                self._read(folder)

    def __call__(self, points: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return the metrics of each training.

        Raises:
            NotRunError: A row is missing, and nothing may be run; or the sweep gave no row.
        """
        keys = [_key(complete(dict(point))) for point in points]
        missing = [point for key, point in zip(keys, points, strict=True) if key not in self.rows]
        if missing and self.executor is not None:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            spec = self.folder.with_suffix(".toml")
            spec.write_text(specification(missing), encoding="utf-8")
            executor = nullcontext(self.executor)
            run_sweep(read_sweep(spec), self.folder, lambda points: executor)
            self._read(self.folder)
        if any(key not in self.rows for key in keys):
            raise NotRunError
        return [self.rows[key] for key in keys]

    def _read(self, folder: Path) -> None:
        rows = sorted((row for row in open_sweep(folder) if not row.failed), key=lambda row: row.counter)
        for row in rows[self._read_from.get(folder, 0) :]:
            try:
                self.rows[_key(complete(row.options))] = row.figures
                self.versions[row.package_version] += 1
            except ParameterError:
                self.unknown += 1
        self._read_from[folder] = len(rows)

    @property
    def words(self) -> str:
        """Number of trainings, and the versions of their rows."""
        each = ", ".join(f"{count} by amc {version}" for version, count in sorted(self.versions.items()))
        unknown = f"; {counted(self.unknown, 'row')} with settings that this version does not have" * bool(self.unknown)
        return f"{counted(len(self.rows), 'training')} ({counted(self.versions.total(), 'row')}: {each}){unknown}"


def specification(points: Sequence[Mapping[str, Any]]) -> str:
    """Specification of a sweep over these trainings."""
    lines = ['run = "train"']
    for point in points:
        lines.append("[[points]]")
        lines += [f"{name} = {json.dumps(value)}" for name, value in point.items()]
    return "\n".join(lines) + "\n"


def _key(options: Mapping[str, Any]) -> str:
    return json.dumps({name: value for name, value in options.items() if value is not None}, sort_keys=True)
