"""Studies as runs of sweeps: stored row by row, in several processes, on several machines."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amc_circuits import (
    Option,
    ParameterError,
    Record,
    Run,
    RunOutcome,
    engine_version,
    parse_table,
    record_options,
    short_repr,
)
from mimo.parts import Parts

ENGINE = "exact"
"""Engine whose linear circuit the studies read."""
Measure = Callable[[dict[str, Any], dict[str, Any]], RunOutcome]
"""Function of settings and of options of the circuits, both by name."""


@dataclass(frozen=True)
class StudyRun:
    """A study as the run of a sweep.

    Attributes:
        settings: Record of the settings.
        parts: Options of the circuits.
        circuits: Names of the circuits, or a function that returns them for settings by name.
        measure: Function that runs the study.
        metrics: Main metrics.
    """

    settings: type[Record]
    parts: tuple[Option, ...]
    circuits: tuple[str, ...] | Callable[[dict[str, Any]], tuple[str, ...]]
    measure: Measure
    metrics: tuple[str, ...]

    __repr__ = short_repr

    @property
    def run(self) -> Run:
        """Run of this study; see `Run`."""
        options = (*record_options(self.settings), *self.parts)
        return Run(
            lambda: options, self.complete, lambda _: ENGINE, engine_version, files,
            lambda given: self.measure(*self.split(given)), self.metrics,
        )  # fmt: skip

    def split(self, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the settings, with defaults, and the options of the circuits that are not their defaults.

        A row of a sweep has every option, also those of a circuit that its settings do not choose.
        """
        own = record_options(self.settings)
        names = {option.name for option in own}
        chosen = parse_table("the study", own, {name: value for name, value in given.items() if name in names})
        defaults = {option.name: option.own for option in self.parts}
        rest = {
            name: value
            for name, value in given.items()
            if name not in names and value not in (None, False) and value != defaults.get(name)
        }
        return chosen, rest

    def complete(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return all options that have an effect, in SI units.

        Raises:
            ParameterError: A value cannot be used, or an option has no effect.
        """
        chosen, rest = self.split(given)
        circuits = self.circuits(chosen) if callable(self.circuits) else self.circuits
        values = [Parts(rest).options(circuit).values for circuit in circuits]
        found = self.settings(**chosen).model_dump()
        if found.get("channels") is not None:
            found["channels"] = str(Path(found["channels"]).absolute())
        return found | {option.name: values[0].get(option.name) for option in self.parts}


def files(given: Mapping[str, Any]) -> str:
    """Hash of the files that options name; empty without any.

    Raises:
        ParameterError: A file cannot be read.
    """
    named = {name: Path(given[name]) for name in ("channels", "opamp_file") if given.get(name) is not None}
    contents = [_bytes(name, path) for name, path in named.items()]
    return hashlib.sha256(b"".join(contents)).hexdigest() if contents else ""


def _bytes(name: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ParameterError(name, str(path), f"cannot be read: {error.strerror or error}") from None
