"""In-memory training as the run `analog-train` of a sweep."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from amc_circuits import Option, ParameterError, Run, RunOutcome, engine_version, package_version
from analog_training.training.specification import AnalogSpec, make_spec, override, override_options, read_spec

DIGITAL = "digital"
BASE = Option("specification", "text", "File of a training that the other options change", unit="FILE")
METRICS = ("accuracy", "best_accuracy", "update_pulses", "transfer_pulses")
NAMED = ("dataset", "algorithm", "device")


def spec_of(given: Mapping[str, Any]) -> AnalogSpec:
    """Build the specification of a point.

    Raises:
        ParameterError: A setting cannot be used, or has no effect in this training.
    """
    base = given.get(BASE.name)
    spec = make_spec({}) if base is None else read_spec(Path(base))
    return override(spec, {name: value for name, value in given.items() if name != BASE.name})


def complete(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return all settings that have an effect, in SI units; see `Run.complete`."""
    spec = spec_of(given)
    content = spec.content
    if content.pop("data", None) is not None:
        content[BASE.name] = str(Path(given[BASE.name]).absolute())
    if "cell" in content:
        content["cell"] = str(Path(content["cell"]).absolute())
    return content


def engine(given: Mapping[str, Any]) -> str:
    """Engine of the products: `digital` for exact ones, `exact` for those of arrays."""
    return DIGITAL if given.get("forward", "exact") == "exact" else "exact"


def version(name: str) -> str:
    """Versions of the engine and of this package."""
    return f"amc {package_version()}" if name == DIGITAL else engine_version(name)


def files(given: Mapping[str, Any]) -> str:
    """Hash of the files of the samples; empty without any.

    Raises:
        ParameterError: A file cannot be read.
    """
    spec = spec_of(given)
    named = {"cell": spec.cell_file}
    if spec.data is not None:
        named |= {f"data.{name}": getattr(spec.data, name) for name in ("train", "test", "labels", "test_labels")}
    found = [(name, Path(path)) for name, path in named.items() if path is not None]
    digest = hashlib.sha256()
    for name, path in found:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if not file.is_dir():
                place = f"{name} {file.relative_to(path)} ".encode(errors="replace")
                digest.update(place + _hash(name, file))
    return digest.hexdigest() if found else ""


def _hash(name: str, file: Path) -> bytes:
    try:
        return hashlib.sha256(file.read_bytes()).digest()
    except OSError as error:
        raise ParameterError(name, str(file), f"cannot be read: {error.strerror or error}") from None


def measure(given: Mapping[str, Any]) -> RunOutcome:
    """Train, and return the metrics of the result."""
    from analog_training.training.training import AnalogTraining

    result = AnalogTraining(spec_of(given)).run()
    record = result.record()
    names = ("accuracy", "best_accuracy", *result.totals, "wall_time_s")
    metrics = {name: record[name] for name in names} | {"accuracy_curve": record["accuracies"]}
    if result.cost is not None:
        metrics |= {"energy_j": result.cost.energy, "update_time_s": result.cost.update_time}
        metrics |= {"transfer_time_s": result.cost.transfer_time}
    return RunOutcome(result.status, metrics, result.message) if result.message else RunOutcome(metrics=metrics)


def options() -> tuple[Option, ...]:
    """Table of all options."""
    return (BASE, *override_options())


analog_train = Run(
    options, complete, engine, version, files, measure, METRICS,
    ("accuracy", "best_accuracy"), NAMED,
)  # fmt: skip
