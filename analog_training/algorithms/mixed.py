"""Mixed precision: a digital matrix gathers gradients, whole steps of it go to the devices as pulses.

Nandakumar et al., Frontiers in Neuroscience 2020, doi 10.3389/fnins.2020.00406. The matrix has full precision, one
number a weight; residual learning has a tile of devices instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from amc_circuits import short_repr
from analog_training.algorithms.contract import Pace, TileState, Work
from analog_training.devices.cells import Cells, Floats


@dataclass
class Mixed:
    """Devices with a digital matrix of gradients.

    Attributes:
        shape: Outputs and inputs.
        scale: Factor of the weights of the devices.
        rate: Learning rate, in units of W.
        expected: True for the mean of all updates in place of whole pulses.
        cells: Devices.
        work: Counters.
    """

    shape: tuple[int, int]
    scale: float
    rate: float
    expected: bool
    cells: Cells
    work: Work = field(default_factory=Work)

    __repr__ = short_repr

    def __post_init__(self) -> None:
        """Start with an empty matrix."""
        self._gathered = np.zeros(self.shape)

    @property
    def weights(self) -> Floats:
        """Scaled weights of the devices, shape (outputs, inputs)."""
        return self.scale * np.asarray(self.cells.weight - self.cells.reference).reshape(self.shape)

    @property
    def tiles(self) -> tuple[TileState, ...]:
        """The one tile."""
        weight, reference = (one.reshape(self.shape) for one in (self.cells.weight, self.cells.reference))
        return (TileState(self.scale, weight, reference),)

    def learn(self, x: Floats, d: Floats, pace: Pace, generator: np.random.Generator) -> None:
        """Gather the gradient, and write its whole steps; see `Learner`."""
        step = self.cells.device.step
        self._gathered -= self.rate * pace.factor / self.scale / len(x) * (d.T @ x)
        if self.expected:
            self.cells.move_rounded(self._gathered.reshape(-1) / step)
            self._gathered = np.zeros(self.shape)
            return
        counts = np.trunc(self._gathered / step).astype(np.int64)
        if counts.any():
            self._gathered -= counts * step
            pulses, ups = self.cells.pulse_all(counts.reshape(1, -1), generator)
            self.work.transfer_pulses += pulses
            self.work.transfer_slots += int(np.abs(counts).max(axis=0).sum())
            self.work.ups += ups

    @property
    def state(self) -> dict[str, Any]:
        """Weights of the devices, the matrix, and counters."""
        return {"weight": self.cells.weight, "gathered": self._gathered, "work": self.work.counts}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from a state."""
        self.cells.weight, self._gathered = state["weight"], state["gathered"]
        self.work = Work(**state["work"])
