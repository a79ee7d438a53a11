"""Least squares by residual learning: the rms gap falls by a factor a tile."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from analog_training.algorithms.contract import Pace
from analog_training.algorithms.stages import Course, residual_stages
from analog_training.algorithms.tiles import Stage, Tiles, TileSettings
from analog_training.devices.cells import Cells
from analog_training.devices.record import PulsedDevice
from benchmarks.residual.rows import Row

WEIGHTS, NOISE, STEPS, SEEDS = 400, 0.3, 3000, 5
"""Weights of the problem, spread of the gradient's noise, steps of each stage, seeds of the median."""
RATE, TRANSFER_RATE, EVERY = 0.3, 0.1, 5
MOST_TILES = 6
LOW, HIGH = 0.55, 0.72
"""Bounds of the factor a tile at 10 states with gamma 0.5."""


def rms_gap(device: PulsedDevice, tiles: int, gamma: float, seed: int) -> float:
    """Minimise `|W - W*|^2/2` from gradients with noise, and return the rms distance at the end.

    Args:
        device: Devices.
        tiles: Number of tiles.
        gamma: Weight of a tile over that above.
        seed: Seed of devices, pulses and noise.
    """
    wanted = np.random.default_rng(1).uniform(-0.6, 0.6, (WEIGHTS, 1))
    generator = np.random.default_rng([seed, tiles])
    cells = [Cells.draw(device, WEIGHTS, generator) for _ in range(tiles)]
    stages = residual_stages(tiles, gamma, EVERY) if tiles > 1 else (Stage(0),)
    settings = TileSettings(tuple(gamma**n for n in range(tiles)), 1.0, RATE, TRANSFER_RATE)
    learner = Tiles((WEIGHTS, 1), settings, stages, cells)
    one = np.ones((1, 1))
    for stage in range(len(stages)):
        for step in range(STEPS):
            last = stage == len(stages) - 1
            factor = Course.of(STEPS, 1, 0.5).pace(step).factor if last else 1.0
            noise = NOISE * generator.standard_normal((1, WEIGHTS))
            learner.learn(one, (learner.weights - wanted).T + noise, Pace(stage, factor), generator)
    return float(np.sqrt(np.mean((learner.weights - wanted) ** 2)))


def gap() -> Iterator[Row | str]:
    """Median rms gap of five seeds against tiles, at 4 and at 10 states, with and without spreads."""
    for states, spread in ((10, 0.0), (10, 0.3), (4, 0.0)):
        device = PulsedDevice(states=states, step_spread=spread, bound_spread=spread, cycle_noise=spread)
        gaps = np.array(
            [np.median([rms_gap(device, n, 0.5, seed) for seed in range(SEEDS)]) for n in range(1, MOST_TILES + 1)]
        )
        name = f"{states} states, gamma 0.5, spreads {spread:g}"
        yield f"  {name}: rms gap of 1 to {MOST_TILES} tiles: {' '.join(f'{one:.4f}' for one in gaps)}"
        mean = float((gaps[-1] / gaps[0]) ** (1 / (MOST_TILES - 1)))
        required = states == 10
        yield Row(f"{name}, mean factor a tile", mean, LOW, HIGH, required=required)
        yield Row(f"{name}, largest factor a tile", float((gaps[1:] / gaps[:-1]).max()), required=False)
