"""The device of the options: a preset, with or without changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from amc_circuits.cases.option import names_of
from amc_circuits.cases.options import DEVICE
from amc_circuits.cells.devices import DRIFT_START, Device, device_preset
from netlists import ParameterError


def device_of(options: Mapping[str, Any]) -> Device:
    """Build the device of the cells.

    Raises:
        ParameterError: There is no such device, a value cannot be used, or a given option has no effect.
    """
    given = {name: options[name] for name in names_of(DEVICE) if options[name] is not None}
    device = device_preset(options["device"]).replace(**given)
    drifting = device.drift_time > DRIFT_START
    aged = f"a drift_time above {DRIFT_START:g} s, when drift begins"
    for name, other, says in (
        ("programming_error_scale", "programming_error", device.programming_error != 0),
        ("drift_exponent", aged, drifting),
        ("drift_spread", aged, drifting),
        ("drift_time", "drift_exponent or drift_spread", device.drift_exponent != 0 or device.drift_spread != 0),
        ("drift_time", aged, drifting),
    ):
        if given.get(name) and not says:
            raise ParameterError(name, given[name], f"has no effect without {other}; add it, or leave this out")
    return device
