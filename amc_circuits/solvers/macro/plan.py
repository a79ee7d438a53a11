"""Plan of a schedule: its arrays, phases and durations, and the circuit that runs it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from amc_circuits.cells.mapping import Mapping
from amc_circuits.linear.durations import connected, duration
from amc_circuits.linear.equations import linear_circuit
from amc_circuits.linear.stability import Stability
from amc_circuits.results.converters import HEADROOM
from amc_circuits.solvers.macro.phases import PlannedPhase, planned_phase, within_swing
from amc_circuits.solvers.macro.schedule import Schedule
from amc_circuits.solvers.streaming import swing_of
from netlists import Circuit, ParameterError, Phase
from netlists.circuits.macro.macro import macro
from netlists.circuits.macro.records import MacroArray, MacroDesign
from netlists.record import FloatArray
from netlists.short_text import short_repr

LEAST_HOLDS = 1000.0
"""Least time constant of an open sampling switch with its capacitance, in units of the time that it holds: what is held
then changes by at most 0.1 % of the voltage across the switch."""
GROWTHS = 1.25
START = 1e-3
"""Duration of EGV: its growth from a part of the swing to the swing, and a quarter of it more."""


@dataclass(frozen=True)
class Plan:
    """Schedule with everything that does not need a simulation.

    Attributes:
        schedule: Schedule.
        phases: Phases with their answers.
        design: Record of the macro.
        circuit: Circuit, with durations; without them if a phase is unstable.
        stability: Poles of what each phase connects.
        notes: Notes for the reader, one sentence each.
    """

    schedule: Schedule
    phases: tuple[PlannedPhase, ...]
    design: MacroDesign
    circuit: Circuit
    stability: tuple[Stability, ...]
    notes: tuple[str, ...] = ()

    __repr__ = short_repr

    @property
    def acts(self) -> bool:
        """True if no phase but those of EGV has a growing pole."""
        return all(
            found.stable or phase.schedule.mode == "egv"
            for found, phase in zip(self.stability, self.phases, strict=True)
        )

    @property
    def levels(self) -> FloatArray:
        """Voltages of all DACs, shape (inputs, 1), V."""
        return np.concatenate([phase.words for phase in self.phases if phase.words is not None])[:, None]

    def phase(self, name: str) -> Phase:
        """Return the phase of the circuit of this name."""
        return next(phase for phase in self.circuit.phases if phase.name == name)


def plan(schedule: Schedule, folder: Path = Path()) -> Plan:
    """Choose scales, feedback and durations of a schedule.

    Args:
        schedule: Schedule.
        folder: Folder that names of files are relative to.

    Raises:
        ParameterError: A matrix cannot be used for its phases, shapes do not fit, or a hold leaks too much.
    """
    matrices = {array.name: array.loaded(folder) for array in schedule.arrays}
    copied = {phase.array for phase in schedule.phases if phase.mode == "ginv"}
    mappings = {name: schedule.hardware.mapping(matrix, place) for place, (name, matrix) in enumerate(matrices.items())}
    arrays = [_array(schedule, mappings[name], matrix, len(mappings) + place, name in copied)
              for place, (name, matrix) in enumerate(matrices.items())]  # fmt: skip
    phases: list[PlannedPhase] = []
    for phase in schedule.phases:
        mapping, place = mappings[phase.array], [*mappings].index(phase.array)
        phases.append(planned_phase(schedule, phase, matrices[phase.array], (mapping, place), phases))
    hardware, (rows, columns) = schedule.hardware, arrays[0].positive.shape
    design = hardware.design(
        MacroDesign,
        arrays=tuple(arrays),
        phases=tuple(phase.own for phase in phases),
        switches=schedule.switches,
        first_offset=hardware.offsets("offset", rows),
        second_offset=hardware.offsets("inverter_offset", columns),
        **_inverters(schedule, copied, mappings, (rows, columns)),
    )
    circuit = macro(design)
    phases = within_swing(phases, HEADROOM * swing_of(circuit))
    stability = tuple(
        Stability(linear_circuit(connected(circuit, phase)).poles)
        for phase in circuit.phases
        if phase.name in {one.schedule.name for one in phases}
    )
    notes = tuple(f"array {name}: {mapping.lifting_note}" for name, mapping in mappings.items() if mapping.lifting_note)
    found = Plan(schedule, tuple(phases), design, circuit, stability, notes)
    return _timed(found) if found.acts else found


def _array(schedule: Schedule, mapping: Mapping, matrix: FloatArray, place: int, copied: bool) -> MacroArray:
    """Return an array of the macro, with a second one that holds the transpose if it is wanted."""
    second = schedule.hardware.mapping(matrix.T, place) if copied else None
    return MacroArray(
        positive=mapping.positive,
        negative=mapping.negative,
        transposed=second.positive if second else None,
        transposed_negative=second.negative if second else None,
        input_conductance=mapping.unit,
    )


def _inverters(
    schedule: Schedule, copied: set[str], mappings: dict[str, Mapping], shape: tuple[int, int]
) -> dict[str, FloatArray | None]:
    """Return the offsets of the inverters of GINV phases, if there are any."""
    if all(mappings[name].negative is None for name in copied):
        return {}
    rows, columns = shape
    return {
        "column_inverter_offset": schedule.hardware.offsets("part_offset", columns, 0),
        "row_inverter_offset": schedule.hardware.offsets("part_offset", rows, 1),
    }


def _timed(found: Plan) -> Plan:
    """Return the plan with durations from the poles where none are given."""
    schedule, circuit, phases = found.schedule, found.circuit, []
    growths = {phase.own.name: one.growth_rate for phase, one in zip(found.phases, found.stability, strict=True)}
    for phase in circuit.phases:
        if phase.duration is None:
            growth = growths[phase.name]
            needed = (
                GROWTHS * math.log(1 / START) / growth
                if growth > 0
                else duration(circuit, phase, schedule.tolerance, schedule.rise_time)
            )
            phase = replace(phase, duration=needed)
        phases.append(phase)
    timed = replace(found, circuit=replace(circuit, phases=tuple(phases)))
    _check_leaks(timed)
    return timed


def _check_leaks(found: Plan) -> None:
    """Refuse holds that leak too much until their last use.

    Raises:
        ParameterError: One does.
    """
    own, names = found.schedule.switches, [phase.name for phase in found.circuit.phases]
    for held in found.design.held:
        last = max(names.index(phase.name) for phase in found.design.phases if phase.held == held)
        spans = found.circuit.phases[names.index(held) + 1 : last + 1]
        time = sum(phase.duration or 0.0 for phase in spans)
        if own.off_resistance * own.hold_capacitance < LEAST_HOLDS * time:
            least = LEAST_HOLDS * time / own.hold_capacitance
            mend = f"phase {held} is held for {time:.3g} s on {own.hold_capacitance:g} F; take at least {least:.3g} ohm"
            raise ParameterError("switches.off_resistance", own.off_resistance, mend)
