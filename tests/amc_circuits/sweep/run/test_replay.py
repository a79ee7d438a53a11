"""`amc replay`: a row that is run again is the same, or the difference is named."""

from pathlib import Path

import pytest

from amc_circuits.sweep.store import DATABASE, FAILED, INVALID
from tests.amc_circuits import broken_ngspice as broken
from tests.amc_circuits.sweep.made_rows import tampered
from tests.amc_circuits.sweep.sweeps import EXACT, FAST, programmed, rows, run

ENGINES = """circuit = "inv"
[fixed]
input_voltage = 0.02
size = 2
[[points]]
engine = "exact"
[[points]]
engine = "ngspice"
[[points]]
engine = "auto"
[[points]]
engine = "exact"
programming_error = "1u"
monte_carlo = 10
spec = "relative_error<0.05"
[[points]]
seed = 1
engine = "auto"
"""


def change(folder, number, function):
    """Changes the metrics of a row behind the program's back."""
    with tampered(folder) as rows:
        tree = rows.trees()[number]
        function(tree["figures"])
        rows.put(number, tree)


def test_a_row_comes_out_the_same(sweep, amc, tmp_path):
    """By every engine, with trials, and one that both engines solved; exit code 0, and the folder stays as it was."""
    assert sweep(ENGINES).code == 0
    found = rows(tmp_path)
    assert sorted(row.figures.get("cross_checked", 0) for row in found[2::2]) == [0, 1]
    before = (tmp_path / "out" / DATABASE).read_bytes()
    for row in found:
        outcome = amc("replay", tmp_path / "out", row.number)
        assert (outcome.code, outcome.err) == (0, "")
        assert f"row {row.number}: SETTLED again" in outcome.out and "the same to the last bit" in outcome.out
    assert (tmp_path / "out" / DATABASE).read_bytes() == before


def test_a_row_that_was_changed_is_told(sweep, amc, tmp_path):
    """Exit code 3; the figures that differ are named, with both values and by how much, and no other is."""
    assert sweep(EXACT + "seed = [0, 1]\n").code == 0

    def tamper(figures):
        figures["settling_time_s"] *= 1.25
        figures["energy_j"]["total"] = None

    stored = rows(tmp_path)[1].figures
    change(tmp_path / "out", 1, tamper)
    outcome = amc("replay", tmp_path / "out", 1)
    assert (outcome.code, outcome.err) == (3, "")
    lines = {name: line for line in outcome.out.splitlines() for name in stored if f" {name}" in line}
    assert lines.keys() == {"settling_time_s", "energy_j"}
    assert str(stored["settling_time_s"]) in lines["settling_time_s"] and "-0.2 " in lines["settling_time_s"]
    assert "energy_j.total" in lines["energy_j"] and "None" in lines["energy_j"]
    assert "row 1: 2 differences" in outcome.out
    assert amc("replay", tmp_path / "out", 0).code == 0


def test_a_failed_row_fails_again(sweep, amc, tmp_path, temporary, monkeypatch):
    """The same way: exit code 0, and the evidence of this run is kept; once the cause is gone, that is a difference."""
    monkeypatch.setenv("AMC_NGSPICE", broken.program(tmp_path / "simulator", broken.FAILS))
    text = FAST + "size = 2\n[[points]]\nseed = 0\n[[points]]\ng_min = 1\n"
    assert sweep(text).code == 3
    assert [row.status for row in rows(tmp_path)] == [FAILED, INVALID]
    outcome = amc("replay", tmp_path / "out", 0)
    assert outcome.code == 0 and "row 0: FAILED again" in outcome.out
    (kept,) = [line.removeprefix("deck and log of this run: ") for line in outcome.out.splitlines() if "deck" in line]
    stored = tmp_path / "out" / "failures" / "0" / "deck.cir"
    assert (temporary / kept / "deck.cir").read_text() == stored.read_text()
    invalid = amc("replay", tmp_path / "out", 1)
    assert invalid.code == 0 and "row 1: INVALID again" in invalid.out
    monkeypatch.delenv("AMC_NGSPICE")
    now = amc("replay", tmp_path / "out", 0)
    assert now.code == 3
    (status,) = [line for line in now.out.splitlines() if " status " in line]
    assert FAILED in status and "SETTLED" in status


def test_another_simulator_is_told(sweep, amc, tmp_path, monkeypatch):
    """Its version beside the row's; figures decide the exit code."""
    assert sweep(FAST + "size = 2\n").code == 0
    (row,) = rows(tmp_path)
    simulator = Path(broken.program(tmp_path / "older", 'exec "$real" "$@"'))
    text = simulator.read_text().replace('exec "$real" --version', "{ echo ngspice-39; exit; }")
    simulator.write_text(text)
    monkeypatch.setenv("AMC_NGSPICE", str(simulator))
    outcome = amc("replay", tmp_path / "out", 0)
    assert f"the row was made by {row.engine_version}; this is ngspice 39, amc " in outcome.out


@pytest.mark.parametrize(("row", "words"), [("7", "no such row"), ("-1", "whole number"), ("first", "whole number")])
def test_a_row_that_there_is_not_is_refused(amc, tmp_path, row, words):
    """By the number as it was typed; a folder without a sweep, too."""
    run(tmp_path / "out", {"circuit": "inv", "fixed": {"engine": "exact", "size": 2}})
    amc("replay", tmp_path / "out", "--", row).refused("ROW: got", row, words)
    amc("replay", tmp_path, "0").refused("DIR: got", "amc sweep")


def test_a_row_needs_the_file_it_was_made_with(sweep, amc, tmp_path):
    """Named where it is gone; another content is a difference, and is told."""
    written = programmed(tmp_path / "c.npz", 2, 1e-7)
    assert sweep(EXACT.replace("[grid]\n", f'conductances = "{written}"\n')).code == 0
    same = amc("replay", tmp_path / "out", 0)
    assert same.code == 0 and "something else" not in same.out
    programmed(written, 2, 1e-6)
    changed = amc("replay", tmp_path / "out", 0)
    assert changed.code == 3 and "relative_error" in changed.out
    assert "its files hold something else by now" in changed.out
    written.unlink()
    amc("replay", tmp_path / "out", 0).refused("--conductances", str(written), "bring it back")
