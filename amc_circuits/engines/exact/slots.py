"""The slots of a step train as exact responses: in each the inputs rise, then they stay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amc_circuits.engines.exact.circuit import ExactCircuit
from amc_circuits.linear.probes import Modal
from amc_circuits.linear.response import Piece
from netlists import StepTrain
from netlists.short_text import short_repr


@dataclass(frozen=True)
class Slots:
    """All slots of a step train, each from its own beginning: the edge, then the hold.

    Attributes:
        edge: The inputs rise.
        hold: They stay.
        step: The 50 % point of the edge, s.
    """

    edge: Piece
    hold: Piece
    step: float

    __repr__ = short_repr

    def of(self, columns: NDArray[np.int64]) -> Slots:
        """Some of the slots."""
        return Slots(self.edge.of(columns), self.hold.of(columns), self.step)


def starts_from_rest(drive: StepTrain) -> bool:
    """True with returns to rest, or with one slot only; else each slot starts where the one before ended."""
    return drive.return_time > 0 or drive.levels.shape[1] == 1


def slots_of(exact: ExactCircuit, drive: StepTrain, from_rest: bool) -> Slots:
    """The response in every slot, from rest or each from the end of the one before."""
    levels, response = drive.levels, exact.response
    before = np.zeros_like(levels)
    state: Modal = np.zeros((len(response.values), levels.shape[1]), dtype=response.values.dtype)
    if not from_rest:
        before[:, 1:] = levels[:, :-1]
        for k in range(levels.shape[1] - 1):
            one = slice(k, k + 1)
            edge = response.piece(0.0, drive.rise_time, state[:, one], before[:, one], levels[:, one])
            hold = response.piece(
                drive.rise_time, drive.slot_time, response.end(edge), levels[:, one], levels[:, one]
            )  # fmt: skip
            state[:, k + 1] = response.end(hold)[:, 0]
    edge = response.piece(0.0, drive.rise_time, state, before, levels)
    hold = response.piece(drive.rise_time, drive.slot_time, response.end(edge), levels, levels)
    return Slots(edge, hold, drive.rise_time / 2)
