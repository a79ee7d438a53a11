"""Energy at equal accuracy: residual learning against mixed precision, both with the calibrated cell of ten states."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from amc_circuits.programming.calibration import PulseSettings, calibrate_cell
from analog_training import make_spec, train_analog
from analog_training.training.result import AnalogResult
from benchmarks.residual.rows import Row
from netlists.rram.one_transistor_cell import OneTransistorCell

SPREADS = {"step_spread": 0.3, "bound_spread": 0.3, "cycle_noise": 0.3}
SETTINGS: dict[str, dict[str, Any]] = {
    "residual": {"algorithm": "residual", "tiles": 4, "gamma": 0.4, "rate": 0.3, "transfer_rate": 0.1},
    "mixed precision": {"algorithm": "mixed-precision", "rate": 0.3},
}


def energy_to(result: AnalogResult, accuracy: float) -> float:
    """Energy up to the first epoch that reaches an accuracy, J; nan if none does.

    Every epoch takes the same share: that is exact for products and digital arithmetic, and an estimate for pulses.
    """
    reached = np.flatnonzero(np.array(result.accuracies) >= accuracy)
    assert result.cost is not None
    return result.cost.energy * (reached[0] + 1) / len(result.losses) if reached.size else float("nan")


def energy(folder: Path) -> Iterator[Row | str]:
    """Energies of 40 epochs, and up to accuracies; digital arithmetic is counted without memory traffic."""
    path = folder / "cell.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    cell = calibrate_cell(OneTransistorCell(pulse_width=5e-9), PulseSettings())
    path.write_text(cell.model_dump_json())
    found = {}
    for name, settings in SETTINGS.items():
        found[name] = train_analog(make_spec({"cell": str(path), **SPREADS, **settings}))
        cost = found[name].cost
        assert cost is not None
        parts = (cost.update_energy, cost.transfer_energy, cost.product_energy, cost.digital_energy)
        yield (
            f"  {name}: {found[name].accuracy:.1%}; updates, transfers, products, digital arithmetic "
            f"{', '.join(f'{1e6 * one:.3g}' for one in parts)} uJ; {found[name].hardware.digital_words} digital words"
        )
    for accuracy in (0.9, 0.95, 0.97):
        one, other = (energy_to(found[name], accuracy) for name in SETTINGS)
        yield Row(
            f"energy of residual learning over that of mixed precision up to {accuracy:.0%}",
            one / other,
            required=False,
        )
