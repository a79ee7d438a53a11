"""Effect of temperature on op-amps whose parameters are those at `NOMINAL_TEMPERATURE`.

Op-amps made of transistors need none of this: their device equations include the temperature.
"""

from __future__ import annotations

from netlists.opamps.records import OpAmp, SubcircuitOpAmp
from netlists.temperature import NOMINAL_TEMPERATURE

OPAMP_EXPONENTS = {
    "open_loop_gain": -2.9,
    "gbwp": -0.63,
    "slew_rate": 0.35,
    "quiescent_current": 0.48,
    "class_ab_current": 0.48,
}
"""Powers of T/T0, fitted to `cmos-100meg-transistor` from 250 to 400 K by `benchmarks/opamp_temperature.py`.

The mobility falls as T^-1.5, and a resistor sets the bias, so its currents rise as thresholds fall. Its class-AB
current is a part of the quiescent one: both have the same power, the mean of 0.50 and 0.46.
"""


def opamp_at(opamp: OpAmp, temperature: float) -> OpAmp:
    """Convert an op-amp record from the nominal temperature to another one, by `OPAMP_EXPONENTS`.

    A subcircuit stays unchanged.
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
