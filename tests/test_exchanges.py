"""Exchanges of two groups in every part of every circuit: the judge or a closed form sees each of them.

The judge is written by hand from Kirchhoff's laws, the closed forms are algebra at finite gain. Exchanges that give an
equal circuit are listed.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from amc_circuits.cases.circuits import OURS
from amc_circuits.linear.equations import linear_circuit
from netlists import ParameterError, SinglePoleOpAmp
from tests import kirchhoff

GAIN = 1e4
POLE = SinglePoleOpAmp(open_loop_gain=GAIN, gbwp=100e6)
W_T = POLE.unity_gain_frequency
SQUARE = np.array([[0.5, -1.0, -0.9], [0.1, 0.8, 0.2], [0.05, -0.1, 0.6]])
OBLONG = np.array([[0.5, -1.0], [0.1, 0.8], [-0.7, -0.6]])
LOADED = np.array([[0.5, -1.0], [-0.9, -0.8], [0.7, -0.2]])
"""Its rows and its columns need compensating cells at both inputs."""
ENDS = ("word_lines", "bit_lines", "a", "b", "inverting", "noninverting", "output", "input")


def closed_inv(design, levels):
    """`(G+ - G-/(1 + 2/A0) + S/A0) c = -G_in v`; an inverter of finite gain gives `-c/(1 + 2/A0)`."""
    held = design.conductance_positive - design.conductance_negative / (1 + 2 / GAIN)
    return np.linalg.solve(held + np.diag(design.row_conductance) / GAIN, -design.input_conductance * levels), None


def closed_mvm(design, levels):
    """`(G_f + S/A0) out = -(G+ - G-) v`."""
    total = design.feedback_conductance + sum(array.sum(axis=1) for array in design.arrays)
    held = design.conductance_positive - design.conductance_negative
    return -(held @ levels) / (design.feedback_conductance + total / GAIN), None


def closed_inv_compensated(design, levels):
    """`(A + diag(S)/A0) c = -G_in v`, and poles `-w_T (eig(diag(1/S) A) + 1/A0)`."""
    held = design.conductance_positive - design.conductance_negative
    total = design.conductance_negative.sum(axis=1) + design.balance_noninverting.sum(axis=1)
    rest = np.linalg.solve(held + np.diag(total) / GAIN, -design.input_conductance * levels)
    return rest, -W_T * (np.linalg.eigvals(held / total[:, None]) + 1 / GAIN)


def closed_mvm_compensated(design, levels):
    """`(G_f + S/A0) out = -A v`, and poles `-w_T (G_f/S + 1/A0)`."""
    held = design.conductance_positive - design.conductance_negative
    total = design.conductance_negative.sum(axis=1) + design.balance_noninverting.sum(axis=1)
    rest = -(held @ levels) / (design.feedback_conductance + total / GAIN)
    return rest, -W_T * (design.feedback_conductance / total + 1 / GAIN)


def closed_ginv(design, levels):
    """`(A^T W A + S_t/A0) x = A^T W G_in b`, W = 1/(G_f + S_r/A0)."""
    first, second, held = design.conductance, design.conductance_transposed, design.input_conductance
    weight = 1 / (design.feedback_conductance + (held + design.feedback_conductance + first.sum(axis=1)) / GAIN)
    normal = second @ (weight[:, None] * first) + np.diag(second.sum(axis=1)) / GAIN
    return np.linalg.solve(normal, second @ (weight * held * levels)), None


def closed_ginv_compensated(design, levels):
    """`(A^T W A + G_r + S_t/A0) x = A^T W G_in b`, W = 1/(G_f + S_r/A0), with the sums at either input."""
    first = design.conductance - design.conductance_negative
    second = design.conductance_transposed - design.conductance_transposed_negative
    rows = design.conductance_negative.sum(axis=1) + design.balance_rows_noninverting.sum(axis=1)
    columns = design.conductance_transposed.sum(axis=1) + design.balance_columns_noninverting.sum(axis=1)
    weight = 1 / (design.feedback_conductance + rows / GAIN)
    normal = second @ (weight[:, None] * first) + np.diag(design.ridge_conductance + columns / GAIN)
    return np.linalg.solve(normal, second @ (weight * design.input_conductance * levels)), None


@dataclass(frozen=True)
class Small:
    """A circuit of size 2 or 3 with its judges.

    Attributes:
        name: Name of the circuit.
        matrix: Programmed matrix.
        at_rest: The circuit at rest by Kirchhoff's laws.
        closed: Outputs at rest and, if there is a closed form, poles, from the numbers of the design.
        fields: Keywords with which it is programmed.
    """

    name: str
    matrix: Any
    at_rest: Callable[..., kirchhoff.Rest]
    closed: Callable[..., Any]
    fields: dict[str, Any] = field(default_factory=dict)

    @property
    def label(self):
        """Name, and topology if it is not the default."""
        return f"{self.name} {self.fields.get('topology', '')}".strip()


COMPENSATED = {"topology": "compensated"}
SMALL_FEEDBACK = COMPENSATED | {"feedback_conductance": 3e-5}
EQUAL = {
    "inv": {("in", "in", "v"), ("inva", "c", "w"), ("invb", "d", "w")},
    "inv compensated": {("in", "in", "v"), ("bm", "v", "b")},  # the one cell of bm is on its diagonal
    "mvm": {("f", "v", "out")},
    "mvm compensated": {("f", "v", "out")},
    "ginv": {("in", "in", "r"), ("f", "r", "e")},
    "ginv compensated": {("in", "in", "r"), ("f", "r", "e"), ("ridge", "x", "tm")},
}
"""Exchanges that give an equal circuit, as part and groups: both ends of resistors."""
SMALL = (
    Small("inv", SQUARE, kirchhoff.inv_at_rest, closed_inv),
    Small("inv", SQUARE, kirchhoff.inv_compensated_at_rest, closed_inv_compensated, COMPENSATED),
    Small("mvm", OBLONG, kirchhoff.mvm_at_rest, closed_mvm),
    Small("mvm", OBLONG, kirchhoff.mvm_compensated_at_rest, closed_mvm_compensated, SMALL_FEEDBACK),
    Small("ginv", np.abs(OBLONG), kirchhoff.ginv_at_rest, closed_ginv),
    Small("ginv", LOADED, kirchhoff.ginv_at_rest, closed_ginv_compensated, SMALL_FEEDBACK | {"ridge": 0.05}),
)


@pytest.mark.parametrize("small", SMALL, ids=lambda small: small.label)
def test_every_exchange_is_seen(small):
    """With two groups exchanged in a part the circuit is refused, or judge or closed form differ, but where listed."""
    solver = OURS[small.name].load().program(small.matrix, opamp=POLE, **small.fields)
    circuit, levels = solver.circuit, np.linspace(0.01, 0.02, solver.circuit.inputs)
    judge = small.at_rest(solver.design, levels).group(circuit.outputs, circuit.groups[circuit.outputs])
    rest, poles = small.closed(solver.design, levels)
    assert holds(circuit, levels, judge, rest, poles)
    unseen = {
        (part.name, one, other)
        for part in circuit.parts
        for one, other in combinations(circuit.groups, 2)
        if (changed := exchanged(part, one, other)) is not None and passes(circuit, changed, levels, judge, rest, poles)
    }
    assert unseen == EQUAL[small.label]


def passes(circuit, part, *wanted):
    """True if the circuit with this part instead of its own is not refused and has the wanted rest and poles."""
    try:
        return holds(circuit.with_parts(part), *wanted)
    except (ParameterError, np.linalg.LinAlgError):
        return False


def holds(circuit, levels, judge, rest, poles):
    """True if outputs and poles of a circuit are those of its judges."""
    linear = linear_circuit(circuit)
    found = linear.steady(circuit.outputs, levels[:, None])[:, 0]
    right = all(np.abs(found - one).max() <= 1e-9 * np.abs(one).max() for one in (judge, rest))
    if poles is None or not right:
        return right
    gaps = np.abs(linear.poles[:, None] - poles[None])
    return gaps.shape[0] == gaps.shape[1] and max(gaps.min(axis=0).max(), gaps.min(axis=1).max()) <= 1e-9 * W_T


def exchanged(part, one, other):
    """The part with two groups exchanged; None where it is at neither."""
    swap = {one: other, other: one}
    ends = {name: end for name, end in vars(part).items() if name in ENDS and end in swap}
    return replace(part, **{name: swap[end] for name, end in ends.items()}) if ends else None
