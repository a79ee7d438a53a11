"""Phases of a schedule with their exact answers, scales and feedback.

The answer of a phase is its output in volts over its scale, V per unit; a held value hands its scale on, so the DACs
beside it work at that scale. With the mapping `A = alpha (G+ - G-) / G0`:

| mode | output | scale |
|---|---|---|
| mvm | `-(G+ - G-) v / G_f` | `-s G0 / (alpha G_f)` |
| inv | `-G_in (G+ - G-)^-1 v` | `-s alpha G_in / G0` |
| ginv | the same with the pseudo-inverse | the same |
| egv | a vector of any length | none |
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from amc_circuits.cells.mapping import Mapping
from amc_circuits.solvers.macro.schedule import Schedule, ScheduledPhase
from amc_circuits.values.checks import check_invertible
from netlists import ParameterError
from netlists.circuits.macro.records import MacroPhase
from netlists.record import FloatArray
from netlists.short_text import short_repr

MARGIN = 0.02
"""Feedback of EGV below the eigenvalue unless another one is given: closer is more exact, and slower."""
Q = 2.0
"""Ratio of the feedback of GINV with inverters: its inverters need 1 or more (docs/ginv.md)."""
EQUAL = 1e-9
"""Largest distance of eigenvalues that are equal but for rounding, relative to the matrix."""


@dataclass(frozen=True, eq=False)
class PlannedPhase:
    """Phase with its exact answer and its scale.

    Attributes:
        schedule: Phase as scheduled.
        answer: Exact answer by NumPy, shape (outputs,), from the exact answers of the phases before.
        scale: Volts per unit of the answer; nan for EGV.
        words: Voltages of the DACs, shape (inputs,), V; None for none.
        own: Phase of the macro's record.
        space: Orthonormal eigenvectors of the largest eigenvalue, shape (outputs, multiplicity); None but for EGV.
    """

    schedule: ScheduledPhase
    answer: FloatArray
    scale: float
    words: FloatArray | None
    own: MacroPhase
    space: FloatArray | None = None

    __repr__ = short_repr


def planned_phase(
    schedule: Schedule,
    phase: ScheduledPhase,
    matrix: FloatArray,
    mapped: tuple[Mapping, int],
    before: Sequence[PlannedPhase],
) -> PlannedPhase:
    """Return a phase with its exact answer, its scale and its feedback."""
    mapping, place = mapped
    inputs, scale, words, held = _inputs(schedule, phase, matrix, before)
    answer = _answer(phase, matrix, inputs)
    feedback = _feedback(schedule, phase, mapping, answer, scale)
    if phase.mode == "mvm":
        scale *= -mapping.unit / (mapping.alpha * (feedback or mapping.unit))
    else:  # the input conductance is the unit
        scale *= -mapping.alpha if phase.mode != "egv" else np.nan
    own = MacroPhase(
        name=phase.name, mode=phase.mode, array=place, words=words is not None, held=held,
        feedback_conductance=feedback, duration=None if phase.duration == "auto" else phase.duration,
    )  # fmt: skip
    return PlannedPhase(phase, answer, scale, words, own, _space(matrix, answer) if phase.mode == "egv" else None)


def _inputs(
    schedule: Schedule, phase: ScheduledPhase, matrix: FloatArray, before: Sequence[PlannedPhase]
) -> tuple[FloatArray, float, FloatArray | None, str | None]:
    """Return the inputs of a phase, their scale, the voltages of its DACs, and the phase that is held."""
    given, count = phase.inputs, matrix.shape[1 if phase.mode == "mvm" else 0]
    if given is None:
        return np.zeros(count), np.nan, None, None
    who, total, scale = f"inputs of phase {phase.name}", np.zeros(count), np.nan
    if given.held is not None:
        source = next(one for one in before if one.schedule.name == given.held)
        if source.schedule.mode == "egv":
            raise ParameterError(who, given.held, "an eigenvector has no scale; let it be the last of its chain")
        if len(source.answer) != count:
            raise ParameterError(who, given.held, f"has {len(source.answer)} outputs, and {count} are needed")
        total, scale = given.sign * source.answer, given.sign * source.scale
    if given.words is None:
        return total, scale, None, given.held
    if len(given.words) != count:
        raise ParameterError(who, f"{len(given.words)} numbers", f"must be {count}")
    if phase.mode == "mvm" and given.held is not None:
        raise ParameterError(who, "a sum", "an mvm phase has one driver for each column; give numbers or a name")
    if np.isnan(scale):
        scale = schedule.input_voltage / (float(np.abs(given.words).max()) or 1.0)
    return total + given.words, scale, scale * given.words, given.held


def _answer(phase: ScheduledPhase, matrix: FloatArray, inputs: FloatArray) -> FloatArray:
    """Compute the exact answer of a phase.

    Raises:
        ParameterError: The matrix cannot be used for the mode.
    """
    name = f"array {phase.array}"
    if phase.mode in ("inv", "egv") and matrix.shape[0] != matrix.shape[1]:
        raise ParameterError(name, f"shape {matrix.shape}", f"must be square for {phase.mode} phase {phase.name}")
    match phase.mode:
        case "mvm":
            return np.asarray(matrix @ inputs, dtype=np.float64)
        case "inv":
            check_invertible(name, matrix)
            return np.asarray(np.linalg.solve(matrix, inputs), dtype=np.float64)
        case "ginv":
            if (rank := np.linalg.matrix_rank(matrix)) < matrix.shape[1]:
                mend = f"needs independent columns for ginv phase {phase.name}"
                raise ParameterError(name, f"a matrix of rank {rank}", mend)
            return np.asarray(np.linalg.lstsq(matrix, inputs, rcond=None)[0], dtype=np.float64)
    values, vectors = np.linalg.eig(matrix)
    first = int(values.real.argmax())
    if abs(values[first].imag) > 0 or values[first].real <= 0:
        mend = f"egv phase {phase.name} needs a largest eigenvalue that is real and above 0"
        raise ParameterError(name, f"a matrix with the eigenvalue {values[first]:.4g}", mend)
    return np.asarray(vectors[:, first].real, dtype=np.float64)


def _space(matrix: FloatArray, vector: FloatArray) -> FloatArray:
    """Return an orthonormal basis of the eigenvectors that share the eigenvalue of one, shape (N, multiplicity)."""
    value = vector @ matrix @ vector / (vector @ vector)
    sizes, rows = np.linalg.svd(matrix - value * np.eye(len(vector)))[1:]
    count = max(1, int((sizes <= EQUAL * np.linalg.norm(matrix, 2)).sum()))
    return np.asarray(rows[-count:].T, dtype=np.float64)


def _feedback(
    schedule: Schedule, phase: ScheduledPhase, mapping: Mapping, answer: FloatArray, scale: float
) -> float | None:
    """Return the feedback conductance of a phase; None for INV.

    MVM takes G0 times a power of two, so that its largest output is from half of the input voltage to all of it. GINV
    takes the largest sum of a row, or of a pair, whose inverters lag, the closed form of docs/ginv.md with q = 2. EGV
    takes the largest eigenvalue of the conductances, less its margin.
    """
    if phase.mode == "inv" or phase.feedback_conductance is not None:
        return phase.feedback_conductance
    if phase.mode == "ginv":
        return _of_ginv(mapping)
    if phase.mode == "egv":
        largest = float(np.linalg.eigvals(mapping.difference).real.max())
        return largest * (1 - (MARGIN if phase.margin is None else phase.margin))
    peak = float(np.abs(answer * scale).max()) / mapping.alpha
    power = math.ceil(math.log2(peak / schedule.input_voltage)) if peak > 0 else 0
    return float(mapping.unit * 2.0**power)


def _of_ginv(mapping: Mapping) -> float:
    """Feedback of GINV, S: `(q l + sqrt(q^2 l^2 + 4 q l S))/2` for a pair, as `RecoverPlan.feedback_conductance`."""
    held = mapping.difference
    if mapping.negative is None:
        return float(np.abs(held).sum(axis=1).max())
    every = mapping.positive + mapping.negative
    largest = Q * float(np.linalg.eigvals(held.T @ held / every.sum(axis=0)[:, None]).real.max())
    row_sum = float(every.sum(axis=1).max()) + mapping.unit
    return float((largest + np.sqrt(largest**2 + 4 * largest * row_sum)) / 2)


def within_swing(phases: Sequence[PlannedPhase], most: float) -> list[PlannedPhase]:
    """Scale all phases down together if an ideal output or DAC passes a voltage."""
    volts = [np.abs(phase.answer * phase.scale).max() for phase in phases if np.isfinite(phase.scale)]
    volts += [np.abs(phase.words).max() for phase in phases if phase.words is not None]
    factor = min(1.0, most / max(float(max(volts)), np.finfo(float).tiny))
    if factor == 1.0:
        return list(phases)
    return [
        replace(phase, scale=phase.scale * factor, words=None if phase.words is None else phase.words * factor)
        for phase in phases
    ]
