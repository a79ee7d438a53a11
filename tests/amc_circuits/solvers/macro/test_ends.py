"""Every end of every part of the macro, led to another group: the judge from Kirchhoff's laws sees it."""

from dataclasses import replace

import numpy as np
import pytest

from amc_circuits.linear.durations import connected
from amc_circuits.linear.equations import linear_circuit
from amc_circuits.solvers.macro.plan import plan
from amc_circuits.solvers.macro.schedule import make_schedule
from netlists import GROUND, Hold, ParameterError, Switches, preset
from netlists.circuits.macro.records import LETTERS
from netlists.parts import ends_of
from tests.kirchhoff_macro import macro_at_rest, outputs_at_rest

LEAKY = {"on_resistance": 300.0, "off_resistance": 3e6, "idle_resistance": 1e7, "overlap_mismatch": 0.0}
OPAMP = preset("cmos-100meg").replace(input_offset=1e-3)
"""Its offset drives EGV, too, which has no inputs."""
ENDS = ("a", "b", "word_lines", "bit_lines", "inverting", "noninverting", "output")
EQUAL = {("idleq", "a")}
"""Ends that may lead elsewhere: without GINV, switches tie the inputs q to ground in every phase."""
WORDS = [0.6, -1.0]
SIGNED, POSITIVE = [[1.0, -0.4], [-0.3, 0.8]], [[1.0, 0.4], [0.3, 0.8]]


def planned(matrix, *modes):
    """A schedule of phases that DACs drive, on one array; EGV has none."""
    phases = [
        {"name": mode, "mode": mode, "array": "a"} | ({} if mode == "egv" else {"inputs": WORDS}) for mode in modes
    ]
    content = {"arrays": [{"name": "a", "matrix": matrix}], "phases": phases, "switches": LEAKY}
    return plan(make_schedule(content | {"hardware": {"opamp": OPAMP}}))


def rests(found, circuit):
    """Outputs of every phase at rest, shape (phases, outputs), V."""
    outputs = []
    for phase in found.phases:
        alone = connected(circuit, found.phase(phase.schedule.name), leaks=True)
        owners = [found.phases[LETTERS.index(source.group[1])] for source in alone.sources]
        levels = np.concatenate([owner.words * (owner is phase) for owner in owners])
        linear = linear_circuit(alone)
        outputs.append(linear.steady(linear.outputs, levels[:, None])[:, 0])
    return np.array(outputs)


def judged(found):
    """The same by the judge."""
    words = {phase.schedule.name: phase.words for phase in found.phases if phase.words is not None}
    names = [phase.schedule.name for phase in found.phases]
    return np.array(
        [outputs_at_rest(found.design, name, macro_at_rest(found.design, name, words, {})) for name in names]
    )


def led_elsewhere(circuit, part, generator):
    """The part with each of its ends at another group of the same size."""
    groups = [group for group in circuit.groups if group not in {end for end, _ in ends_of(part)}]
    for end in ENDS:
        if getattr(part, end, GROUND) != GROUND:
            for group in generator.choice(groups, 1):
                yield end, replace(part, **{end: str(group)})


@pytest.mark.parametrize(
    "found",
    [planned(SIGNED, "mvm", "inv", "egv"), planned(POSITIVE, "inv", "ginv", "mvm"), planned(SIGNED, "ginv", "mvm")],
    ids=["pair", "one array", "pair in GINV"],
)
def test_no_part_may_end_elsewhere(found):
    """Without a change the macro is the judge's to 1e-9; with one it is refused, or an output moves."""
    wanted, circuit = judged(found), found.circuit
    bounds = 1e-9 * np.abs(wanted).max(axis=1)
    assert (np.abs(rests(found, circuit) - wanted).max(axis=1) < bounds).all()
    generator, unseen = np.random.default_rng(0), []
    for part in circuit.parts:
        assert not isinstance(part, Hold)
        for end, other in led_elsewhere(circuit, part, generator):
            try:
                moved = np.abs(rests(found, circuit.with_parts(other)) - wanted).max(axis=1)
            except (ParameterError, np.linalg.LinAlgError):
                continue
            if not (moved > bounds).any():
                unseen.append((part.name, end))
    assert set(unseen) <= EQUAL and any(isinstance(part, Switches) for part in circuit.parts)
