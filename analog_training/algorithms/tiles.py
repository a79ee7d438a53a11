"""Weights as a sum of tiles, W = s sum_n gamma^n W_n: analog SGD, Tiki-Taka and residual learning.

Tile 0 is the coarse one. A tile takes the gradient by pulses; columns of it are read in turn and written to the tile
above: either as they are, by pulse trains (Tiki-Taka v1), or through a digital buffer, which gives one pulse where it
has gathered a step (v2). Sources: Gokmen, Haensch, Frontiers in Neuroscience 2020, doi 10.3389/fnins.2020.00103
(v1); Gokmen, Frontiers in Artificial Intelligence 2021, doi 10.3389/frai.2021.699148 (v2); arXiv 2510.02516 (residual
learning). The schedule of stages is this package's: the paper's was not found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from amc_circuits import short_repr
from analog_training.algorithms.contract import Pace, TileState, Work
from analog_training.devices.cells import Cells, Floats
from analog_training.updates.trains import Trains


@dataclass(frozen=True)
class Transfer:
    """Transfer from tile `target + 1` to tile `target`.

    Attributes:
        target: Tile that is written.
        every: Batches from one column to the next.
    """

    target: int
    every: int

    __repr__ = short_repr


@dataclass(frozen=True)
class Stage:
    """Part of a training.

    Attributes:
        active: Tile that takes the gradient.
        gain: Factor of the learning rate.
        transfers: Transfers between tiles.
    """

    active: int
    gain: float = 1.0
    transfers: tuple[Transfer, ...] = ()

    __repr__ = short_repr


@dataclass(frozen=True)
class TileSettings:
    """Numbers of a sum of tiles.

    Attributes:
        gammas: Weight of each tile in the sum.
        scale: Factor s of the sum.
        rate: Learning rate, in units of W.
        transfer_rate: Part of a tile that a transfer adds to the tile above.
        buffered: True for transfers through a digital buffer.
        expected: True for the mean of all updates in place of pulses.
        trains: Lengths of pulse trains.
    """

    gammas: tuple[float, ...]
    scale: float
    rate: float
    transfer_rate: float = 0.0
    buffered: bool = True
    expected: bool = False
    trains: Trains = field(default_factory=Trains)

    __repr__ = short_repr


@dataclass
class Tiles:
    """A sum of tiles; see the top of the module.

    Attributes:
        shape: Outputs and inputs.
        settings: Numbers.
        stages: Stages.
        cells: Devices of each tile.
        work: Counters.
    """

    shape: tuple[int, int]
    settings: TileSettings
    stages: tuple[Stage, ...]
    cells: list[Cells]
    work: Work = field(default_factory=Work)

    __repr__ = short_repr

    def __post_init__(self) -> None:
        """Start with empty buffers."""
        self._buffers = [np.zeros(self.shape) for _ in self.cells[1:]]
        self._columns = [0 for _ in self.cells[1:]]
        self._batches = 0

    def tile(self, number: int) -> Floats:
        """Weights of a tile less its reference, shape (outputs, inputs)."""
        cells = self.cells[number]
        return np.asarray(cells.weight - cells.reference).reshape(self.shape)

    @property
    def weights(self) -> Floats:
        """The sum W, shape (outputs, inputs)."""
        total = np.zeros(self.shape)
        for number, gamma in enumerate(self.settings.gammas):
            if gamma:
                total += gamma * self.tile(number)
        return self.settings.scale * total

    @property
    def tiles(self) -> tuple[TileState, ...]:
        """Tiles with a part in the sum."""
        return tuple(
            TileState(
                self.settings.scale * gamma, *(one.reshape(self.shape) for one in (cells.weight, cells.reference))
            )
            for gamma, cells in zip(self.settings.gammas, self.cells, strict=True)
            if gamma
        )

    def learn(self, x: Floats, d: Floats, pace: Pace, generator: np.random.Generator) -> None:
        """Update the active tile, then transfer; see `Learner`."""
        stage = self.stages[pace.stage]
        rate = self.settings.rate * stage.gain * pace.factor / self.settings.scale / len(x)
        self._update(self.cells[stage.active], x, d, rate, generator)
        self._batches += 1
        for transfer in stage.transfers:
            if self._batches % transfer.every == 0:
                self._transfer(transfer.target, self.settings.transfer_rate * pace.factor, generator)

    def _update(self, cells: Cells, x: Floats, d: Floats, rate: float, generator: np.random.Generator) -> None:
        step = cells.device.step
        if self.settings.expected:
            for signals, errors in zip(x, d, strict=True):
                amount = (-rate / step) * np.outer(errors, signals).reshape(-1)
                cells.move_expected(amount, max(float(np.ceil(np.abs(amount).max())), 1.0))
            return
        counts, slots = self.settings.trains.coincidences(x, d, rate, step, generator)
        pulses, ups = cells.pulse_all(counts, generator)
        self.work.update_pulses += pulses
        self.work.ups += ups
        self.work.update_slots += slots

    def _transfer(self, target: int, rate: float, generator: np.random.Generator) -> None:
        """Read the next column of tile `target + 1` and write it to tile `target`."""
        column = self._columns[target] % self.shape[1]
        self._columns[target] += 1
        source = self.cells[target + 1]
        where = column + self.shape[1] * np.arange(self.shape[0])
        values = rate * (source.weight[where] - source.reference[where])
        cells = self.cells[target]
        step = cells.device.step
        self.work.reads += 1
        if self.settings.buffered:
            buffer = self._buffers[target][:, column]
            buffer += values
            counts = np.clip(np.trunc(buffer / step), -1, 1).astype(np.int64)
            buffer -= counts * step
        elif not self.settings.expected:
            counts = self.settings.trains.rounded(values, step, generator)
        if self.settings.expected:
            amount = np.zeros(cells.weight.size)
            amount[where] = counts if self.settings.buffered else values / step
            cells.move_rounded(amount)
            return
        pulses, ups = cells.pulse_some(where, counts, generator)
        self.work.transfer_pulses += pulses
        self.work.transfer_slots += int(np.abs(counts).max())
        self.work.ups += ups

    @property
    def state(self) -> dict[str, Any]:
        """Weights of all devices, buffers and counters; the devices themselves follow from the seed."""
        return {
            "weights": [cells.weight for cells in self.cells],
            "buffers": self._buffers,
            "columns": self._columns,
            "batches": self._batches,
            "work": self.work.counts,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from a state."""
        for cells, weight in zip(self.cells, state["weights"], strict=True):
            cells.weight = weight
        self._buffers, self._columns = list(state["buffers"]), list(state["columns"])
        self._batches, self.work = state["batches"], Work(**state["work"])
