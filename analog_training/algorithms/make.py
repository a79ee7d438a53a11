"""Learners of the layers of a network, from settings."""

from __future__ import annotations

import numpy as np

from analog_training.algorithms.contract import Digital, Learner
from analog_training.algorithms.mixed import Mixed
from analog_training.algorithms.settings import AlgorithmSettings
from analog_training.algorithms.stages import residual_stages, simultaneous_stages
from analog_training.algorithms.tiles import Stage, Tiles, TileSettings, Transfer
from analog_training.devices.cells import Cells, Floats
from analog_training.devices.record import PulsedDevice
from analog_training.updates.trains import Trains

FILL = 0.6
"""Largest initial weight over the smaller bound of the device: half of the range and a little are left for learning."""
SPREAD = 1.5
"""Initial weights are uniform within `SPREAD sqrt(3/inputs)`."""


def make_learner(
    settings: AlgorithmSettings,
    device: PulsedDevice,
    trains: Trains,
    shape: tuple[int, int],
    generator: np.random.Generator,
) -> Learner:
    """Draw initial weights and devices of a layer.

    Initial weights are on tile 0, whose device holds the largest of them at `FILL` of its smaller bound; the other
    tiles start at their references. All algorithms draw the same initial weights for a seed.

    Args:
        settings: Algorithm.
        device: Devices of the tiles.
        trains: Pulse trains.
        shape: Outputs and inputs.
        generator: Source of weights and devices.
    """
    largest = SPREAD * np.sqrt(3 / shape[1])
    initial = generator.uniform(-largest, largest, shape)
    rate, transfer_rate = settings.rates
    if settings.algorithm == "digital":
        return Digital(initial, rate)
    scale = float(largest / (FILL * min(device.upper, -device.lower)))
    count = tile_count(settings)
    cells = [Cells.draw(device, initial.size, generator) for _ in range(count)]
    start(cells[0], initial.reshape(-1) / scale)
    expected = settings.updates == "expected"
    if settings.algorithm == "mixed-precision":
        return Mixed(shape, scale, rate, expected, cells[0])
    gammas = tuple(settings.gamma**n if n == 0 or settings.algorithm == "residual" else 0.0 for n in range(count))
    numbers = TileSettings(gammas, scale, rate, transfer_rate, settings.buffered, expected, trains)
    return Tiles(shape, numbers, stages_of(settings, shape[1]), cells)


def tile_count(settings: AlgorithmSettings) -> int:
    """Number of tiles of devices of a layer."""
    return {
        "digital": 0, "analog-sgd": 1, "mixed-precision": 1, "residual": settings.tiles
    }.get(settings.algorithm, 2)  # fmt: skip


def tiles_in_use(settings: AlgorithmSettings, stage: int) -> int:
    """Number of tiles that the products of a stage need: fast tiles have no part, and later tiles hold nothing yet."""
    if settings.algorithm == "residual":
        return min(settings.tiles, stage + 2) if settings.schedule == "stages" else settings.tiles
    return min(1, tile_count(settings))


def start(cells: Cells, weight: Floats) -> None:
    """Set devices to weights above their references, as far as their bounds allow."""
    cells.weight = np.clip(cells.reference + weight, cells.bounds[1], cells.bounds[0])


def stages_of(settings: AlgorithmSettings, columns: int) -> tuple[Stage, ...]:
    """Stages of an algorithm of tiles for a layer with so many inputs."""
    every = settings.transfer_every
    if tile_count(settings) == 1:
        return (Stage(0),)
    if settings.algorithm != "residual":
        return (Stage(1, 1.0, (Transfer(0, every),)),)
    if settings.schedule == "stages":
        return residual_stages(settings.tiles, settings.gamma, every)
    return simultaneous_stages(settings.tiles, every, columns)
