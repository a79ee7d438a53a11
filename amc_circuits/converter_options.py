"""The options of converters and of `amc cost`."""

from __future__ import annotations

from amc_circuits.options import Option

CONVERTERS = (
    Option("dac_bits", "integer", "Bits of the DAC at every input (no DAC)", minimum=2),
    Option("adc_bits", "integer", "Bits of the ADCs behind the outputs (no ADC)", minimum=2),
    Option(
        "adc_range", "quantity", "ADCs convert plus and minus this (0.8 of the swing; mvm: input full scale)", unit="V"
    ),
)
COST = (
    Option("adc", "text", "Kind of ADC: sar, isaac", "sar", choices=("sar", "isaac")),
    Option("adc_share", "integer", "Outputs that one ADC converts one after the other", "1", minimum=1),
    Option("solves", "integer", "Solves for which the array stays programmed", "1", minimum=1),
    Option("programming_energy", "quantity", "Of programming the array once", "0", "J"),
    Option("programming_time", "quantity", "Of programming the array once", "0", "s"),
)
