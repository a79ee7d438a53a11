"""Exchanges of two groups in every part of every circuit: the judge or a closed form sees each of them.

The judge is written by hand from Kirchhoff's laws, the closed forms are algebra at finite gain. Exchanges that give an
equal circuit are listed. Complex matrices and the ridge of LMMSE have the records of real ones.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from amc_circuits.cases.circuits import OURS
from amc_circuits.linear.equations import linear_circuit
from netlists import Limiter, ParameterError, Source, preset
from tests import closed_forms, kirchhoff
from tests.closed_forms import POLE, W_T
from tests.kirchhoff_recovery import recover_with_signs, recover_within

SQUARE = np.array([[0.5, -1.0, -0.9], [0.1, 0.8, 0.2], [0.05, -0.1, 0.6]])
OBLONG = np.array([[0.5, -1.0], [0.1, 0.8], [-0.7, -0.6]])
LOADED = np.array([[0.5, -1.0], [-0.9, -0.8], [0.7, -0.2]])
"""Its rows and its columns need compensating cells at both inputs."""
SKEW = np.array([[0.3, -0.2, 0.4], [-0.9, 0.8, -0.5]])
"""Both circuits of its cascade need compensating cells at both inputs."""
GROWING = np.array([[0.9, 0.3, -0.2], [0.2, 0.5, 0.1], [-0.3, 0.1, 0.4]])
BEYOND = np.array([1, 0])
"""Outputs of the recovery circuit beyond their dead zones."""
MACRO = preset("cmos-100meg").replace(open_loop_gain=1e4, input_offset=0.0)
ENDS = ("word_lines", "bit_lines", "a", "b", "inverting", "noninverting", "output", "input")


def all_of(circuit):
    """The circuit itself."""
    return circuit


def pulsed(circuit):
    """A circuit that grows, with a source for every pulse, which is held."""
    pulse, *grounds = circuit.sources
    size = circuit.groups[pulse.group]
    still = (Source(one.group, np.zeros((circuit.groups[one.group], size))) for one in grounds)
    return replace(circuit, sources=(Source(pulse.group), *still))


def before_dead_zones(circuit):
    """A recovery circuit that is read before its dead zones, where outputs within their levels are seen."""
    return replace(circuit, outputs="q")


def with_some_beyond(circuit):
    """A recovery circuit around outputs of which some are beyond their dead zones."""
    (dead,) = circuit.of(Limiter)
    return before_dead_zones(circuit.with_parts(replace(dead, around=2 * dead.level * BEYOND)))


def recover_change(design, levels):
    """Change of a recovery circuit by its inputs while the same outputs are beyond their dead zones."""
    driven, still = (recover_with_signs(design, one, BEYOND.tolist()) for one in (levels, 0 * levels))
    return kirchhoff.Rest({node: volts - still.voltage[node] for node, volts in driven.voltage.items()}, 0.0)


@dataclass(frozen=True)
class Small:
    """A circuit of size 2 or 3 with its judges.

    Attributes:
        label: Name of the circuit, and what is not the default.
        matrix: Programmed matrix.
        at_rest: The circuit at rest by Kirchhoff's laws.
        closed: Outputs at rest and, if there is a closed form, poles, from the numbers of the design.
        fields: Keywords with which it is programmed.
        driven: Its circuit with inputs, linear around a rest.
        equal: Exchanges that give an equal circuit, as part and groups: both ends of resistors, unless said.
    """

    label: str
    matrix: Any
    at_rest: Callable[..., kirchhoff.Rest]
    closed: Callable[..., Any]
    fields: dict[str, Any] = field(default_factory=dict)
    driven: Callable[..., Any] = all_of
    equal: set[tuple[str, str, str]] = field(default_factory=set)


def grounds(one, other, *parts):
    """Exchanges of two groups of bit lines that are at ground, in compensating cells."""
    return {(part, one, other) for part in parts}


COMPENSATED = {"topology": "compensated"}
SMALL_FEEDBACK = COMPENSATED | {"feedback_conductance": 3e-5}
SMALL_CASCADE = SMALL_FEEDBACK | {"input_conductance": 5e-6}
RIDGE = {"ridge": 0.05}
SMALLEST = {"eigenvector": "smallest"}
SPARSE = {"weight": 0.02, "dead_zone": 0.05, "feedback_conductance": 3e-5}

INPUTS, GINV_INPUTS = {("in", "in", "v")}, {("in", "in", "r"), ("f", "r", "e")}
INVERTERS = {("inva", "c", "w"), ("invb", "d", "w")}
GINV_INVERTERS = {("invea", "e", "ei"), ("inveb", "ei", "en"), ("invxa", "x", "xi"), ("invxb", "xi", "xn")}
EGV_INVERTERS = {("inva", "u", "w"), ("invb", "w", "c")}
RECOVER = GINV_INPUTS | {("leakm", "tm", "q"), ("leakp", "t", "x"), ("btm", "tm", "bt")}
RECOVER |= grounds("bt", "b", "bm", "bp", "btm", "btp")
"""The one cell of btm is on its diagonal."""
GRAM = {("p", "v", "c")}
"""A A^T is symmetric, and so are its arrays."""
SMALL = (
    Small("inv", SQUARE, kirchhoff.inv_at_rest, closed_forms.inv, equal=INPUTS | INVERTERS),
    Small("inv resistors", SQUARE, kirchhoff.inv_at_rest, closed_forms.inv, {"diagonal": "resistors"},
          equal=INPUTS | INVERTERS | {("diag", "v", "c")}),
    Small("inv compensated", SQUARE, kirchhoff.inv_compensated_at_rest, closed_forms.inv_compensated, COMPENSATED,
          equal=INPUTS | {("bm", "v", "b")}),  # the one cell of bm is on its diagonal
    Small("mvm", OBLONG, kirchhoff.mvm_at_rest, closed_forms.mvm, equal={("f", "v", "out")}),
    Small("mvm compensated", OBLONG, kirchhoff.mvm_compensated_at_rest, closed_forms.mvm_compensated, SMALL_FEEDBACK,
          equal={("f", "v", "out")}),
    Small("cascade", SKEW, kirchhoff.cascade_at_rest, closed_forms.cascade, RIDGE,
          equal=INPUTS | INVERTERS | GRAM | {("n", "v", "d"), ("mf", "mv", "mout")}),
    Small("cascade compensated", SKEW, kirchhoff.cascade_at_rest, closed_forms.cascade_compensated, SMALL_CASCADE,
          equal=INPUTS | GRAM | {("n", "p", "c"), ("mf", "mv", "mout")} | grounds("b", "mb", "bm", "bp", "mbm", "mbp")),
    Small("ginv", np.abs(OBLONG), kirchhoff.ginv_at_rest, closed_forms.ginv, equal=GINV_INPUTS),
    Small("ginv signed", OBLONG, kirchhoff.ginv_at_rest, closed_forms.ginv, RIDGE,
          equal=GINV_INPUTS | GINV_INVERTERS | {("ridge", "t", "xn")}),
    Small("ginv right", OBLONG.T, kirchhoff.ginv_at_rest, closed_forms.ginv, RIDGE,
          equal={("in", "in", "t"), ("f", "r", "e")} | GINV_INVERTERS | {("ridge", "t", "xn")}),
    Small("ginv compensated", LOADED, kirchhoff.ginv_at_rest, closed_forms.ginv_compensated, SMALL_FEEDBACK | RIDGE,
          equal=GINV_INPUTS | {("ridge", "x", "tm")}),
    Small("ginv compensated right", LOADED.T, kirchhoff.ginv_at_rest, closed_forms.ginv_compensated,
          SMALL_FEEDBACK | RIDGE,
          equal={("in", "in", "t"), ("f", "r", "e"), ("ridge", "x", "tm")}
          | grounds("bt", "b", "bm", "bp", "btm", "btp")),
    Small("egv", GROWING, kirchhoff.egv_at_rest, closed_forms.egv, {}, pulsed,
          INPUTS | EGV_INVERTERS | {("f", "v", "u")}),
    Small("egv smallest", GROWING, kirchhoff.egv_at_rest, closed_forms.egv, SMALLEST, pulsed,
          INPUTS | EGV_INVERTERS | {("f", "v", "c")}),
    Small("egv compensated", GROWING, kirchhoff.egv_compensated_at_rest, closed_forms.egv_compensated, COMPENSATED,
          pulsed, INPUTS | {("f", "v", "c")}),
    Small("egv compensated smallest", GROWING, kirchhoff.egv_compensated_at_rest, closed_forms.egv_compensated,
          COMPENSATED | SMALLEST, pulsed, INPUTS | {("f", "p", "c")}),
    Small("recover", LOADED, recover_change, lambda *given: closed_forms.recover(*given, BEYOND), SPARSE,
          with_some_beyond, RECOVER),
    Small("recover op-amps", LOADED, recover_within, lambda *_: (None, None),
          SPARSE | {"dead_zone_type": "op-amps", "opamp": MACRO}, before_dead_zones,
          RECOVER | {("minus", "z", "w"), ("back", "x", "w"), ("plus", "q", "u")}),
)  # fmt: skip
"""Dead zones of op-amps have no closed form: their judge stands alone."""


def test_every_circuit_is_here():
    """One that is added without is not tested."""
    assert {small.label.split()[0] for small in SMALL} == set(OURS)


@pytest.mark.parametrize("small", SMALL, ids=lambda small: small.label)
def test_every_exchange_is_seen(small):
    """With two groups exchanged in a part the circuit is refused, or judge or closed form differ, but where listed."""
    solver = OURS[small.label.split()[0]].load().program(small.matrix, **{"opamp": POLE} | small.fields)
    circuit = small.driven(solver.circuit)
    levels = np.linspace(0.01, 0.02, circuit.inputs)
    judge = small.at_rest(solver.design, levels).group(circuit.outputs, circuit.groups[circuit.outputs])
    rest, poles = small.closed(solver.design, levels)
    assert holds(circuit, levels, judge, rest, poles)
    unseen = {
        (part.name, one, other)
        for part in circuit.parts
        for one, other in combinations(circuit.groups, 2)
        if (changed := exchanged(part, one, other)) is not None and passes(circuit, changed, levels, judge, rest, poles)
    }
    assert unseen == small.equal


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
    known = [one for one in (judge, rest) if one is not None]
    right = all(np.abs(found - one).max() <= 1e-9 * np.abs(one).max() for one in known)
    if poles is None or not right:
        return right
    gaps = np.abs(linear.poles[:, None] - poles[None])
    return gaps.shape[0] == gaps.shape[1] and max(gaps.min(axis=0).max(), gaps.min(axis=1).max()) <= 1e-9 * W_T


def exchanged(part, one, other):
    """The part with two groups exchanged; None where it is at neither."""
    swap = {one: other, other: one}
    ends = {name: end for name, end in vars(part).items() if name in ENDS and end in swap}
    return replace(part, **{name: swap[end] for name, end in ends.items()}) if ends else None
