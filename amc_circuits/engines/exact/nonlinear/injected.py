"""The linear circuit with inputs for what the limits of op-amps add."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from amc_circuits.linear.circuit import LinearCircuit
from amc_circuits.linear.equations import linear_circuit, stage_of
from netlists import Circuit, MacroOpAmp, OpAmps


def injected_circuit(circuit: Circuit) -> LinearCircuit:
    """Return the linear circuit with further inputs behind those of the sources, for op-amps that are macro models.

    First a rate at every gain stage, V/s, then a current into every output, A; both in the order of the op-amps. The
    states are those of `linear_circuit`. A stage drives other nodes through R_out alone, so that a current into an
    output acts on them as R_out times as many volts at the last stage.
    """
    linear, rates, currents, volts = linear_circuit(circuit), [], [], []
    for part, last in zip(circuit.of(OpAmps), linear.stages, strict=True):
        if not isinstance(part.record, MacroOpAmp):
            continue
        ohms, rows = part.record.output_resistance, linear.nodes[last]
        first, at = (np.searchsorted(linear.kept, np.r_[linear.nodes[name]]) for name in (stage_of(part), last))
        rates.append(np.eye(len(linear.state))[:, first])
        currents.append(ohms * linear.state[:, at])
        currents[-1][at] += ohms * _own_rate(part.record) * np.eye(at.size)
        volts.append(ohms * linear.read[:, at])
        volts[-1][rows] = 0
    drive, fed = np.hstack([*rates, *currents]), np.hstack(volts)
    nothing = np.zeros_like(fed)
    held = {group: np.pad(weights, ((0, 0), (0, drive.shape[1]))) for group, weights in circuit.held.items()}
    return replace(
        linear, drive=np.hstack([linear.drive, drive]), feed=np.hstack([linear.feed, nothing, fed]), held=held
    )


def _own_rate(opamp: MacroOpAmp) -> float:
    """Return the rate at which the last stage of an op-amp decays by itself, 1/s."""
    if opamp.second_pole is None:
        return opamp.unity_gain_frequency / opamp.open_loop_gain
    return 2 * math.pi * opamp.second_pole
