"""What drives a circuit: step trains on the inputs."""

from __future__ import annotations

from typing import Self

import numpy as np
from pydantic import model_validator

from netlists.parts import Source
from netlists.record import FloatArray, Matrix, NonNegative, ParameterError, Positive, Record, Vector


class StepTrain(Record):
    """Right-hand sides, one after the other, as voltage steps.

    Slot k begins at `k * period` with a linear edge of `rise_time` from what was there before to `levels[:, k]`, which
    is held until the slot ends after `slot_time`. With a return slot the inputs then fall to zero within `fall_time`
    and stay there until `return_time` is over, so that the next right-hand side starts from rest.

    Attributes:
        levels: Input voltages, shape (inputs, K), volts.
        slot_time: How long each right-hand side is held, edge included, s.
        return_time: From the end of a slot to the next one, s; 0 goes straight to the next.
        rise_time: Of each edge at the beginning of a slot, s.
        fall_time: Of the edges back to zero, s. A slow one is cheaper to simulate, and nothing is measured there.
    """

    levels: Matrix
    slot_time: Positive
    return_time: NonNegative = 0.0
    rise_time: Positive = 100e-12
    fall_time: Positive = 100e-12

    @model_validator(mode="after")
    def _edges_fit(self) -> Self:
        if self.rise_time >= self.slot_time:
            raise ParameterError("rise_time", self.rise_time, f"must be shorter than a slot, {self.slot_time:g} s")
        if 0 < self.return_time <= self.fall_time:
            raise ParameterError("fall_time", self.fall_time, f"must be shorter than a return, {self.return_time:g} s")
        return self

    @property
    def period(self) -> float:
        """From one right-hand side to the next, s."""
        return self.slot_time + self.return_time

    @property
    def stop_time(self) -> float:
        """End of the last slot, s: the last return is not simulated."""
        return float(self.levels.shape[1] * self.period - self.return_time)

    def step_time(self, k: int) -> float:
        """The 50 % point of edge k, s: settling time counts from here."""
        return k * self.period + self.rise_time / 2

    def slot_end(self, k: int) -> float:
        """End of slot k, s."""
        return k * self.period + self.slot_time

    def corners(self) -> tuple[FloatArray, FloatArray]:
        """Corner times, shape (P,), and voltages there, shape (P, inputs), of the piecewise linear inputs."""
        times, values = [0.0], [np.zeros(self.levels.shape[0])]
        for k in range(self.levels.shape[1]):
            edges = [(k * self.period, self.rise_time, self.levels[:, k])]
            if self.return_time > 0:
                edges.append((self.slot_end(k), self.fall_time, np.zeros_like(values[0])))
            for start, edge, level in edges:
                if start > 0:
                    times.append(start)
                    values.append(values[-1])
                times.append(start + edge)
                values.append(level)
        return np.array(times), np.array(values)

    def voltage(self, time: FloatArray) -> FloatArray:
        """Input voltages at given times, shape (T, inputs), volts."""
        corner_times, corner_values = self.corners()
        columns = [np.interp(time, corner_times, column) for column in corner_values.T]
        return np.stack(columns, axis=1)


class Constant(Record):
    """Inputs that are held for ever, for an operating point.

    Attributes:
        levels: Input voltages, shape (inputs,), volts.
    """

    levels: Vector


Drive = StepTrain | Constant


def input_lines(drive: Drive, source: Source, terminals: list[str]) -> str:
    """One voltage source a terminal, at what a source makes of what drives the circuit."""
    if isinstance(drive, StepTrain):
        return _step_sources(drive, source, terminals)
    levels = source.volts(drive.levels).tolist()
    return "\n".join(f"V{node} {node} 0 DC {level!r}" for node, level in zip(terminals, levels, strict=True))


def _step_sources(drive: StepTrain, source: Source, terminals: list[str]) -> str:
    """Piecewise linear ones."""
    times, values = drive.corners()
    stamps = [repr(time) for time in times.tolist()]
    lines = []
    for node, column in zip(terminals, source.volts(values.T).tolist(), strict=True):
        points = " ".join(f"{time} {level!r}" for time, level in zip(stamps, column, strict=True))
        lines.append(f"V{node} {node} 0 PWL({points})")
    return "\n".join(lines)
