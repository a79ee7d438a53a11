"""Measures an op-amp by real ngspice, whatever it is made of: the figures of a data sheet, by stated definitions."""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amc_circuits.engines.runner import run_deck
from amc_circuits.opamp_limits import LONGEST, limits
from netlists import ParameterError
from netlists.opamp import has_supply
from netlists.opamp_bench import OpAmpBench, gain_deck, noise_deck
from netlists.opamp_parameters import OpAmp, SubcircuitOpAmp
from netlists.parameters import NOMINAL_TEMPERATURE
from netlists.record import FloatArray

GBWP_AT_GAIN = 10.0
"""GBWP is gain times frequency where the gain is 20 dB."""
PROBE = 1e3
"""Load that tells the output resistance, ohm."""
NO_OUTPUT_RESISTANCE = 1e-3
"""Ohm; below, the loss of gain into the probe is rounding."""
NO_EXCESS_PHASE = math.radians(0.05)
"""Below, the second pole is a thousand times the crossover frequency or more."""
STEEPEST = math.radians(89.0)
"""A second pole alone turns the phase by less than 90 degrees."""
AT_DC = 0.1
"""Phase in radians up to which a gain is the one at DC (0.5 % less than it)."""
NO_INVERSION = math.radians(120.0)
"""A first pole, and the load's, turn the phase by less at the lowest frequency; exchanged inputs by 180 degrees."""
NO_CAPACITANCE = 1e-21
"""Farad; below, an input capacitance is rounding, and it has either sign."""


@dataclass(frozen=True)
class OpAmpFigures:
    """What was measured; None where the model has none.

    Attributes:
        load_resistance: At the output, ohm.
        load_capacitance: At the output, F.
        temperature: K.
        open_loop_gain: DC gain under the load, V/V.
        gbwp: Gain times frequency at 20 dB, under the load, Hz.
        crossover_frequency: Where the gain is 1, Hz.
        phase_margin: 180 degrees less the lag there, degrees.
        second_pole: The one pole that makes the lag beyond the first pole's at the crossover, Hz.
        output_resistance: Real part of the open-loop output impedance at the crossover, from the gain without load
            and into 1 kohm, ohm.
        output_resistance_dc: The same at DC, ohm.
        input_capacitance: From `inn`, at the crossover, F.
        input_noise: White noise at the input, one-sided, V/sqrt(Hz), at a hundredth of the crossover; of subcircuits:
            the decks of the other models make none.
        offset: Of `inn` against `inp` with the output at 0 V, V.
        quiescent_current: From the positive rail with the output at 0 V, A.
        class_ab_current: I_qo of the class-AB law `sqrt(i^2/4 + I_qo^2)` that explains how both rails' currents grow
            when the output delivers `+-quiescent_current`, A.
        swing_high: Highest output whose incremental gain is half the one at 0 V or more, V.
        swing_low: Lowest one, V.
        output_high: Overdriven output under the load, V.
        output_low: The other way, V.
        slew_rate_rising: Overdriven, between 10 and 90 % of the swing, V/s.
        slew_rate_falling: The other way, V/s.
        source_current: Out of the overdriven output held at 0 V, A.
        sink_current: Into it, A.
    """

    load_resistance: float
    load_capacitance: float
    temperature: float
    open_loop_gain: float
    gbwp: float
    crossover_frequency: float
    phase_margin: float
    second_pole: float | None
    output_resistance: float | None
    output_resistance_dc: float | None
    input_capacitance: float | None
    input_noise: float | None = None
    offset: float | None = None
    quiescent_current: float | None = None
    class_ab_current: float | None = None
    swing_high: float | None = None
    swing_low: float | None = None
    output_high: float | None = None
    output_low: float | None = None
    slew_rate_rising: float | None = None
    slew_rate_falling: float | None = None
    source_current: float | None = None
    sink_current: float | None = None

    @property
    def gain_db(self) -> float:
        """DC gain under the load, dB."""
        return 20 * math.log10(self.open_loop_gain)


@dataclass(frozen=True)
class FrequencyResponse:
    """Open-loop gain over frequency.

    Attributes:
        frequency: Hz, shape (F,).
        gain: From `inp - inn` to the output, V/V, shape (F,), complex.
        input_capacitance: From `inn` at every frequency, F, shape (F,).
        log_gain: Natural logarithm of the gain, its imaginary part the unwrapped phase, shape (F,), complex.
    """

    frequency: FloatArray
    gain: NDArray[np.complex128]
    input_capacitance: FloatArray
    log_gain: NDArray[np.complex128] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        log = np.log(np.abs(self.gain)) + 1j * np.unwrap(np.angle(self.gain))
        object.__setattr__(self, "log_gain", log)

    def frequency_at(self, gain: float) -> float:
        """The lowest frequency at which the gain has fallen to a value, Hz.

        Raises:
            ParameterError: It is never above, or never falls to it: this is no amplifier. Or it falls at the lowest
                frequency already, so that its DC gain and its first pole are below what is measured.
        """
        sizes = self.log_gain.real - math.log(gain)
        above, phase = sizes > 0, self.log_gain.imag[0]
        text = f"a gain of {abs(self.gain[0]):.3g} at {self.frequency[0]:g} Hz"
        if not above[0] or above.all() or abs(phase) > NO_INVERSION:
            mend = "with its output at 0 V it is no amplifier; check its pins and its rails"
            raise ParameterError("opamp", text, mend)
        if abs(phase) > AT_DC:
            lowest = self.frequency[0] / AT_DC
            mend = f"its first pole is below {lowest:g} Hz, too low for the bench; take less load_capacitance"
            raise ParameterError("opamp", f"{text}, {math.degrees(phase):.3g} degrees", mend)
        k = int(np.argmin(above))
        part = float(sizes[k - 1] / (sizes[k - 1] - sizes[k]))
        return float(self.frequency[k - 1] * (self.frequency[k] / self.frequency[k - 1]) ** part)

    def log_gain_at(self, frequency: float) -> complex:
        """Natural logarithm of the gain, its imaginary part the unwrapped phase, at a frequency."""
        return complex(np.interp(math.log(frequency), np.log(self.frequency), self.log_gain))


def frequency_response(bench: OpAmpBench) -> FrequencyResponse:
    """Measures the open-loop gain over frequency.

    Raises:
        SimulationError: The simulator failed; deck and log are kept.
    """
    (plot,) = run_deck(gain_deck(bench), timeout=LONGEST)
    frequency, inverting = plot["frequency"].real, plot["v(inn)"]
    admittance = -plot["i(eloop)"] / inverting
    return FrequencyResponse(frequency, -plot["v(out)"] / inverting, admittance.imag / (2 * np.pi * frequency))


def characterize(
    opamp: OpAmp, load: float = 10e3, temperature: float = NOMINAL_TEMPERATURE, load_capacitance: float = 0.0
) -> OpAmpFigures:
    """Measures an op-amp.

    Args:
        opamp: Any op-amp record.
        load: Resistance from output to ground, ohm.
        temperature: K.
        load_capacitance: From output to ground, F.

    Raises:
        ParameterError: It does not amplify, or a subcircuit's output has no resistance.
        SimulationError: The simulator failed; deck and log are kept.
    """
    bench = OpAmpBench(opamp=opamp, load=load, load_capacitance=load_capacitance, temperature=temperature)
    found = _small_signal(bench)
    crossover, free = found["crossover_frequency"], found.pop("free_crossover")
    if isinstance(opamp, SubcircuitOpAmp):
        found["input_noise"] = input_noise(bench, crossover / 100)
        if found["output_resistance"] is None and found["output_resistance_dc"] is None:
            mend = "an ideal source cannot be short-circuited; put a resistor of 1 ohm or more before its output pin"
            raise ParameterError("opamp", "an output without resistance", mend)
    if has_supply(opamp):
        found |= limits(bench, crossover, free)
    return OpAmpFigures(load, load_capacitance, temperature, **found)


def input_noise(bench: OpAmpBench, frequency: float) -> float:
    """Noise of an op-amp's devices at its input, one-sided, V/sqrt(Hz)."""
    (plot,) = run_deck(noise_deck(bench, frequency), timeout=LONGEST)
    return float(plot["inoise_spectrum"][0])


def _small_signal(bench: OpAmpBench) -> dict[str, Any]:
    """Figures from the gain over frequency."""
    loaded = frequency_response(bench)
    free, probed = (frequency_response(bench.replace(load=load, load_capacitance=0.0)) for load in (None, PROBE))
    gain, crossover = abs(loaded.gain[0]), loaded.frequency_at(1.0)
    gbwp = GBWP_AT_GAIN * loaded.frequency_at(GBWP_AT_GAIN)
    lag = -loaded.log_gain_at(crossover).imag
    capacitance = float(np.interp(crossover, loaded.frequency, loaded.input_capacitance))
    return {
        "open_loop_gain": float(gain),
        "gbwp": gbwp,
        "crossover_frequency": crossover,
        "free_crossover": free.frequency_at(1.0) if abs(free.gain[-1]) < 1 else crossover,
        "phase_margin": 180 - math.degrees(lag),
        "second_pole": _second_pole(lag - math.atan(crossover * gain / gbwp), crossover),
        "output_resistance": _output_resistance(free, probed, crossover),
        "output_resistance_dc": _output_resistance(free, probed, free.frequency[0]),
        "input_capacitance": capacitance if capacitance > NO_CAPACITANCE else None,
    }


def _second_pole(excess: float, crossover: float) -> float | None:
    """The pole that turns the phase by `excess` radians at the crossover, Hz."""
    return None if excess < NO_EXCESS_PHASE else crossover / math.tan(min(excess, STEEPEST))


def _output_resistance(free: FrequencyResponse, probed: FrequencyResponse, frequency: float) -> float | None:
    """Real part of Z at a frequency, from `A_free/A_probed = 1 + Z/PROBE`, ohm."""
    ratio = cmath.exp(free.log_gain_at(frequency) - probed.log_gain_at(frequency))
    resistance = PROBE * (ratio.real - 1)
    return resistance if resistance > NO_OUTPUT_RESISTANCE else None
