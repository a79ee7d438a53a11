"""Outputs of one right-hand side over time, and their error at any moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from amc_circuits.results import measurement
from amc_circuits.values.quantities import format_quantity
from netlists.record import FloatArray


@dataclass(frozen=True)
class Response:
    """Outputs of one right-hand side over its slot.

    Attributes:
        time: Times of the samples, from the 50 % point of the step, shape (T,), s.
        outputs: Output voltages, shape (T, N), V.
        tolerance: Relative tolerance of the settling time.
        settling_time: Settling time, s; nan if it did not settle.
        target: Correct outputs of the wanted system, shape (N,), V; None if they are not known; nan if the outputs
            grow, so that they are read on their way.
        terminal_voltage: Voltages at the end of the slot: word lines, bit lines of each array, shape
            (N + arrays * M,), V; None if they are not known.
        names: Names of the outputs, such as `Re x1`; empty if their numbers are their names.
    """

    time: FloatArray
    outputs: FloatArray
    tolerance: float
    settling_time: float
    target: FloatArray | None = None
    terminal_voltage: FloatArray | None = None
    names: tuple[str, ...] = ()

    def __repr__(self) -> str:
        samples, outputs = self.outputs.shape
        span, settled = format_quantity(self.time[-1], "s"), format_quantity(self.settling_time, "s")
        return (
            f"Response({outputs} outputs, {samples} samples until {span}, settled to {self.tolerance:g} at {settled})"
        )

    def name(self, column: int, place: int | None = None) -> str:
        """Label of an output: its name, or its index in the circuit, from 0, if this is not its column."""
        return self.names[column] if self.names else f"output {(column if place is None else place) + 1}"

    @property
    def growing(self) -> bool:
        """True if the outputs grow and have no correct final values."""
        return self.target is not None and bool(np.isnan(self.target).all())

    @property
    def readout_error(self) -> FloatArray:
        """Compute `||outputs(t) - target|| / ||target||` at each time, shape (T,); nan if the target is not known."""
        if self.target is None:
            return np.full(len(self.time), np.nan)
        return measurement.readout_error(self.outputs, self.target)

    def time_to_bits(self, bits: float, error: FloatArray | None = None) -> float:
        """Compute the time from step until the error stays at or below `2^-bits`, s; nan if never or not settled.

        Args:
            bits: Wanted accuracy, bits.
            error: `readout_error`, if it is known; it is computed otherwise.
        """
        if np.isnan(self.settling_time):
            return float("nan")
        return measurement.time_to_bits(self.time, self.readout_error if error is None else error, bits)


def slowest(responses: Sequence[Response]) -> int:
    """Return the index of the response that settles last; one that does not settle is slower than all others."""
    return int(np.argmax([np.nan_to_num(response.settling_time, nan=np.inf) for response in responses]))
