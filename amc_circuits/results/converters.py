"""DACs before a circuit and ADCs behind it: their effect on voltages, and the cost of a conversion."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from netlists import ParameterError, Record
from netlists.record import FloatArray, Positive, about

CLOCK = 1e-9
"""Clock period of a SAR ADC, s: one clock for each bit and one to sample (NeuroSim)."""
DAC_CAPACITANCE = 50e-15
"""Capacitance that a DAC switches for each bit of a conversion, F (cost model of ZigZag-IMC)."""
LOGIC_SUPPLY = 0.9
"""Logic supply voltage at 45 nm, V (Horowitz, ISSCC 2014)."""
HEADROOM = 0.8
"""Fraction of the swing that an output may use before k is reduced; ADCs of INV convert this range."""


@dataclass(frozen=True)
class Converter:
    """Type of converter: `energy = (power + power_per_bit * bits) * time`, `time = fixed_time + bits * bit_time`.

    Attributes:
        bits: Smallest and largest number of bits for which the numbers are valid.
        power: Power that does not depend on the number of bits, W.
        power_per_bit: Power for each bit, W.
        fixed_time: Time that does not depend on the number of bits, s.
        bit_time: Time for each bit, s.
        source: Source of the numbers.
    """

    bits: tuple[int, int]
    power: float
    power_per_bit: float
    fixed_time: float
    bit_time: float
    source: str

    def time(self, bits: int) -> float:
        """Time of one conversion, s."""
        return self.fixed_time + bits * self.bit_time

    def energy(self, bits: int) -> float:
        """Energy of one conversion, J."""
        return (self.power + self.power_per_bit * bits) * self.time(bits)


CONVERTER_KINDS = {
    "dac": Converter(
        bits=(2, 12),  # chosen here: as the SAR
        power=0.0,
        power_per_bit=DAC_CAPACITANCE * LOGIC_SUPPLY**2 / CLOCK,  # 40.5 fJ a bit
        fixed_time=CLOCK,  # 1 ns at any number of bits (PUMA)
        bit_time=0.0,
        source="50 fF a bit (ZigZag-IMC) at 0.9 V; 1 ns (PUMA)",
    ),
    "sar": Converter(
        bits=(2, 12),  # at 13 the thermal limit 3 kT 4^13 = 0.83 pJ passes the fit's 0.63 pJ
        power=16.693e-6,  # NeuroSim's fit to circuit simulations, 45 nm low power
        power_per_bit=2.1691e-6,  # the same; 0.127 pJ at 4 bits, 0.306 pJ at 8
        fixed_time=CLOCK,
        bit_time=CLOCK,
        source="45 nm low-power SAR (NeuroSim)",
    ),
    "isaac": Converter(
        bits=(8, 8),
        power=2e-3,  # 16 mW for 8 ADCs (ISAAC, ISCA 2016, doi 10.1109/ISCA.2016.12): 1.5625 pJ a conversion
        power_per_bit=0.0,
        fixed_time=1 / 1.28e9,  # 1.28 GS/s (the same): 128 lines in 100 ns
        bit_time=0.0,
        source="32 nm SAR, 8 bits, 1.28 GS/s (ISAAC)",
    ),
}


def lsb(bits: int, full_scale: float) -> float:
    """Compute the step between two levels, `full_scale / (2^(bits - 1) - 1)`, V."""
    return full_scale / float(2 ** (bits - 1) - 1)


def quantise(voltage: FloatArray, bits: int | None, full_scale: float) -> FloatArray:
    """Round to the nearest level of a mid-tread converter; beyond the full scale, to the outermost level.

    Levels are `k LSB`, `k = -(2^(bits-1) - 1) .. 2^(bits-1) - 1`, so that 0 and both ends of the full scale are exact
    and one of the 2^bits codes is unused. Half-way values are rounded to the even code, which keeps odd symmetry.

    Args:
        voltage: Voltages of any shape, V.
        bits: Number of bits, 2 or more; None leaves the voltage unchanged.
        full_scale: Limit of the range on either side of 0, V.
    """
    if bits is None:
        return voltage
    largest = 2 ** (bits - 1) - 1
    codes = np.clip(np.rint(voltage * (largest / full_scale)), -largest, largest)
    levels: FloatArray = codes / largest * full_scale
    return levels


class Converters(Record):
    """Converters of a circuit.

    Without bits there is no converter: its value is exact and costs nothing. Without a range the ADCs use
    `output_range`.
    """

    dac_bits: Annotated[int | None, about("Bits of the DAC at every input")] = None
    adc_bits: Annotated[int | None, about("Bits of the ADCs behind the outputs")] = None
    adc_range: Annotated[
        Positive | None,
        about("Largest voltage of the ADCs, plus and minus (0.8 of the swing; mvm: input full scale)", "V"),
    ] = None
    adc: Annotated[Literal["sar", "isaac"], about("Type of ADC")] = "sar"
    adc_share: Annotated[int, about("Number of outputs that one ADC converts, one after the other", ge=1)] = 1

    @model_validator(mode="after")
    def _within_the_table(self) -> Self:
        for name, bits, kind in (("dac_bits", self.dac_bits, "dac"), ("adc_bits", self.adc_bits, self.adc)):
            fewest, most = CONVERTER_KINDS[kind].bits
            if bits is not None and not fewest <= bits <= most:
                allowed = f"{fewest}" if fewest == most else f"from {fewest} to {most}"
                raise ParameterError(name, bits, f"must be {allowed}: the figures of {kind} hold there")
        return self

    def inputs(self, levels: FloatArray, full_scale: float) -> FloatArray:
        """Return the input voltages that the DACs produce for the wanted ones.

        If k is reduced afterwards, the levels scale with it, like those of a DAC with an adjustable reference.

        Args:
            levels: Wanted input voltages, shape (inputs, K), V.
            full_scale: Input full scale, which is also the full scale of the DACs, V.
        """
        return quantise(levels, self.dac_bits, full_scale)

    def outputs(self, final: FloatArray, output_range: float) -> tuple[FloatArray, NDArray[np.bool_]]:
        """Convert output voltages by the ADCs.

        Args:
            final: Output voltages, shape (N, K), V.
            output_range: Range of the ADCs from `output_range`, V.

        Returns:
            Read voltages, shape (N, K), V; and for each column, True if an output was more than half an LSB beyond the
            range, shape (K,).
        """
        if self.adc_bits is None:
            return final, np.zeros(final.shape[1], dtype=np.bool_)
        limit = output_range + lsb(self.adc_bits, output_range) / 2
        clipped: NDArray[np.bool_] = np.any(np.abs(final) > limit, axis=0)
        return quantise(final, self.adc_bits, output_range), clipped

    def output_range(self, natural: float) -> float:
        """Range of the ADCs, V: the given one, or one that no output of an ideal array exceeds.

        Args:
            natural: Voltage that no output of an ideal array exceeds, V; infinite if it is not known.

        Raises:
            ParameterError: If an ADC has no range, and the op-amps have no swing from which to derive it.
        """
        if self.adc_range is not None:
            return self.adc_range
        if self.adc_bits is not None and math.isinf(natural):
            raise ParameterError("adc_range", "nothing", "this op-amp has no swing to take it from; give volts")
        return natural

    def dac_cost(self, lines: int) -> tuple[float, float]:
        """Compute energy, J, and time, s, to set all inputs at once, each by its own DAC."""
        if self.dac_bits is None:
            return 0.0, 0.0
        kind = CONVERTER_KINDS["dac"]
        return lines * kind.energy(self.dac_bits), kind.time(self.dac_bits)

    def adc_cost(self, lines: int) -> tuple[float, float]:
        """Compute energy, J, and time, s, to read all outputs: each ADC converts its lines one after the other."""
        if self.adc_bits is None:
            return 0.0, 0.0
        kind = CONVERTER_KINDS[self.adc]
        return lines * kind.energy(self.adc_bits), min(self.adc_share, lines) * kind.time(self.adc_bits)
