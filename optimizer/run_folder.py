"""Folder of a training: its files are written as it goes, and an earlier training in it is continued or kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from amc_circuits import ParameterError, replacing, writing
from optimizer.checkpoint import read_state, write_state
from optimizer.circuit_settings import CircuitSettings
from optimizer.effects import given_places
from optimizer.ledger import Slowest
from optimizer.specification import TrainingSpec
from optimizer.training import Training

STATE, WEIGHTS, HISTORY, SUMMARY = "state.npz", "weights.npz", "history.json", "summary.json"
CURVES, WAVEFORM = "convergence.png", "waveform.png"
FILES = (SUMMARY, HISTORY, WEIGHTS, CURVES, WAVEFORM, STATE)
"""Files of a training in its folder; only a finished one has a summary."""
PARTIAL = ".amc-*"
"""Names of files of `replacing` that are not complete."""
NO_EFFECT = ("circuit.jobs",)
"""Settings without an effect on the result: a training may be continued with others."""


@dataclass
class RunFolder:
    """Files of one training.

    Attributes:
        folder: The folder, claimed by this process.
        training: The training.
    """

    folder: Path
    training: Training
    _drawn: Slowest | None = field(init=False)

    def __post_init__(self) -> None:
        """Count the waveforms of a continued training as drawn."""
        self._drawn = self.training.ledger.slowest

    def keep(self) -> None:
        """Write history, weights and state so far; the state is the last one, for it refers to the other files.

        Raises:
            ParameterError: The folder cannot be written to, for example on a full disk.
        """
        result = self.training.result
        with writing("out", self.folder):
            self._draw_waveforms()
            self._write_json(HISTORY, result.curves())
            with replacing(self.folder / WEIGHTS) as partial:
                np.savez(partial, **dict(zip(self.training.model.weight_shapes, result.weights, strict=True)))  # type: ignore[arg-type]
            write_state(self.folder / STATE, self.training.state)

    def finish(self) -> list[Path]:
        """Write all files of a finished training, and return those that are there; the summary is the last one.

        Raises:
            ParameterError: As `keep`.
        """
        from optimizer.pictures import plot_run

        self.keep()
        with writing("out", self.folder):
            plot_run(self.training.result, self.folder / CURVES)
            self._write_json(SUMMARY, self.training.result.summary())
        return [self.folder / name for name in FILES if (self.folder / name).exists()]

    def _draw_waveforms(self) -> None:
        if self.training.ledger.slowest != self._drawn:
            from optimizer.pictures import plot_waveforms

            plot_waveforms(self.training.ledger, self.folder / WAVEFORM)
            self._drawn = self.training.ledger.slowest

    def _write_json(self, name: str, content: Mapping[str, Any]) -> None:
        with replacing(self.folder / name) as partial:
            partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def earlier_state(folder: Path) -> dict[str, Any]:
    """Read the state of a training that is to be continued.

    Raises:
        ParameterError: The folder holds a training without a state, or the state cannot be read.
    """
    if (folder / STATE).exists():
        return _with_engine(read_state(folder / STATE))
    if not _holds_a_training(folder):
        return {}
    mend = f"holds a training without {STATE}, which cannot be continued; replace = True starts it anew"
    raise ParameterError("out", str(folder), mend)


def _with_engine(state: dict[str, Any]) -> dict[str, Any]:
    """Name the engine in the state of an older version, in which trainings without one ran in ngspice."""
    spec = state["spec"]
    return state | {"spec": spec | {"circuit": {"engine": "ngspice"} | spec["circuit"]}}


def keep_engine(state: Mapping[str, Any], spec: TrainingSpec) -> TrainingSpec:
    """Return a specification with the engine of an earlier state, unless it names one."""
    if "engine" in spec.circuit.model_fields_set:
        return spec
    circuit = spec.circuit.model_dump(exclude_unset=True) | {"engine": state["spec"]["circuit"]["engine"]}
    return spec.model_copy(update={"circuit": CircuitSettings(**circuit)})


def refuse_earlier(folder: Path) -> None:
    """Refuse a folder that holds a training.

    Raises:
        ParameterError: There is one; the error names both ways to go on.
    """
    if _holds_a_training(folder):
        done = (folder / SUMMARY).exists()
        holds = f"holds {'a finished' if done else 'an unfinished'} training"
        ways = f"resume = True {'shows' if done else 'continues'} it, replace = True removes it and starts anew"
        raise ParameterError("out", str(folder), f"{holds}; {ways}")


def remove_earlier(folder: Path) -> None:
    """Remove the files of an earlier training, the summary first: what is left of a broken removal is unfinished."""
    for name in FILES:
        (folder / name).unlink(missing_ok=True)


def remove_partial(folder: Path) -> None:
    """Remove files that a process was writing when it was killed; the folder is owned by this process."""
    for path in folder.glob(PARTIAL):
        if path.is_symlink() or path.is_file():
            path.unlink(missing_ok=True)


def check_same(folder: Path, state: Mapping[str, Any], spec: TrainingSpec) -> None:
    """Refuse to continue a training with another specification.

    Raises:
        ParameterError: A setting differs; the error names the first one.
    """
    # the specification of an older version gets the defaults of the settings that it did not have
    earlier = TrainingSpec.model_validate(state["spec"])
    there, here = (dict(given_places(one.model_dump(mode="json"))) for one in (earlier, spec))
    for place in dict.fromkeys([*there, *here]):
        if there.get(place) != here.get(place) and place not in NO_EFFECT:
            values = f"{place} is {there.get(place)!r} there and {here.get(place)!r} here"
            mend = f"holds a training of another specification: {values}; name another folder, or replace = True"
            raise ParameterError("out", str(folder), mend)


def _holds_a_training(folder: Path) -> bool:
    return any((folder / name).exists() for name in FILES)
