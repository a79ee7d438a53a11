"""Choice of the feedback conductance of the row amplifiers of a GINV circuit.

G_f cancels from the answer, but it decides stability, ringing and speed. With equal sums S_r at the row amplifiers and
S_c at the column amplifiers, one pole each and no inverters, the poles solve `s^2 + t w_T s + w_T^2 t L = 0` with
`t = G_f/S_r`, `L` the eigenvalues of `diag(1/S_c) X^T X / G_f` (docs/ginv.md). Where the largest L is
`t/q`, `G_f = (q l + sqrt(q^2 l^2 + 4 q l S))/2`, `l` the largest eigenvalue of `diag(1/S_c) X^T X`, S the largest sum
at a row amplifier without G_f. The fastest answer of ideal op-amps has `q = 4/kappa^2`; lag adds to the smallest q.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from amc_circuits.linear.equations import linear_circuit
from netlists import Circuit, MacroOpAmp, OpAmp
from netlists.circuits.ginv import GinvDesign
from netlists.record import FloatArray
from netlists.short_text import short_repr

CANDIDATES = 14
WITHIN = 3.0
"""Largest factor between a candidate and the start."""
LOWER = 2 / 3
"""Factor on second poles with which a candidate still has to be stable."""
ROUNDS = 20
"""Rounds of the fixed point of q, which depends on G_f by t."""
LEAST_WITH_INVERTERS = 1.0
"""Least q with inverters, whose poles add to the lag."""


@dataclass(frozen=True)
class Feedback:
    """Feedback conductance of the row amplifiers.

    Attributes:
        start: In closed form, S.
        chosen: Best of the candidates around it, S; the start where none of them is stable, and without a scan.
        slowest: Real part of the slowest pole with the chosen one, 1/s; nan without a scan.
    """

    start: float
    chosen: float
    slowest: float

    __repr__ = short_repr


def with_feedback(design: GinvDesign, conductance: float) -> GinvDesign:
    """Return the circuit with another feedback conductance, the same ridge `G_r G_f`, and sums that are equal again."""
    ridge = design.ridge_conductance
    kept = None if ridge is None else ridge * design.feedback_conductance / conductance
    changes: dict[str, FloatArray | float | None] = {"feedback_conductance": conductance, "ridge_conductance": kept}
    more = {"balance_rows": conductance - design.feedback_conductance, "balance_columns": (kept or 0) - (ridge or 0)}
    for name, added in more.items():
        inverting, plus = getattr(design, f"{name}_inverting"), getattr(design, f"{name}_noninverting")
        if inverting is not None:
            missing = plus.sum(axis=1) - inverting.sum(axis=1) + added
            changes[f"{name}_inverting"] = np.maximum(-missing, 0)[:, None]
            changes[f"{name}_noninverting"] = np.maximum(missing, 0)[:, None]
    return design.replace(**changes)


@lru_cache(maxsize=64)
def chosen_feedback(design: GinvDesign, scan: bool = True) -> Feedback:
    """Choose among candidates around the start: the slowest true pole decides, stable with second poles a third lower.

    Args:
        design: The circuit with the cells as wanted; its own feedback conductance states the ridge only, as `G_r G_f`.
        scan: False takes the start, without the poles of any candidate.
    """
    start = started(design)
    if not scan:
        return Feedback(start, start, np.nan)
    candidates = start * np.append(np.geomspace(1 / WITHIN, WITHIN, CANDIDATES), 1.0)
    judged = [(_slowest(with_feedback(design, float(one))), float(one)) for one in candidates]
    slowest, best = min(judged)
    return Feedback(start, best, slowest) if slowest < 0 else Feedback(start, start, judged[-1][0])


def _slowest(design: GinvDesign) -> float:
    """Real part of the slowest pole, 1/s; infinite if it grows, also with lower second poles."""
    circuit = design.circuit
    found = _growth(circuit)
    if found < 0 and any(isinstance(one, MacroOpAmp) and one.second_pole is not None for one in circuit.opamps):
        found = found if _growth(circuit.with_opamps(_lowered)) < 0 else np.inf
    return found if found < 0 else np.inf


def _growth(circuit: Circuit) -> float:
    return float(linear_circuit(circuit).poles.real.max())


def _lowered(record: OpAmp) -> OpAmp:
    if isinstance(record, MacroOpAmp) and record.second_pole is not None:
        return record.replace(second_pole=LOWER * record.second_pole)
    return record


def started(design: GinvDesign) -> float:
    """Compute the feedback conductance at which the scan starts, S: no scan, no poles."""
    x, row_sum, column_sums = _matrix(design), _row_sum(design), _column_sums(design)
    ridge = 0.0 if design.ridge_conductance is None else design.ridge_conductance * design.feedback_conductance
    singular = np.linalg.svd(x, compute_uv=False)
    kappa_squared = (singular[0] ** 2 + ridge) / (singular[-1] ** 2 + ridge)
    largest = np.linalg.eigvals((x.T @ x + ridge * np.eye(len(column_sums))) / column_sums[:, None]).real.max()
    least = LEAST_WITH_INVERTERS if design.inverts else 0.0
    q = max(4 / kappa_squared, least)
    for _ in range(ROUNDS):
        feedback = (q * largest + np.sqrt((q * largest) ** 2 + 4 * q * largest * row_sum)) / 2
        whole = row_sum + feedback
        lag = 2 * _lag(design, whole, float(column_sums.min())) * feedback / whole
        q = max(4 / kappa_squared, least, lag)
    return float((q * largest + np.sqrt((q * largest) ** 2 + 4 * q * largest * row_sum)) / 2)


def _lag(design: GinvDesign, row_sum: float, column_sum: float) -> float:
    """Return w_T (2/p2 + C (1/S_r + 1/S_c)) of both op-amps of a loop; C has the coupling twice if both inputs move."""
    opamp = design.opamp.equivalent
    if not isinstance(opamp, MacroOpAmp):
        return 0.0
    capacitance = opamp.input_capacitance + (opamp.input_coupling if design.compensated else 0.0)
    second = 0.0 if opamp.second_pole is None else 2 / (2 * np.pi * opamp.second_pole)
    return float(opamp.unity_gain_frequency * (second + capacitance * (1 / row_sum + 1 / column_sum)))


def _matrix(design: GinvDesign) -> FloatArray:
    negative = design.conductance_negative
    return design.conductance if negative is None else design.conductance - negative


def _row_sum(design: GinvDesign) -> float:
    """Largest sum at a row amplifier without the feedback, S."""
    negative = design.conductance_negative
    cells = design.conductance if negative is None else design.conductance + negative
    return float(cells.sum(axis=1).max()) + (design.input_conductance if design.inputs == "rows" else 0.0)


def _column_sums(design: GinvDesign) -> FloatArray:
    """Sums at the column amplifiers, S."""
    negative = design.conductance_transposed_negative
    cells = design.conductance_transposed if negative is None else design.conductance_transposed + negative
    others = design.ridge_conductance or 0.0
    return np.asarray(cells.sum(axis=1) + others + (design.input_conductance if design.inputs == "columns" else 0.0))
