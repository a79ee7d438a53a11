"""Closed forms of every circuit at finite gain, from the numbers of its record: outputs at rest, and poles if known.

Op-amps have one pole and a gain of `GAIN`. An inverter of finite gain gives `-c/(1 + 2/A0)`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from netlists import SinglePoleOpAmp

Array = NDArray[np.float64]
Closed = tuple[Array, Any]
"""Outputs at rest, V, and poles, 1/s; None where the poles have no closed form."""

GAIN = 1e4
POLE = SinglePoleOpAmp(open_loop_gain=GAIN, gbwp=100e6)
W_T = POLE.unity_gain_frequency
TURNED = 1 / (1 + 2 / GAIN)
"""Gain of an inverter, without its sign."""


def inv(design: Any, levels: Array) -> Closed:
    """`(G+ + D - G-/(1 + 2/A0) + S/A0) c = -G_in v`, D on the diagonal where resistors hold it."""
    held = _diagonal(design) + design.conductance_positive - design.conductance_negative * TURNED
    return np.linalg.solve(held + np.diag(design.row_conductance) / GAIN, -design.input_conductance * levels), None


def mvm(design: Any, levels: Array) -> Closed:
    """`(G_f + S/A0) out = -(G+ - G-) v`."""
    return _product(design, levels, -levels), None


def _product(design: Any, levels: Array, turned: Array) -> Array:
    total = design.feedback_conductance + sum(array.sum(axis=1) for array in design.arrays)
    current = design.conductance_positive @ levels + design.conductance_negative @ turned
    return np.asarray(-current / (design.feedback_conductance + total / GAIN))


def inv_compensated(design: Any, levels: Array) -> Closed:
    """`(A + diag(S)/A0) c = -G_in v`, and poles `-w_T (eig(diag(1/S) A) + 1/A0)`."""
    held = _diagonal(design) + design.conductance_positive - design.conductance_negative
    total = design.conductance_negative.sum(axis=1) + design.balance_noninverting.sum(axis=1)
    rest = np.linalg.solve(held + np.diag(total) / GAIN, -design.input_conductance * levels)
    return rest, -W_T * (np.linalg.eigvals(held / total[:, None]) + 1 / GAIN)


def mvm_compensated(design: Any, levels: Array) -> Closed:
    """`(G_f + S/A0) out = -A v`, and poles `-w_T (G_f/S + 1/A0)`."""
    held = design.conductance_positive - design.conductance_negative
    total = design.conductance_negative.sum(axis=1) + design.balance_noninverting.sum(axis=1)
    rest = -(held @ levels) / (design.feedback_conductance + total / GAIN)
    return rest, -W_T * (design.feedback_conductance / total + 1 / GAIN)


def cascade(design: Any, levels: Array) -> Closed:
    """INV, whose outputs and those of its inverters drive MVM."""
    first = inv(design.inverse, levels)[0]
    return _product(design.product, first, -TURNED * first), None


def cascade_compensated(design: Any, levels: Array) -> Closed:
    """INV, whose outputs drive MVM: the poles are those of both, since nothing leads back."""
    first, poles = inv_compensated(design.inverse, levels)
    rest, further = mvm_compensated(design.product, first)
    return rest, np.concatenate([poles, further])


def ginv(design: Any, levels: Array) -> Closed:
    """`G_f e + X x + S_r e/A0 = G_in b` and `X^T e - G_r x - S_t x/A0 = 0`, X and G_r by way of inverters."""
    pairs = (
        (design.conductance, design.conductance_negative),
        (
            design.conductance_transposed,
            design.conductance_transposed_negative,
        ),
    )
    first, second = (plus - TURNED * (0 if minus is None else minus) for plus, minus in pairs)
    sums = [sum(one.sum(axis=1) for one in pair if one is not None) for pair in pairs]
    ridge = design.ridge_conductance or 0.0
    beside = design.input_conductance * (design.inputs == "rows"), design.input_conductance * (design.inputs != "rows")
    rows, columns = sums[0] + design.feedback_conductance + beside[0], sums[1] + ridge + beside[1]
    return _ginv(design, levels, (first, second), (rows, columns), TURNED * ridge)[0], None


def ginv_compensated(design: Any, levels: Array) -> Closed:
    """The same with the sums at either input, and poles: `S de/dt = w_T` times the currents, less `w_T e/A0`."""
    ridge = design.ridge_conductance or 0.0
    rest, matrix, _ = _ginv(design, levels, *_compensated_copies(design), ridge)
    return rest, np.linalg.eigvals(matrix)


def _ginv(design: Any, levels: Array, copies: Any, sums: Any, ridge: float) -> tuple[Array, Array, Array]:
    """Answer, state matrix and states at rest."""
    (first, second), rows = copies, len(copies[0])
    held = np.block([[design.feedback_conductance * np.eye(rows), first], [-second, ridge * np.eye(len(second))]])
    total, inputs = np.concatenate(sums), np.zeros(len(held))
    at_rows = getattr(design, "inputs", "rows") == "rows"
    # At the columns a source of -b draws current from the non-inverting inputs.
    inputs[slice(0, rows) if at_rows else slice(rows, None)] = (1 if at_rows else -1) * levels
    held = held + np.diag(total) / GAIN
    states = np.linalg.solve(held, design.input_conductance * inputs)
    return states[rows:] if at_rows else states[:rows], -W_T * held / total[:, None], states


def _compensated_copies(design: Any) -> Any:
    first = design.conductance - design.conductance_negative
    second = design.conductance_transposed - design.conductance_transposed_negative
    rows = design.conductance_negative.sum(axis=1) + design.balance_rows_noninverting.sum(axis=1)
    columns = design.conductance_transposed.sum(axis=1) + design.balance_columns_noninverting.sum(axis=1)
    if getattr(design, "inputs", "rows") != "rows":
        columns = columns + design.input_conductance
    return (first, second), (rows, columns)


def recover(design: Any, levels: Array, beyond: Array) -> Closed:
    """Change of the voltages before the dead zones by inputs, while those `beyond`, 1 or 0, pass, and poles.

    With `x = J q`, J the diagonal of `beyond`, `X^T e + G_l (J - 1) q = S_t q/A0` and
    `G_f e + X J q + S_r e/A0 = G_in b`.
    """
    (first, second), (rows, columns) = _compensated_copies(design)
    columns = columns + design.leak_conductance
    held = np.block([
        [design.feedback_conductance * np.eye(len(rows)), first * beyond],
        [-second, design.leak_conductance * np.diag(1 - beyond)],
    ])  # fmt: skip
    total = np.concatenate([rows, columns])
    held = held + np.diag(total) / GAIN
    inputs = np.concatenate([design.input_conductance * levels, np.zeros(len(columns))])
    return np.linalg.solve(held, inputs)[len(rows) :], np.linalg.eigvals(-W_T * held / total[:, None])


def egv(design: Any, levels: Array) -> Closed:
    """`(A - G_lambda) c = -G_k k` around a rest from which it grows, with inverters of finite gain.

    `u = -(1 + 2/A0) c` drives what c does not: G- and G_lambda, or for the smallest eigenvalue G+.
    """
    own, turned = design.conductance_positive, design.conductance_negative + design.feedback_conductance * _unit(design)
    if design.smallest:
        own, turned = turned, own
    total = (own + turned).sum(axis=1) + design.kick_conductance
    held = own - (turned + np.diag(total) / GAIN) / TURNED
    return np.linalg.solve(held, -design.kick_conductance * levels), None


def egv_compensated(design: Any, levels: Array) -> Closed:
    """`(A - G_lambda - S/A0) c = G_k k`, for the smallest one `(G_lambda - A - S/A0) c = G_k k`, and poles."""
    minus = design.conductance_negative + design.feedback_conductance * _unit(design)
    sides = (minus, design.conductance_positive) if design.smallest else (design.conductance_positive, minus)
    total = (sides[0].sum(axis=1)) + design.balance_noninverting.sum(axis=1)
    held = sides[0] - sides[1] - np.diag(total) / GAIN
    return np.linalg.solve(held, design.kick_conductance * levels), W_T * np.linalg.eigvals(held / total[:, None])


def _unit(design: Any) -> Array:
    return np.eye(len(design.conductance_positive))


def _diagonal(design: Any) -> Array:
    held = design.diagonal_conductance
    return np.zeros_like(design.conductance_positive) if held is None else np.diag(held)
