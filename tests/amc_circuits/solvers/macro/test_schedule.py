"""Schedules as data: TOML files, matrices from files and families, and one clear line for every mistake."""

import numpy as np
import pytest

from amc_circuits.solvers.macro.plan import plan
from amc_circuits.solvers.macro.schedule import make_schedule, read_schedule
from netlists import ParameterError, SinglePoleOpAmp
from tests.comparators import assert_close

ARRAY = {"name": "a", "matrix": [[1.0, -0.4], [0.3, 0.8]]}
FIRST = {"name": "one", "mode": "mvm", "array": "a", "inputs": [0.5, 1.0]}
SECOND = {"name": "two", "mode": "inv", "array": "a", "inputs": "one"}


def content(*phases, arrays=(ARRAY,), **more):
    """Content of a schedule."""
    return {"arrays": list(arrays), "phases": list(phases), **more}


TEXT = """
tolerance = 0.02
[hardware]
opamp = "cmos-1g"
[switches]
on_resistance = 50
[[arrays]]
name = "a"
file = "A.npy"
[[arrays]]
name = "b"
family = "toeplitz"
size = 2
[[phases]]
name = "one"
mode = "mvm"
array = "a"
inputs = [0.5, 1]
[[phases]]
name = "two"
mode = "inv"
array = "b"
inputs = ["-one", [1, 2]]
duration = 3e-7
"""


def test_a_file_is_read(tmp_path):
    """Matrices of files stand beside the schedule; those of families are drawn as everywhere."""
    np.save(tmp_path / "A.npy", [[2.0, 0.5], [0.5, 1.0]])
    (tmp_path / "schedule.toml").write_text(TEXT)
    found = read_schedule(tmp_path / "schedule.toml")
    assert_close(found.arrays[0].matrix, [[2.0, 0.5], [0.5, 1.0]])
    assert (found.tolerance, found.switches.on_resistance, found.hardware.opamp.gbwp) == (0.02, 50.0, 1e9)
    second = found.phases[1].inputs
    assert (second.held, second.sign, second.words.tolist()) == ("one", -1, [1.0, 2.0])
    planned = plan(found)
    assert_close(
        planned.phases[1].answer,
        np.linalg.solve(found.arrays[1].loaded(tmp_path), np.array([-0.5, 0.75])),
        relative=1e-12,
    )
    assert planned.circuit.phases[-1].duration == 3e-7


def test_feedback_is_a_power_of_two():
    """The largest output of MVM is from half of the input voltage to all of it, by G0 times a power of two."""
    for factor in (0.3, 1.0, 7.0):
        (one,) = plan(make_schedule(content({**FIRST, "inputs": [0.5 * factor, 1.0]}))).phases
        unit = 99e-6
        assert np.log2(one.own.feedback_conductance / unit) == pytest.approx(
            np.rint(np.log2(one.own.feedback_conductance / unit))
        )
        assert 0.05 * (1 - 1e-9) <= np.abs(one.answer * one.scale).max() <= 0.1 * (1 + 1e-9)


def test_all_phases_shrink_where_one_passes_the_swing():
    """0.8 of the swing of 0.9 V is the largest ideal output; scales stay in their ratios."""
    weak = {**ARRAY, "matrix": [[0.05, 0.0], [0.0, 1.0]]}
    first, second = plan(make_schedule(content(FIRST, SECOND, arrays=[weak]))).phases
    again = plan(make_schedule(content(FIRST, {**SECOND, "inputs": [1.0, 0.1]}, arrays=[weak]))).phases
    assert np.abs(second.answer * second.scale).max() <= 0.72
    assert np.abs(again[1].answer * again[1].scale).max() == pytest.approx(0.72)
    assert again[0].scale / again[0].words[1] == pytest.approx(first.scale / first.words[1])


TURNED = {"name": "b", "matrix": [[1.0, 0.0, 0.2], [0.1, 0.5, 0.3]]}
WRONG = [
    (content(FIRST, {**SECOND, "inputs": "three"}), "inputs of phase two", "must be an earlier phase: one"),
    (content({**FIRST, "inputs": "two"}, SECOND), "inputs of phase one", "no phase is earlier"),
    (content({**FIRST, "array": "c"}), "array of phase one", "must be one of a"),
    (content({**FIRST, "mode": "mvn"}), "phases 1: mode", "mvm"),
    (content({**FIRST, "inputs": [1.0]}), "inputs of phase one", "must be 2"),
    (content({**FIRST, "inputs": [[1.0, 2.0], [1.0, 2.0]]}), "inputs", "has two words"),
    (content({**FIRST, "inputs": ["one", "two"]}), "inputs", "has two held"),
    (content({**FIRST, "inputs": "one two"}), "inputs of phase one", "no phase is earlier"),
    (content({**FIRST, "inputs": 3}), "words", "vector"),
    (content({**FIRST, "duration": "long"}), "phases 1: duration", "auto"),
    (content({**FIRST, "duration": -1e-9}), "phases 1: duration", "greater than 0"),
    (content({**FIRST, "durations": 1e-9}), "phases 1: durations", "did you mean duration?"),
    (content({**FIRST, "margin": 0.1}), "margin", "no effect on mvm phase one"),
    (content({**FIRST, "name": "One"}), "phases 1: name", "pattern"),
    (
        content(FIRST, {**SECOND, "feedback_conductance": 1e-4}),
        "phases 2: feedback_conductance",
        "no effect on inv phase two",
    ),
    (content(FIRST, FIRST), "phases", "two called one"),
    (content({"name": "one", "mode": "egv", "array": "a"}), "phases", "put another phase before it"),
    (content(FIRST, {"name": "two", "mode": "egv", "array": "a", "inputs": "one"}), "inputs", "leave them out"),
    (content({**FIRST, "inputs": None}), "inputs", "needs them"),
    (content(FIRST, {**SECOND, "mode": "mvm", "inputs": ["one", [1.0, 2.0]]}), "inputs of phase two", "one driver"),
    (content(FIRST, arrays=[]), "arrays", "1 or more"),
    (content(), "phases", "1 or more"),
    (content(FIRST, arrays=[{"name": "a"}]), "array a", "one of matrix, file, and family"),
    (content(FIRST, arrays=[{**ARRAY, "size": 3}]), "size", "no effect on array a without family"),
    (content(FIRST, arrays=[{"name": "a", "family": "spd"}]), "size", "give its rows"),
    (content(FIRST, arrays=[{"name": "a", "file": "none.csv"}]), "array a", "none.csv"),
    (content(FIRST, arrays=[ARRAY, ARRAY]), "arrays", "two called a"),
    (content(FIRST, {**SECOND, "array": "b"}, arrays=[ARRAY, TURNED]), "array b", "must be square for inv phase two"),
    (content(FIRST, arrays=[ARRAY, TURNED]), "arrays", "every array must be (2, 2)"),
    (content(FIRST, SECOND, arrays=[{**ARRAY, "matrix": [[1.0, 1.0], [1.0, 1.0]]}]), "array a", "must be invertible"),
    (content(FIRST, switches={"on_resistance": 2e4}), "on_resistance", "below that of"),
    (content(FIRST, switches={"off_resistance": 10.0}), "switches.off_resistance", "must pass on_resistance"),
    (content(FIRST, switches={"hold_capacitance": 1e-16}), "hold_capacitance", "injected charge"),
    (content(FIRST, SECOND, switches={"off_resistance": 1e6}), "switches.off_resistance", "phase one is held for"),
    (content(FIRST, hardware={"scaling": "diagonal"}), "hardware.scaling", "has no meaning here"),
    (content(FIRST, hardware={"opamp": "none"}), "opamp", "cmos-100meg"),
    (
        content(FIRST, {"name": "two", "mode": "egv", "array": "a"}, hardware={"opamp": SinglePoleOpAmp()}),
        "hardware.opamp",
        "take an op-amp with a swing",
    ),
    (content(FIRST, colour="red"), "colour", "no such parameter"),
]


@pytest.mark.parametrize(("given", "parameter", "mend"), WRONG, ids=[f"{case[1]}: {case[2]}" for case in WRONG])
def test_a_mistake_is_named(given, parameter, mend, tmp_path):
    """Before anything is simulated: the parameter, and what to do."""
    with pytest.raises(ParameterError) as caught:
        plan(make_schedule(given), tmp_path)
    assert parameter in caught.value.parameter and mend in f"{caught.value.value}; {caught.value.mend}", caught.value
    assert "\n" not in str(caught.value)


def test_a_turned_array_needs_the_others():
    """A negative array of the transpose would float beside single arrays."""
    (array,) = plan(make_schedule(content(FIRST | {"mode": "ginv"}))).design.arrays
    for missing in ("negative", "transposed"):
        with pytest.raises(ParameterError, match="transposed_negative: got an array; belongs to a pair"):
            array.replace(**{missing: None})
