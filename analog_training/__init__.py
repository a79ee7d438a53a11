"""In-memory training: weights in devices with few states, that pulses move where they are.

This layer speaks of gradients, tiles and pulses. The names below are imported at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from amc_circuits import lazy_names

if TYPE_CHECKING:
    from analog_training.devices.presets import pulsed_device
    from analog_training.devices.record import PulsedDevice
    from analog_training.training.result import AnalogResult
    from analog_training.training.specification import AnalogSpec, make_spec, override, read_spec
    from analog_training.training.training import AnalogTraining, train_analog
    from analog_training.updates.closed_forms import Moments, update_moments
    from analog_training.updates.trains import Trains

    __version__: str

_HOMES = {
    "AnalogResult": "analog_training.training.result",
    "AnalogSpec": "analog_training.training.specification",
    "AnalogTraining": "analog_training.training.training",
    "Moments": "analog_training.updates.closed_forms",
    "PulsedDevice": "analog_training.devices.record",
    "Trains": "analog_training.updates.trains",
    "make_spec": "analog_training.training.specification",
    "override": "analog_training.training.specification",
    "pulsed_device": "analog_training.devices.presets",
    "read_spec": "analog_training.training.specification",
    "train_analog": "analog_training.training.training",
    "update_moments": "analog_training.updates.closed_forms",
}

__all__ = [
    "AnalogResult",
    "AnalogSpec",
    "AnalogTraining",
    "Moments",
    "PulsedDevice",
    "Trains",
    "make_spec",
    "override",
    "pulsed_device",
    "read_spec",
    "train_analog",
    "update_moments",
]

if not TYPE_CHECKING:  # a type checker reads the imports above and reports names that do not exist
    __getattr__, __dir__ = lazy_names(__name__, _HOMES)
