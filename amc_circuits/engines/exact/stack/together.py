"""Circuits of any designs with macro op-amps, integrated together and read one by one.

Every circuit has been worked out alone. Those of the same numbers of states and op-amps are one stack. What a product
adds up depends on a circuit alone, never on the others of its stack, so every bit of its readings does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from amc_circuits.engines.contract import NotIntegrableError
from amc_circuits.engines.exact.circuit import ExactCircuit
from amc_circuits.engines.exact.linear_range import CLOSED_FORM
from amc_circuits.engines.exact.nonlinear.circuit import NonlinearCircuit
from amc_circuits.engines.exact.nonlinear.panels import Panels
from amc_circuits.engines.exact.nonlinear.slots import Marks, Slots
from amc_circuits.engines.exact.slots import slots_of
from amc_circuits.engines.exact.stack.courses import Courses
from amc_circuits.engines.exact.stack.integrator import integrated
from amc_circuits.engines.exact.stack.laws import StackedLaws
from amc_circuits.engines.exact.stack.losses import sampled_loss
from amc_circuits.engines.exact.stack.panels import panels_of
from amc_circuits.engines.exact.stack.system import StackedParts, StackedRows
from amc_circuits.engines.exact.stack.weights import Poles
from amc_circuits.engines.job import Job
from amc_circuits.linear.response import GAUSS_WEIGHTS
from amc_circuits.results.observation import common_mode_ranges
from amc_circuits.results.readings import Reading
from netlists import MacroOpAmp, StepTrain
from netlists.record import FloatArray
from netlists.short_text import short_repr

TOGETHER = 64
"""Circuits that are integrated at once: larger stacks leave the processor's cache."""
PAIRS_FROM = 16
"""Pairs of modes of a stack may begin at a multiple of this: sizes of products depend on a circuit alone."""


@dataclass(frozen=True)
class _Member:
    """A circuit of a stack.

    Attributes:
        place: Its place among all circuits.
        circuit: The circuit.
        drive: Inputs, one right-hand side from rest.
        linear: True in the linear range, where limits are left out.
    """

    place: int
    circuit: NonlinearCircuit
    drive: StepTrain
    linear: bool

    __repr__ = short_repr

    @property
    def levels(self) -> FloatArray:
        """Inputs, shape (inputs,), V."""
        return self.drive.levels[:, 0]

    @property
    def shape(self) -> tuple[int, int, int, bool, float]:
        """Equal for circuits of one stack."""
        system, m = self.circuit.system, self.circuit.system.laws.count
        currents = system.seen.pins.reshape(3, m, m)
        alone = not np.where(np.eye(m, dtype=np.bool_), 0.0, currents).any()
        return len(system.push), m, self.first, alone, self.drive.rise_time

    @property
    def first(self) -> int:
        """Coordinate from which on there may be pairs of modes."""
        system = self.circuit.system
        return len(system.push) if system.real == len(system.push) else PAIRS_FROM * (system.real // PAIRS_FROM)


def read_together(states: Sequence[ExactCircuit], jobs: Sequence[Job], tolerance: float) -> list[list[Reading] | None]:
    """Measure one right-hand side of each of many circuits, from rest; as `read_slots` to the error of steps.

    None for a circuit that has to be read alone: op-amps that are no macro models, limiters, sinh cells, start-up
    pulses, several right-hand sides, a first pass, growing modes, clamps that draw a current, and equations of steps
    that are hard.

    Args:
        states: Circuits.
        jobs: One job of each.
        tolerance: Relative tolerance of settling times.
    """
    found: list[list[Reading] | None] = [None] * len(states)
    stacks: dict[object, list[_Member]] = {}
    for place, (state, job) in enumerate(zip(states, jobs, strict=True)):
        if _stackable(state, job) and (member := _member(place, state, job.drive)):
            stacks.setdefault(member.shape, []).append(member)
    for members in stacks.values():
        for first in range(0, len(members), TOGETHER):
            stack = _Stack(members[first : first + TOGETHER])
            for k in stack.whole:
                reading = stack.reading(k, tolerance)
                found[stack.members[k].place] = None if reading is None else [reading]
    return found


def _stackable(state: ExactCircuit, job: Job) -> bool:
    """Return True if a circuit and its job can be those of a member of a stack, as far as its parts tell."""
    circuit, drive = state.circuit, job.drive
    macros = all(isinstance(record, MacroOpAmp) for record in circuit.opamps)
    if not (circuit.linear and macros and job.first_pass is None and drive.levels.shape[1] == 1):
        return False
    if circuit.discharged or any(source.kick for source in circuit.sources):
        return False
    return bool(state.linear.modes.values.real.max() < 0) and len(circuit.phases) == 1


def _member(place: int, state: ExactCircuit, drive: StepTrain) -> _Member | None:
    """Return a circuit as a member of a stack; None if its clamps draw a current, or it has to report an error."""
    try:
        beyond = state.beyond
    except (NotIntegrableError, np.linalg.LinAlgError):
        return None
    if _clamped(beyond, drive.levels):
        return None
    linear = not beyond.surely_beyond(drive, CLOSED_FORM)
    if linear:
        linear = bool(beyond.losses(slots_of(state, drive, True).hold, CLOSED_FORM)[0] <= CLOSED_FORM)
    return _Member(place, beyond, drive, linear)


def _clamped(beyond: NonlinearCircuit, levels: FloatArray) -> bool:
    """Return True if a clamp draws a current in the linear steady state: then an integration in a stack ends early."""
    system, m = beyond.system, beyond.system.laws.count
    stages = system.seen.part(slice(m, 2 * m))
    still = stages.modal @ system.still(system.drive @ levels) + stages.feed @ levels + stages.rest[:, None]
    return bool((np.abs(still) > system.laws.no_clamp[:, 0]).any())


def _parts(members: Sequence[_Member]) -> StackedParts:
    """Return the linear parts of the circuits of a stack."""
    systems, m = [member.circuit.system for member in members], members[0].circuit.system.laws.count
    # Drives, drops, stages; alone the last two change places.
    order = np.r_[:m, 2 * m : 3 * m, m : 2 * m]
    rows = [system.seen.part(order) for system in systems]
    seen = StackedRows(
        np.stack([one.modal.T for one in rows]),
        np.stack([one.pins.T for one in rows]),
        np.stack([one.feed @ member.levels for one, member in zip(rows, members, strict=True)]),
        np.stack([one.rest for one in rows]),
    )
    values, side = [], []
    for system in systems:
        real, pairs = np.split(system.values, [system.real])
        values.append(np.concatenate([real, np.repeat(pairs, 2)]).astype(np.complex128))
        side.append(np.concatenate([np.zeros(len(real)), np.tile([-1.0, 1.0], len(pairs))]))
    return StackedParts(
        StackedLaws.of([system.laws for system in systems]),
        Poles(np.stack(values), np.stack(side), members[0].first),
        np.stack([system.drive @ member.levels for system, member in zip(systems, members, strict=True)]),
        np.stack([system.push.T for system in systems]),
        seen,
    )


class _Stack:
    """Circuits of a stack, integrated.

    Attributes:
        members: The circuits.
        whole: Places of those that were integrated to the end.
    """

    def __init__(self, members: Sequence[_Member]) -> None:
        self.members, self._rise = members, members[0].drive.rise_time
        stop = np.array([member.drive.slot_time for member in members])
        self._marks = [Marks.of(self._rise / 2, float(one), (0.0, self._rise)) for one in stop]
        scale = np.concatenate([member.circuit.scale(member.drive.levels) for member in members])
        linear = np.array([member.linear for member in members])
        self._parts = _parts(members)
        course = integrated(self._parts, stop, self._rise, scale, linear)
        steady_from = np.array([one.steady_from for one in self._marks])
        panels = panels_of(course, self._parts.poles, self._rise, steady_from)
        self._courses = Courses(self._parts.poles, course, panels)
        self.whole: list[int] = np.flatnonzero(course.whole).tolist()

    def reading(self, k: int, tolerance: float) -> Reading | None:
        """Measure the k-th circuit; None if it leaves its linear range where limits were left out."""
        member, courses, (state, pins) = self.members[k], self._courses, self._courses.of(k)
        own, levels, circuit = courses.own(k), member.drive.levels, member.circuit
        edges = np.append(courses.panels.begin[own], courses.panels.end[own][-1:])
        factor = np.append(np.minimum(courses.time(k) / self._rise, 1.0), 1.0)
        panels = Panels.joined(edges, *(one[:, :, None] for one in (state.T, pins.T, levels * factor)))
        begin, currents = courses.course.first[k, :, None], courses.course.pins_at_first[k, :, None]
        first = circuit.outputs.at(begin, np.zeros_like(levels), currents)
        (found,) = Slots(circuit, panels, first, self._marks[k], tolerance, member.linear).readings()
        return self._as_linear(k, found, state, factor) if member.linear else found

    def _as_linear(self, k: int, reading: Reading, state: FloatArray, factor: FloatArray) -> Reading | None:
        """Return the reading of a linear circuit with its loss to limits; None where they take more than a little.

        Args:
            k: Which circuit.
            reading: Its reading.
            state: Its coordinates at the points of its panels and at the end, shape (T + 1, n).
            factor: Factor of the inputs there, shape (T + 1,).
        """
        parts, panels, own = self._parts, self._courses.panels, self._courses.own(k)
        seen = state @ parts.seen.matrix[k]
        seen += factor[:, None] * parts.seen.feed[k] + parts.seen.rest[k]
        half = (panels.end[own] - panels.begin[own])[:, None] / 2
        weights = np.append((half * GAUSS_WEIGHTS).ravel(), 0.0)
        circuit, slowest = self.members[k].circuit, float(parts.poles.values[k].real.max())
        full = max(float(np.abs(reading.final).max()), np.finfo(float).tiny)
        loss = sampled_loss(circuit.system.laws, seen, weights, slowest) / full
        common = reading.amplifiers.common_mode if reading.amplifiers else None
        if loss > CLOSED_FORM or (common is not None and (common > common_mode_ranges(circuit.circuit)).any()):
            return None
        return replace(reading, loss=loss, amplifiers=None)
