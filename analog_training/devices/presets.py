"""Devices by name, each with the source of its numbers."""

from __future__ import annotations

from dataclasses import dataclass

from amc_circuits import check_name, short_repr
from analog_training.devices.record import PulsedDevice

AIHWKIT = "IBM/aihwkit, src/aihwkit/simulator/presets/devices.py, commit 9488fd0"
ARRAYS = f"{AIHWKIT}, a fit to Gong, Rasch et al., IEDM 2022; its write noise and corrupt devices are left out"
DEFAULT = "few-states"


@dataclass(frozen=True)
class DevicePreset:
    """A device with a name.

    Attributes:
        device: The device.
        source: Source of its numbers.
    """

    device: PulsedDevice
    source: str

    __repr__ = short_repr


PRESETS = {
    DEFAULT: DevicePreset(
        PulsedDevice(states=4, step_spread=0.3, bound_spread=0.3, cycle_noise=0.3),
        "4 states are a choice; spreads and noise are the defaults of aihwkit's pulsed devices",
    ),
    "ideal": DevicePreset(
        PulsedDevice(states=1e6, up_power=0, down_power=0, upper=100, lower=-100), "equal steps, no spread, no noise"
    ),
    "reram-soft-bounds": DevicePreset(
        PulsedDevice(
            states=1000, upper=1.25, lower=-0.75, step_spread=0.3, bound_spread=0.3 / 1.25, lower_spread=0.3 / 0.75,
            asymmetry_spread=0.01, cycle_noise=3.75,
        ),
        f"ReRamSBPresetDevice, {AIHWKIT}, a loose fit to Gong et al., Nature Communications 2018; "
        "its write noise is left out",
    ),
    "reram-optimized-material": DevicePreset(
        PulsedDevice(
            states=2 / 0.0949, step_spread=0.7829, step_law="log-normal", bound_spread=0.3499, lower_spread=0.5695,
            asymmetry_spread=0.01, cycle_noise=0.4158, reference_spread=0.05,
        ),
        f"ReRamArrayOMPresetDevice, {ARRAYS}",
    ),
    "reram-hfo2": DevicePreset(
        PulsedDevice(
            states=2 / 0.4622, step_spread=0.7125, step_law="log-normal", bound_spread=0.4295, lower_spread=0.599,
            asymmetry_spread=0.01, cycle_noise=0.2174, reference_spread=0.05,
        ),
        f"ReRamArrayHfO2PresetDevice, {ARRAYS}",
    ),
}  # fmt: skip


def pulsed_device(name: str) -> PulsedDevice:
    """Return a device by its name.

    Raises:
        ParameterError: There is no such device.
    """
    check_name("device", name, PRESETS)
    return PRESETS[name].device
