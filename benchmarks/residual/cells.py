"""Cells calibrated in ngspice, trainings with them, and closed forms of one update."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from amc_circuits.programming.calibration import CalibratedCell, PulseSettings, calibrate_cell
from analog_training import PulsedDevice, update_moments
from benchmarks.residual.rows import Row
from benchmarks.residual.store import Store
from netlists.rram.one_transistor_cell import OneTransistorCell

CELLS = ((2e-9, 1.14), (2e-9, 1.18), (2e-9, 1.20), (5e-9, 1.18), (20e-9, 1.10), (100e-9, 1.02))
"""Widths, s, and source line voltages, V."""
TRAINED = 3
"""Number of the cell in `CELLS` that trainings use."""
SPREADS = {"step_spread": 0.3, "bound_spread": 0.3, "cycle_noise": 0.3}
ARRAYS: dict[str, Any] = {
    "forward": "circuit",
    "wire_resistance": 1,
    "dac_bits": 8,
    "adc_bits": 8,
    "noise": True,
    "refresh": 100,
}
"""Arrays of trainings: wires in ohm a segment, converters, noise of op-amps and resistors."""
CIRCUIT_SEEDS = 3
CLIPPED = {0.0: 0.06018, 0.5: 0.03009, -0.5: 0.09026}
"""Changes of a clipped update by the weight before, as aihwkit 1.1.0 gave them."""


def calibrated() -> list[CalibratedCell]:
    """Calibrate all cells."""
    return [
        calibrate_cell(OneTransistorCell(pulse_width=width), PulseSettings(source_line=level)) for width, level in CELLS
    ]


def cells() -> Iterator[Row | str]:
    """Table of the cells; the power law reproduces every train within 5 % of its range."""
    yield "  width   source line  symmetric point  step     states  misfit up, down  deviation   energy up, down"
    found = calibrated()
    for cell in found:
        fits, trains = (cell.soft_bounds, cell.power_law), (cell.up, cell.down)
        misfits, deviations = ([getattr(fit, name)(train) for train in trains] for fit, name in zip(
            fits, ("misfit", "deviation"), strict=True))  # fmt: skip
        joules = cell.energies
        yield (
            f"  {cell.cell.pulse_width * 1e9:4.0f} ns  {cell.settings.source_line:.2f} V       "
            f"{cell.symmetric_point * 1e6:6.1f} uS        {cell.step * 1e6:6.2f} uS {cell.states:6.1f}  "
            f"{misfits[0]:6.1%}, {misfits[1]:6.1%}  {deviations[0]:.1%}, {deviations[1]:.1%}  "
            f"{joules[0] * 1e12:.2f}, {joules[1] * 1e12:.2f} pJ"
        )
    worst = max(cell.power_law.deviation(train) for cell in found for train in (cell.up, cell.down))
    yield Row("largest deviation of a train from its power law, of the range", worst, high=0.05)
    states = [cell.states for cell in found]
    yield Row("fewest states", min(states), 3.5, 4.5)
    yield Row("most states", max(states), 30, 36)


def forms() -> Iterator[Row | str]:
    """Clipped updates at 1000 states are (1 - w)(1 - 0.998^31)."""
    for start, change in CLIPPED.items():
        found = abs(update_moments(PulsedDevice(states=1000), start, 0.1).mean - start)
        yield Row(f"change of a clipped update from w = {start:g}", found, change - 5e-6, change + 5e-6)


def table(store: Store, folder: Path) -> Iterator[Row | str]:
    """Residual learning with the measured steps of a cell, against its fits: spreads 0.3, 5 seeds."""
    path = cell_file(folder)
    found = {}
    for response in ("table", "power-law", "soft-bounds"):
        settings = {"cell": str(path), "response": response, **SPREADS}
        each = [store.accuracy({**settings, "seed": seed}) for seed in range(5)]
        found[response] = np.array(each)
        yield f"  {response}: {np.mean(each):.2f} +- {np.std(each, ddof=1):.2f} %"
    for name in ("soft-bounds", "power-law"):
        difference = found["table"] - found[name]
        error = float(difference.std(ddof=1) / len(difference) ** 0.5)
        yield Row(
            f"table less {name}, points", float(difference.mean()), -2.0, 2.0, error, required=name == "soft-bounds"
        )


def circuit(store: Store, folder: Path) -> Iterator[Row | str]:
    """Products through arrays with wires, converters and noise, against exact ones: the cell of ten states."""
    path = cell_file(folder)
    settings = {"cell": str(path), **SPREADS}
    found = []
    for more in ({}, ARRAYS):
        each = np.array([store.accuracy({**settings, **more, "seed": seed}) for seed in range(CIRCUIT_SEEDS)])
        found.append(each)
        yield f"  {'arrays' if more else 'exact'}: {each.mean():.2f} +- {each.std(ddof=1):.2f} %"
    difference = found[1] - found[0]
    error = float(difference.std(ddof=1) / len(difference) ** 0.5)
    yield Row("arrays less exact, points", float(difference.mean()), error=error, required=False)


def cell_file(folder: Path) -> Path:
    """File of the cell of ten states, calibrated in ngspice."""
    path = folder / "cell.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    width, level = CELLS[TRAINED]
    cell = calibrate_cell(OneTransistorCell(pulse_width=width), PulseSettings(source_line=level))
    path.write_text(cell.model_dump_json())
    return path


def groups(store: Store) -> dict[str, partial[Iterator[Row | str]]]:
    """Return the groups of this module by name."""
    folder = store.path.parent
    stored = {"table": partial(table, store, folder), "circuit": partial(circuit, store, folder)}
    return {"cells": partial(cells), "forms": partial(forms), **stored}
