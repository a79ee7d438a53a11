"""Training as the run of a sweep: its settings as options whose names have dots, and its result as a row of metrics."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from amc_circuits import CircuitOptions, ParameterError, Run, RunOutcome, engine_version, package_version
from optimizer.circuit_settings import CircuitSettings
from optimizer.data_settings import OF_FILES
from optimizer.effects import given_places, idle_settings
from optimizer.linear_solver import check_circuit
from optimizer.result import TrainingResult
from optimizer.settings import KfacSettings
from optimizer.solve_result import SolveError
from optimizer.specification import IN_PLACE, TrainingSpec, preset, read_spec
from optimizer.sweep_options import BASES, NOT_IN_SWEEPS, list_names, options

DIGITAL = "digital"
"""Engine of a training without circuits."""
FILES = tuple(f"data.{name}" for name in OF_FILES)
"""Settings that name files or folders."""
MAIN = ("epochs_to_target", "best_accuracy", "best_test_loss", "failed_inversions", "simulated_time_s", "energy_j",
        "median_relative_error")  # fmt: skip
NAMED = ("dataset", "optimizer.name", "solver", "circuit.opamp", "circuit.device", "circuit.engine")
SHARES = ("best_accuracy", "final_accuracy", "best_raw_accuracy", "final_raw_accuracy", "median_relative_error",
          "largest_relative_error", "largest_lifting_cost")  # fmt: skip


def spec_of(given: Mapping[str, Any]) -> TrainingSpec:
    """Build the specification of a point. Settings of the base that lose their effect get their default.

    Args:
        given: Options by name; None for one that is not set.

    Raises:
        ParameterError: A setting cannot be used, or has no effect in this training; the error names the option.
    """
    content = _base(given)
    for place, value in given.items():
        if value is not None and place not in BASES:
            _set(content, place, value)
    spec = _validated(content)
    for place, why in idle_settings(spec.optimizer, spec.solver, spec.circuit, spec.task):
        if given.get(place) is not None:
            raise ParameterError(place, repr(given[place]), why)
        section, _, name = place.rpartition(".")
        (content[section] if section else content).pop(name, None)
    return _validated(content)


def _base(given: Mapping[str, Any]) -> dict[str, Any]:
    """Content of the preset or file that the options change."""
    spec = TrainingSpec()
    if given.get("preset") is not None:
        spec = preset(given["preset"])
    elif given.get("specification") is not None:
        spec = read_spec(Path(given["specification"]))
    content = {name: value for name, value in spec.model_dump().items() if name in spec.model_fields_set}
    content["circuit"] = spec.circuit.model_dump(exclude_unset=True, exclude={"jobs"})
    content["optimizer"] = spec.optimizer.model_dump(exclude_unset=True) | {"name": spec.optimizer.name}
    sections = {place.partition(".")[0] for place, value in given.items() if value is not None}
    for one, other in (*IN_PLACE, *((other, one) for one, other in IN_PLACE)):
        if other in sections:
            content.pop(one, None)
    name = given.get("optimizer.name")
    if name not in (None, spec.optimizer.name):  # the parameters of another optimizer have another meaning
        content["optimizer"] = {"name": name}
    return content


def _set(content: dict[str, Any], place: str, value: Any) -> None:
    *sections, name = place.split(".")
    for section in sections:
        if content.get(section) is None:
            content[section] = {}
        content = content[section]
    if sections == ["circuit"] and name not in CircuitSettings.model_fields and value == _circuit_defaults()[name]:
        content.pop(name, None)  # a default has no effect, whatever the other options
    else:
        content[name] = _parsed(place, value) if place in list_names() else value


@lru_cache(maxsize=1)
def _circuit_defaults() -> dict[str, Any]:
    return {option.name: option.own for option in CircuitOptions.table("inv")}


def _parsed(place: str, text: str) -> Any:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list):
        raise ParameterError(place, repr(text), "must be a list in the notation of JSON, as text")
    return found


def _validated(content: Mapping[str, Any]) -> TrainingSpec:
    return TrainingSpec.model_validate(content)


def complete(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return all settings that have an effect, in SI units; see `Run.complete`."""
    spec = spec_of(given)
    _check_circuit(spec.solver, spec.circuit.model_dump_json())
    idle = {place for place, _ in idle_settings(spec.optimizer, spec.solver, spec.circuit, spec.task)}
    content = spec.model_dump(mode="json")
    content["circuit"] = {}
    if isinstance(spec.optimizer, KfacSettings) and spec.solver == "inv-circuit":
        own = {name: getattr(spec.circuit, name) for name in CircuitSettings.model_fields}
        content["circuit"] = {**spec.circuit.options.values, **own}
    found = {place: value for place, value in given_places(content) if place not in {*idle, *NOT_IN_SWEEPS}}
    for place, value in found.items():
        if isinstance(value, list):
            found[place] = json.dumps(value)
        elif place in FILES:
            found[place] = str(Path(value).absolute())
    return found


@lru_cache(maxsize=1024)
def _check_circuit(solver: str, settings: str) -> None:
    """Check a circuit once for all points that have it."""
    try:
        check_circuit(solver, CircuitSettings.model_validate_json(settings))
    except ParameterError as error:
        raise ParameterError(f"circuit.{error.parameter}", error.value, error.mend) from None


def engine(given: Mapping[str, Any]) -> str:
    """Name of the engine of the circuits."""
    return str(given.get("circuit.engine", DIGITAL))


def version(name: str) -> str:
    """Versions of the engine and of this package."""
    return f"amc {package_version()}" if name == DIGITAL else engine_version(name)


def files(given: Mapping[str, Any]) -> str:
    """Hash of the files of the data; empty without any."""
    named = [Path(given[name]) for name in FILES if given.get(name) is not None]
    digest = hashlib.sha256()
    for path in named:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                digest.update(f"{file.relative_to(path)} {file.stat().st_size} ".encode(errors="replace"))
                digest.update(_sha256(file, file.stat().st_mtime_ns).encode())
    return digest.hexdigest() if named else ""


@lru_cache(maxsize=100_000)
def _sha256(path: Path, _time: int) -> str:
    """Hash of a file, computed once for all points unless the file changes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def measure(given: Mapping[str, Any]) -> RunOutcome:
    """Train, and return the metrics of the result."""
    from optimizer.training import Training

    began = time.process_time()
    try:
        result = Training(spec_of(given)).run()
    except SolveError as error:
        return RunOutcome("STOPPED", error=" ".join(str(error).split()))
    ledger = result.ledger
    metrics = metrics_of(result) | {"processor_time_s": time.process_time() - began}
    missed = result.epochs_to_target is None
    if result.diverged and missed:
        return RunOutcome("DIVERGED", metrics, result.fault)
    if ledger.failures and not ledger.inversions:
        reason = f"all {ledger.tried} inversions failed; the first: {ledger.failures[0].reason}"
        return RunOutcome("UNSOLVED", metrics, reason)
    if result.untrained and missed:
        return RunOutcome("UNTRAINED", metrics, result.fault)
    return RunOutcome(metrics=metrics)


def metrics_of(result: TrainingResult) -> dict[str, Any]:
    """Metrics of a row."""
    summary, ledger = result.summary(), result.ledger
    of_losses = result.spec.task == "autoencoder"
    scores = ("test_loss",) if of_losses else ("accuracy",)
    names = (
        "epochs_to_target",
        *(f"{part}_{name}" for name in scores for part in ("best", "final")),
        "steps",
        "wall_time_s",
    )
    raw = ("raw_epochs_to_target", *(f"{part}_raw_{name}" for name in scores for part in ("best", "final")))
    curve = {"loss_curve": result.loss_curve} if of_losses else {"accuracy_curve": result.accuracy_curve}
    checks = {"cross_checked": ledger.cross_checked, "largest_difference": ledger.largest_difference}
    work = {"cycles": ledger.cycles, "cells_written": ledger.cells, "conversions": ledger.conversions}
    return {
        **{name: summary[name] for name in names},
        **({name: summary[name] for name in raw} if result.best_raw_score is not None else {}),
        **{name: [list(point) for point in points] for name, points in curve.items()},
        "inversions": len(ledger.inversions),
        "failed_inversions": len(ledger.failures),
        "right_hand_sides": ledger.right_hand_sides,
        **(work if ledger.cycles else {}),
        "simulated_time_s": ledger.simulated_seconds or None,
        "mean_settling_time_s": ledger.mean_settling_time,
        "energy_j": ledger.joules,
        "median_relative_error": ledger.median_error,
        "largest_relative_error": ledger.largest_error,
        "largest_lifting_cost": ledger.largest_lifting_cost,
        "median_condition": ledger.median_condition,
        "largest_condition": ledger.largest_condition,
        **(checks if ledger.cross_checked else {}),
    }


train = Run(options, complete, engine, version, files, measure, MAIN, SHARES, NAMED)
