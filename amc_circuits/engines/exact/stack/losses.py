"""Loss of the linear responses of many circuits to the limits of their op-amps: `NonlinearCircuit.losses`, stacked.

And that of one response from all its samples, as in `linear_range.py`.
"""

from __future__ import annotations

import numpy as np

from amc_circuits.engines.exact.linear_stack.responses import ramp
from amc_circuits.engines.exact.nonlinear.circuit import COARSE
from amc_circuits.engines.exact.nonlinear.laws import Laws
from amc_circuits.engines.exact.stack.system import StackedParts, StackedSystem
from netlists.opamps.subcircuit import CLAMP_EXPONENT_LIMIT, CLAMP_VOLTAGE
from netlists.record import FloatArray


def losses(system: StackedSystem, slot_time: FloatArray, rise: float) -> FloatArray:
    """Estimate what limits take from linear responses in slots (P,), s, in units of full scale, shape (P,)."""
    time = np.geomspace(np.full_like(slot_time, rise), slot_time, COARSE, axis=1)
    state = linear_states(system, time, rise)
    laws, level = system.single, system.seen.feed + system.seen.rest
    voltages = state @ system.seen.matrix + level[:, None]
    drive, drop, stage = (part.transpose(2, 1, 0) for part in np.split(voltages, 3, axis=2))
    weights = np.gradient(time, axis=1).T
    slewing = (np.abs(laws.stage(drive)[0]) * weights).sum(axis=1)
    clamp = (np.abs(laws.clamp(stage)[0]) * weights).sum(axis=1)
    output = (laws.resistance * np.abs(laws.output(drop)[0])).max(axis=1)
    still = (system.read.feed + system.read.rest)[:, None, system.outputs]
    last = state[:, -1:] @ system.read.matrix[..., system.outputs] + still
    full = np.maximum(np.abs(last).max(axis=(1, 2)), np.finfo(float).tiny)
    return np.asarray(np.maximum(np.maximum(slewing, output), clamp).max(axis=0) / full)


def sampled_loss(laws: Laws, seen: FloatArray, weights: FloatArray, slowest: float) -> float:
    """Estimate what limits take from a linear response, V; infinite where one is passed.

    Args:
        laws: Limits of the m op-amps.
        seen: Rows `StackedSystem.seen` at all times, shape (T, 3 m), V/s and V.
        weights: Weights of the times in an integral over the slot, shape (T,), s.
        slowest: Real part of the slowest pole, 1/s.
    """
    limits = laws.slew_rate, laws.resistance * laws.current, laws.swing
    rate, bend, swing = (limit[:, 0, 0] for limit in limits)
    drive, drop, stage = (
        part / limit for part, limit in zip(np.split(np.abs(seen), 3, axis=1), (rate, bend, swing), strict=True)
    )
    current, highest = drop.max(axis=0), stage.max(axis=0)
    if max(drive.max(), current.max(), highest.max()) > 1:
        return np.inf
    slewing = rate * (weights @ (drive - np.tanh(drive)))
    output = bend * (np.arctanh(np.minimum(current, 1 - 1e-12)) - current)
    beyond = np.minimum((highest - 1) * swing / CLAMP_VOLTAGE, CLAMP_EXPONENT_LIMIT)
    return float(max(slewing.max(), output.max(), (rate * np.exp(beyond)).max() / abs(slowest)))


def linear_states(system: StackedParts, time: FloatArray, rise: float) -> FloatArray:
    """Return the coordinates of linear responses after the edge at times (P, T), s, shape (P, T, n)."""
    values, first = system.poles.values, system.poles.first
    drive = system.modes(system.drive)
    still = -drive / values
    decaying = drive * rise * ramp(values * rise) - still
    after = (time - rise)[:, :, None]
    fading = np.exp(values.real[:, None] * after)
    found = still.real[:, None] + decaying.real[:, None] * fading
    turned = decaying[:, None, first:] * np.exp(1j * values.imag[:, None, first:] * after) * fading[..., first:]
    turned += still[:, None, first:]
    found[..., first:] = np.where(system.poles.side[:, None, first:] > 0, turned.imag, turned.real)
    return found
