"""Macro model from measured metrics: the basis of timing, poles and limits of circuits with a subcircuit op-amp."""

from __future__ import annotations

import math
import warnings

from amc_circuits.opamps.bench import NO_SUPPLY, characterize
from amc_circuits.opamps.limits import THROUGH_RAILS
from amc_circuits.opamps.metrics import BELOW_NOISE, OpAmpFigures
from netlists import NOMINAL_TEMPERATURE, MacroOpAmp, ParameterError, SubcircuitOpAmp
from netlists.model_files.file import ModelFileWarning
from netlists.opamps.subcircuit import CLAMP_VOLTAGE

NEEDED = (
    "swing_high", "swing_low", "slew_rate_rising", "slew_rate_falling", "source_current", "sink_current",
)  # fmt: skip
"""Metrics that a macro model needs."""
LEAST_RESISTANCE = 1e-3
"""Output resistance of the macro model if the measured one is too small, ohm: the model needs one."""
STRONG = 0.9
"""Limit on the short-circuit current, as a part of `swing/output_resistance`.

Above it, that current does not show the current limit: the macro model's own output resistance takes nearly all of the
swing.
"""


def fit_macro(figures: OpAmpFigures, supply_voltage: float) -> MacroOpAmp:
    """Compute the macro model that has these metrics under the same load.

    Gain, GBWP, slew rate and swing are those without load: the measured ones times `1 + R_out/R_load`. If the two edges
    or rails differ, the weaker one counts. Without a measured quiescent current the macro model has none: its energy is
    unknown. Without a class-AB current, the whole quiescent current counts as class-AB.

    Args:
        figures: Metrics from `characterize`.
        supply_voltage: The rails are plus and minus this, V.

    Raises:
        ParameterError: The op-amp has no rails and no limits, a metric that the macro model needs is missing, or the
            metrics do not fit together; the error names the metric and the reason.
    """
    if figures.reasons.get("swing_high") == NO_SUPPLY:
        raise ParameterError("opamp", "a model without supply", "has no limits to fit; it is its own model")
    needed = {name: _known(figures, name) for name in NEEDED}
    try:
        return _macro_of(figures, needed, supply_voltage)
    except ParameterError as error:
        # The parameter has the name of an option, which the user did not type.
        metric = error.parameter.replace("_", " ")
        raise ParameterError(
            "opamp", f"a measured {metric} of {error.value}", f"its macro model: {error.mend}"
        ) from None


def _macro_of(figures: OpAmpFigures, needed: dict[str, float], supply_voltage: float) -> MacroOpAmp:
    resistance = figures.output_resistance or LEAST_RESISTANCE
    unloaded = 1 + resistance / figures.load_resistance
    slew_rate = unloaded * min(needed["slew_rate_rising"], needed["slew_rate_falling"])
    gain, gbwp = unloaded * figures.open_loop_gain, unloaded * figures.gbwp
    linear = unloaded * min(needed["swing_high"], -needed["swing_low"])
    swing = min(linear + clamp_margin(slew_rate, gain, gbwp), supply_voltage)
    quiescent = figures.quiescent_current
    return MacroOpAmp(
        open_loop_gain=gain,
        gbwp=gbwp,
        second_pole=figures.second_pole,
        slew_rate=slew_rate,
        output_resistance=resistance,
        output_current_limit=current_limit(min(needed["source_current"], needed["sink_current"]), swing, resistance),
        output_swing=swing,
        input_offset=figures.offset or 0.0,
        input_capacitance=figures.input_capacitance or 0.0,
        input_coupling=min(figures.input_coupling or 0.0, figures.input_capacitance or 0.0),
        input_noise=figures.input_noise or 0.0,
        supply_voltage=supply_voltage,
        quiescent_current=quiescent,
        class_ab_current=None if quiescent is None else min(figures.class_ab_current or quiescent, quiescent),
    )


def _known(figures: OpAmpFigures, name: str) -> float:
    """Value of a metric that the macro model needs."""
    value = getattr(figures, name)
    if value is None:
        mend = f"{figures.reasons.get(name, BELOW_NOISE)}; timing and limits of a circuit are taken from it"
        raise ParameterError("opamp", f"no measured {name.replace('_', ' ')}", mend)
    return float(value)


def clamp_margin(slew_rate: float, gain: float, gbwp: float) -> float:
    """Distance from the level at which the macro model's clamp has halved the gain to its `output_swing`, V.

    The clamp's conductance at x is `I_max/V_c exp((x - swing)/V_c)`; the gain is half where this equals `1/R1`, so with
    `I_max R1 = slew_rate A0/w_T` it is `V_c ln(I_max R1/V_c)`.
    """
    return CLAMP_VOLTAGE * math.log(slew_rate * gain / (2 * math.pi * gbwp * CLAMP_VOLTAGE))


def current_limit(short_circuit: float, swing: float, resistance: float) -> float:
    """Solve `short_circuit = I_lim tanh(swing/(resistance I_lim))` for I_lim, A.

    The short-circuit current itself is returned if it exceeds `STRONG` times `swing/resistance`.
    """
    share = short_circuit * resistance / swing
    if share > STRONG:
        return short_circuit
    from scipy.optimize import brentq  # imported here, otherwise every command would load it

    drive: float = brentq(lambda u: math.tanh(u) - share * u, 1e-3, 1 / share)
    return swing / (resistance * drive)


def fitted(opamp: SubcircuitOpAmp, load: float = 10e3, temperature: float = NOMINAL_TEMPERATURE) -> SubcircuitOpAmp:
    """Fit a macro model to a subcircuit; of the macro model that it has, only the rails are kept.

    A warning reports an unknown energy, or one without the share of the load.

    Raises:
        ParameterError: The op-amp does not amplify, or a metric that the macro model needs is missing.
        SimulationError: The simulator failed; deck and log are kept.
    """
    figures = characterize(opamp, load=load, temperature=temperature)
    if figures.quiescent_current is None:
        _warn(f"{figures.reasons['quiescent_current']}; the energy is not known")
    elif figures.rail_share is not None and figures.rail_share < THROUGH_RAILS:
        _warn(f"{figures.reasons['class_ab_current']}; the energy lacks what the load takes")
    return opamp.replace(macro=fit_macro(figures, opamp.supply_voltage))


def _warn(text: str) -> None:
    warnings.warn(f"the op-amp's model: {text}", ModelFileWarning, stacklevel=3)
