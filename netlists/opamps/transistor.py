"""Op-amps of transistors in this package: SPICE text from `netlists/opamps/`, and the fit of each."""

from __future__ import annotations

from importlib import resources

from netlists.opamps.records import MacroOpAmp, SubcircuitOpAmp

CMOS_100MEG_FIT = MacroOpAmp(
    open_loop_gain=91.4e3,
    gbwp=99.73e6,
    second_pole=445e6,
    slew_rate=100.9e6,
    output_resistance=67.7,
    output_current_limit=92.6e-3,
    output_swing=1.151,
    input_offset=-6.5e-6,
    input_capacitance=35.2e-15,
    input_coupling=27.0e-15,
    input_noise=12.26e-9,
    supply_voltage=1.2,  # a choice; all others: printed by `amc opamp fit cmos-100meg-transistor`
    quiescent_current=1.316e-3,
    class_ab_current=791e-6,
)
"""Macro fit into 10 kohm at 27 degrees Celsius; a test compares it with a new measurement."""


CMOS_0_9G_FIT = MacroOpAmp(
    open_loop_gain=5412.1,
    gbwp=936.0e6,
    second_pole=2.339e9,
    slew_rate=1.063e9,
    output_resistance=32.5,
    output_current_limit=210.9e-3,
    output_swing=1.099,
    input_offset=-16.2e-6,
    input_capacitance=19.6e-15,
    input_coupling=11.40e-15,
    input_noise=5.92e-9,
    supply_voltage=1.2,  # a choice; all others: printed by `amc opamp fit cmos-0.9g-transistor --load 1k`
    quiescent_current=4.527e-3,
    class_ab_current=2.399e-3,
)
"""Macro fit into 1 kohm at 27 degrees Celsius; a test compares it with a new measurement."""
CMOS_0_9G_LOW_POWER_FIT = MacroOpAmp(
    open_loop_gain=4692.1,
    gbwp=919.9e6,
    second_pole=2.068e9,
    slew_rate=1.130e9,
    output_resistance=178.5,
    output_current_limit=26.18e-3,
    output_swing=1.066,
    input_offset=-54.7e-6,
    input_capacitance=5.65e-15,
    input_coupling=3.285e-15,
    input_noise=10.67e-9,
    supply_voltage=1.2,  # a choice; all others: printed by `amc opamp fit cmos-0.9g-low-power-transistor`
    quiescent_current=994.3e-6,
    class_ab_current=348.9e-6,
)
"""Macro fit into 10 kohm at 27 degrees Celsius; a test compares it with a new measurement."""


def _from_file(name: str, fit: MacroOpAmp) -> SubcircuitOpAmp:
    """Op-amp of a library file of this package, with its fit."""
    text = (resources.files("netlists") / "opamps" / f"{name}.lib").read_text(encoding="ascii")
    return SubcircuitOpAmp(text=text, subcircuit=name, macro=fit)


def cmos_100meg() -> SubcircuitOpAmp:
    """Folded cascode with a class-AB output, 100 MHz, +-1.2 V, as transistors; see docs/transistor_opamp.md."""
    return _from_file("cmos_100meg", CMOS_100MEG_FIT)


def cmos_0_9g() -> SubcircuitOpAmp:
    """The same circuit scaled to 0.9 GHz into 1 kohm, 4.5 mA; see `netlists.opamps.folded_cascode`."""
    return _from_file("cmos_0_9g", CMOS_0_9G_FIT)


def cmos_0_9g_low_power() -> SubcircuitOpAmp:
    """The same circuit scaled to 0.9 GHz into 10 kohm, 1.0 mA; see `netlists.opamps.folded_cascode`."""
    return _from_file("cmos_0_9g_low_power", CMOS_0_9G_LOW_POWER_FIT)
