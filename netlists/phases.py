"""Phases of circuits with several phases, and their drive.

`expanded` rewrites a phased circuit with basic parts. Each switch has a control node. A sample-and-hold is a switch, a
capacitor and a buffer. Every source has its own inputs, so a group that a phase does not drive is at 0 V in this phase.
`in_phase` is the same circuit in one phase, with its switches as conductors.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Self

import numpy as np
from pydantic import model_validator

from netlists.circuit import Circuit
from netlists.driving import Phase, Source
from netlists.errors import check_type, real_array
from netlists.parts import GROUND, Buffers, Capacitors, Conductors, Hold, Part, Switches
from netlists.record import FloatArray, Matrix, ParameterError, Positive, Record, Vector

SWING = 1.0
"""Voltage change of a control node from open to closed, V."""


class PhaseTrain(Record):
    """Voltage steps that drive each right-hand side through all phases; a slot is a phase of a right-hand side.

    Controls of switches move during the whole edge, so switches change half-way. Inputs move in the second half, so a
    hold keeps the value from before the edge. A slot begins half-way; the first half of an edge belongs to no phase.

    Attributes:
        levels: Voltages of all sources in every slot, shape (inputs of the expanded circuit, K * P), V.
        start: Voltages before the first slot: switches as in the first phase, inputs at rest, shape (inputs,), V.
        late: Flags, shape (inputs,): 1 for inputs that move only in the second half of an edge, 0 for controls.
        durations: Durations of the phases, shape (P,), s.
        rise_time: Rise time of the edge at the beginning of each slot, s.
    """

    levels: Matrix
    start: Vector
    late: Vector
    durations: Vector
    rise_time: Positive = 100e-12

    @model_validator(mode="after")
    def _edges_fit(self) -> Self:
        if self.levels.shape[1] % len(self.durations):
            raise ParameterError("levels", f"{self.levels.shape[1]} columns", "must be one for each phase")
        if self.durations.min() <= self.rise_time:
            mend = f"must be shorter than every phase, {self.durations.min():g} s"
            raise ParameterError("rise_time", self.rise_time, mend)
        return self

    def _edge(self, slot: int) -> float:
        """Return the start of the edge at the beginning of a slot, s."""
        cycles, phase = divmod(slot, len(self.durations))
        return float(cycles * self.durations.sum() + self.durations[:phase].sum())

    @property
    def beginnings(self) -> list[float]:
        """Start times of all right-hand sides, s."""
        return [self._edge(slot) for slot in range(0, self.levels.shape[1], len(self.durations))]

    def slot_begin(self, slot: int) -> float:
        """Return the half-way time of the edge at the beginning of a slot, s."""
        return self._edge(slot) + self.rise_time / 2

    def slot_end(self, slot: int) -> float:
        """Return the end of a slot, where the next edge begins, s."""
        return self._edge(slot + 1)

    def length(self, slot: int) -> float:
        """Return the duration of a slot, s."""
        return float(self.durations[slot % len(self.durations)])

    def step_time(self, slot: int) -> float:
        """Return the half-way time of the edge of a slot, when switches change, s. Settling times count from here."""
        return self.slot_begin(slot)

    @property
    def stop_time(self) -> float:
        """End of the last slot, s."""
        return self.slot_end(self.levels.shape[1] - 1)

    def middle(self, before: FloatArray, level: FloatArray) -> FloatArray:
        """Return the voltages half-way through an edge, shape (inputs,), V."""
        return np.asarray(before + (level - before) * (1 - self.late) / 2)

    def corners(self) -> tuple[FloatArray, FloatArray]:
        """Return corner times, shape (C,), s, and voltages at them, shape (C, inputs), V."""
        times, values = [0.0], [self.start]
        for slot, level in enumerate(self.levels.T):
            if slot:
                times.append(self._edge(slot))
                values.append(values[-1])
            # A corner half-way makes a simulator compute a time point where switches change.
            times += [self.slot_begin(slot), self._edge(slot) + self.rise_time]
            values += [self.middle(values[-1], level), level]
        return np.array(times), np.array(values)

    def voltage(self, time: FloatArray) -> FloatArray:
        """Compute the voltages of all sources at given times, shape (T, inputs), V."""
        times, values = self.corners()
        return np.stack([np.interp(time, times, column) for column in values.T], axis=1)


def expanded(circuit: Circuit) -> Circuit:
    """Expand a phased circuit: control nodes, holds as switch, capacitor and buffer, an input for each driven node.

    Raises:
        ParameterError: If an injected charge is too large for its capacitance.
    """
    check_type("circuit", circuit, Circuit)
    return _expanded(circuit)[0]


def _expanded(circuit: Circuit) -> tuple[Circuit, dict[str, dict[str, float]]]:
    """Return the expanded circuit, and the voltage of each added source in every phase, V."""
    groups, sources = dict(circuit.groups), list(circuit.sources)
    parts: list[Part] = []
    controls: dict[str, dict[str, float]] = {}
    for part in circuit.parts:
        if not isinstance(part, Hold):
            parts.append(part)
            continue
        tracks = tuple(phase.name for phase in circuit.phases if part.name in phase.hold)
        injected = _injecting(part)
        if part.injection:
            sign = float(np.sign(part.injection))
            controls[injected] = {phase.name: sign * (phase.name not in tracks) for phase in circuit.phases}
            groups[injected] = groups[part.source]
        groups[f"{part.name}held"] = groups[part.source]
        parts += _held(part, tracks)
    for switches in [part for part in parts if isinstance(part, Switches)]:
        controls[switches.control] = {phase.name: float(phase.name in switches.closed_in) for phase in circuit.phases}
        groups[switches.control] = groups[switches.b if switches.a == GROUND else switches.a]
        parts += _overlaps(switches)
    sources += [Source(group) for group in controls]
    cuts = np.cumsum([0, *(groups[source.group] for source in sources)]).tolist()
    own = [Source(source.group, slice(*cuts[k : k + 2]), source.kick) for k, source in enumerate(sources)]
    phases = tuple(replace(phase, hold=()) for phase in circuit.phases)
    return replace(circuit, groups=groups, parts=tuple(parts), sources=tuple(own), phases=phases), controls


def _injecting(part: Hold) -> str:
    """Name the group of the sources that inject the charge of opening switches."""
    return f"{part.name}inj"


def _held(part: Hold, tracks: tuple[str, ...]) -> list[Part]:
    """Return a sample-and-hold as basic parts; the node of its capacitor is an additional group.

    A source that moves by a volt after the switch has opened injects the charge through a part of the capacitance.
    """
    held, coupled = f"{part.name}held", abs(part.injection) / SWING
    if coupled >= part.capacitance:
        mend = f"must be below a volt times the capacitance, {part.capacitance * SWING:g} C"
        raise ParameterError("injection", part.injection, mend)
    found: list[Part] = [
        Switches(f"{part.name}track", part.source, held, tracks, part.on_resistance, part.off_resistance),
        Capacitors(f"{part.name}cap", held, GROUND, part.capacitance - coupled),
        Buffers(f"{part.name}buf", held, part.target, part.offset),
    ]
    if coupled:
        found.append(Capacitors(f"{part.name}injcap", _injecting(part), held, coupled))
    return found


def _overlaps(switches: Switches) -> list[Part]:
    """Return capacitors from the control to either end."""
    ends = [end for end in (switches.a, switches.b) if end != GROUND] if switches.overlap_capacitance else []
    return [
        Capacitors(f"{switches.name}{letter}", switches.control, end, switches.overlap_capacitance)
        for letter, end in zip(("ova", "ovb"), ends, strict=False)
    ]


def in_phase(circuit: Circuit, phase: Phase) -> Circuit:
    """Return an expanded circuit in one phase: switches are conductors, outputs are those of the phase."""
    check_type("circuit", circuit, Circuit)
    check_type("phase", phase, Phase)
    parts = [
        Conductors(part.name, part.a, part.b, part.siemens(phase.name), part.account)
        if isinstance(part, Switches)
        else part
        for part in circuit.parts
    ]
    alone = Phase(phase.name)
    return replace(circuit, parts=tuple(parts), outputs=phase.outputs or circuit.outputs, phases=(alone,))


def phase_train(circuit: Circuit, levels: FloatArray, rise_time: float = 100e-12) -> PhaseTrain:
    """Return the drive of the expanded circuit through its phases.

    Args:
        circuit: Circuit that is not expanded.
        levels: Inputs of each right-hand side, shape (inputs, K), V.
        rise_time: Rise time of every edge, s; a slower switch sets it for all.

    Raises:
        ParameterError: If a phase has no duration, or there are not as many levels as inputs.
    """
    check_type("circuit", circuit, Circuit)
    levels = real_array("levels", levels)
    durations = _checked_durations(circuit, levels)
    whole, controls = _expanded(circuit)
    sources, columns = [*circuit.sources, *(Source(group) for group in controls)], []
    for column in levels.T:
        for phase in circuit.phases:
            driven = [
                source.volts(column[:, None])[:, 0] * (phase.inputs is None or source.group in phase.inputs)
                for source in circuit.sources
            ]
            driven += [np.full(whole.groups[group], volts[phase.name]) for group, volts in controls.items()]
            columns.append(np.concatenate(driven))
    first = [
        np.full(whole.groups[source.group], controls.get(source.group, {}).get(circuit.phases[0].name, 0.0))
        for source in sources
    ]
    moved_first = {part.control for part in whole.of(Switches)}
    late = [np.full(whole.groups[source.group], source.group not in moved_first) for source in sources]
    slowest = max([rise_time, *(part.transition_time for part in whole.of(Switches))])
    return PhaseTrain(
        levels=np.array(columns).T,
        start=np.concatenate(first),
        late=np.concatenate(late).astype(float),
        durations=np.array(durations),
        rise_time=slowest,
    )


def _checked_durations(circuit: Circuit, levels: FloatArray) -> list[float]:
    """Return the durations of all phases, s; refuse levels that do not fit, and phases without a duration."""
    if levels.ndim != 2 or len(levels) != circuit.inputs:
        raise ParameterError("levels", f"shape {levels.shape}", f"must be {circuit.inputs} inputs x right-hand sides")
    if not np.isfinite(levels).all():
        raise ParameterError("levels", str(levels[~np.isfinite(levels)][0]), "every entry must be finite")
    durations = []
    for phase in circuit.phases:
        if phase.duration is None:
            raise ParameterError("duration", f"none of phase {phase.name}", "give every phase a duration, s")
        durations.append(phase.duration)
    return durations
