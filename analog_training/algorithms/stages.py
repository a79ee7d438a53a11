"""Stages of a training by several tiles, and the rates in them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from amc_circuits import short_repr
from analog_training.algorithms.contract import Pace
from analog_training.algorithms.tiles import Stage, Transfer

FALLS = (0.5, 0.8)
"""Parts of the last stage after which the rates fall."""
FACTORS = (1.0, 0.3, 0.1)
"""Factors of the rates before, between and after these."""


@dataclass(frozen=True)
class Course:
    """Stages over the epochs.

    Attributes:
        epochs: Number of epochs.
        starts: Epoch at which each stage begins; may be a fraction.
    """

    epochs: int
    starts: tuple[float, ...]

    __repr__ = short_repr

    @classmethod
    def of(cls, epochs: int, stages: int, first: float) -> Course:
        """The first stage takes a part of the epochs, the others share the rest; a single one takes all."""
        if stages == 1:
            return cls(epochs, (0.0,))
        begin = first * epochs
        each = (epochs - begin) / (stages - 1)
        return cls(epochs, (0.0, *(begin + number * each for number in range(stages - 1))))

    @property
    def idle_stage(self) -> int | None:
        """The first stage in which no epoch begins; None if there is none."""
        ends = (*self.starts[1:], self.epochs)
        return next((stage for stage, end in enumerate(ends) if math.ceil(self.starts[stage]) >= end), None)

    def pace(self, epoch: int) -> Pace:
        """Stage and factor of the rates in an epoch, from 0 on: they fall in the last stage only."""
        stage = max(number for number, start in enumerate(self.starts) if start <= epoch)
        if stage < len(self.starts) - 1:
            return Pace(stage, FACTORS[0])
        start = self.starts[stage]
        done = (epoch - start) / (self.epochs - start)
        return Pace(stage, FACTORS[sum(done >= fall for fall in FALLS)])


def residual_stages(tiles: int, gamma: float, every: int) -> tuple[Stage, ...]:
    """Stage k trains tile k + 1, and transfers from it to tile k; the tiles before k rest."""
    return tuple(Stage(k + 1, gamma ** (-k), (Transfer(k, every),)) for k in range(tiles - 1))


def simultaneous_stages(tiles: int, every: int, columns: int) -> tuple[Stage, ...]:
    """One stage: the last tile takes the gradient, and all transfers run, each slower than the one before it.

    aihwkit's rule: a transfer is due once the one before it has passed all columns.
    """
    slower = [every * columns**place for place in range(tiles - 1)]
    transfers = tuple(Transfer(tiles - 2 - place, min(slow, 2**62)) for place, slow in enumerate(slower))
    return (Stage(tiles - 1, 1.0, transfers),)
