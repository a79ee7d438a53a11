"""Values and settling times alone, of right-hand sides of a circuit whose op-amps have no limits.

Peaks, waveforms, energies and the budget of an answer take most of the time of a solve. Where all columns settle at the
steady state, their values, times and statuses are known without them: the same numbers as in `Solver.solve`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from amc_circuits.engines.known import EXACT, limitless
from amc_circuits.solvers.answer_rules import AnswerRules
from amc_circuits.solvers.at_rest import distances
from amc_circuits.solvers.programmed import ProgrammedArray
from amc_circuits.solvers.question import Question
from amc_circuits.solvers.streaming import stream_job
from amc_circuits.values.checks import Numbers
from netlists.record import FloatArray
from netlists.short_text import short_repr

if TYPE_CHECKING:
    from amc_circuits.engines.exact.circuit import ExactCircuit


@dataclass(frozen=True)
class SettledValues:
    """Right-hand sides that all settled.

    Attributes:
        value: Values, shape (N, K), as of `Solution`.
        settling_time: Settling times, shape (K,), s.
    """

    value: Numbers
    settling_time: FloatArray

    __repr__ = short_repr


def is_plain(circuit: ProgrammedArray, question: Question) -> bool:
    """True if each right-hand side is a column that the exact engine reads settled, not settled or clipped."""
    own = type(circuit).own_status is not AnswerRules.own_status or circuit.first_pass is not None
    asked = circuit.takes is None or circuit.growing or own or circuit.settings.start != "rest"
    columns = question.columns
    if asked or question.single or columns.shape != question.vectors.shape or not columns.any(axis=0).all():
        return False
    return circuit.engine == EXACT and limitless(circuit.circuit) and circuit.stability.stable


def settled_values(circuit: ProgrammedArray, question: Question, state: ExactCircuit) -> SettledValues | None:
    """Return what `Solver.settled` does, of a plain question."""
    from amc_circuits.engines.exact.reading import read_settling  # here, for ngspice needs none of it

    held, tolerance = circuit.driven_levels(question.columns), circuit.settings.tolerance
    job = stream_job(circuit.circuit, circuit.linear, circuit.settings, circuit.timing, held)
    found = read_settling(state, job.drive, tolerance)
    if not found.steady.all():
        return None
    wanted = circuit.linear.steady(circuit.linear.outputs, held)
    outputs, clipped = circuit.converters.outputs(found.final.T, circuit.output_range)
    if clipped.any() or (distances(found.final.T, wanted, np.abs(held).max(axis=0))[0] > tolerance).any():
        return None
    scaled = circuit.gain * outputs / circuit.input_levels(question.columns)[1]
    values = circuit.presented(circuit.system.values(scaled, question.vectors.shape[1]))
    return SettledValues(values, found.settling_time)
