"""The limit that holds an op-amp at rest."""

from __future__ import annotations

import math
from dataclasses import dataclass

from amc_circuits.values.quantities import format_quantity
from netlists import MacroOpAmp
from netlists.opamps.subcircuit import CLAMP_VOLTAGE
from netlists.short_text import short_repr

FULL_CURRENT = 0.9
"""Part of the largest output current above which the current limit holds an amplifier."""
LARGEST_EXPONENT = 50.0
"""Exponent of the clamp's current above which it holds an amplifier anyway."""
MOST_SHARE = 1 - 1e-15
"""Largest share of the input stage's largest current that R1 is taken to draw; all of it needs an endless voltage."""


@dataclass(frozen=True)
class HoldingLimit:
    """The limit that holds an op-amp; its text is made when it is asked for, as one of many columns is told of.

    Attributes:
        amplifier: Name of the op-amp.
        opamp: Its record.
        output: Output voltage, V.
        current: Output current, A.
    """

    amplifier: str
    opamp: MacroOpAmp
    output: float
    current: float

    __repr__ = short_repr

    def __str__(self) -> str:
        """Name the op-amp and its limit."""
        name, opamp, output, current = self.amplifier, self.opamp, self.output, self.current
        if abs(current) > FULL_CURRENT * opamp.output_current_limit:
            limit = format_quantity(opamp.output_current_limit, "A")
            return f"{name} delivers {format_quantity(current, 'A')} of at most {limit}"
        held = f"{name} is held at {format_quantity(output, 'V')} by its"
        stage = abs(output + opamp.output_resistance * current)
        # The input stage drives R1 by SR C1 at most. Its bend takes `artanh(x) - x` of the input voltage, and the clamp
        # as much as its current, in units of SR/w_T.
        most = opamp.open_loop_gain * opamp.slew_rate / opamp.unity_gain_frequency
        share = min(stage / most, MOST_SHARE)
        clamp = math.exp(min((stage - opamp.output_swing) / CLAMP_VOLTAGE, LARGEST_EXPONENT))
        if math.atanh(share) - share > clamp:
            slew_rate, volts = format_quantity(opamp.slew_rate, "V/s"), format_quantity(most, "V")
            gain = f"{opamp.open_loop_gain:g}"
            return f"{held} slew rate of {slew_rate}, which at a gain of {gain} drives at most {volts}"
        return f"{held} swing of {format_quantity(opamp.output_swing, 'V')}"
