"""Which current, slew rate and class-AB current does a GBWP cost in one technology?

Method: `cmos-100meg-transistor` on the test bench (ngspice, 10 kohm load) with all widths k times as large and the
reference resistor k times as small, so that all currents are k times as large; its compensation capacitors stay.
The law `1/GBWP = 1/(s I) + 1/f` is fitted by least squares of relative errors; `netlists/opamps/technology.py` has it.
"""

from __future__ import annotations

import re

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from amc_circuits.opamps.bench import characterize
from amc_circuits.values.quantities import format_quantity
from benchmarks.machine import machine_line
from netlists import SubcircuitOpAmp, preset
from netlists.opamps.technology import TECHNOLOGIES

WIDTHS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
LAW = TECHNOLOGIES["cmos-250nm"]


def scaled(factor: float) -> SubcircuitOpAmp:
    """Build the op-amp with all widths times a factor, and the reference resistor divided by it."""
    record = preset("cmos-100meg-transistor")
    assert isinstance(record, SubcircuitOpAmp)
    text = re.sub(r"\b(W|AD|AS)=([\d.]+)", lambda found: f"{found[1]}={factor * float(found[2]):.9g}", record.text)
    text = re.sub(r"(?i)\b(Rref \S+ \S+) 52k", lambda found: f"{found[1]} {52e3 / factor:.9g}", text)
    return record.replace(text=text)


def main() -> None:
    """Print what was measured at each width, the fit, and the numbers of the law."""
    measured = [characterize(scaled(factor)) for factor in WIDTHS]
    gbwp, current, class_ab, slew = (
        np.array([getattr(one, name) for one in measured])
        for name in ("gbwp", "quiescent_current", "class_ab_current", "slew_rate_falling")
    )
    # gbwp/(s I) + gbwp/f = 1 is linear in 1/s and 1/f.
    (per_current, ceiling), *_ = np.linalg.lstsq(np.column_stack([gbwp / current, gbwp]), np.ones(len(gbwp)))
    grid = Table(title="cmos-100meg-transistor, widths scaled", title_justify="left", box=box.MARKDOWN)
    for heading in ("width", "GBWP", "current", "by the law", "class AB", "slew rate", "by the law", "phase margin"):
        grid.add_column(heading, justify="right", no_wrap=True)
    for k, one in enumerate(measured):
        grid.add_row(
            f"{WIDTHS[k]:g}", format_quantity(gbwp[k], "Hz"), format_quantity(current[k], "A"),
            format_quantity(LAW.quiescent_current(gbwp[k]) / current[k] - 1, "%"),
            format_quantity(class_ab[k] / current[k], "%"), format_quantity(slew[k], "V/s"),
            format_quantity(LAW.slew_per_gbwp * gbwp[k] / slew[k] - 1, "%"), f"{one.phase_margin:.0f} degrees",
        )  # fmt: skip
    Console(width=200).print(grid)
    fit = f"{1e-9 / per_current:.1f} MHz/mA, ceiling {format_quantity(1 / ceiling, 'Hz')}"
    print(
        f"fit: {fit}; slew rate over GBWP {np.median(slew / gbwp):.3f} V; class AB {np.median(class_ab / current):.3f}"
    )
    print(
        f"law: {1e-9 * LAW.gbwp_per_current:.1f} MHz/mA, {LAW.gbwp_merit:.0f} MHz pF/mA, {LAW.slew_merit:.0f} V/us/mA"
    )
    print(machine_line())


if __name__ == "__main__":
    main()
