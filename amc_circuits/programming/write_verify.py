"""Write-verify: SET pulses of growing gate voltage, RESET pulses of growing voltage, a read after each.

A cell below its target gets SET pulses, each with a higher gate voltage, which limits the current and so sets the
conductance; a cell above it gets RESET pulses, each higher. If a SET passed the target, the next ones continue from
half a step below it with half the step; a RESET begins two steps below the voltage that last moved the cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from amc_circuits.programming.cells import CellArray, Indices, Mask
from amc_circuits.programming.pulse_model import Kind
from netlists.record import FloatArray, ParameterError, Positive, Record, about
from netlists.rram.one_transistor_cell import LineVoltage
from netlists.short_text import short_repr

IntArray = NDArray[np.int64]
NOISE_LIMIT = 5
"""Limit of read noise: two reads that differ by fewer standard deviations of their difference show no response."""


class CellStatus(IntEnum):
    """Final state of the writing of a cell."""

    PROGRAMMED = 0
    STUCK_ON = 1
    STUCK_OFF = 2
    GAVE_UP = 3


class WriteVerify(Record):
    """Pulses and limits of write-verify.

    After `patience` pulses of the largest voltage without a response writing ends: the cell is stuck, if it never
    responded. `halvings` is the largest number of halvings of the gate step.
    """

    tolerance: Annotated[Positive, about("Largest deviation of a read from the target of a programmed cell", "S")] = (
        1e-6
    )
    gate_start: Annotated[Positive, about("Gate voltage of the first SET pulse", "V")] = 0.5
    gate_step: Annotated[Positive, about("Step from one SET pulse to the next", "V")] = 0.02
    gate_largest: Annotated[LineVoltage, about("Largest gate voltage of a SET pulse", "V")] = 1.6
    halvings: int = 5
    reset_start: Annotated[Positive, about("Source line voltage of the first RESET pulse", "V")] = 0.8
    reset_step: Annotated[Positive, about("Step from one RESET pulse to the next", "V")] = 0.02
    reset_largest: Annotated[LineVoltage, about("Largest source line voltage of a RESET pulse", "V")] = 1.6
    most_pulses: Annotated[int, about("Largest number of pulses of a cell; then it is given up", ge=1, le=100_000)] = (
        300
    )
    patience: int = 3

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        for name in ("gate", "reset"):
            start, largest = getattr(self, f"{name}_start"), getattr(self, f"{name}_largest")
            if start > largest:
                raise ParameterError(f"{name}_start", start, f"must not pass {name}_largest, {largest:g} V")
        for name, least in (("halvings", 0), ("patience", 1)):
            if getattr(self, name) < least:
                raise ParameterError(name, getattr(self, name), f"must be {least} or more")
        return self


@dataclass(frozen=True)
class Written:
    """Result of every cell; arrays of the shape of the target.

    Attributes:
        target: Target conductances, S.
        conductance: Conductances at the end, S, without read noise.
        status: `CellStatus` of each cell.
        sets: Number of SET pulses.
        resets: Number of RESET pulses.
        reads: Number of reads.
        time: Time of the pulses and reads, s.
        energy: Energy delivered by the lines, J.
    """

    target: FloatArray
    conductance: FloatArray
    status: IntArray
    sets: IntArray
    resets: IntArray
    reads: IntArray
    time: FloatArray
    energy: FloatArray

    __repr__ = short_repr

    @property
    def error(self) -> FloatArray:
        """Conductance less target, S."""
        return self.conductance - self.target

    @property
    def pulses(self) -> IntArray:
        """Number of SET and RESET pulses."""
        return self.sets + self.resets

    def count(self, status: CellStatus) -> int:
        """Number of cells with this status."""
        return int((self.status == status).sum())

    @property
    def programmed(self) -> Mask:
        """Mask of cells that ended within the tolerance."""
        return np.asarray(self.status == CellStatus.PROGRAMMED)


def write_verify(cells: CellArray, target: FloatArray, settings: WriteVerify) -> Written:
    """Write every cell to its target.

    Args:
        cells: Cells, n of them; their gaps change.
        target: Target conductances, any shape of n entries, S.
        settings: Pulses and limits.

    Raises:
        ParameterError: The number of targets differs from the number of cells, or no cell can reach one of them.
    """
    _check_target(cells, target, settings.tolerance)
    ramps = _Ramps(cells, target.ravel(), settings)
    while ramps.step():
        pass
    return ramps.result(target.shape)


def _check_target(cells: CellArray, target: FloatArray, tolerance: float) -> None:
    if target.size != len(cells.gaps):
        raise ParameterError("target", f"{target.size} conductances", f"must be one a cell, {len(cells.gaps)}")
    low, high = cells.model.cell.filament.conductance_range
    for value in (float(target.min()), float(target.max())):
        if not low - tolerance <= value <= high + tolerance:
            mend = f"a cell of these parameters has {low:.4g} to {high:.4g} S; change g_min or g_max"
            raise ParameterError("target", f"{value:.4g} S", mend)


class _Ramps:
    """State of every cell between pulses; a step is one pulse and one read of every cell that is not done."""

    def __init__(self, cells: CellArray, target: FloatArray, settings: WriteVerify) -> None:
        count = len(target)
        self.cells, self.target, self.settings = cells, target, settings
        self.gate, self.gate_step = np.full(count, settings.gate_start), np.full(count, settings.gate_step)
        self.reset, self.reset_moved = np.full(count, settings.reset_start), np.full(count, settings.reset_start)
        self.setting = np.ones(count, dtype=bool)
        self.responded, self.silent = np.zeros(count, dtype=bool), np.zeros(count, dtype=np.int64)
        self.sets, self.resets, self.reads = (np.zeros(count, dtype=np.int64) for _ in range(3))
        self.energy, self.status = np.zeros(count), np.full(count, -1)
        self.reading = np.zeros(count)
        self._read(np.arange(count))
        self.anchor = self.reading.copy()

    def step(self) -> bool:
        """Apply one pulse and one read to every cell that is not done; False when all are."""
        self._judge()
        open_cells = np.flatnonzero(self.status < 0)
        self._turn(open_cells)
        setting = self.setting[open_cells]
        self._pulse("set", open_cells[setting])
        self._pulse("reset", open_cells[~setting])
        if open_cells.size:
            self._read(open_cells)
            self._listen(open_cells)
        return bool(open_cells.size)

    def _judge(self) -> None:
        """End the writing of finished cells."""
        unfinished, error = self.status < 0, self.reading - self.target
        stuck = np.where(error > 0, CellStatus.STUCK_ON, CellStatus.STUCK_OFF)
        tired = self.sets + self.resets >= self.settings.most_pulses
        silent = self.silent >= self.settings.patience
        found = np.where(silent & ~self.responded, stuck, np.where(silent | tired, CellStatus.GAVE_UP, -1))
        found = np.where(np.abs(error) <= self.settings.tolerance, CellStatus.PROGRAMMED, found)
        self.status = np.where(unfinished, found, self.status)

    def _turn(self, where: Indices) -> None:
        """Choose SET or RESET; after a change, set the next voltage."""
        settings, wanted = self.settings, self.reading[where] < self.target[where]
        to_set, to_reset = where[wanted & ~self.setting[where]], where[~wanted & self.setting[where]]
        self.silent[to_set], self.silent[to_reset] = 0, 0
        self.setting[where] = wanted
        self.reset[to_reset] = np.maximum(self.reset_moved[to_reset] - 2 * settings.reset_step, settings.reset_start)
        again = to_set[self.sets[to_set] > 0]
        smallest = settings.gate_step / 2**settings.halvings
        passed = self.gate[again] - self.gate_step[again]  # the gate voltage that was too high
        self.gate_step[again] = np.maximum(self.gate_step[again] / 2, smallest)
        self.gate[again] = np.maximum(passed - self.gate_step[again], settings.gate_start)

    def _pulse(self, kind: Kind, where: Indices) -> None:
        settings = self.settings
        if not where.size:
            return
        level, step, largest, count = (
            (self.gate, self.gate_step[where], settings.gate_largest, self.sets)
            if kind == "set"
            else (self.reset, settings.reset_step, settings.reset_largest, self.resets)
        )
        given = np.minimum(level[where], largest)
        self.energy[where] += self.cells.pulse(kind, given, where)
        count[where] += 1
        level[where] += step

    def _read(self, where: Indices) -> None:
        self.reading[where] = self.cells.read(where)
        self.energy[where] += self.cells.read_energy(where)
        self.reads[where] += 1

    def _listen(self, where: Indices) -> None:
        """Detect which cells changed since their last change."""
        settings, noise = self.settings, self.cells.variability.read_noise
        reading = self.reading[where]
        anchor = self.anchor[where]  # as noisy as the reading
        least = np.maximum(settings.tolerance, NOISE_LIMIT * noise * np.hypot(reading, anchor))
        changed = np.abs(reading - anchor) > least
        self.anchor[where] = np.where(changed, reading, anchor)
        self.responded[where] |= changed
        setting = self.setting[where]
        at_top = np.where(setting, self.gate[where] > settings.gate_largest, self.reset[where] > settings.reset_largest)
        self.silent[where] = np.where(changed, 0, self.silent[where] + at_top)
        moved = where[changed & ~setting]
        self.reset_moved[moved] = self.reset[moved] - settings.reset_step

    def result(self, shape: tuple[int, ...]) -> Written:
        """Collect everything as one record."""
        cell = self.cells.model.cell
        time = (self.sets + self.resets) * cell.pulse_time + self.reads * (cell.read_width + cell.rest)
        return Written(
            target=self.target.reshape(shape),
            conductance=self.cells.conductance.reshape(shape),
            status=self.status.reshape(shape),
            sets=self.sets.reshape(shape),
            resets=self.resets.reshape(shape),
            reads=self.reads.reshape(shape),
            time=time.reshape(shape),
            energy=self.energy.reshape(shape),
        )
