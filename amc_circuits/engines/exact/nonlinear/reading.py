"""Right-hand sides read from responses beyond the linear range, by the definitions of docs/measurement.md."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from amc_circuits.engines.exact.nonlinear.circuit import NonlinearCircuit, Stretch
from amc_circuits.engines.exact.nonlinear.sampling import corners, sampled
from amc_circuits.engines.exact.nonlinear.slots import Marks, Slots
from amc_circuits.engines.exact.nonlinear.trajectory import Place
from amc_circuits.results.readings import FirstPass, Reading
from netlists import StepTrain
from netlists.record import FloatArray

CHUNK = 16
"""Right-hand sides that are integrated at once: a fixed number, so that results do not depend on the number of jobs."""


def read_slots(
    exact: NonlinearCircuit, drive: StepTrain, from_rest: bool, tolerance: float, first_pass: FirstPass | None = None
) -> list[Reading]:
    """Measure every slot of a step train, from rest or each from the end of the one before."""
    count = drive.levels.shape[1]
    if from_rest:
        found: list[Reading] = []
        for first in range(0, count, CHUNK):
            levels = drive.levels[:, first : first + CHUNK]
            start = exact.at_rest.repeated(levels.shape[1])
            slots, _ = _in_slots(exact, drive, np.zeros_like(levels), levels, start, tolerance)
            found += slots.readings(first_pass)
        return found
    place, before, found = exact.at_rest, np.zeros((len(drive.levels), 1)), []
    for k in range(count):
        slot, place = _in_slots(exact, drive, before, drive.levels[:, k : k + 1], place, tolerance)
        found += slot.readings(first_pass)
        before = drive.levels[:, k : k + 1]
    return found


def read_phase(
    exact: NonlinearCircuit,
    stretches: Sequence[Stretch],
    start: Place,
    scale: FloatArray,
    tolerance: float,
) -> tuple[list[Reading], Place]:
    """Measure one slot that begins at a place; return its readings and its end.

    Args:
        exact: Circuit.
        stretches: Inputs, from the beginning of the slot, where settling times count from.
        start: Beginning.
        scale: Full scale of each response, shape (K,), V.
        tolerance: Relative tolerance of settling times.
    """
    slot, end = _integrated(exact, stretches, start, scale, tolerance, start.time)
    return slot.readings(), end


def _in_slots(
    exact: NonlinearCircuit,
    drive: StepTrain,
    before: FloatArray,
    levels: FloatArray,
    start: Place,
    tolerance: float,
) -> tuple[Slots, Place]:
    """Slots of a step train that begin at a place, and their ends.

    Args:
        exact: Circuit.
        drive: Step train.
        before: Inputs before the edge, shape (inputs, K), V.
        levels: Inputs after it.
        start: Beginning.
        tolerance: Relative tolerance of settling times.
    """
    times = np.array([0.0, drive.rise_time, drive.slot_time])
    stretches = exact.stretches(times, np.stack([before, levels, levels]), [0.0], drive.rise_time)
    scale = exact.scale(levels)
    if before.any():
        scale = np.maximum(scale, exact.scale(before))
    return _integrated(exact, stretches, start.from_zero, scale, tolerance, drive.rise_time / 2)


def _integrated(
    exact: NonlinearCircuit,
    stretches: Sequence[Stretch],
    start: Place,
    scale: FloatArray,
    tolerance: float,
    step: float,
) -> tuple[Slots, Place]:
    """Slots that begin at a place, integrated, and their ends; `step`: time that settling times count from, s."""
    steps, end = exact.integrated(stretches, start, scale)
    marks = Marks.of(step, stretches[-1][1], [first for first, _, _, _ in stretches])
    panels = sampled(exact.system, steps, end, marks.cuts, marks.edges)
    if further := corners(exact.system, panels):
        panels = sampled(exact.system, steps, end, sorted((*marks.cuts, *further)), marks.edges)
    first = exact.outputs.at(start.state, stretches[0][2], start.added.pins[:, 0])
    return Slots(exact, panels, first, marks, tolerance), end
