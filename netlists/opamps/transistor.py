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
    input_noise=12.26e-9,
    supply_voltage=1.2,  # a choice; all others: printed by `amc opamp fit cmos-100meg-transistor`
    quiescent_current=1.316e-3,
    class_ab_current=791e-6,
)
"""Macro fit into 10 kohm at 27 degrees Celsius; a test compares it with a new measurement."""


def cmos_100meg() -> SubcircuitOpAmp:
    """Folded cascode with a class-AB output, 100 MHz, +-1.2 V, as transistors; see docs/transistor_opamp.md."""
    text = (resources.files("netlists") / "opamps" / "cmos_100meg.lib").read_text(encoding="ascii")
    return SubcircuitOpAmp(text=text, subcircuit="cmos_100meg", macro=CMOS_100MEG_FIT)
