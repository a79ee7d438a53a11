"""`amc netlist`: decks that plain ngspice runs and that measure themselves."""

import numpy as np
import pytest

from tests.amc_circuits.plain_ngspice import printed_settling_times
from tests.command_line import SMALL

PROBLEMS = {
    "inv": ("inv", "--size", "4", "--seed", "3"),
    "inv, all positive": ("inv", "--size", "4", "--family", "toeplitz", "--opamp", "single-pole"),
    "inv, wires": ("inv", "--size", "3", "--wire-resistance", "1.73", "--line-capacitance", "0.2f"),
    "inv, scaled down": ("inv", "--size", "4", "--seed", "2", "--condition", "60"),
    "mvm": ("mvm", "--size", "4", "--seed", "3"),
    "mvm, oblong": ("mvm", "--size", "5", "--columns", "3", "--family", "random", "--opamp", "single-pole"),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_deck_prints_the_settling_time_that_amc_measures(amc, tmp_path, name):
    """The measurement by ngspice itself, in the stand-alone deck, and ours agree within 1 %."""
    deck = tmp_path / "deck.cir"
    outcome = amc("netlist", *PROBLEMS[name], "-o", deck)
    assert (outcome.code, outcome.err) == (0, "")
    assert f"ngspice -b {deck}" in outcome.out
    measured = amc(*PROBLEMS[name], "--format", "json").json["settling_time_s"]
    assert printed_settling_times(deck, tmp_path) == {1: pytest.approx(measured, rel=0.01)}


def test_deck_of_several_right_hand_sides_prints_one_time_each(amc, tmp_path):
    """Each column of b is a slot of the deck, with its own settling time."""
    np.save(tmp_path / "A.npy", np.array([[2.0, -1.0], [-1.0, 2.0]]))
    np.save(tmp_path / "b.npy", np.array([[1.0, 0.0, -1.0], [1.0, 1.0, 0.5]]))
    files = (tmp_path / "A.npy", tmp_path / "b.npy")
    assert amc("netlist", "inv", *files, "-o", tmp_path / "deck.cir").code == 0
    measured = amc("inv", *files, "--format", "json").json["settling_time_s"]
    expected = {k: pytest.approx(time, rel=0.01) for k, time in enumerate(measured, 1)}
    assert printed_settling_times(tmp_path / "deck.cir", tmp_path) == expected


def test_deck_takes_the_place_of_an_old_one(amc, tmp_path):
    """An old deck is replaced, and no other file is left beside it."""
    folder = tmp_path / "decks"
    folder.mkdir()
    (folder / "deck.cir").write_text("old")
    assert amc("netlist", "mvm", *SMALL, "-o", folder / "deck.cir").code == 0
    assert (folder / "deck.cir").read_text().endswith(".end\n")
    assert len(list(folder.iterdir())) == 1


def test_an_unstable_deck_is_written_only_by_force(amc, tmp_path):
    """Without --force there is no deck and exit code 3 with the cause; with it there is one."""
    problem = ("netlist", "inv", "--size", "4", "--family", "random", "--seed", "0", "-o", tmp_path / "deck.cir")
    refused = amc(*problem)
    assert refused.code == 3
    assert "UNSTABLE: pole at" in refused.err
    assert not (tmp_path / "deck.cir").exists()
    assert amc(*problem, "--force").code == 0
    assert (tmp_path / "deck.cir").exists()


def test_deck_gets_what_the_dacs_give(amc, tmp_path):
    """Inputs of 3 bits stand at multiples of a third of the full scale in the deck."""
    deck = tmp_path / "deck.cir"
    assert amc("netlist", "inv", "--size", 4, "--seed", 3, "--dac-bits", 3, "--fixed-scale", "-o", deck).code == 0
    lines = [line for line in deck.read_text().splitlines() if line.startswith("Vin")]
    levels = [float(line.rstrip(")").split()[-1]) for line in lines]
    assert len(levels) == 4
    assert np.array(levels) * 30 == pytest.approx(np.rint(np.array(levels) * 30))


@pytest.mark.parametrize("option", [("--noise",), ("--adc-bits", 8), ("--monte-carlo", 3)])
def test_what_no_deck_holds_is_refused(amc, tmp_path, option):
    """It would be left out without a word."""
    amc("netlist", "inv", "--size", 3, *option, "-o", tmp_path / "deck.cir").refused(option[0])
    assert not (tmp_path / "deck.cir").exists()
