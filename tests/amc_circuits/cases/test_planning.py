"""Options of a planned solve that have no effect are named, and no others."""

import json

import numpy as np
import pytest

MATRIX = [[2.0, -0.5, 0.1], [-0.5, 1.0, 0.2], [0.1, 0.2, 1.5]]
DRAWN = ("--programming-error", "1u")
CIRCUITS = ("inv", "ginv", "blocks")


@pytest.fixture
def solved(amc, tmp_path):
    """`amc solve` of two files by the exact engine: its notes on options, and its answers."""
    np.save(tmp_path / "A.npy", MATRIX)
    np.save(tmp_path / "b.npy", [1.0, 0.5, -0.3])

    def run(*options):
        command = ("solve", tmp_path / "A.npy", tmp_path / "b.npy", "--bits", 12, "--engine", "exact", *options)
        outcome = amc(*command, "--format", "json")
        assert outcome.code == 0
        record = json.loads(outcome.out)
        notes = [note for note in record["notes"] if "has no effect here" in note]
        assert [f"amc: note: {note}" in outcome.err for note in notes] == [True] * len(notes)
        return [note.split()[0] for note in notes], {name: record[name] for name in ("x", "history", "time_s", "plan")}

    return run


@pytest.mark.parametrize("circuit", CIRCUITS)
@pytest.mark.parametrize(
    "options", [("--seed", 3), ("--trial", 1), ("--jobs", 2), ("--input-coupling", "20f")], ids=lambda one: one[0]
)
def test_an_option_without_effect_is_named(solved, circuit, options):
    """In its note, and no digit of the answer differs."""
    notes, found = solved("--circuit", circuit, *options)
    assert notes == [options[0]]
    assert solved("--circuit", circuit) == ([], found)


@pytest.mark.parametrize(
    "options", [("--seed", 3, *DRAWN), ("--trial", 1, *DRAWN), ("--input-coupling", "20f", "--topology", "compensated")]
)
def test_an_option_with_effect_is_not_named(solved, options):
    """The answer differs."""
    notes, found = solved(*options)
    assert notes == []
    assert solved(*options[2:])[1] != found
