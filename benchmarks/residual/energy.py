"""Energy at equal accuracy: residual learning against mixed precision, both with the calibrated cell of ten states."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from analog_training import AnalogResult, AnalogTraining, make_spec
from benchmarks.residual.cells import SPREADS, cell_file
from benchmarks.residual.rows import Row

SEEDS = 5
SETTINGS: dict[str, dict[str, Any]] = {
    "residual": {"algorithm": "residual", "tiles": 4, "gamma": 0.4, "rate": 0.3, "transfer_rate": 0.1},
    "mixed precision": {"algorithm": "mixed-precision", "rate": 0.3},
}


@dataclass(frozen=True)
class Curve:
    """Training by its epochs.

    Attributes:
        result: Result at the end.
        energies: Energy up to the end of each epoch, J.
    """

    result: AnalogResult
    energies: tuple[float, ...]

    def energy_to(self, accuracy: float) -> float:
        """Energy up to the first epoch that reaches an accuracy, J; nan if none does."""
        reached = np.flatnonzero(np.array(self.result.accuracies) >= accuracy)
        return self.energies[reached[0]] if reached.size else float("nan")


def trained(settings: Mapping[str, Any]) -> Curve:
    """Train, and take the energy after every epoch."""
    energies: list[float] = []

    def observe(training: AnalogTraining) -> None:
        cost = training.result.cost
        assert cost is not None
        energies.append(cost.energy)

    return Curve(AnalogTraining(make_spec(settings)).run(observe), tuple(energies))


def energy(folder: Path) -> Iterator[Row | str]:
    """Energies of 40 epochs, and up to accuracies; digital arithmetic is counted without memory traffic."""
    path = cell_file(folder)
    found: dict[str, list[Curve]] = {}
    for name, settings in SETTINGS.items():
        found[name] = [trained({"cell": str(path), **SPREADS, **settings, "seed": seed}) for seed in range(SEEDS)]
        yield from _parts(name, found[name])
    for accuracy in (0.9, 0.95, 0.97):
        one, other = (np.array([curve.energy_to(accuracy) for curve in found[name]]) for name in SETTINGS)
        ratios = (one / other)[np.isfinite(one / other)]
        name = f"energy of residual learning over that of mixed precision up to {accuracy:.0%}, {len(ratios)} seeds"
        error = float(ratios.std(ddof=1) / len(ratios) ** 0.5) if len(ratios) > 1 else 0.0
        yield Row(name, float(ratios.mean()) if len(ratios) else float("nan"), error=error, required=False)


def _parts(name: str, curves: Sequence[Curve]) -> Iterator[str]:
    """Lines of the accuracy, of energies, times and pulses, and of the hardware: means over the seeds."""
    costs = [curve.result.cost for curve in curves]
    names = ("update_energy", "transfer_energy", "product_energy", "digital_energy", "update_time", "transfer_time")
    mean = {one: float(np.mean([getattr(cost, one) for cost in costs])) for one in names}
    result = curves[0].result
    pulses = [np.mean([curve.result.totals[one] for curve in curves]) for one in ("update_pulses", "transfer_pulses")]
    accuracy = np.mean([curve.result.accuracy for curve in curves])
    yield (
        f"  {name}: {accuracy:.1%} ({len(curves)} seeds); updates, transfers, products, digital arithmetic "
        f"{', '.join(f'{1e6 * mean[one]:.3g}' for one in names[:4])} uJ"
    )
    parts = result.hardware
    yield (
        f"    {pulses[0]:.4g} and {pulses[1]:.4g} pulses, {1e3 * mean['update_time']:.3g} and "
        f"{1e3 * mean['transfer_time']:.3g} ms of updates and transfers; {parts.devices} devices, "
        f"{parts.dacs + parts.adcs} converters, {1e12 * parts.area:.4g} um2, {parts.digital_words} digital words"
    )
