"""A calibrated cell that needs no simulator: its numbers are made up."""

import numpy as np

from amc_circuits import CalibratedCell
from amc_circuits.programming.calibration import FittedResponse, PulseSettings, Train
from netlists.rram.one_transistor_cell import OneTransistorCell

POWER = FittedResponse(top=90e-6, bottom=1e-6, up_scale=40e-6, up_power=1.8, down_scale=13e-6, down_power=0.8)
SOFT = POWER.replace(up_power=1, down_power=1)


def made_up_cell(count=24):
    """Trains of the power law with energies of 1 and 3 pJ, and its steps over the range."""
    trains = [
        Train(kind=kind, conductance=tuple(POWER.train(kind, start, count)), energy=(joules,) * count)
        for kind, start, joules in (("set", 5e-6, 1e-12), ("reset", 85e-6, 3e-12))
    ]
    grid = np.linspace(POWER.bottom, POWER.top, 65)
    return CalibratedCell(
        cell=OneTransistorCell(pulse_width=5e-9), settings=PulseSettings(), source="table", up=trains[0],
        down=trains[1], soft_bounds=SOFT, power_law=POWER, up_steps=tuple(POWER.step("set", grid)),
        down_steps=tuple(POWER.step("reset", grid)),
    )  # fmt: skip
