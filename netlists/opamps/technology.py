"""Technologies: laws that tie quiescent current, class-AB current and slew rate of an op-amp to its GBWP.

The input transistors set `GBWP = g_m/(2 pi C)`, and the current of their tail sets `slew_rate = I_tail/C`, with the
compensation capacitor C (e.g. Gray, Hurst, Lewis and Meyer, Analysis and Design of Analog Integrated Circuits, chapter
9). An op-amp whose transistors are all made k times as wide, at k times the current, keeps every operating point, so
g_m and I_tail are k times as large. Parasitic capacitances grow with k, too, and come to C. Then

    1/GBWP = 1/(gbwp_per_current I) + 1/gbwp_ceiling,    slew_rate = slew_per_gbwp GBWP,

and the class-AB current is a constant part of the quiescent current I. The supply is that of the measured amplifier.

Not modelled: second pole, gain, output resistance, output current limit, input capacitance and noise, which change with
the widths, too; they stay those of the op-amp. A larger capacitor for a capacitive load costs current in proportion.
"""

from __future__ import annotations

from netlists.opamps.presets import PRESETS
from netlists.opamps.records import MacroOpAmp, OpAmp
from netlists.record import ParameterError, Record

TIED = ("quiescent_current", "class_ab_current", "slew_rate")
"""Parameters of an op-amp that follow from its GBWP by a technology."""


class Technology(Record):
    """Law of op-amps of one design and process, measured on one or more of them.

    Attributes:
        gbwp_per_current: GBWP over quiescent current, of small currents, Hz/A.
        gbwp_ceiling: GBWP at which parasitic capacitances outweigh any current, Hz; None if it is not known.
        slew_per_gbwp: Slew rate over GBWP, V/s/Hz.
        class_ab_part: Part of the quiescent current in the output stage.
        capacitance: Compensation capacitance, F; None if no source states it.
        supply_voltage: Supply at which the numbers hold, positive rail, V.
        gbwp_range: Least and largest GBWP for which the law holds, Hz.
        source: Source of the numbers.
    """

    gbwp_per_current: float
    gbwp_ceiling: float | None
    slew_per_gbwp: float
    class_ab_part: float
    capacitance: float | None
    supply_voltage: float
    gbwp_range: tuple[float, float]
    source: str

    def quiescent_current(self, gbwp: float) -> float:
        """Quiescent current of an op-amp with this GBWP, A."""
        ceiling = 0.0 if self.gbwp_ceiling is None else gbwp / self.gbwp_ceiling
        return gbwp / self.gbwp_per_current / (1 - ceiling)

    @property
    def gbwp_merit(self) -> float | None:
        """Figure of merit `GBWP C/I` of small currents, MHz pF/mA; None without a capacitance."""
        return None if self.capacitance is None else 1e3 * self.gbwp_per_current * self.capacitance

    @property
    def slew_merit(self) -> float:
        """Figure of merit `slew rate/I` of small currents, V/us per mA."""
        return 1e-9 * self.slew_per_gbwp * self.gbwp_per_current


def _data_sheet(name: str, source: str) -> Technology:
    """Build the law through one amplifier; without a measured ceiling it holds for slower ones, down to a tenth."""
    record = PRESETS[name].equivalent
    assert isinstance(record, MacroOpAmp) and record.quiescent_current and record.class_ab_current
    return Technology(
        gbwp_per_current=record.gbwp / record.quiescent_current,
        gbwp_ceiling=None,
        slew_per_gbwp=record.slew_rate / record.gbwp,
        class_ab_part=record.class_ab_current / record.quiescent_current,
        capacitance=None,
        supply_voltage=record.supply_voltage,
        gbwp_range=(record.gbwp / 10, record.gbwp),
        source=source,
    )


TECHNOLOGIES: dict[str, Technology] = {
    "cmos-250nm": Technology(
        # all measured by `benchmarks/opamp_technology.py`: cmos-100meg-transistor with widths of 0.1 to 16 times
        gbwp_per_current=81.1e6 / 1e-3,
        gbwp_ceiling=1.36e9,
        slew_per_gbwp=1.01,
        class_ab_part=0.601,
        capacitance=0.91e-12,  # 0.43 + 0.48 pF in its netlist
        supply_voltage=1.2,
        gbwp_range=(10e6, 750e6),
        source="ngspice: cmos-100meg-transistor with scaled widths, level-1 MOS of the 0.25 um class",
    ),
    "ad823": _data_sheet("ad823", "data sheet of AD823 (Analog Devices, Rev. A); its class-AB part is chosen here"),
    "opa690": _data_sheet("opa690", "data sheet of OPA690 (Texas Instruments, SBOS223F); class-AB part chosen here"),
}
"""Technologies by name."""


def tied(opamp: OpAmp, name: str) -> MacroOpAmp:
    """Return an op-amp whose currents and slew rate follow from its GBWP.

    Raises:
        ParameterError: There is no such technology, it does not hold for this op-amp, or for its GBWP or supply.
    """
    if name not in TECHNOLOGIES:
        raise ParameterError("technology", repr(name), f"must be one of {', '.join(TECHNOLOGIES)}")
    if not isinstance(opamp, MacroOpAmp):
        raise ParameterError("technology", name, "needs a macro op-amp with a supply, such as cmos-100meg; take one")
    law = TECHNOLOGIES[name]
    low, high = law.gbwp_range
    if not low <= opamp.gbwp <= high:
        raise ParameterError("gbwp", f"{opamp.gbwp:g}", f"{name} is known from {low:g} to {high:g} Hz; stay within")
    if opamp.supply_voltage != law.supply_voltage:
        mend = f"{name} is known at {law.supply_voltage:g} V; take this supply, or another technology"
        raise ParameterError("supply_voltage", f"{opamp.supply_voltage:g}", mend)
    current = law.quiescent_current(opamp.gbwp)
    return opamp.replace(
        quiescent_current=current,
        class_ab_current=law.class_ab_part * current,
        slew_rate=law.slew_per_gbwp * opamp.gbwp,
    )
