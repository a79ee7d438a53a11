"""Nominal temperature of parameters, and the effect of another temperature on wires and cells."""

from __future__ import annotations

import math
from typing import Annotated

from netlists.record import about

Kelvin = Annotated[float, about("Temperature of the whole circuit", "K", ge=1, le=1000)]
NOMINAL_TEMPERATURE = 300.15
"""Temperature of SPICE model parameters, 27 degrees Celsius, K."""
COPPER = 3.93e-3
"""Relative rise of the resistance of annealed copper per kelvin, at `COPPER_REFERENCE` (IEC 60028).

Lines as narrow as the electrons' mean free path have a smaller coefficient, which depends on their geometry.
"""
COPPER_REFERENCE = 293.15
"""Reference temperature of the coefficient, 20 degrees Celsius, K."""
BOLTZMANN_EV = 8.617333262e-5
"""Boltzmann constant in eV/K (exact SI constants, CODATA 2018)."""


def wire_resistance_at(resistance: float, temperature: float, coefficient: float = COPPER) -> float:
    """Compute the resistance of a metal line that has `resistance` at the nominal temperature, ohm.

    `R(T) = R0 (1 + a (T - 293.15 K)) / (1 + a (T0 - 293.15 K))`, never below 0.

    Args:
        resistance: Resistance at `NOMINAL_TEMPERATURE`, ohm.
        temperature: Temperature, K.
        coefficient: Temperature coefficient a, 1/K; 0 for none.
    """
    there, here = (1 + coefficient * (kelvin - COPPER_REFERENCE) for kelvin in (NOMINAL_TEMPERATURE, temperature))
    return resistance * max(here, 0.0) / there


def conductance_factor(temperature: float, activation_energy: float) -> float:
    """Compute the factor of a cell's conductance at a temperature, `exp(-E/k (1/T - 1/T0))`.

    Args:
        temperature: Temperature, K.
        activation_energy: Activation energy E, eV.
    """
    return math.exp(-activation_energy / BOLTZMANN_EV * (1 / temperature - 1 / NOMINAL_TEMPERATURE))
