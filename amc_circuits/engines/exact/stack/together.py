"""Circuits of any designs beyond their linear ranges, integrated together and read one by one.

Every circuit has been worked out alone. Those of the same numbers of states and op-amps are one stack. What a product
adds up depends on a circuit alone, never on the others of its stack, so every bit of its readings does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
from amc_circuits.engines.exact.stack.panels import panels_of
from amc_circuits.engines.exact.stack.system import StackedParts, StackedRows
from amc_circuits.engines.exact.stack.weights import Poles
from amc_circuits.engines.job import Job
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
    """

    place: int
    circuit: NonlinearCircuit
    drive: StepTrain

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
    pulses, several right-hand sides, a first pass, growing modes, the linear range, clamps that draw a current, and
    equations of steps that are hard.

    Args:
        states: Circuits.
        jobs: One job of each.
        tolerance: Relative tolerance of settling times.
    """
    found: list[list[Reading] | None] = [None] * len(states)
    stacks: dict[object, list[_Member]] = {}
    for place, (state, job) in enumerate(zip(states, jobs, strict=True)):
        if _beyond(state, job):
            member = _Member(place, state.beyond, job.drive)
            stacks.setdefault(member.shape, []).append(member)
    for members in stacks.values():
        for first in range(0, len(members), TOGETHER):
            _read(members[first : first + TOGETHER], tolerance, found)
    return found


def _beyond(state: ExactCircuit, job: Job) -> bool:
    """Return True if a circuit can be a member of a stack, and is beyond its linear range for sure."""
    circuit, drive = state.circuit, job.drive
    macros = all(isinstance(record, MacroOpAmp) for record in circuit.opamps)
    if not (circuit.linear and macros and job.first_pass is None and drive.levels.shape[1] == 1):
        return False
    if circuit.discharged or any(source.kick for source in circuit.sources):
        return False
    if state.linear.modes.values.real.max() >= 0 or len(circuit.phases) > 1:
        return False
    try:
        beyond = state.beyond
    except (NotIntegrableError, np.linalg.LinAlgError):
        return False  # alone it is reported
    if _clamped(beyond, drive.levels):
        return False
    if beyond.surely_beyond(drive, CLOSED_FORM):
        return True
    return bool(beyond.losses(slots_of(state, drive, True).hold, CLOSED_FORM)[0] > CLOSED_FORM)


def _clamped(beyond: NonlinearCircuit, levels: FloatArray) -> bool:
    """Return True if a clamp draws a current in the linear steady state: then an integration in a stack ends early."""
    system, m = beyond.system, beyond.system.laws.count
    stages = system.seen.part(slice(m, 2 * m))
    still = stages.modal @ system.still(system.drive @ levels) + stages.feed @ levels + stages.rest[:, None]
    return bool((np.abs(still) > system.laws.no_clamp[:, 0]).any())


def _read(members: Sequence[_Member], tolerance: float, found: list[list[Reading] | None]) -> None:
    """Measure the circuits of a stack; each finds its place in `found`."""
    rise, stop = members[0].drive.rise_time, np.array([member.drive.slot_time for member in members])
    marks = [Marks.of(rise / 2, float(one), (0.0, rise)) for one in stop]
    steady_from = np.array([one.steady_from for one in marks])
    scale = np.concatenate([member.circuit.scale(member.drive.levels) for member in members])
    parts = _parts(members)
    course = integrated(parts, stop, rise, scale, np.zeros(len(members), dtype=np.bool_))
    courses = Courses(parts.poles, course, panels_of(course, parts.poles, rise, steady_from))
    for k in np.flatnonzero(course.whole).tolist():
        member = members[k]
        panels, first = (
            _panels(member, courses, k, rise),
            member.circuit.outputs.at(
                course.first[k, :, None], np.zeros_like(member.drive.levels), course.pins_at_first[k, :, None]
            ),
        )
        found[member.place] = Slots(member.circuit, panels, first, marks[k], tolerance).readings()


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


def _panels(member: _Member, courses: Courses, k: int, rise: float) -> Panels:
    """Return the panels of a circuit, the k-th of its stack."""
    state, pins = courses.of(k)
    own, levels = courses.own(k), member.levels
    edges = np.append(courses.panels.begin[own], courses.panels.end[own][-1:])
    factor = np.append(np.minimum(courses.time(k) / rise, 1.0), 1.0)
    parts = (state.T, pins.T, levels[:, None] * factor)
    return Panels.joined(edges, *(part[:, :, None] for part in parts))
