"""Op-amp presets, each number with its source.

[D] data sheet (AD823: Analog Devices, Rev. A; OPA690: Texas Instruments, SBOS223F, 2010); [T] measured in ngspice on a
transistor-level design (folded cascode, class-AB output, level-1 MOS, +-1.2 V: `cmos-100meg-transistor`, by an earlier
bench; docs/transistor_opamp.md has the present numbers); [C] chosen here because no source states it.
"""

from __future__ import annotations

from netlists.errors import check_name
from netlists.opamps.installed import GROUP, installed_opamp
from netlists.opamps.records import MacroOpAmp, OpAmp, SinglePoleOpAmp
from netlists.opamps.transistor import cmos_0_9g, cmos_0_9g_low_power, cmos_100meg
from netlists.packages import installed_entries

DEFAULT = "cmos-100meg"

PRESETS: dict[str, OpAmp] = {
    "single-pole": SinglePoleOpAmp(
        open_loop_gain=1e5,  # [C] 100 dB
        gbwp=100e6,  # [C] as cmos-100meg
    ),
    "cmos-100meg": MacroOpAmp(
        open_loop_gain=10 ** (98 / 20),  # [T] 98 dB into 10 kohm
        gbwp=100e6,  # [T] 96 MHz into 10 kohm, rounded
        slew_rate=110e6,  # [T] 110 V/us
        output_resistance=100.0,  # [T] 96 MHz into 10 kohm falls to 88 MHz into 1 kohm: (1 + R/1k)/(1 + R/10k) = 96/88
        output_current_limit=10e-3,  # [C] 100 cells of 100 uS at the full swing take 9 mA
        output_swing=0.9,  # [T]
        input_capacitance=50e-15,  # [C] a small input pair
        supply_voltage=1.2,  # [T]
        quiescent_current=1.3e-3,  # [T] 1.34 mA
        class_ab_current=0.5e-3,  # [C] the output stage's part
    ),
    "cmos-1g": MacroOpAmp(
        open_loop_gain=1e4,  # [C] 80 dB: short channels give less gain
        gbwp=1e9,  # required for precoding in 20 ns (derived from t = ln(1/e)/(w_T lambda_min))
        slew_rate=1100e6,  # [C] scaled with the bandwidth from cmos-100meg
        output_resistance=50.0,  # [C]
        output_current_limit=10e-3,  # [C]
        output_swing=0.9,  # [C] as cmos-100meg
        input_capacitance=20e-15,  # [C]
        supply_voltage=1.2,  # [C]
        quiescent_current=5e-3,  # [C]
        class_ab_current=1e-3,  # [C]
    ),
    "ad823": MacroOpAmp(
        open_loop_gain=10 ** (90 / 20),  # [C] of the order of the data sheet's value at 2 kohm
        gbwp=16e6,  # [D] -3 dB bandwidth at gain 1
        slew_rate=22e6,  # [D] 22 V/us
        output_resistance=50.0,  # [C]
        output_current_limit=15e-3,  # [D] 15 mA
        output_swing=4.95,  # [D] within 50 mV of each rail, here of +-5 V
        input_capacitance=1.8e-12,  # [C] a JFET input of this class
        supply_voltage=5.0,  # [D] within +-1.5..18 V
        quiescent_current=2.6e-3,  # [D] per amplifier
        class_ab_current=0.5e-3,  # [C]
    ),
    "opa690": MacroOpAmp(
        open_loop_gain=10 ** (69 / 20),  # [C] of the order of the data sheet's open-loop gain
        gbwp=300e6,  # [D] (500 MHz is its bandwidth at gain 1)
        slew_rate=1800e6,  # [D] 1800 V/us
        output_resistance=10.0,  # [C]
        output_current_limit=190e-3,  # [D]
        output_swing=4.0,  # [D] +-4.0 V at +-5 V
        input_capacitance=0.6e-12,  # [C] of the order of the data sheet's input capacitance
        supply_voltage=5.0,  # [D]
        quiescent_current=5.5e-3,  # [D]
        class_ab_current=1e-3,  # [C]
    ),
    "cmos-100meg-transistor": cmos_100meg(),
    "cmos-0.9g-transistor": cmos_0_9g(),
    "cmos-0.9g-low-power-transistor": cmos_0_9g_low_power(),
}


def opamp_names() -> list[str]:
    """Return the names of all op-amps: the presets, then those of installed packages."""
    return list(dict.fromkeys([*PRESETS, *installed_entries(GROUP)]))


def preset(name: str) -> OpAmp:
    """Return the op-amp record of a preset, or of an op-amp of an installed package.

    Raises:
        ParameterError: If there is no such op-amp, or its package cannot be loaded.
    """
    if isinstance(name, str) and name in PRESETS:
        return PRESETS[name]
    check_name("opamp", name, opamp_names())
    return installed_opamp(name)
