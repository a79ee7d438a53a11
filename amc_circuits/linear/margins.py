"""Stability margins: limits of second pole, bandwidth and resistances up to which all poles of a circuit decay.

The search uses a logarithmic grid of four points per decade over at most three decades. Between the first two points
where the largest real part of all poles changes its sign, the limit is computed to one part in ten thousand.
Stability need not be monotone: inverters may be stable, unstable and stable again as their resistance rises. A limit
is the first crossing. Two crossings between neighbouring points of the grid are not detected.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise

import numpy as np

from amc_circuits.linear.equations import linear_circuit
from amc_circuits.values.quantities import format_quantity
from netlists import Circuit, Conductors, MacroOpAmp, OpAmp, SinglePoleOpAmp
from netlists.record import FloatArray

DECADES = 3
POINTS_PER_DECADE = 4
ACCURACY = 1e-4
NEGLIGIBLE_RESISTANCE = 1e-3
"""Output resistance that represents no resistance, ohm."""

Growth = Callable[[float], float]


@dataclass(frozen=True)
class Limit:
    """Value of a parameter at which a circuit becomes unstable.

    Attributes:
        value: Limit in SI units; None if there is none.
        note: Reason why there is no limit; empty if there is one.
    """

    value: float | None
    note: str = ""


def lowest_second_pole(circuit: Circuit) -> Limit:
    """Compute the frequency of a second pole, equal in all op-amps, above which the circuit is stable, Hz.

    The search goes down from 1000 times the GBWP to a thousandth of it. The first crossing counts, so all frequencies
    above it are stable. The op-amps' own second poles are ignored. With a single array and a symmetric positive
    definite matrix, a second pole only makes an INV circuit ring, unless capacitance adds to its lag.
    """
    if _growth(circuit.with_opamps(lambda one: _with_second_pole(one, None))) >= 0:
        return Limit(None, "none: a pole grows even without a second pole")

    def growth(second_pole: float) -> float:
        return _growth(circuit.with_opamps(lambda one: _with_second_pole(one, second_pole)))

    gbwp = _gbwp(circuit)
    top, bottom = gbwp * 10.0**DECADES, gbwp * 10.0**-DECADES
    if growth(top) >= 0:
        return Limit(None, f"none up to {format_quantity(top, 'Hz', 3)}, though it is stable without one")
    found = _first_crossing(growth, top, bottom)
    return Limit(found) if found else Limit(None, f"any from {format_quantity(bottom, 'Hz', 3)} up")


def largest_gbwp(circuit: Circuit) -> Limit:
    """Compute the gain-bandwidth product up to which the circuit is stable, Hz; all else stays, also a second pole.

    For a stable circuit it is the first crossing above its own GBWP, up to 1000 times the GBWP. For an unstable one it
    is the first crossing below, down to a thousandth. Without capacitance and second pole all poles scale with the
    GBWP, and there is no crossing. If op-amps differ, the result is for the fastest, with the others in proportion.
    """
    own = _gbwp(circuit)

    def growth(gbwp: float) -> float:
        def scaled(record: OpAmp) -> OpAmp:
            return record.equivalent.replace(gbwp=record.equivalent.gbwp * (gbwp / own))

        return _growth(circuit.with_opamps(scaled))

    return _largest(growth, own, "Hz")


def largest_resistance(circuit: Circuit, names: Sequence[str]) -> Limit:
    """Compute the resistance of some equal conductors up to which the circuit is stable, ohm; see `largest_gbwp`.

    Resistors of inverters have an effect by the lag of the input capacitance, and as a load of the op-amps' output
    resistance.

    Args:
        circuit: Circuit to examine.
        names: Names of the conductors.
    """
    parts = [part for part in circuit.of(Conductors) if part.name in names]
    if not parts:
        return Limit(None, "no such part")

    def growth(resistance: float) -> float:
        return _growth(circuit.with_parts(*(replace(part, siemens=1 / resistance) for part in parts)))

    return _largest(growth, float(1 / np.max(parts[0].siemens)), "ohm")


def _growth(circuit: Circuit) -> float:
    """Compute the largest real part of all poles, 1/s."""
    return linear_circuit(circuit).growth_rate


def _gbwp(circuit: Circuit) -> float:
    """Return the GBWP of the fastest op-amp, Hz."""
    return max(record.equivalent.gbwp for record in circuit.opamps)


def _with_second_pole(record: OpAmp, frequency: float | None) -> OpAmp:
    return _macro(record.equivalent).replace(second_pole=frequency)


def _macro(opamp: SinglePoleOpAmp | MacroOpAmp) -> MacroOpAmp:
    """Return the op-amp as a record with an optional second pole; the limits of such a record move no pole."""
    if isinstance(opamp, MacroOpAmp):
        return opamp
    return MacroOpAmp(
        open_loop_gain=opamp.open_loop_gain,
        gbwp=opamp.gbwp,
        output_resistance=NEGLIGIBLE_RESISTANCE,
        slew_rate=1.0,
        output_current_limit=1.0,
        output_swing=1.0,
        supply_voltage=1.0,
        quiescent_current=1.0,
        class_ab_current=1.0,
        cmrr=opamp.cmrr,
    )


def _largest(growth: Growth, own: float, unit: str) -> Limit:
    """Search upwards from the circuit's own value if it is stable, downwards if it is not."""
    stable = growth(own) < 0
    end = own * 10.0 ** (DECADES if stable else -DECADES)
    found = _first_crossing(growth, own, end)
    if found:
        return Limit(found)
    return Limit(None, f"{'any up to' if stable else 'none down to'} {format_quantity(end, unit, 3)}")


def _first_crossing(growth: Growth, start: float, end: float) -> float | None:
    """Compute the first value between two limits at which the circuit changes between stable and unstable."""
    from scipy.optimize import brentq  # imported here: otherwise every solve would wait for it

    @cache
    def of_logarithm(logarithm: float) -> float:
        return growth(math.exp(logarithm))

    points = round(abs(math.log10(end / start)) * POINTS_PER_DECADE) + 1
    grid: FloatArray = np.linspace(math.log(start), math.log(end), points)
    before = of_logarithm(grid[0])
    for last, place in pairwise(grid.tolist()):
        here = of_logarithm(place)
        if (here < 0) != (before < 0):
            return math.exp(brentq(of_logarithm, last, place, xtol=ACCURACY))
        before = here
    return None
