"""Inputs of a circuit: step trains."""

from __future__ import annotations

from typing import Protocol, Self

import numpy as np
from pydantic import model_validator

from netlists.driving import Source
from netlists.record import FloatArray, Matrix, NonNegative, ParameterError, Positive, Record, Vector


class StepTrain(Record):
    """Voltage steps that apply right-hand sides one after the other.

    Slot k begins at `k * period` with a linear edge of `rise_time` from the previous voltages to `levels[:, k]`, which
    are held until the slot ends after `slot_time`. With a return slot the inputs then fall to zero within `fall_time`
    and stay there until `return_time` is over, so the next right-hand side starts from rest.

    Attributes:
        levels: Input voltages, shape (inputs, K), volts.
        slot_time: Time for which each right-hand side is held, edge included, s.
        return_time: Time from the end of a slot to the next one, s; 0 has no return slot.
        rise_time: Rise time of the edge at the beginning of each slot, s.
        fall_time: Fall time of the edges back to zero, s. A slow edge is faster to simulate, and no measurement is done
            during it.
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
        """Time from one right-hand side to the next, s."""
        return self.slot_time + self.return_time

    @property
    def stop_time(self) -> float:
        """End of the last slot, s: the last return is not simulated."""
        return float(self.levels.shape[1] * self.period - self.return_time)

    def slot_begin(self, k: int) -> float:
        """Return the start of slot k, s."""
        return k * self.period

    @property
    def beginnings(self) -> list[float]:
        """Start times of all right-hand sides, s."""
        return [self.slot_begin(k) for k in range(self.levels.shape[1])]

    def length(self, k: int) -> float:
        """Return the duration of slot k, s: all are equal."""
        return self.slot_time

    def step_time(self, k: int) -> float:
        """Return the 50 % point of edge k, s. Settling time counts from here."""
        return k * self.period + self.rise_time / 2

    def slot_end(self, k: int) -> float:
        """Return the end of slot k, s."""
        return k * self.period + self.slot_time

    def corners(self) -> tuple[FloatArray, FloatArray]:
        """Return corner times, shape (P,), and voltages at them, shape (P, inputs), of the piecewise linear inputs."""
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
        """Compute the input voltages at given times, shape (T, inputs), V."""
        corner_times, corner_values = self.corners()
        columns = [np.interp(time, corner_times, column) for column in corner_values.T]
        return np.stack(columns, axis=1)


class Constant(Record):
    """Constant inputs, for an operating point.

    Attributes:
        levels: Input voltages, shape (inputs,), volts.
    """

    levels: Vector


class Steps(Protocol):
    """Interface of voltage steps in slots, one after the other: `StepTrain`, or `PhaseTrain` of a phased circuit."""

    @property
    def levels(self) -> FloatArray:
        """Input voltages in every slot, shape (inputs, slots), V."""

    @property
    def rise_time(self) -> float:
        """Rise time of the edge at the beginning of each slot, s."""

    @property
    def stop_time(self) -> float:
        """End of the last slot, s."""

    @property
    def beginnings(self) -> list[float]:
        """Start times of all right-hand sides, s."""

    def slot_begin(self, k: int) -> float:
        """Return the start of slot k, s."""

    def slot_end(self, k: int) -> float:
        """Return the end of slot k, s."""

    def length(self, k: int) -> float:
        """Return the duration of slot k, s."""

    def step_time(self, k: int) -> float:
        """Return the 50 % point of the edge of slot k, s."""

    def corners(self) -> tuple[FloatArray, FloatArray]:
        """Return corner times, shape (C,), s, and voltages at them, shape (C, inputs), V."""

    def voltage(self, time: FloatArray) -> FloatArray:
        """Compute the input voltages at given times, shape (T, inputs), V."""


Drive = Steps | Constant


def source_voltage(drive: Steps, source: Source, time: FloatArray) -> FloatArray:
    """Compute the voltages of the nodes of a source at given times, shape (T, nodes), V."""
    return _between(*source_corners(drive, source), time)


def source_corners(drive: Steps, source: Source) -> tuple[FloatArray, FloatArray]:
    """Return corner times, shape (C,), s, and voltages of the nodes of a source at them, shape (nodes, C), V.

    Raises:
        ParameterError: If a start-up pulse is shorter than an edge or longer than a right-hand side.
    """
    times, levels = drive.corners()
    values, kick, edge = source.volts(levels.T), source.kick, drive.rise_time
    if kick is None:
        return times, values
    room = float(np.diff([*drive.beginnings, drive.stop_time]).min()) - edge
    if not edge < kick.duration < room:
        mend = f"of a kick must lie between an edge, {edge:g} s, and a right-hand side less an edge, {room:g} s"
        raise ParameterError("duration", kick.duration, mend)
    pulse = np.array([(0.0, 0.0), (edge, 1.0), (kick.duration, 1.0), (kick.duration + edge, 0.0)])
    at = np.concatenate([begin + pulse[:, 0] for begin in drive.beginnings])
    every, volts = np.union1d(times, at), np.broadcast_to(np.asarray(kick.volts, dtype=np.float64), len(values))
    share = np.interp(every, at, np.tile(pulse[:, 1], len(drive.beginnings)))
    return every, _between(times, values, every).T + volts[:, None] * share


def _between(times: FloatArray, values: FloatArray, time: FloatArray) -> FloatArray:
    return np.stack([np.interp(time, times, row) for row in values], axis=1)


def input_lines(drive: Drive, source: Source, terminals: list[str]) -> str:
    """Return one voltage source for each node of a source."""
    if not isinstance(drive, Constant):
        return _step_sources(drive, source, terminals)
    levels = source.volts(drive.levels).tolist()
    return "\n".join(f"V{node} {node} 0 DC {level!r}" for node, level in zip(terminals, levels, strict=True))


def _step_sources(drive: Steps, source: Source, terminals: list[str]) -> str:
    """Return piecewise linear voltage sources."""
    times, values = source_corners(drive, source)
    stamps = [repr(time) for time in times.tolist()]
    lines = []
    for node, column in zip(terminals, values.tolist(), strict=True):
        points = " ".join(f"{time} {level!r}" for time, level in zip(stamps, column, strict=True))
        lines.append(f"V{node} {node} 0 PWL({points})")
    return "\n".join(lines)
