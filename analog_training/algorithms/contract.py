"""Contract of an algorithm: how the weights of one layer learn. A layer knows nothing of networks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from amc_circuits import short_repr
from analog_training.devices.cells import Floats


@dataclass(frozen=True)
class Pace:
    """Rates of a batch.

    Attributes:
        stage: Number of the stage, from 0 on.
        factor: Factor of all rates.
    """

    stage: int
    factor: float

    __repr__ = short_repr


@dataclass
class Work:
    """Counters of what a layer did.

    Attributes:
        update_pulses: Pulses of updates.
        transfer_pulses: Pulses of transfers between tiles, or from a digital matrix.
        ups: Pulses among all that raise a conductance.
        update_slots: Slots of all pulse trains of updates: their time.
        transfer_slots: Slots of all trains of transfers; a column is written at once.
        reads: Columns of tiles that were read for a transfer.
    """

    update_pulses: int = 0
    transfer_pulses: int = 0
    ups: int = 0
    update_slots: int = 0
    transfer_slots: int = 0
    reads: int = 0

    __repr__ = short_repr

    @property
    def counts(self) -> dict[str, int]:
        """Counters by name."""
        return {name: int(getattr(self, name)) for name in self.__dataclass_fields__}


@dataclass(frozen=True)
class TileState:
    """Weights of a tile that the sum contains.

    Attributes:
        gain: Factor of the tile in the weights of the layer.
        weight: Weights of the devices, shape (outputs, inputs).
        reference: Weights of their reference cells, likewise.
    """

    gain: float
    weight: Floats
    reference: Floats

    __repr__ = short_repr


class Learner(Protocol):
    """Weights of one layer, and how they learn."""

    work: Work

    @property
    def weights(self) -> Floats:
        """Weights as the network uses them, shape (outputs, inputs)."""

    @property
    def tiles(self) -> tuple[TileState, ...]:
        """Tiles whose sum the weights are; empty for digital weights."""

    def learn(self, x: Floats, d: Floats, pace: Pace, generator: np.random.Generator) -> None:
        """Learn from a batch; the gradient is the mean of `d_k x_k^T`.

        Args:
            x: Signals, shape (samples, inputs).
            d: Derivatives of the loss with respect to the outputs, shape (samples, outputs).
            pace: Rates.
            generator: Source of pulses and noise.
        """

    @property
    def state(self) -> dict[str, Any]:
        """Arrays and numbers that the rest of a training depends on, generators excluded."""

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from a state."""


@dataclass
class Digital:
    """Digital weights under stochastic gradient descent.

    Attributes:
        matrix: Weights, shape (outputs, inputs).
        rate: Learning rate.
        work: Counters; all stay 0.
    """

    matrix: Floats
    rate: float
    work: Work = field(default_factory=Work)

    __repr__ = short_repr

    @property
    def weights(self) -> Floats:
        """Weights, shape (outputs, inputs)."""
        return self.matrix

    @property
    def tiles(self) -> tuple[TileState, ...]:
        """There are none."""
        return ()

    def learn(self, x: Floats, d: Floats, pace: Pace, generator: np.random.Generator) -> None:
        """Take a step against the gradient; see `Learner`."""
        self.matrix = self.matrix - self.rate * pace.factor / len(x) * (d.T @ x)

    @property
    def state(self) -> dict[str, Any]:
        """Weights."""
        return {"matrix": self.matrix}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from a state."""
        self.matrix = state["matrix"]
