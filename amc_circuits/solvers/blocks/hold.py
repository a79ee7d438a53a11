"""Sample-and-hold between two steps: what it adds to a voltage and loses over time.

Per line `v_held(t) = (v + offset + q/C) exp(-t/(R_off C))`. The charge q of an opening switch with overlap
capacitance C_ov and a control swing V is about `mismatch C_ov V` if a complementary switch cancels the rest: 5 fF, 10 %
and 0.72 V leave 0.36 fC, which is 0.36 mV at 1 pF. So q does not depend on the signal here; the channel charge of a
single transistor would. Reference: Wegmann, Vittoz, Rahali, JSSC 1987, doi 10.1109/JSSC.1987.1052857.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Self

import numpy as np

from netlists import Record
from netlists.record import FloatArray, Positive, about
from netlists.short_text import short_repr


class SampleHold(Record):
    """Sample-and-holds between the steps. By default they are exact."""

    hold_capacitance: Annotated[float, about("Capacitance of a sample-and-hold", "F", gt=0, le=1e-6)] = 1e-12
    hold_offset: Annotated[
        float, about("Standard deviation of the offset of a sample-and-hold from line to line", "V", ge=0, le=1)
    ] = 0.0
    hold_injection: Annotated[float, about("Charge that its opening switch leaves", "C", ge=-1e-9, le=1e-9)] = 0.0
    hold_leakage: Annotated[
        Positive | None, about("Resistance through which it loses its charge (none: it keeps it)", "ohm", le=1e18)
    ] = None

    @property
    def step(self) -> float:
        """Voltage that injection adds, V."""
        return self.hold_injection / self.hold_capacitance

    def kept(self, seconds: float) -> float:
        """Part of a voltage that is left after a time."""
        if self.hold_leakage is None:
            return 1.0
        return float(np.exp(-seconds / (self.hold_leakage * self.hold_capacitance)))


@dataclass(frozen=True)
class Held:
    """Voltages in sample-and-holds, with the factor at which a step takes them.

    Attributes:
        volts: Sampled voltages with their errors, shape (n, K), V.
        factor: Factor of every right-hand side, shape (K,).
        sampled: Time at which they were sampled, s after the start of the solve.
    """

    volts: FloatArray
    factor: FloatArray
    sampled: float

    __repr__ = short_repr

    def part(self, rows: slice) -> Self:
        """Some of the lines."""
        return replace(self, volts=self.volts[rows])

    def times(self, factor: FloatArray) -> Self:
        """The same voltages, taken at another factor."""
        return replace(self, factor=self.factor * factor)

    def at(self, time: float, hold: SampleHold) -> FloatArray:
        """Voltages that a step which ends at a time gets, shape (n, K), V."""
        return self.volts * self.factor * hold.kept(time - self.sampled)
