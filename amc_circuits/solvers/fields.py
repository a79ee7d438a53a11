"""Keywords of `Solver.program`, for editors and type checkers; a test compares them with the records."""

from __future__ import annotations

from collections.abc import Mapping as AnyMapping
from pathlib import Path
from typing import Any, Literal, TypedDict

from amc_circuits.cells.devices import Device
from amc_circuits.cells.mapping import Mapping, Pair
from amc_circuits.cells.scaling import Scaling
from amc_circuits.engines.settings import Settings
from amc_circuits.solvers.hardware import Hardware
from netlists import OpAmp, ParameterError, Record
from netlists.errors import no_such, shown


class Fields(TypedDict, total=False):
    """Fields of `Hardware` and of `Settings`; their meaning is in the docstrings of these records."""

    opamp: OpAmp | str
    device: Device | str
    g_min: float | None
    g_max: float | None
    conductances: Mapping | None
    pair: Pair
    scaling: Scaling
    wire_resistance: float
    line_capacitance: float
    interconnect: Literal["reduced", "flat"]
    contacts: Literal["one", "both"]
    line_model: Literal["reduced", "lumped"]
    compensate_wires: bool
    offset_spread: float
    temperature: float
    wire_temperature_coefficient: float
    opamp_temperature_law: Literal["cmos", "none"]
    seed: int
    trial: int
    input_voltage: float
    rise_time: float
    tolerance: float
    fixed_scale: bool
    start: Literal["rest", "previous"]
    jobs: int
    force: bool
    timeout: float
    cross_check: float
    keep: Path | None


def known_fields(given: AnyMapping[str, Any], parameters: type[Record]) -> dict[str, Any]:
    """Return a copy of keywords of `program`; refuse one that is no field of its records."""
    names = [*Hardware.model_fields, *Settings.model_fields, *parameters.model_fields, "engine", "converters"]
    for name, value in given.items():
        if name not in names:
            raise ParameterError(name, shown(value), no_such(name, names))
    return dict(given)


def check_meaning(given: AnyMapping[str, Any], reasons: AnyMapping[str, str]) -> None:
    """Refuse keywords that differ from their defaults and have no meaning for a circuit.

    Args:
        given: Keywords.
        reasons: Names of keywords without a meaning, each with the reason.

    Raises:
        ParameterError: There is one; the error names it.
    """
    defaults = {name: field.default for record in (Hardware, Settings) for name, field in record.model_fields.items()}
    for name, why in reasons.items():
        if name in given and given[name] != defaults[name]:
            raise ParameterError(name, given[name], f"has no meaning here: {why}; leave it out")
