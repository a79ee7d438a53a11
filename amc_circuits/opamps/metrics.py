"""Metrics of an op-amp, each with its definition."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from netlists.short_text import short_repr

BELOW_NOISE = "it is below the noise of its measurement"


@dataclass(frozen=True)
class OpAmpFigures:
    """Measured metrics of an op-amp.

    A metric is None if the model does not have it or if it could not be measured; `reasons` has the cause.

    Attributes:
        load_resistance: Load resistance at the output, ohm.
        load_capacitance: Load capacitance at the output, F.
        temperature: Temperature, K.
        open_loop_gain: DC gain under the load, V/V.
        gbwp: Gain times frequency at 20 dB, under the load, Hz.
        crossover_frequency: Frequency of unity gain, Hz.
        phase_margin: 180 degrees less the lag at the crossover, degrees.
        second_pole: The one pole that explains the lag beyond the first pole's at the crossover, Hz.
        output_resistance: Real part of the open-loop output impedance at the crossover, from the gain without load and
            into 1 kohm, ohm.
        output_resistance_dc: The same at DC, ohm.
        input_capacitance: Capacitance from `inn`, at the crossover, F.
        input_coupling: Part of it that is between both inputs, from the current out of `inp`, F.
        input_noise: White noise at the input, one-sided, V/sqrt(Hz), at a hundredth of the crossover. Only for
            subcircuits: the decks of the other models make no noise.
        cmrr: Size of the common-mode rejection ratio A_dm/A_cm at low frequency, V/V.
        offset: Voltage of `inn` against `inp` with the output at 0 V, V.
        quiescent_current: Current from the positive rail with the output at 0 V, A.
        class_ab_current: I_qo of the class-AB law `sqrt(i^2/4 + I_qo^2)`, fitted to the growth of both rails' currents
            when the output delivers `+-quiescent_current`, A.
        swing_high: Highest output whose incremental gain is half the one at 0 V or more, V.
        swing_low: Lowest output with that gain, V.
        output_high: Overdriven output under the load, V.
        output_low: Output overdriven the other way, V.
        slew_rate_rising: Overdriven slew rate between 10 and 90 % of the swing, V/s.
        slew_rate_falling: Slew rate the other way, V/s.
        source_current: Current out of the overdriven output held at 0 V, A.
        sink_current: Current into it, A.
        rail_share: Part of the output current that flows through the rails; macromodels often return it to node 0.
        reasons: Why a metric is None, by its name; for other metrics, how far they hold.
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
    input_coupling: float | None = None
    input_noise: float | None = None
    cmrr: float | None = None
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
    rail_share: float | None = None
    reasons: dict[str, str] = field(default_factory=dict)

    __repr__ = short_repr

    @property
    def gain_db(self) -> float:
        """DC gain under the load, dB."""
        return 20 * math.log10(self.open_loop_gain)
