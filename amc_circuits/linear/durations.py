"""Durations of phases from their poles, and the circuit that a phase connects."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import replace

from amc_circuits.linear.equations import linear_circuit
from netlists import (
    GROUND,
    Buffers,
    Capacitors,
    Circuit,
    Conductors,
    Hold,
    OpAmps,
    ParameterError,
    Part,
    Phase,
    Source,
    Switches,
)
from netlists.errors import check_type
from netlists.parts import ends_of

SWING = 300.0
"""Amplitude that decays to the tolerance until the last fifth of a phase begins, in units of the final value.

An output is steady if it moves by less than a twentieth of the tolerance (`results/measurement.py`). A phase begins
where another one ended, which may be about fifteen times the final value. The number is a choice of this package.
"""
WHOLE = 1.25
"""Duration of a phase in units of its first four fifths."""


def with_durations(circuit: Circuit, tolerance: float, rise_time: float = 100e-12) -> Circuit:
    """Return the circuit with a duration for every phase; a phase without one gets it from its poles.

    Args:
        circuit: Circuit that is linear around its resting point.
        tolerance: Relative tolerance of the settling time.
        rise_time: Rise time of the edge at the beginning of each phase, s.

    Raises:
        ParameterError: If a phase without a duration has a pole that does not decay.
    """
    check_type("circuit", circuit, Circuit)
    if all(phase.duration is not None for phase in circuit.phases):
        return circuit
    phases = [
        replace(phase, duration=duration(circuit, phase, tolerance, rise_time)) if phase.duration is None else phase
        for phase in circuit.phases
    ]
    return replace(circuit, phases=tuple(phases))


def duration(circuit: Circuit, phase: Phase, tolerance: float, rise_time: float = 100e-12) -> float:
    """Compute the duration that a phase needs, from the poles of what it connects, s.

    Raises:
        ParameterError: If a pole does not decay.
    """
    alone = connected(circuit, phase)
    rate = -linear_circuit(alone).growth_rate
    if rate <= 0:
        raise ParameterError("duration", f"None of phase {phase.name}", "it has a growing pole; give seconds")
    slewing = max(record.slewing_time for record in alone.opamps)
    return WHOLE * (math.log(SWING / tolerance) / rate + slewing) + 2 * rise_time


def connected(circuit: Circuit, phase: Phase, leaks: bool = False) -> Circuit:
    """Return what a phase connects with its outputs, as a circuit of one phase.

    Closed switches are conductors. Groups that holds keep are held by sources of their own: their leakage is no pole of
    the phase. Every source has its own inputs, in the order of the sources. Overlap capacitances are left out.

    Args:
        circuit: Circuit that is not expanded.
        phase: Phase of it.
        leaks: True if open switches are conductors, too, which connect everything; False leaves them out.

    Raises:
        ParameterError: If no op-amp is connected with the outputs.
    """
    parts: list[Part] = []
    held = [source.group for source in circuit.sources]
    sizes = dict(circuit.groups)
    for part in circuit.parts:
        if isinstance(part, Hold) and part.name not in phase.hold:
            held.append(part.target)
            continue
        if isinstance(part, Hold):
            sizes[f"{part.name}held"] = sizes[part.source]
        parts += _closed(part, phase, leaks)
    outputs = phase.outputs or circuit.outputs
    within = _reached(parts, {*held, GROUND}, outputs)
    if not any(isinstance(part, OpAmps) for part in within):
        raise ParameterError("duration", f"None of phase {phase.name}", "its outputs have no op-amp; give seconds")
    groups = {group: sizes[group] for part in within for group, _ in ends_of(part) if group != GROUND}
    sources, before = [], 0
    for group in [group for group in held if group in groups]:
        sources.append(Source(group, slice(before, before + sizes[group])))
        before += sizes[group]
    title = f"{circuit.title}, {phase.name}"
    alone = (Phase(phase.name),)
    return Circuit(title, groups, tuple(within), tuple(sources), outputs, alone, circuit.temperature)


def _closed(part: Part, phase: Phase, leaks: bool) -> list[Part]:
    """Return a part as it is in a phase; a hold samples."""
    match part:
        case Switches():
            kept = leaks or phase.name in part.closed_in
            return [Conductors(part.name, part.a, part.b, part.siemens(phase.name), part.account)] * kept
        case Hold():
            held = f"{part.name}held"
            return [
                Conductors(f"{part.name}track", part.source, held, 1 / part.on_resistance),
                Capacitors(f"{part.name}cap", held, GROUND, part.capacitance),
                Buffers(f"{part.name}buf", held, part.target, part.offset),
            ]
    return [part]


def _reached(parts: Sequence[Part], ends: Collection[str], outputs: str) -> list[Part]:
    """Return the parts that are connected with the outputs, not across the groups where connections end."""
    known, size = {outputs} - {*ends}, 0
    while len(known) > size:
        size = len(known)
        for part in parts:
            own = {group for group, _ in ends_of(part)} - {*ends}
            if own & known:
                known |= own
    return [part for part in parts if {group for group, _ in ends_of(part)} & known]
