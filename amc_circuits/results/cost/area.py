"""Area of a circuit: the sum over its components, each with the area of a table."""

from __future__ import annotations

import math
from typing import Annotated

from amc_circuits.results.converters import Converters
from amc_circuits.results.cost.components import component_counts
from netlists import Capacitors, Circuit, Hold, Record
from netlists.record import FloatArray, NonNegative, Positive, about

FEATURE_SIZE = 40e-9
"""Feature size F of the cells, m: that of the converters of the table, 32 to 45 nm."""


class ComponentAreas(Record):
    """Area of each component, the table of the area model; another technology is another record.

    The cell is 12 F x 4 F, one transistor and one resistor at F = 40 nm (shape of NeuroSim). The op-amp is chosen: no
    source for the area of an integrated op-amp of this speed was found; vary it from 100 to 2000 um2. Resistor
    (polysilicon, about 10 kohm), capacitors (metal layers), sample-and-hold (switch and buffer without the capacitor)
    and switch (transmission gate) are chosen, too. The DAC has 8 bits in 40 nm (Chen et al., VLSI 2018,
    doi 10.1109/VLSIC.2018.8502370, through a published estimator), the ADC 8 bits in 32 nm (ISAAC, ISCA 2016,
    doi 10.1109/ISCA.2016.12; 4 bits take 361 um2 there).
    """

    cell: Annotated[NonNegative, about("Area of a cell", "m2")] = 48 * FEATURE_SIZE**2
    op_amp: Annotated[NonNegative, about("Area of an op-amp or a buffer", "m2")] = 400e-12
    resistor: Annotated[NonNegative, about("Area of a resistor", "m2")] = 50e-12
    capacitor_density: Annotated[Positive, about("Capacitance of an area", "F/m2")] = 2e-3
    sample_and_hold: Annotated[NonNegative, about("Area of a sample-and-hold without its capacitor", "m2")] = 10e-12
    switch: Annotated[NonNegative, about("Area of a switch", "m2")] = 4e-12
    dac: Annotated[NonNegative, about("Area of a DAC", "m2")] = 438e-12
    adc: Annotated[NonNegative, about("Area of an ADC", "m2")] = 1200e-12


TABLE = ComponentAreas()
"""Table of the area model unless another one is given."""


def areas(circuit: Circuit, converters: Converters | None = None, table: ComponentAreas = TABLE) -> dict[str, float]:
    """Compute the area of all components of a circuit by type, m2; types that it lacks are left out.

    Missing cells, of zero conductance, take no area. An ideal limiter has no area that is known: nan.

    Args:
        circuit: Circuit; wires, logic and supplies are no part of the model.
        converters: Converters around it, counted where they have bits; None for none.
        table: Area of each component; that of converters holds for 8 bits.
    """
    known = {"cells": table.cell, "op_amps": table.op_amp, "buffers": table.op_amp, "resistors": table.resistor,
             "switches": table.switch, "limiters": math.nan}  # fmt: skip
    counts = component_counts(circuit)
    found = {name: count * known[name] for name, count in counts.items() if name in known}
    capacitance = sum(_total(part.farads, circuit.groups[part.a]) for part in circuit.of(Capacitors))
    if "capacitors" in counts:
        found["capacitors"] = capacitance / table.capacitor_density
    if "sample_and_holds" in counts:
        held = sum(circuit.groups[part.source] * part.capacitance for part in circuit.of(Hold))
        found["sample_and_holds"] = counts["sample_and_holds"] * table.sample_and_hold + held / table.capacitor_density
    if converters is not None and converters.dac_bits is not None:
        found["dacs"] = circuit.inputs * table.dac
    if converters is not None and converters.adc_bits is not None:
        outputs = circuit.groups[circuit.outputs]
        found["adcs"] = -(-outputs // converters.adc_share) * table.adc
    return found


def total_area(circuit: Circuit, converters: Converters | None = None, table: ComponentAreas = TABLE) -> float:
    """Compute the area of a circuit, m2, the sum of `areas`; nan if that of a component is not known."""
    return float(sum(areas(circuit, converters, table).values()))


def _total(farads: float | FloatArray, count: int) -> float:
    """Sum of the capacitances of a row of capacitors."""
    return float(farads * count) if isinstance(farads, float | int) else float(farads.sum())
