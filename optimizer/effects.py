"""Settings that the chosen parts of a training ignore."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from optimizer.circuit_settings import CircuitSettings
from optimizer.settings import KfacSettings, MomentumSettings, OptimizerSettings

Idle = tuple[str, str]
"""A setting, its path with dots, and why it has no effect."""


def idle_settings(
    optimizer: OptimizerSettings, solver: str, circuit: CircuitSettings, task: str = "classification"
) -> Iterator[Idle]:
    """Yield all settings that have no effect in a training with these parts, whatever their values."""
    inverting = isinstance(optimizer, KfacSettings) or getattr(optimizer, "inverts", False)
    places = [f"circuit.{name}" for name in (*type(circuit).model_fields, *(circuit.model_extra or {}))]
    if not inverting:
        why = f"has no effect: {optimizer.name} inverts nothing; leave it out, or take kfac"
        yield from ((place, why) for place in ("solver", *places))
    elif solver != "inv-circuit":
        why = f"has no effect with the solver {solver}; leave it out, or take inv-circuit"
        yield from ((place, why) for place in places)
    else:
        yield from _of_circuit(circuit)
    instead = {"classification": "target_accuracy", "autoencoder": "target_loss"}
    for other in instead.keys() - {task}:
        yield instead[other], f"has no effect with the task {task}; leave it out, or take {instead[task]}"
    if optimizer.schedule != "step":
        why = f"has no effect with the schedule {optimizer.schedule}; leave it out, or take step"
        yield from ((f"optimizer.{name}", why) for name in ("step_epochs", "step_factor"))
    if isinstance(optimizer, MomentumSettings | KfacSettings) and optimizer.momentum == 0:
        yield "optimizer.nesterov", "has no effect with a momentum of 0; leave it out, or give momentum"
    if isinstance(optimizer, KfacSettings):
        yield from _of_step_size(optimizer.step_size)
    if isinstance(optimizer, KfacSettings) and optimizer.first_interval > optimizer.inverse_interval:
        yield "optimizer.first_interval", "has no effect above inverse_interval; lower it, or leave it out"


def _of_step_size(step_size: str) -> Iterator[Idle]:
    if step_size == "quadratic":
        why = "has no effect with the step_size quadratic; leave it out, or take rate"
        names: tuple[str, ...] = ("learning_rate", "momentum", "nesterov", "kl_clip", "weight_decay")
    else:
        why = "has no effect with the step_size rate; leave it out, or take quadratic"
        names = ("damping_floor", "damping_interval")
    yield from ((f"optimizer.{name}", why) for name in names)


def _of_circuit(circuit: CircuitSettings) -> Iterator[Idle]:
    if circuit.engine == "exact":
        yield "circuit.jobs", "has no effect with the engine exact, which is one process; leave it out"
    if circuit.bits is not None:
        yield "circuit.at_rest", "has no effect with bits, where all columns are computed at rest; leave it out"
    elif circuit.wide != "blocks" and not circuit.at_rest:
        why = "acts on columns at rest alone; leave it out, or take at_rest, wide = blocks or bits"
        yield "circuit.simulated_columns", why


def given_places(content: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the settings in plain data with their values, each under its path with dots."""
    for name, value in content.items():
        if isinstance(value, dict):
            yield from given_places(value, f"{above}{name}.")
        elif value is not None:
            yield above + name, value
