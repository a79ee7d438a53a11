"""Closed forms of one update by a stochastic pulse train on soft bounds.

A cell gets n pulses, n binomial with L slots of probability p = p_x p_d. A pulse multiplies the distance to the bound
by r = 1 - step/bound, plus noise of variance s^2. So

    E[w]   = bound + (w0 - bound) m^L,                              m = 1 - p (1 - r)
    Var[w] = (w0 - bound)^2 (q^L - m^(2L)) + s^2 (1 - q^L)/(1 - r^2),   q = 1 - p (1 - r^2)

since E[r^n] = m^L and E[r^(2n)] = q^L. The bounds clip no pulse here: noise beyond them is not in these forms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from amc_circuits import ParameterError, short_repr
from analog_training.devices.record import PulsedDevice
from analog_training.updates.trains import Trains


@dataclass(frozen=True)
class Moments:
    """Weight after an update.

    Attributes:
        mean: Mean.
        deviation: Standard deviation.
    """

    mean: float
    deviation: float

    __repr__ = short_repr


def update_moments(device: PulsedDevice, weight: float, change: float, trains: Trains | None = None) -> Moments:
    """Moments of the weight of a device without spread after an update of signals x = 1 and d = |change|.

    Args:
        device: Device with soft bounds, powers 1, no step of which passes a bound.
        weight: Weight before.
        change: Wanted change, lr x d; positive for up pulses.
        trains: Lengths of pulse trains; None for the defaults.

    Raises:
        ParameterError: A power is not 1, the device has tables or a spread, a step is longer than a bound, the weight
            is not between the bounds, or the change is not finite.
    """
    if not device.lower <= weight <= device.upper:
        raise ParameterError("weight", weight, f"must be within the bounds {device.lower:g} .. {device.upper:g}")
    if not math.isfinite(change):
        raise ParameterError("change", change, "must be finite")
    _check_response(device)
    length, probability = (trains or Trains()).of(abs(change), device.step)
    up = change > 0
    bound = device.upper if up else device.lower
    step = device.step * (1 + device.asymmetry if up else 1 - device.asymmetry)
    kept = 1 - step / abs(bound)
    mean_kept = (1 - probability * (1 - kept)) ** length
    square_kept = (1 - probability * (1 - kept**2)) ** length
    noise = (device.cycle_noise * step) ** 2 * (1 - square_kept) / (1 - kept**2)
    variance = (weight - bound) ** 2 * (square_kept - mean_kept**2) + noise
    return Moments(bound + (weight - bound) * mean_kept, math.sqrt(max(variance, 0.0)))


def _check_response(device: PulsedDevice) -> None:
    for name in ("up_power", "down_power"):
        if getattr(device, name) != 1:
            raise ParameterError(name, getattr(device, name), "must be 1: the closed forms are those of soft bounds")
    if device.up_table is not None:
        raise ParameterError("up_table", "a table", "must be None: the closed forms are those of soft bounds")
    for name, value in device.spreads.items():
        if value > 0:
            raise ParameterError(name, value, "must be 0: the closed forms are those of a single device")
    excess = max(
        (1 + device.asymmetry) * device.step / device.upper, (1 - device.asymmetry) * device.step / -device.lower
    )
    if excess > 1:
        raise ParameterError(
            "states", device.states, "gives steps that pass a bound, which clips them; take more states"
        )
