"""What swings and slew rates change in the linear range: the scale of reduced inputs, and the end of the slot.

Both follow one op-amp: the one with the smallest swing, or with the longest slewing time, its swing over its slew rate
(`solvers/streaming.py`). Equal ones have equal parts of the derivative by all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from amc_circuits.solvers.sensitivities.record import PartFields
from amc_circuits.solvers.streaming import swing_of
from netlists import Circuit, MacroOpAmp, OpAmps


def of_scale(circuit: Circuit, of_level: float) -> PartFields:
    """Return derivatives by swings from the derivative by the logarithm of the inputs, which are reduced."""
    smallest = swing_of(circuit)
    rows = [part for part in circuit.of(OpAmps) if part.record.swing == smallest]
    return _shared(circuit, rows, lambda opamp: {"output_swing": of_level / opamp.swing})


def of_slewing(circuit: Circuit, of_time: float) -> PartFields:
    """Return derivatives by swings and slew rates from the derivative by the slewing time; empty without slew rates."""
    longest = max(record.slewing_time for record in circuit.opamps)
    rows = [part for part in circuit.of(OpAmps) if part.record.slewing_time == longest]
    return _shared(
        circuit,
        rows,
        lambda opamp: {
            "output_swing": of_time / opamp.slew_rate,
            "slew_rate": -of_time * opamp.slewing_time / opamp.slew_rate,
        },
    )


def _shared(circuit: Circuit, rows: list[OpAmps], of_all: Callable[[MacroOpAmp], Mapping[str, float]]) -> PartFields:
    """Divide the derivatives by all op-amps of some rows equally; op-amps without limits have none."""
    count, found = sum(circuit.groups[part.output] for part in rows), {}
    for part in rows:
        opamp, places = part.record.equivalent, circuit.groups[part.output]
        if isinstance(opamp, MacroOpAmp):
            found[part.name] = {field: np.full(places, one / count) for field, one in of_all(opamp).items()}
    return found
