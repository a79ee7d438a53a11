"""Sensitivities: of the answer to errors of sample-and-holds, and of the area to each entry of its table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from amc_circuits import BlockCircuit, SampleHold
from amc_circuits.results.cost import ComponentAreas
from amc_circuits.results.measurement import relative_error
from amc_circuits.solvers.blocks.bank import BankParts
from benchmarks.block.cases import area_terms, case
from netlists.record import FloatArray

HOLDS: dict[str, dict[str, Any]] = {
    "offset 0.1 mV": {"hold_offset": 1e-4},
    "offset 0.3 mV": {"hold_offset": 3e-4},
    "offset 1 mV": {"hold_offset": 1e-3},
    "injection 0.36 fC, 0.2 pF": {"hold_injection": 0.36e-15, "hold_capacitance": 0.2e-12},
    "injection 0.36 fC, 1 pF": {"hold_injection": 0.36e-15},
    "injection 0.36 fC, 4 pF": {"hold_injection": 0.36e-15, "hold_capacitance": 4e-12},
    "leakage 10 Gohm, 1 pF": {"hold_leakage": 1e10},
    "leakage 1 Gohm, 1 pF": {"hold_leakage": 1e9},
    "leakage 100 Mohm, 1 pF": {"hold_leakage": 1e8},
}
"""Errors of sample-and-holds: offset from line to line, injected charge, and droop by leakage."""
HELD_CASES = (("spd", 16, 1), ("spd", 64, 1), ("wishart", 64, 1), ("spd", 64, 2), ("spd", 64, 3))
"""Family, size and stages."""
SEEDS = 6
FACTORS = 0.5, 2.0
ENTRIES = ("cell", "op_amp", "resistor", "sample_and_hold", "capacitor_density", "switch", "dac", "adc")


def held_errors(name: str, family: str, size: int, stages: int) -> FloatArray:
    """Difference that errors of the holds make in x, relative, 2-norm, cmos-100meg at rest, for each seed."""
    found = []
    for seed in range(SEEDS):
        matrix, vector = case(family, size, seed)
        fields: dict[str, Any] = {"stages": stages, "opamp": "cmos-100meg", "seed": seed}
        exact, real = (
            BlockCircuit.program(matrix, hold=hold, **fields).steady(vector)[:, None]
            for hold in (None, SampleHold(**HOLDS[name]))
        )
        found.append(float(relative_error(real, exact)[0]))
    return np.array(found)


def area_sensitivities(size: int, hold: float) -> Iterator[tuple[str, str, float, float]]:
    """Yield each entry of the table with its value and the ratio of areas with half and twice this value.

    Args:
        size: N.
        hold: Capacitance of a sample-and-hold, F.
    """
    table, parts = ComponentAreas(), BankParts()
    for name in ENTRIES:
        value = getattr(table, name)
        text = f"{value * 1e3:g} fF/um2" if name == "capacitor_density" else f"{value * 1e12:g} um2"
        low, high = (area_terms(size, table.replace(**{name: one * value}), hold, "two")[0] for one in FACTORS)
        yield name, text, low, high
    for name in ("holds", "switches"):
        value = getattr(parts, name)
        changed = (parts.replace(**{name: int(one * value)}) for one in FACTORS)
        low, high = (area_terms(size, table, hold, "two", parts=one)[0] for one in changed)
        yield f"{name} of a line", f"{value}", low, high
    low, high = (area_terms(size, table, one * hold, "two")[0] for one in FACTORS)
    yield "hold capacitance", f"{hold * 1e15:g} fF", low, high
