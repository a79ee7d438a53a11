"""How do the metrics of an op-amp made of transistors change with temperature?

Method: `cmos-100meg-transistor` on the test bench (ngspice, 10 kohm load) from 250 to 400 K; each metric is fitted by a
power of T by least squares of the logarithms. `netlists/opamps/temperature.py` has these powers for all other op-amps.
"""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from amc_circuits.opamps.bench import characterize
from amc_circuits.values.quantities import format_quantity
from benchmarks.machine import machine_line
from netlists import preset
from netlists.opamps.temperature import OPAMP_EXPONENTS

KELVINS = (250.0, 275.0, 300.15, 325.0, 350.0, 375.0, 400.0)
METRICS = {
    "open_loop_gain": ("open_loop_gain", ""),
    "gbwp": ("gbwp", "Hz"),
    "slew_rate": ("slew_rate_falling", "V/s"),
    "quiescent_current": ("quiescent_current", "A"),
    "class_ab_current": ("class_ab_current", "A"),
}
"""Parameter of the law, with what the bench calls it and its unit; of two slew rates the slower."""


def main() -> None:
    """Print each metric over temperature, the fitted power, and the power that the law has."""
    measured = [asdict(characterize(preset("cmos-100meg-transistor"), temperature=kelvin)) for kelvin in KELVINS]
    grid = Table(title="cmos-100meg-transistor", title_justify="left", box=box.MARKDOWN)
    for heading in ("parameter", *(f"{kelvin:g} K" for kelvin in KELVINS), "power of T", "in the law", "worst of fit"):
        grid.add_column(heading, justify="right", no_wrap=True)
    for name, (metric, unit) in METRICS.items():
        values = np.array([record[metric] for record in measured])
        power, level = np.polyfit(np.log(KELVINS), np.log(values), 1)
        worst = np.abs(values / np.exp(level + power * np.log(KELVINS)) - 1).max()
        texts = (format_quantity(value, unit) for value in values)
        grid.add_row(name, *texts, f"{power:.2f}", f"{OPAMP_EXPONENTS[name]:g}", f"{worst:.1%}")
    Console(width=200).print(grid)
    print(machine_line())


if __name__ == "__main__":
    main()
