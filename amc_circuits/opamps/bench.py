"""Measurement of an op-amp of any type with ngspice: data-sheet metrics with stated definitions."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np

from amc_circuits.engines.ngspice.runner import SimulationError
from amc_circuits.opamps.limits import Found, levels, rail_currents, short_circuit
from amc_circuits.opamps.metrics import BELOW_NOISE, OpAmpFigures
from amc_circuits.opamps.pin_orders import refuse_exchanged_rails, refuse_with_better_pins
from amc_circuits.opamps.response import FrequencyResponse, frequency_response
from amc_circuits.opamps.runs import Runs
from amc_circuits.opamps.slewing import overdriven
from netlists import ParameterError
from netlists.opamps.bench import LOWEST_FREQUENCY, OpAmpBench, common_mode_deck, coupling_deck, noise_deck
from netlists.opamps.records import OpAmp, SubcircuitOpAmp
from netlists.opamps.subcircuit import has_supply
from netlists.temperature import NOMINAL_TEMPERATURE

__all__ = ["FrequencyResponse", "OpAmpFigures", "characterize", "frequency_response"]
GBWP_AT_GAIN = 10.0
"""Gain at which the GBWP is measured: gain times frequency at 20 dB."""
PROBE = 1e3
"""Load for the measurement of output resistance, ohm."""
NO_OUTPUT_RESISTANCE = 1e-3
"""Smallest measurable output resistance, ohm; below, the loss of gain into the probe is rounding."""
NO_EXCESS_PHASE = math.radians(0.05)
"""Smallest excess phase that counts; below, the second pole is at a thousand times the crossover frequency or more."""
STEEPEST = math.radians(89.0)
"""Largest excess phase: a single second pole turns the phase by less than 90 degrees."""
NO_CAPACITANCE = 1e-21
"""Smallest input capacitance that counts, F; below, it is rounding and of either sign."""
NO_NOISE = 1e-15
"""Smallest noise that counts, V/sqrt(Hz); below, it comes from resistors that keep a circuit from being singular."""
LARGEST_CMRR = 1e12
"""Largest CMRR that counts; beyond, it is rounding of the simulator."""
IDEAL_OUTPUT = "an ideal source cannot be short-circuited; put a resistor of 1 ohm or more before its output pin"
NO_SUPPLY = "this model has no supply and no limits"
LIMITS = (
    "offset", "quiescent_current", "class_ab_current", "rail_share", "swing_low", "swing_high", "output_low",
    "output_high", "slew_rate_rising", "slew_rate_falling", "source_current", "sink_current",
)  # fmt: skip
"""Metrics that need rails."""


def characterize(
    opamp: OpAmp,
    load: float = 10e3,
    temperature: float = NOMINAL_TEMPERATURE,
    load_capacitance: float = 0.0,
    say: Callable[[str], None] | None = None,
) -> OpAmpFigures:
    """Measure an op-amp. A metric that it does not have, or that cannot be measured, is None with its reason.

    Args:
        opamp: Any op-amp record.
        load: Resistance from output to ground, ohm.
        temperature: Temperature, K.
        load_capacitance: Capacitance from output to ground, F.
        say: Callback that gets the name of each measurement before it begins.

    Raises:
        ParameterError: The op-amp does not amplify. If another order of its pins would, the error names it.
        SimulationError: There is no operating point with the output at 0 V; deck and log are kept.
    """
    runs = Runs(OpAmpBench(opamp=opamp, load=load, load_capacitance=load_capacitance, temperature=temperature), say)
    reasons: dict[str, str] = {}
    try:
        runs.begin()
        found = _small_signal(runs, reasons)
    except (ParameterError, SimulationError) as error:
        refuse_with_better_pins(runs.bench, error)
        raise
    free = found.pop("free_crossover")
    if isinstance(opamp, SubcircuitOpAmp):
        found |= _try(reasons, ("input_noise",), partial(_noise, runs, found["crossover_frequency"] / 100, reasons))
    else:
        reasons["input_noise"] = "the decks of this model make none"
    found |= _try(reasons, ("cmrr",), partial(_cmrr, runs, found["open_loop_gain"], reasons))
    if has_supply(opamp):
        found |= _limits(runs, found, free, reasons)
    else:
        reasons |= dict.fromkeys(LIMITS, NO_SUPPLY)
    return OpAmpFigures(load, load_capacitance, temperature, **found, reasons=reasons)


def _try(reasons: dict[str, str], names: Iterable[str], measure: Callable[[], Found]) -> Found:
    """Run a measurement; if it fails, its metrics are None and the reason is recorded."""
    try:
        return measure()
    except (SimulationError, LookupError) as error:
        reasons |= dict.fromkeys(names, str(error))
        return dict.fromkeys(names)


def _noise(runs: Runs, frequency: float, reasons: dict[str, str]) -> Found:
    """Noise of the op-amp's devices at its input, one-sided, V/sqrt(Hz)."""
    runs.say("noise")
    unloaded = runs.bench.replace(load=None, load_capacitance=0.0)  # a load adds noise of its own
    density = float(runs.run(partial(noise_deck, frequency=frequency), unloaded)["inoise_spectrum"][0])
    if density <= NO_NOISE:
        reasons["input_noise"] = "its parts make none"
    return {"input_noise": density if density > NO_NOISE else None}


def _cmrr(runs: Runs, gain: float, reasons: dict[str, str]) -> Found:
    """Size of A_dm/A_cm at low frequency, V/V, from `v_out = A_dm (v_inp - v_inn) + A_cm (v_inp + v_inn)/2`."""
    runs.say("common-mode gain")
    plot = runs.run(partial(common_mode_deck, frequency=LOWEST_FREQUENCY))
    plus, minus, output = (complex(plot[f"v({node})"][0]) for node in ("inp", "inn", "out"))
    # v_inp - v_inn is -v_out, exactly so where the difference of two numbers of nearly 1 is not.
    mean, by_mean = abs(plus + minus) / 2, (1 + gain) * abs(output)
    if by_mean * LARGEST_CMRR <= gain * mean:
        reasons["cmrr"] = "infinite: the difference of its inputs alone is amplified"
        return {"cmrr": None}
    return {"cmrr": gain * mean / by_mean}


def _small_signal(runs: Runs, reasons: dict[str, str]) -> dict[str, Any]:
    """Metrics from the gain over frequency.

    Raises:
        ParameterError: The op-amp does not amplify.
        SimulationError: There is no gain under the load.
    """
    runs.say("gain")
    loaded = frequency_response(runs.bench, runs)
    gain, crossover = abs(loaded.gain[0]), loaded.frequency_at(1.0)
    gbwp = GBWP_AT_GAIN * loaded.frequency_at(GBWP_AT_GAIN)
    lag = -loaded.log_gain_at(crossover).imag
    capacitance = float(np.interp(crossover, loaded.frequency, loaded.input_capacitance))
    if capacitance <= NO_CAPACITANCE:
        reasons["input_capacitance"] = BELOW_NOISE
    found = {
        "open_loop_gain": float(gain),
        "gbwp": gbwp,
        "crossover_frequency": crossover,
        "phase_margin": 180 - math.degrees(lag),
        "second_pole": _second_pole(lag - math.atan(crossover * gain / gbwp), crossover),
        "input_capacitance": capacitance if capacitance > NO_CAPACITANCE else None,
        "input_coupling": _coupling(runs, crossover, reasons),
        "free_crossover": crossover,
    }
    if found["second_pole"] is None:
        reasons["second_pole"] = "the phase at the crossover is that of one pole"
    names = ("output_resistance", "output_resistance_dc")
    return found | _try(reasons, names, partial(_output, runs, crossover, reasons))


def _coupling(runs: Runs, crossover: float, reasons: dict[str, str]) -> float | None:
    """Capacitance between both inputs at the crossover, F: of the current from `inn` to `inp`."""
    plot = runs.run(partial(coupling_deck, frequency=crossover))
    between = float((plot["i(vinp)"][0] / plot["v(inn)"][0]).imag) / (2 * math.pi * crossover)
    if between <= NO_CAPACITANCE:
        reasons["input_coupling"] = "its inputs are not coupled, or it is below the noise of its measurement"
    return between if between > NO_CAPACITANCE else None


def _output(runs: Runs, crossover: float, reasons: dict[str, str]) -> Found:
    """Output resistances, and the frequency of unity gain without load, Hz."""
    runs.say("output resistance")
    free, probed = (
        frequency_response(runs.bench.replace(load=load, load_capacitance=0.0), runs) for load in (None, PROBE)
    )
    found: Found = {
        "output_resistance": _output_resistance(free, probed, crossover),
        "output_resistance_dc": _output_resistance(free, probed, max(free.frequency[0], probed.frequency[0])),
    }
    reasons |= {name: f"below {NO_OUTPUT_RESISTANCE:g} ohm" for name, value in found.items() if value is None}
    if abs(free.gain[-1]) < 1:
        found["free_crossover"] = free.frequency_at(1.0)
    return found


def _second_pole(excess: float, crossover: float) -> float | None:
    """Frequency of the pole that turns the phase by `excess` radians at the crossover, Hz."""
    return None if excess < NO_EXCESS_PHASE else crossover / math.tan(min(excess, STEEPEST))


def _output_resistance(free: FrequencyResponse, probed: FrequencyResponse, frequency: float) -> float | None:
    """Real part of Z at a frequency, from `A_free/A_probed = 1 + Z/PROBE`, ohm."""
    ratio = cmath.exp(free.log_gain_at(frequency) - probed.log_gain_at(frequency))
    resistance = PROBE * (ratio.real - 1)
    return resistance if resistance > NO_OUTPUT_RESISTANCE else None


def _limits(runs: Runs, found: Mapping[str, Any], free: float, reasons: dict[str, str]) -> Found:
    """Metrics beyond the linear range; one that cannot be measured does not hide the others."""
    runs.say("swing and supply current")
    rest = _try(reasons, ("offset", "quiescent_current", "swing_low", "swing_high"), partial(levels, runs, reasons))
    quiescent, low, high = (rest.get(name) for name in ("quiescent_current", "swing_low", "swing_high"))
    refuse_exchanged_rails(runs.bench, rest.pop("drawn", None))
    metrics, offset = dict.fromkeys(LIMITS) | rest, rest["offset"] or 0.0
    if quiescent is None:
        reasons |= dict.fromkeys(("class_ab_current", "rail_share"), "no current at rest is known")
    else:
        runs.say("rail currents")
        metrics |= _try(reasons, ("class_ab_current", "rail_share"), partial(rail_currents, runs, quiescent, reasons))
    if found["output_resistance"] is None and found["output_resistance_dc"] is None:
        reasons |= dict.fromkeys(("source_current", "sink_current"), IDEAL_OUTPUT)
    else:
        runs.say("short circuit")
        metrics |= _try(
            reasons,
            ("source_current", "sink_current"),
            partial(short_circuit, runs, offset, found["open_loop_gain"], reasons),
        )
    slewing = ("slew_rate_rising", "slew_rate_falling", "output_low", "output_high")
    if low is None or high is None:
        reasons |= dict.fromkeys(slewing, "no swing is known")
        return metrics
    runs.say("slew rate")
    measure = partial(overdriven, runs, found["crossover_frequency"], free, (low, high), offset, reasons)
    return metrics | _try(reasons, slewing, measure)
