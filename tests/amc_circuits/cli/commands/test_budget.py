"""`--budget` on the command line: table, JSON, picture, file, Monte Carlo, sweeps; what a wrong answer says."""

import json

import numpy as np
import pytest

from amc_circuits.pictures.budget import bars_of
from amc_circuits.results.budget import CAUSES, Budget

CIRCUIT = ("--size", 6, "--seed", 2, "--programming-error", "0.5%", "--wire-resistance", "3", "--offset-spread", "1m")
EXACT = (*CIRCUIT, "--engine", "exact")
PRESENT = {"programming_error", "wires", "offset", "opamp_gain", "settling"}


@pytest.mark.parametrize("kind", ["inv", "mvm"])
def test_json_has_every_cause(amc, kind):
    """Those that the circuit has, then all together, which is the relative error; without --budget, none."""
    outcome = amc(kind, *EXACT, "--budget", "--format", "json")
    budget = outcome.json["budget"]
    assert {*budget} == {*PRESENT, "together", "at_settling_time"}
    assert budget["together"] == pytest.approx(outcome.json["relative_error"], rel=1e-3)
    assert all(error > 0 for error in budget.values())
    assert "budget" not in amc(kind, *EXACT, "--format", "json").json


def test_the_table_is_ordered(amc):
    """The largest first, then settling, then the sums and what was measured."""
    outcome = amc("inv", *EXACT, "--budget")
    figures = amc("inv", *EXACT, "--budget", "--format", "json").json["budget"]
    rows = [line.split("│")[1].strip() for line in outcome.out.partition("Error budget")[2].splitlines() if "│" in line]
    at_rest = sorted(PRESENT - {"settling"}, key=lambda name: -figures[name])
    sums = ["all at rest", "all, read at the settling time", "measured"]
    assert rows == [*(CAUSES[name] for name in (*at_rest, "settling")), *sums]


def test_what_settled_wrong_says_why(amc):
    """Above 5 % one line with the largest causes, in JSON too; below nothing."""
    command = ("inv", "--size", 6, "--seed", 2, "--engine", "exact", "--format", "json")
    wrong = amc(*command, "--programming-error", "3%")
    assert wrong.code == 0 and wrong.json["relative_error"] > 0.05
    assert wrong.err.startswith("amc: note: the relative error is ") and wrong.err.count("\n") == 1
    assert "largest causes, each alone: programming error " in wrong.err
    assert wrong.err.endswith("; --budget shows all\n") and wrong.json["notes"][0].endswith("; budget = True shows all")
    assert len(wrong.json["notes"]) == 1
    assert amc(*command).err == ""


def test_pictures_show_it(amc, tmp_path):
    """Below the outputs, and alone from a saved file; every bar is named, and each number is there."""
    command = ("inv", *EXACT, "--budget")
    assert amc(*command, "--plot", tmp_path / "both.svg", "--save", tmp_path / "s.npz").code == 0
    assert amc("plot", tmp_path / "s.npz", "--budget", "-o", tmp_path / "alone.svg").code == 0
    budget = Budget.of(amc(*command, "--format", "json").json["budget"])
    for picture in ("both.svg", "alone.svg"):
        text = (tmp_path / picture).read_text()
        for bar in bars_of(budget):
            assert bar.name in text
    assert "should end at" in (tmp_path / "both.svg").read_text()
    assert "should end at" not in (tmp_path / "alone.svg").read_text()


def test_a_file_without_a_budget_is_refused(amc, tmp_path):
    """With how to have one; --rhs says nothing about it."""
    assert amc("inv", "--size", 2, "--engine", "exact", "--save", tmp_path / "s.npz").code == 0
    amc("plot", tmp_path / "s.npz", "--budget", "-o", tmp_path / "p.png").refused("FILE", "holds no budget", "--budget")
    amc("plot", tmp_path / "s.npz", "--budget", "--rhs", 1, "-o", tmp_path / "p.png").refused("--rhs", "budget")
    assert not (tmp_path / "p.png").exists()


def test_a_damaged_budget_is_refused(amc, tmp_path):
    """A file is not trusted: other causes, other things in the place of numbers."""
    assert amc("inv", *EXACT, "--budget", "--save", tmp_path / "s.npz").code == 0
    with np.load(tmp_path / "s.npz") as content:
        parts = dict(content)
    record = json.loads(str(parts["record"]))
    for budget in (
        {"together": 1.0},
        {},
        [],
        3,
        {**record["budget"], "magic": 1.0},
        {**record["budget"], "wires": "a"},
    ):
        np.savez(tmp_path / "d.npz", **parts | {"record": json.dumps(record | {"budget": budget})})
        amc("plot", tmp_path / "d.npz", "--budget", "-o", tmp_path / "p.png").refused("FILE", "cannot be plotted")


def test_trials_have_one_each(amc, tmp_path):
    """Figures with their spread, in the file, in the picture, and for limits."""
    command = ("inv", *EXACT, "--monte-carlo", 8, "--budget")
    outcome = amc(*command, "--format", "json", "--save", tmp_path / "t.npz", "--plot", tmp_path / "t.svg")
    assert outcome.code == 0
    figures = {name.removeprefix("budget_") for name in outcome.json["figures"] if name.startswith("budget_")}
    assert figures == {*PRESENT, "together", "at_settling_time"}
    assert outcome.json["figures"]["budget_programming_error"]["count"] == 8
    # Chance is in the cells and offsets, so wires alone are the same in all trials.
    assert outcome.json["figures"]["budget_wires"]["std"] == pytest.approx(0, abs=1e-12)
    assert outcome.json["figures"]["budget_offset"]["std"] > 0
    with np.load(tmp_path / "t.npz") as stored:
        assert stored["budget_wires"].shape == (8,) and "budget_levels" not in stored
    assert CAUSES["programming_error"] in (tmp_path / "t.svg").read_text()
    kept = amc(*command, "--spec", "budget_wires<0.5", "--format", "json")
    assert kept.json["yields"][0]["passed"] == 8
    limited = ("inv", *EXACT, "--monte-carlo", 2, "--spec", "budget_wires<0.5")
    amc(*limited).refused("--spec", "budget is not computed", "add budget")


def test_rows_of_a_sweep_have_it(amc, sweep, tmp_path):
    """As columns in per cent, of single circuits and of many trials; together is the row's own error."""
    fixed = 'circuit = "inv"\n[fixed]\nsize = 4\nbudget = true\nengine = "exact"\nwire_resistance = 3\n'
    assert sweep(fixed + 'programming_error = "0.5%"\n[grid]\nseed = [1, 2]\n').code == 0
    columns = "budget_wires,budget_programming_error,budget_together,relative_error"
    rows = json.loads(amc("table", tmp_path / "out", "--columns", columns, "--format", "json").out)
    assert len(rows) == 2
    for row in rows:
        assert row["budget_together"] == pytest.approx(row["relative_error"], rel=1e-3)
        assert 0 < row["budget_wires"] < 1 and row["budget_programming_error"] > 0
    assert "wires [%]" in amc("table", tmp_path / "out", "--columns", "budget_wires").out
    trials = fixed + 'programming_error = "0.5%"\nmonte_carlo = 3\n[grid]\nseed = [3]\n'
    (tmp_path / "out").rename(tmp_path / "single")
    assert sweep(trials).code == 0
    row = json.loads(
        amc("table", tmp_path / "out", "--columns", "budget_wires,budget_wires_q95", "--format", "json").out
    )
    assert row[0]["budget_wires"] == pytest.approx(row[0]["budget_wires_q95"])


def test_an_unstable_circuit_has_none(amc, tmp_path):
    """The status says it; nothing else goes wrong."""
    np.save(tmp_path / "A.npy", np.array([[0.2, -1.0], [1.0, 0.2]]))
    np.save(tmp_path / "b.npy", [1.0, 0.0])
    for more in ((), ("--force",)):
        outcome = amc("inv", tmp_path / "A.npy", tmp_path / "b.npy", "--budget", "--format", "json", *more)
        assert (outcome.code, outcome.json["status"]) == (3, "UNSTABLE")
        assert "budget" not in outcome.json
