"""Circuits that are asked the same share a deck: what is read of each is what it gives alone."""

import numpy as np
import pytest

from amc_circuits import InvCircuit, MvmCircuit, Status
from amc_circuits.studies.together import first_readings
from tests.amc_circuits import broken_ngspice as broken
from tests.cases import spd_matrix, vector
from tests.comparators import assert_close, assert_within

SIZE = 4
MATRIX, RIGHT = spd_matrix(SIZE, 5, 2), vector(SIZE, 2)
ROTATION = np.array([[0.2, -1.0, 0, 0], [1.0, 0.2, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
"""Unstable with inverters."""
SLOW = spd_matrix(SIZE, 40, 2)
"""Eight times slower than MATRIX."""


def inv(matrix=MATRIX, trial=0, **fields):
    """An INV circuit that chance makes different from the others."""
    chance = {"device": "hfo2-wide", "offset_spread": 1e-3, "seed": 4, "trial": trial}
    return InvCircuit.program(matrix, **(chance | fields))


def mvm(trial):
    """The same of MVM."""
    return MvmCircuit.program(MATRIX, device="hfo2-wide", offset_spread=1e-3, seed=4, trial=trial)


def alone(circuit):
    """Its solution by itself."""
    return circuit.answer(circuit.question(RIGHT))


def together(circuits, right=RIGHT):
    """Solutions of circuits that were read side by side, and how many of them were."""
    first = first_readings(circuits, right)
    answers = [one.answer(one.question(right), first.get(place)) for place, one in enumerate(circuits)]
    return answers, first


def assert_same(found, wanted):
    """Two solutions of a circuit within the solver's tolerance: 1e-4 of full scale, 1 % of time and energy."""
    assert found.status is wanted.status
    assert_close(found.value, wanted.value, absolute=1e-4 * np.abs(wanted.value).max())
    assert_within(found.settling_time, wanted.settling_time, 0.01)
    for name in ("total", "array", "inputs"):
        assert_within(getattr(found.energy, name), getattr(wanted.energy, name), 0.01)
    assert_within(found.peak_output_current, wanted.peak_output_current, 0.01)


@pytest.mark.parametrize("make", [lambda trial: inv(trial=trial), mvm], ids=["inv", "mvm"])
def test_read_together_is_read_alone(make):
    """Value, settling time, energy and current of eight circuits in one deck are those of each alone."""
    circuits = [make(trial) for trial in range(8)]
    found, first = together(circuits)
    assert len(first) == 8
    assert len({reading.deck_sha256.split()[0] for readings in first.values() for reading in readings}) == 1
    for one, circuit in zip(found, circuits, strict=True):
        assert_same(one, alone(circuit))


def test_who_is_unlike_the_others_runs_alone():
    """An unstable and a much slower circuit are no part of the deck: the others' answers are those without them."""
    like = [inv(trial=trial) for trial in range(3)]
    odd = [inv(ROTATION), inv(SLOW)]
    assert not odd[0].stability.stable and odd[1].timing.slot_time > 4 * like[0].timing.slot_time
    found, first = together([like[0], odd[0], like[1], odd[1], like[2]])
    assert sorted(first) == [0, 2, 4]
    without, _ = together(like)
    for place, wanted in zip((0, 2, 4), without, strict=True):
        assert np.array_equal(found[place].value, wanted.value)
        assert found[place].settling_time == wanted.settling_time
    assert found[1].status is Status.UNSTABLE
    assert np.array_equal(found[3].value, alone(odd[1]).value)


def test_a_slower_neighbour_in_the_deck_changes_little():
    """One whose slot is longer, but not by so much that it runs alone, leaves the others' answers within 1 %."""
    slower = inv(spd_matrix(SIZE, 9, 2))
    circuits = [inv(trial=1), inv(trial=2), slower]
    assert 1.3 < slower.timing.slot_time / circuits[0].timing.slot_time < 2
    found, first = together(circuits)
    assert len(first) == 3
    for one, circuit in zip(found, circuits, strict=True):
        assert_same(one, alone(circuit))


def test_what_is_too_large_is_repeated_alone():
    """Outputs beyond 0.8 of the swing are scaled down as in a solve of their own."""
    circuits = [inv(trial=trial, input_voltage=0.6) for trial in range(3)]
    found, first = together(circuits)
    assert len(first) == 3
    for one, circuit in zip(found, circuits, strict=True):
        assert [attempt.why for attempt in one.attempts[0]] == ["first", "output scale reduced"]
        assert_same(one, alone(circuit))


def test_a_deck_that_fails_falls_back(tmp_path, temporary, monkeypatch):
    """Where the common deck fails each runs alone, to the same bit; nothing is left of the failure."""
    script = 'if grep -q "side by side" deck.cir; then exit 3; else exec "$real" "$@"; fi'
    wanted = [alone(inv(trial=trial)).value for trial in range(2)]
    monkeypatch.setenv("AMC_NGSPICE", broken.program(tmp_path / "simulator", script))
    found, first = together([inv(trial=trial) for trial in range(2)])
    assert first == {}
    assert np.array_equal([one.value for one in found], wanted)
    assert not list(temporary.iterdir())


@pytest.mark.parametrize(
    ("right", "fields"),
    [
        pytest.param(np.column_stack([RIGHT, -RIGHT]), {}, id="streams share a deck anyway"),
        pytest.param(np.zeros(SIZE), {}, id="nothing to solve"),
        pytest.param(RIGHT, {"engine": "exact"}, id="no decks"),
        pytest.param(RIGHT, {"engine": "auto"}, id="decks for some"),
    ],
)
def test_where_there_is_nothing_to_share_all_run_alone(right, fields):
    """Several right-hand sides, none, and other engines."""
    assert first_readings([inv(trial=trial, **fields) for trial in range(2)], right) == {}


def test_one_circuit_has_nobody_to_share_with():
    """It runs alone."""
    assert first_readings([inv()], RIGHT) == {}
