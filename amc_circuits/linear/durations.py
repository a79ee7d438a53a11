"""Durations of phases from their poles."""

from __future__ import annotations

import math
from dataclasses import replace

from amc_circuits.linear.equations import linear_circuit
from netlists import GROUND, Circuit, Conductors, Hold, ParameterError, Phase, expanded, in_phase
from netlists.errors import check_type

SWING = 300.0
"""Amplitude that decays to the tolerance until the last fifth of a phase begins, in units of the final value.

An output is steady if it moves by less than a twentieth of the tolerance (`results/measurement.py`). A phase begins
where another one ended, which may be about fifteen times the final value. The number is a choice of this package.
"""
WHOLE = 1.25
"""Duration of a phase in units of its first four fifths."""


def with_durations(circuit: Circuit, tolerance: float, rise_time: float = 100e-12) -> Circuit:
    """Return the circuit with a duration for every phase: phases without one get the duration of the slowest of them.

    Args:
        circuit: Circuit that is linear around its resting point.
        tolerance: Relative tolerance of the settling time.
        rise_time: Rise time of the edge at the beginning of each phase, s.

    Raises:
        ParameterError: If a phase without a duration has a pole that does not decay.
    """
    check_type("circuit", circuit, Circuit)
    rates = []
    for phase in circuit.phases:
        if phase.duration is None:
            rates.append(-linear_circuit(_free(circuit, phase)).growth_rate)
            if rates[-1] <= 0:
                raise ParameterError("duration", f"None of phase {phase.name}", "it has a growing pole; give seconds")
    if not rates:
        return circuit
    slewing = max(record.slewing_time for record in circuit.opamps)
    found = WHOLE * (math.log(SWING / tolerance) / min(rates) + slewing) + 2 * rise_time
    phases = [replace(phase, duration=found) if phase.duration is None else phase for phase in circuit.phases]
    return replace(circuit, phases=tuple(phases))


def _free(circuit: Circuit, phase: Phase) -> Circuit:
    """Return the circuit in a phase, with held voltages as sources: the leakage of a hold is no pole of the phase."""
    alone = in_phase(expanded(circuit), phase)
    keeping = [part.name for part in circuit.of(Hold) if part.name not in phase.hold]
    dropped = {f"{name}{end}" for name in keeping for end in ("cap", "injcap")}
    parts = [part for part in alone.parts if part.name not in dropped]
    tied = {f"{name}track": Conductors(f"{name}track", f"{name}held", GROUND, 1.0) for name in keeping}
    return replace(alone, parts=tuple(tied.get(part.name, part) for part in parts))
