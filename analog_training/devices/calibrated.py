"""Devices of a calibrated cell: its fitted response, or the measured steps themselves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import numpy as np

from amc_circuits import CalibratedCell, ParameterError, check_type, path_of
from analog_training.devices.record import PulsedDevice

Response = Literal["power-law", "soft-bounds", "table"]
MEND = "amc device calibrate saves one"
LARGEST_FILE = 10_000_000
"""Most bytes of a file of a cell; a longer one is cut, and then no JSON."""
FROM_CELL = ("states", "upper", "lower", "up_power", "down_power", "asymmetry")
"""Fields of a device that a cell gives."""


def conductances_of(cell: CalibratedCell, response: Response) -> tuple[float, float]:
    """Half of the range of a cell, a weight of 1, and the conductance of weight 0, both in S."""
    fit = cell.soft_bounds if response == "soft-bounds" else cell.power_law
    point = cell.symmetric_point if response == "table" else fit.symmetric_point
    return (fit.top - fit.bottom) / 2, point


def device_of(cell: CalibratedCell, response: Response = "power-law") -> PulsedDevice:
    """Return a cell as a device without spreads: its weight is `(G - G_sp)/(range/2)`, 0 at the symmetric point.

    Args:
        cell: Calibration.
        response: Response of the device; `table` for single pulses that were measured over the range.
    """
    check_type("cell", cell, CalibratedCell, mend="amc_circuits.calibrate_cell returns one")
    fit = cell.soft_bounds if response == "soft-bounds" else cell.power_law
    half, point = conductances_of(cell, response)
    bounds = {"upper": (fit.top - point) / half, "lower": (fit.bottom - point) / half}
    if response != "table":
        return PulsedDevice(states=fit.states, up_power=fit.up_power, down_power=fit.down_power, **bounds)
    up, down = (np.maximum(np.array(steps), 0) / cell.step for steps in (cell.up_steps, -np.array(cell.down_steps)))
    return PulsedDevice(states=cell.states, up_table=tuple(up.tolist()), down_table=tuple(down.tolist()), **bounds)


def read_cell(path: str | Path) -> CalibratedCell:
    """Read a file of `amc device calibrate` with `save`.

    Raises:
        ParameterError: The file cannot be read, or is no such file.
    """
    path = path_of("cell", path)
    try:
        with path.open("rb") as file:
            content = json.loads(file.read(LARGEST_FILE))
    except OSError as error:
        raise ParameterError("cell", str(path), f"cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError):
        raise ParameterError("cell", str(path), f"is no JSON; {MEND}") from None
    try:
        return CalibratedCell.model_validate(content)
    except ParameterError as error:
        mend = f"is no calibrated cell: {error.parameter}: {error.mend}; {MEND}"
        raise ParameterError("cell", str(path), mend) from None
