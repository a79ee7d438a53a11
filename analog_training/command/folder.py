"""Folder of a training: its state after every epoch, and its summary at the end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from amc_circuits import (
    LOCK,
    ParameterError,
    check_folder,
    check_own_files,
    claim_folder,
    owning,
    plain,
    replacing,
    writing,
)
from analog_training.training.result import AnalogResult
from analog_training.training.specification import AnalogSpec, make_spec
from analog_training.training.training import AnalogTraining
from optimizer import read_state, write_state

COMMAND = "analog-train"
STATE, SUMMARY, WEIGHTS, PICTURE = "state.npz", "summary.json", "weights.npz", "accuracy.png"
FILES = (SUMMARY, WEIGHTS, PICTURE, STATE)
"""Files of a training; only a finished one has a summary."""


def earlier(out: Path, resume: bool, replace: bool) -> dict[str, Any]:
    """Check the folder, and return the state of a training that is to be continued; empty for a new one.

    Raises:
        ParameterError: The folder is from elsewhere, holds a training and nothing is said about it, or its state is
            damaged.
    """
    if resume and replace:
        raise ParameterError("resume", "true", "has no meaning beside replace = True; give one of them")
    check_folder(out, COMMAND)
    check_own_files(out, (*FILES, LOCK))
    holds = any((out / name).exists() for name in FILES)
    if resume:
        if not (out / STATE).exists():
            raise ParameterError("resume", str(out), f"holds no {STATE}; there is nothing to continue")
        return read_state(out / STATE)
    if holds and not replace:
        mend = "holds a training; resume = True continues it, replace = True removes it and starts anew"
        raise ParameterError("out", str(out), mend)
    return {}


def spec_of_state(state: dict[str, Any]) -> AnalogSpec:
    """Return the specification of a training that is to be continued."""
    return make_spec(state["settings"], STATE)


def check_same(out: Path, state: dict[str, Any], spec: AnalogSpec) -> None:
    """Refuse to continue a training with another specification.

    Raises:
        ParameterError: A setting differs; the error names the first one.
    """
    there, here = ({**content, "the cell": device} for content, device in (
        (state["settings"], state["device"]), (spec.content, spec.device.model_dump(mode="json"))
    ))  # fmt: skip
    for name in dict.fromkeys([*there, *here]):
        if there.get(name) != here.get(name):
            values = f"{name} is {there.get(name)!r} there and {here.get(name)!r} here"
            mend = f"holds a training of another specification: {values}; name another folder, or replace = True"
            raise ParameterError("out", str(out), mend)


@contextmanager
def claimed(out: Path, replace: bool) -> Iterator[None]:
    """Own the folder; with `replace`, remove the earlier training."""
    claim_folder(out, COMMAND)
    with owning(out):
        if replace:
            for name in FILES:
                (out / name).unlink(missing_ok=True)
        yield


def keep(out: Path, training: AnalogTraining) -> None:
    """Write the state.

    Raises:
        ParameterError: The folder cannot be written to, for example on a full disk.
    """
    with writing("out", out):
        write_state(out / STATE, training.state)


def finish(out: Path, result: AnalogResult) -> list[Path]:
    """Write weights, picture and summary, the summary last, and return the files.

    Raises:
        ParameterError: As `keep`.
    """
    import numpy as np

    from analog_training.command.picture import plot_training

    arrays = {f"weights{number}": matrix for number, matrix in enumerate(result.weights)}
    arrays |= {f"biases{number}": bias for number, bias in enumerate(result.biases)}
    with writing("out", out):
        with replacing(out / WEIGHTS) as partial:
            np.savez(partial, **arrays)  # type: ignore[arg-type]
        plot_training(result, out / PICTURE)
        with replacing(out / SUMMARY) as partial:
            partial.write_text(json.dumps(plain(result.record()), indent=2, allow_nan=False) + "\n", encoding="utf-8")
    return [out / name for name in FILES]
