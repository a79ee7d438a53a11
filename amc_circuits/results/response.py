"""The outputs of one right-hand side over time, and what is read of them at any moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from amc_circuits.results import measurement
from netlists.record import FloatArray


@dataclass(frozen=True)
class Response:
    """The outputs of one right-hand side over its slot.

    Attributes:
        time: Shape (T,), from the 50 % point of the step, s.
        outputs: Shape (T, N), V.
        tolerance: Relative tolerance of the settling time.
        settling_time: s; nan if it did not settle.
        target: Outputs that the wanted system asks for, shape (N,), V; None where they are not known.
        terminal_voltage: At the end of the slot: word lines, bit lines of each array, shape (N + arrays * M,), V; None
            where they are not known.
        names: Of the outputs, where they are more than their numbers, such as `Re x1`; else empty.
    """

    time: FloatArray
    outputs: FloatArray
    tolerance: float
    settling_time: float
    target: FloatArray | None = None
    terminal_voltage: FloatArray | None = None
    names: tuple[str, ...] = ()

    def name(self, column: int, place: int | None = None) -> str:
        """What an output is called: its name, or its place in the circuit, from 0, where that is not its column."""
        return self.names[column] if self.names else f"output {(column if place is None else place) + 1}"

    @property
    def readout_error(self) -> FloatArray:
        """`||outputs(t) - target|| / ||target||` at each time, shape (T,); nan where the target is not known."""
        if self.target is None:
            return np.full(len(self.time), np.nan)
        return measurement.readout_error(self.outputs, self.target)

    def time_to_bits(self, bits: float) -> float:
        """From the step until the error stays at or below `2^-bits`, s; nan if it never does or nothing settled."""
        if np.isnan(self.settling_time):
            return float("nan")
        return measurement.time_to_bits(self.time, self.readout_error, bits)


def slowest(responses: Sequence[Response]) -> int:
    """Place of the response that settles last; one that does not settle is slower than all others."""
    return int(np.argmax([np.nan_to_num(response.settling_time, nan=np.inf) for response in responses]))
