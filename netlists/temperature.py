"""What temperature changes in parts whose numbers are those of `NOMINAL_TEMPERATURE`: wires, cells, op-amps.

Op-amps made of transistors need none of this: their device equations know the temperature.
"""

from __future__ import annotations

import math

from netlists.opamp_parameters import OpAmp, SubcircuitOpAmp
from netlists.parameters import NOMINAL_TEMPERATURE

COPPER = 3.93e-3
"""Relative rise of the resistance of annealed copper per kelvin, at `COPPER_REFERENCE` (IEC 60028). Lines as narrow as
the electrons' free path have a smaller one, which depends on their geometry."""
COPPER_REFERENCE = 293.15
"""20 degrees Celsius, K."""
BOLTZMANN_EV = 8.617333262e-5
"""k in eV/K (exact SI constants, CODATA 2018)."""
OPAMP_EXPONENTS = {
    "open_loop_gain": -2.9,
    "gbwp": -0.63,
    "slew_rate": 0.35,
    "quiescent_current": 0.48,
    "class_ab_current": 0.48,
}
"""Powers of T/T0 that fit `cmos-100meg-transistor` from 250 to 400 K (`benchmarks/opamp_temperature.py` prints them):
the mobility falls as T^-1.5, and a resistor biases it, so its currents rise as thresholds fall. Its class-AB current is
a part of the quiescent one: both have the same power, the mean of 0.50 and 0.46."""


def wire_resistance_at(resistance: float, temperature: float, coefficient: float = COPPER) -> float:
    """Resistance of a metal line that has `resistance` at the nominal temperature, ohm.

    `R(T) = R0 (1 + a (T - 293.15 K)) / (1 + a (T0 - 293.15 K))`, never below 0.

    Args:
        resistance: At `NOMINAL_TEMPERATURE`, ohm.
        temperature: K.
        coefficient: a, 1/K; 0 for none.
    """
    there, here = (1 + coefficient * (kelvin - COPPER_REFERENCE) for kelvin in (NOMINAL_TEMPERATURE, temperature))
    return resistance * max(here, 0.0) / there


def conductance_factor(temperature: float, activation_energy: float) -> float:
    """What the conductance of a cell is multiplied by, `exp(-E/k (1/T - 1/T0))`.

    Args:
        temperature: K.
        activation_energy: E, eV.
    """
    return math.exp(-activation_energy / BOLTZMANN_EV * (1 / temperature - 1 / NOMINAL_TEMPERATURE))


def opamp_at(opamp: OpAmp, temperature: float) -> OpAmp:
    """An op-amp whose record is that of the nominal temperature, at another one, by `OPAMP_EXPONENTS`.

    A subcircuit stays as it is.
    """
    if isinstance(opamp, SubcircuitOpAmp) or temperature == NOMINAL_TEMPERATURE:
        return opamp
    ratio = temperature / NOMINAL_TEMPERATURE
    changes = {
        name: getattr(opamp, name) * ratio**power
        for name, power in OPAMP_EXPONENTS.items()
        if name in type(opamp).model_fields
    }
    return opamp.replace(**changes)
