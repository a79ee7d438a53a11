"""Poles of the linear circuit: stability, predicted settling time, and the cause of an instability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from quantiphy import Quantity

from netlists import Array, Circuit, MacroOpAmp
from netlists.record import FloatArray
from netlists.short_text import rows_text


@dataclass(frozen=True)
class Stability:
    """Poles of a circuit.

    Attributes:
        poles: All poles, 1/s, the slowest (or the fastest growing) first.
        cause: Cause of an instability, one sentence: the pole, its eigenvalue if there is one, a remedy.
    """

    poles: NDArray[np.complex128]
    cause: str = ""

    def __repr__(self) -> str:
        word = "stable" if self.stable else "unstable"
        slowest = f"slowest {complex_text(self.slowest)} 1/s, damping ratio {self.damping_ratio:.3g}"
        return rows_text(f"Stability({word}: {len(self.poles)} poles, {slowest})", {"cause": self.cause})

    @property
    def stable(self) -> bool:
        """True if every pole decays."""
        return bool(self.slowest.real < 0)

    @property
    def slowest(self) -> complex:
        """Pole with the largest real part, 1/s."""
        return complex(self.poles[0])

    @property
    def growing(self) -> str:
        """Text that names the growing pole."""
        return f"pole at {complex_text(self.slowest)} 1/s grows"

    @property
    def growth_rate(self) -> float:
        """Real part of the slowest pole, 1/s: above 0 any disturbance grows as `exp(growth_rate t)`."""
        return self.slowest.real

    @property
    def least_damped(self) -> complex:
        """Pole with the smallest damping ratio, 1/s: of a pair the upper one, of equal ones the slowest."""
        pole = self.poles[damping_ratios(self.poles).argmin()]
        return complex(pole.real, abs(pole.imag))

    @property
    def damping_ratio(self) -> float:
        """Damping ratio of the least damped pole: 1 if nothing rings, below 0 if a pole grows."""
        return float(damping_ratios(self.poles).min())

    def settling_time(self, tolerance: float) -> float:
        """Predict the settling time to a relative tolerance, s: `ln(1/tolerance)` time constants of the slowest pole.

        Reference: Sun et al., TED 2020, arXiv 2005.04530, with w_T lambda_min replaced by the slowest pole.
        """
        return float(np.log(1 / tolerance) / -self.slowest.real) if self.stable else float("nan")


def damping_ratios(poles: NDArray[np.complex128]) -> FloatArray:
    """Compute `-Re(p)/|p|` of each pole: 1 decays without ringing, 0 rings for ever (p = 0: constant), -1 grows."""
    sizes = np.abs(poles)
    return np.divide(-poles.real, sizes, out=np.zeros_like(sizes), where=sizes > 0)


def less_lag(circuit: Circuit, further: Sequence[str] = ()) -> str:
    """Return remedies against the lag of the parts that a circuit has.

    Args:
        circuit: Circuit to stabilise.
        further: Other remedies, which follow those for the op-amps.
    """
    macros = [record.equivalent for record in circuit.opamps if isinstance(record.equivalent, MacroOpAmp)]
    ways = []
    if any(isinstance(macro, MacroOpAmp) and macro.second_pole is not None for macro in macros):
        ways.append("a higher second_pole")
    if any(isinstance(macro, MacroOpAmp) and macro.input_capacitance > 0 for macro in macros):
        ways.append("less input_capacitance")
    if any(array.interconnect.line_capacitance > 0 for array in circuit.of(Array)):
        ways.append("less line_capacitance")
    ways += further
    return f"try {'; or '.join(ways)}" if ways else "try a slower or a faster op-amp"


def complex_text(value: complex) -> str:
    """Format a complex number with SI suffixes, such as `-3.2M+41Mj`."""
    real = Quantity(value.real).render(prec=3)
    if abs(value.imag) < 1e-12 * abs(value.real):
        return real
    return f"{real}{'+' if value.imag >= 0 else '-'}{Quantity(abs(value.imag)).render(prec=3)}j"
