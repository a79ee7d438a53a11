"""A macro model from measured figures: what timing, poles and limits of a transistor-level op-amp are taken from."""

from __future__ import annotations

import math

from amc_circuits.opamp_bench import OpAmpFigures, characterize
from netlists import NOMINAL_TEMPERATURE, MacroOpAmp, ParameterError, SubcircuitOpAmp
from netlists.opamp import CLAMP_VOLTAGE

LEAST_RESISTANCE = 1e-3
"""Ohm, in the place of an output resistance too small to measure: the macro model needs one."""
STRONG = 0.9
"""Part of `swing/output_resistance` beyond which the short-circuit current does not tell the limit: the macro model's
own output resistance takes nearly all of the swing."""


def fit_macro(figures: OpAmpFigures, supply_voltage: float) -> MacroOpAmp:
    """The macro model that has these figures under the same load.

    Gain, GBWP, slew rate and swing are those without load: the measured ones times `1 + R_out/R_load`. Where the two
    edges or rails differ, the weaker one counts.

    Args:
        figures: As `characterize` returns them.
        supply_voltage: The rails are plus and minus this, V.

    Raises:
        ParameterError: The op-amp has no rails and no limits.
    """
    if figures.quiescent_current is None:
        raise ParameterError("opamp", "a model without supply", "has no limits to fit; it is its own model")
    resistance = figures.output_resistance or LEAST_RESISTANCE
    unloaded = 1 + resistance / figures.load_resistance
    slew_rate = unloaded * _weaker(figures.slew_rate_rising, figures.slew_rate_falling)
    gain, gbwp = unloaded * figures.open_loop_gain, unloaded * figures.gbwp
    linear = unloaded * _weaker(figures.swing_high, -(figures.swing_low or 0.0))
    swing = min(linear + clamp_margin(slew_rate, gain, gbwp), supply_voltage)
    quiescent = figures.quiescent_current
    return MacroOpAmp(
        open_loop_gain=gain,
        gbwp=gbwp,
        second_pole=figures.second_pole,
        slew_rate=slew_rate,
        output_resistance=resistance,
        output_current_limit=current_limit(_weaker(figures.source_current, figures.sink_current), swing, resistance),
        output_swing=swing,
        input_offset=figures.offset or 0.0,
        input_capacitance=figures.input_capacitance or 0.0,
        input_noise=figures.input_noise or 0.0,
        supply_voltage=supply_voltage,
        quiescent_current=quiescent,
        class_ab_current=min(figures.class_ab_current or quiescent, quiescent),
    )


def clamp_margin(slew_rate: float, gain: float, gbwp: float) -> float:
    """From where the macro model's clamp has halved the gain to its `output_swing`, V.

    The clamp's conductance at x is `I_max/V_c exp((x - swing)/V_c)`; the gain is half where this equals `1/R1`, so with
    `I_max R1 = slew_rate A0/w_T` it is `V_c ln(I_max R1/V_c)`.
    """
    return CLAMP_VOLTAGE * math.log(slew_rate * gain / (2 * math.pi * gbwp * CLAMP_VOLTAGE))


def current_limit(short_circuit: float, swing: float, resistance: float) -> float:
    """I_lim of `short_circuit = I_lim tanh(swing/(resistance I_lim))`, A; the current itself where that is larger."""
    share = short_circuit * resistance / swing
    if share > STRONG:
        return short_circuit
    from scipy.optimize import brentq  # here, for every command would wait for it

    drive: float = brentq(lambda u: math.tanh(u) - share * u, 1e-3, 1 / share)
    return swing / (resistance * drive)


def _weaker(*values: float | None) -> float:
    return min(value for value in values if value is not None)


def fitted(opamp: SubcircuitOpAmp, load: float = 10e3, temperature: float = NOMINAL_TEMPERATURE) -> SubcircuitOpAmp:
    """The same subcircuit with the macro model that fits it; of the one it brings, only the rails count.

    Raises:
        ParameterError: It does not amplify.
        SimulationError: The simulator failed; deck and log are kept.
    """
    figures = characterize(opamp, load=load, temperature=temperature)
    return opamp.replace(macro=fit_macro(figures, opamp.supply_voltage))
