"""Open-loop gain of an op-amp over frequency."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from amc_circuits.opamps.runs import Runs
from netlists import ParameterError
from netlists.opamps.bench import LOWEST_FREQUENCY, OpAmpBench, gain_deck
from netlists.record import FloatArray
from netlists.short_text import short_repr

AT_DC = 0.1
"""Largest phase, radians, at which a gain counts as the DC gain (0.5 % less than it)."""
DEEPER, DEEPEST = 1e-4, 1e-10
"""Factor on the start frequency if the gain there is not yet the DC gain, and the lowest start frequency, Hz."""
NO_INVERSION = math.radians(120.0)
"""Phase limit: at the lowest frequency a first pole and that of the load turn the phase by less.

Exchanged inputs turn it by 180 degrees.
"""


@dataclass(frozen=True)
class FrequencyResponse:
    """Open-loop gain over frequency.

    Attributes:
        frequency: Frequencies, Hz, shape (F,).
        gain: Gain from `inp - inn` to the output, V/V, shape (F,), complex.
        input_capacitance: Capacitance from `inn` at every frequency, F, shape (F,).
        log_gain: Natural logarithm of the gain, its imaginary part the unwrapped phase, shape (F,), complex.
    """

    frequency: FloatArray
    gain: NDArray[np.complex128]
    input_capacitance: FloatArray
    log_gain: NDArray[np.complex128] = field(init=False, repr=False)

    __repr__ = short_repr

    def __post_init__(self) -> None:
        log = np.log(np.abs(self.gain)) + 1j * np.unwrap(np.angle(self.gain))
        object.__setattr__(self, "log_gain", log)

    @property
    def at_dc(self) -> bool:
        """True if the lowest frequency is below the first pole."""
        return bool(abs(self.log_gain.imag[0]) <= AT_DC)

    def frequency_at(self, gain: float) -> float:
        """Lowest frequency at which the gain has fallen to a value, Hz.

        Raises:
            ParameterError: The gain is never above the value, or never falls to it: this is no amplifier. Or it falls
                at the lowest frequency already, so that DC gain and first pole are out of range.
        """
        sizes = self.log_gain.real - math.log(gain)
        above, phase = sizes > 0, self.log_gain.imag[0]
        text = f"a gain of {abs(self.gain[0]):.3g} at {self.frequency[0]:g} Hz"
        if not above[0] or above.all() or abs(phase) > NO_INVERSION:
            mend = "with its output at 0 V it is no amplifier; check its pins and its rails"
            raise ParameterError("opamp", text, mend)
        if not self.at_dc:
            lowest = self.frequency[0] / AT_DC
            mend = f"its first pole is below {lowest:g} Hz, too low for the bench; take less load_capacitance"
            raise ParameterError("opamp", f"{text}, {math.degrees(phase):.3g} degrees", mend)
        k = int(np.argmin(above))
        part = float(sizes[k - 1] / (sizes[k - 1] - sizes[k]))
        return float(self.frequency[k - 1] * (self.frequency[k] / self.frequency[k - 1]) ** part)

    def log_gain_at(self, frequency: float) -> complex:
        """Natural logarithm of the gain at a frequency; the imaginary part is the unwrapped phase."""
        return complex(np.interp(math.log(frequency), np.log(self.frequency), self.log_gain))


def frequency_response(bench: OpAmpBench, runs: Runs | None = None) -> FrequencyResponse:
    """Measure the open-loop gain over frequency, from below its first pole on.

    Args:
        bench: The bench.
        runs: The op-amp at rest on its bench; None finds the rest first.

    Raises:
        SimulationError: The simulator failed; deck and log are kept.
    """
    if runs is None:
        runs = Runs(bench)
        runs.begin()
        bench = runs.bench
    found = _response(runs, bench, gain_deck)
    lowest = LOWEST_FREQUENCY
    while not found.at_dc and abs(found.log_gain.imag[0]) < NO_INVERSION and lowest > 2 * DEEPEST:
        highest, lowest = lowest, max(lowest * DEEPER, DEEPEST)
        more = _response(runs, bench, partial(gain_deck, lowest=lowest, highest=highest))
        found = FrequencyResponse(
            np.concatenate([more.frequency[:-1], found.frequency]),
            np.concatenate([more.gain[:-1], found.gain]),
            np.concatenate([more.input_capacitance[:-1], found.input_capacitance]),
        )
    return found


def _response(runs: Runs, bench: OpAmpBench, deck: Callable[[OpAmpBench], str]) -> FrequencyResponse:
    plot = runs.run(deck, bench)
    frequency, inverting = plot["frequency"].real, plot["v(inn)"]
    admittance = -plot["i(eloop)"] / inverting
    return FrequencyResponse(frequency, -plot["v(out)"] / inverting, admittance.imag / (2 * np.pi * frequency))
