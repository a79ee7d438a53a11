"""Folder of trainings: a file each, found by its settings, so that results stay valid when settings are added."""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from amc_circuits import ParameterError, package_version, replacing
from amc_circuits.values.quantities import counted
from optimizer.effects import given_places
from optimizer.specification import TrainingSpec
from optimizer.sweep_run import FILES, files

ADDED = (("circuit", "at_rest"),)
"""Settings that came after files without a specification, whose names are hashes of it; the last one stands first."""


def name_of(spec: TrainingSpec) -> str:
    """Name of a file: hash of all settings of today, with the content of the data in place of their folder."""
    return _placeless(spec, files(_paths(spec)))


def _placeless(spec: TrainingSpec, content: str) -> str:
    """Hash of all settings, of the names of files alone, and of the content of these files."""
    paths = _paths(spec)
    if not paths:
        return _hash(spec.model_dump_json())
    known = json.loads(spec.model_dump_json())
    known["data"]["content"] = content
    known["data"] |= {place.removeprefix("data."): Path(path).name for place, path in paths.items()}
    return _hash(json.dumps(known, separators=(",", ":"), ensure_ascii=False))


def _paths(spec: TrainingSpec) -> dict[str, str]:
    """Files and folders of the data, by the names of their settings."""
    places = dict(given_places({} if spec.data is None else {"data": spec.data.model_dump()}))
    return {place: places[place] for place in FILES if place in places}


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _older_names(spec: TrainingSpec) -> Iterator[str]:
    """Names before the content of data counted, and before each of `ADDED`, as long as these have their defaults."""
    if spec.data is not None:
        yield _placeless(spec, "")
        yield _hash(spec.model_dump_json())
    content = json.loads(spec.model_dump_json())
    for section, name in ADDED:
        if content[section].get(name) != type(getattr(spec, section)).model_fields[name].default:
            return
        del content[section][name]
        yield _hash(json.dumps(content, separators=(",", ":"), ensure_ascii=False))


@dataclass
class TrainingStore:
    """Results of trainings in a folder.

    A file holds the specification with all its settings. It is the result of a training if it has the same settings
    after those that it lacks got their defaults. Files of data are the same if their names and their content are,
    wherever they lie; a result from before their content was kept counts by their names. A file without a
    specification counts by its own name.

    Attributes:
        folder: Folder.
        files: Path of each result, by the name that its settings give today.
    """

    folder: Path
    files: dict[str, Path] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Read which results there are."""
        unknown = 0
        for path in sorted(self.folder.glob("*.json")):
            content = _content(path)
            given = content.get("spec")
            try:
                name = path.stem
                if given is not None:
                    name = _placeless(TrainingSpec.model_validate(given), content.get("data", ""))
            except ParameterError:  # a setting that this version does not have
                unknown += 1
                continue
            self.files[name] = path
        if unknown:
            text = f"{counted(unknown, 'result')} of settings that this version does not have, left as they are"
            print(f"{self.folder}: {text}", file=sys.stderr)

    def path(self, spec: TrainingSpec) -> Path | None:
        """Path of a result; None if there is none."""
        return next((self.files[name] for name in (name_of(spec), *_older_names(spec)) if name in self.files), None)

    def announce_versions(self, paths: list[Path]) -> None:
        """Print in a line how many of these results are of another version: they are reused as they are."""
        versions = Counter(_content(path).get("version", "a version that is not named") for path in paths)
        versions.pop(package_version(), None)
        for version, count in sorted(versions.items()):
            print(f"{self.folder}: {counted(count, 'result')} of {version}, used as they are", file=sys.stderr)


def write(path: Path, label: str, spec: TrainingSpec, run: Mapping[str, Any]) -> None:
    """Write a result with its specification."""
    content = {
        "label": label,
        "seed": spec.seed,
        "version": package_version(),
        "spec": spec.model_dump(mode="json"),
        "data": files(_paths(spec)),
        "run": run,
    }
    with replacing(path) as partial:
        partial.write_text(json.dumps(content, indent=1), encoding="utf-8")


def read(path: Path) -> dict[str, Any]:
    """Read a result."""
    found: dict[str, Any] = _content(path)["run"]
    return found


def _content(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
