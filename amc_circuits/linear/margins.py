"""How far a circuit is from instability: the second pole, bandwidth and inverters with which its poles still decay.

A limit is looked for on a logarithmic grid of four points a decade, no further than three decades away, and found to
one part in ten thousand between the first two points where the largest real part of all poles changes its sign.
Stability need not be monotone (inverters may be stable, unstable and stable again as their resistance rises): a limit
is the crossing that comes first, and two of them between neighbouring points of the grid are missed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.optimize import brentq

from amc_circuits.linear.circuit import linear_circuit
from amc_circuits.values.quantities import format_quantity
from netlists import InvDesign, MacroOpAmp, MvmDesign, SinglePoleOpAmp
from netlists.record import FloatArray

DECADES = 3
POINTS_PER_DECADE = 4
ACCURACY = 1e-4
NEGLIGIBLE_RESISTANCE = 1e-3
"""Output resistance that stands for none, ohm."""

Growth = Callable[[float], float]


@dataclass(frozen=True)
class Limit:
    """The value of a parameter at which a circuit turns unstable.

    Attributes:
        value: In SI units; None where there is none.
        note: Why there is none; empty where there is one.
    """

    value: float | None
    note: str = ""


def lowest_second_pole(design: InvDesign | MvmDesign) -> Limit:
    """Frequency of a second pole, alike in all op-amps, above which the circuit is stable, Hz.

    It is looked for downwards from 1000 times the GBWP to a thousandth of it; the first crossing counts, so everything
    from there to the top is stable. The op-amp's own second pole takes no part. With a single array and a symmetric
    positive definite matrix a second pole only makes the circuit ring, unless capacitance adds to its lag.
    """
    opamp = _macro(design.opamp.equivalent)
    if _growth(design, opamp=opamp.replace(second_pole=None)) >= 0:
        return Limit(None, "none: a pole grows even without a second pole")

    def growth(second_pole: float) -> float:
        return _growth(design, opamp=opamp.replace(second_pole=second_pole))

    top, bottom = opamp.gbwp * 10.0**DECADES, opamp.gbwp * 10.0**-DECADES
    if growth(top) >= 0:
        return Limit(None, f"none up to {format_quantity(top, 'Hz', 3)}, though it is stable without one")
    found = _first_crossing(growth, top, bottom)
    return Limit(found) if found else Limit(None, f"any from {format_quantity(bottom, 'Hz', 3)} up")


def largest_gbwp(design: InvDesign | MvmDesign) -> Limit:
    """Gain-bandwidth product up to which the circuit is stable, Hz; all else stays, also a second pole.

    Of a stable circuit the first crossing above its own GBWP, up to 1000 times as much; of an unstable one the first
    below it, down to a thousandth. Without capacitance and second pole all poles scale with the GBWP, and there is no
    crossing.
    """
    opamp = design.opamp.equivalent

    def growth(gbwp: float) -> float:
        return _growth(design, opamp=opamp.replace(gbwp=gbwp))

    return _largest(growth, opamp.gbwp, "Hz")


def largest_inverter_resistance(design: InvDesign | MvmDesign) -> Limit:
    """Resistance of the inverters' resistors up to which the circuit is stable, ohm; looked for as `largest_gbwp` is.

    It matters by the lag of the inverters' input capacitance, and as a load of the op-amps' output resistance.
    """
    if isinstance(design, MvmDesign) or not design.signed:
        return Limit(None, "no inverters")

    def growth(resistance: float) -> float:
        return _growth(design, inverter_resistance=resistance)

    return _largest(growth, design.inverter_resistance, "ohm")


def _growth(design: InvDesign | MvmDesign, **changes: Any) -> float:
    """Largest real part of all poles of a design with another op-amp or other inverters, 1/s."""
    changed = design.replace(**changes)
    # The arrays are the same, and with wires it takes long to reduce them.
    changed.__dict__["reduced_arrays"] = design.reduced_arrays
    return linear_circuit(changed).growth_rate


def _macro(opamp: SinglePoleOpAmp | MacroOpAmp) -> MacroOpAmp:
    """The same op-amp as a record that can have a second pole; the limits that it then must have move no pole."""
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
    )


def _largest(growth: Growth, own: float, unit: str) -> Limit:
    """Upwards from the circuit's own value if it is stable, downwards if it is not."""
    stable = growth(own) < 0
    end = own * 10.0 ** (DECADES if stable else -DECADES)
    found = _first_crossing(growth, own, end)
    if found:
        return Limit(found)
    return Limit(None, f"{'any up to' if stable else 'none down to'} {format_quantity(end, unit, 3)}")


def _first_crossing(growth: Growth, start: float, end: float) -> float | None:
    """Where, on the way from one value to another, the circuit first changes between stable and unstable."""

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
