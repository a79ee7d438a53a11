"""`amc size`."""

import math

import numpy as np
import pytest

from tests.amc_circuits.sweep.svg import texts

SINGLE = ("--opamp", "single-pole")
QUESTION = ("--target", "settling_time<50n", "--free", "gbwp")
NEEDED = math.log(100) / (2 * math.pi * (1e-5 + 0.5) * 50e-9)
"""GBWP with which the exponential of one cell settles in 50 ns, Hz."""


@pytest.fixture
def one_cell(tmp_path):
    """Files of A = 1 and b = 1."""
    np.savetxt(tmp_path / "A.csv", [[1.0]])
    np.savetxt(tmp_path / "b.csv", [1.0])
    return (tmp_path / "A.csv", tmp_path / "b.csv", *SINGLE)


def test_the_answer_is_a_sentence_below_the_scan(amc, one_cell):
    """A line for each place of the scan, the answer with its check, and the sentence."""
    outcome = amc("size", "inv", *one_cell, *QUESTION)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.rstrip().endswith("MHz for settling_time<50ns")
    assert "gbwp must be at least 29." in outcome.out
    assert outcome.out.count("missed") == 3 and outcome.out.count("kept") == 8 and "by ngspice" in outcome.out


def test_json_has_the_answer_and_every_sample(amc, one_cell):
    """SI units; value and both metrics, the interval up to the end of the range, samples in order."""
    found = amc("size", "inv", *one_cell, *QUESTION, "--accuracy", "0.1%", "--format", "json").json
    assert found["value"] == pytest.approx(NEEDED, rel=0.002)
    assert found["metric"] < 50e-9 and found["metric"] == pytest.approx(50e-9, rel=0.002)
    assert found["ngspice_metric"] == pytest.approx(50e-9, rel=0.01)
    assert found["intervals"] == [[found["value"], 1e10]] and found["side"] == "at least"
    values = [sample["value"] for sample in found["samples"]]
    assert values == sorted(values) and found["value"] in values


def test_a_target_out_of_reach_has_exit_code_3(amc, one_cell):
    """The table is printed, and stderr has the best value."""
    outcome = amc("size", "inv", *one_cell, *QUESTION, "--between", "1M,10M")
    assert outcome.code == 3 and outcome.out
    assert "no gbwp from 1 MHz to 10 MHz keeps settling_time<50ns; best at 10 MHz" in outcome.err


def test_a_target_that_is_always_kept_is_no_answer(amc, one_cell):
    """Exit code 0, no value, and the worst sample is checked."""
    found = amc("size", "inv", *one_cell, *QUESTION, "--between", "100M,1G", "--format", "json")
    assert found.code == 0
    assert found.json["everywhere"] and found.json["value"] is None
    assert found.json["ngspice_metric"] == pytest.approx(50e-9 * NEEDED / 100e6, rel=0.01)


def test_the_picture_has_the_target_and_the_answer(amc, one_cell, tmp_path):
    """Both are in the legend, with the check."""
    assert amc("size", "inv", *one_cell, *QUESTION, "--plot", tmp_path / "p.svg").code == 0
    drawn = texts(tmp_path / "p.svg")
    assert "settling_time<50ns" in drawn and "by ngspice" in drawn
    assert any(text.startswith("gbwp 29.") for text in drawn)


def test_two_parameters_give_a_line_and_a_picture(amc, one_cell, tmp_path):
    """The error 2/A0 + 2 r G of one cell: for each gain the resistance that algebra gives."""
    arguments = ("--free", "open_loop_gain", "--free", "wire_resistance", "--between", "100,100k", "--between", "1,1k")
    question = ("--target", "relative_error<1%", *arguments, "--tolerance", "1u", "--engine", "exact")
    outcome = amc("size", "inv", *one_cell, *question, "--plot", tmp_path / "p.svg", "--format", "json")
    assert outcome.code == 0 and "relative_error<0.01" in texts(tmp_path / "p.svg")
    for column in outcome.json["columns"]:
        gain = column["open_loop_gain"]
        # x = (1 + 2 r G)/(1 + (2 + 2 r G)/A0): the error is 2 r G - 2/A0 where the product is left out.
        if gain < 190:
            assert column["edges"] == [] or column["edges"][0]["least"]
        if gain > 1e3:
            (edge,) = column["edges"]
            share = (1.01 * (1 + 2 / gain) - 1) / (1 - 1.01 / gain)
            assert edge["value"] == pytest.approx(share / 2e-4, rel=0.011) and not edge["least"]


def test_three_places_of_the_line_are_checked_by_ngspice(amc, one_cell, tmp_path):
    """Both ends of the line and its middle, on which the metric is that of the target; table and picture say so."""
    free = ("--free", "open_loop_gain", "--free", "wire_resistance", "--between", "1k,100k", "--between", "1,1k")
    question = (*one_cell, "--target", "relative_error<1%", *free, "--tolerance", "1u", "--plot", tmp_path / "p.svg")
    columns = amc("size", "inv", *question, "--format", "json").json["columns"]
    line = [column for column in columns if column["edges"]]
    checked = [column for column in columns if column["ngspice_metric"] is not None]
    assert checked == [line[0], line[len(line) // 2], line[-1]]
    assert [column["ngspice_metric"] for column in checked] == pytest.approx([0.01] * 3, rel=0.02)
    printed = amc("size", "inv", *question, "--jobs", "2").out
    assert printed.count("kept") == 3 and "3 places of the line checked by ngspice" in printed
    assert "checked by ngspice" in texts(tmp_path / "p.svg")


def test_processes_do_not_change_the_answer(amc):
    """Five seeds in two processes: the same samples as in this one, and bad numbers are refused."""
    question = ("--size", "3", *SINGLE, *QUESTION, "--seeds", "5", "--worst", "75%", "--engine", "exact")
    alone, both = (amc("size", "inv", *question, "--format", "json", "--jobs", jobs).json for jobs in "12")
    assert alone == both
    amc("size", "inv", *question, "--jobs", "0").refused("--jobs")


def test_two_parameters_have_reasons_and_notes(amc, one_cell, tmp_path):
    """Columns without a usable value show the reason, and notes name the values for which they hold, each once."""
    free = ("--free", "class_ab_current", "--between", "0.1m,10m", "--free", "quiescent_current", "--between", "1m,2m")
    question = (*one_cell[:2], "--target", "settling_time<1", *free, "--engine", "exact")
    outcome = amc("size", "inv", *question, "--plot", tmp_path / "p.svg")
    assert outcome.code == 0
    assert "with --class-ab-current" in outcome.err and "does not change the settling time" in outcome.err
    notes = [line for line in outcome.err.splitlines() if "nothing ties" not in line]
    assert len(notes) == len(set(notes)) >= 2
    record = amc("size", "inv", *question, "--plot", tmp_path / "p.svg", "--format", "json").json
    mixed = [one for one in record["columns"] if not one["everywhere"]]
    assert mixed and any(sample["problem"] for one in mixed for sample in one["samples"])
    assert any("does not change" in note for note in record["notes"])


def test_two_parameters_show_both_ends_of_a_column(amc, tmp_path, one_cell):
    """Wire resistance and finite gain have opposite errors: each column has an interval, with both its ends."""
    free = ("--free", "tolerance", "--between", "1m,2m", "--free", "wire_resistance", "--between", "1,1k")
    question = ("--target", "relative_error<1%", *free, "--open-loop-gain", "100", "--engine", "exact")
    outcome = amc("size", "inv", *one_cell, *question, "--plot", tmp_path / "p.svg", "--format", "json")
    for column in outcome.json["columns"]:
        ((low, high),) = column["intervals"]
        # x = (1 + 2 r G)/(1 + (2 + 2 r G)/A0), and the error is 1 % at both ends
        ends = [(x * 1.02 - 1) / (1 - x / 100) / 2e-4 for x in (0.99, 1.01)]
        assert [low, high] == pytest.approx(ends, rel=0.011)
    table = amc("size", "inv", *one_cell, *question, "--plot", tmp_path / "p.svg").out
    assert table.count(" from ") == len(outcome.json["columns"]) and " to " in table


def test_two_parameters_with_seeds_of_a_given_problem_are_refused(amc, one_cell, tmp_path):
    """As with one parameter."""
    free = ("--free", "open_loop_gain", "--between", "1k,10k", "--seeds", "2", "--engine", "exact")
    outcome = amc("size", "inv", *one_cell, *QUESTION, *free, "--plot", tmp_path / "p.svg")
    outcome.refused("--seeds", "nothing is drawn")
    assert not (tmp_path / "p.svg").exists()


def test_that_nothing_ties_a_current_to_bandwidth_is_noted(amc):
    """Without a technology more bandwidth costs nothing; with one it does, and the note is gone."""
    question = ("--size", "2", "--free", "gbwp", "--engine", "exact", "--between", "10M,100M")
    alone = amc("size", "inv", *question, "--target", "energy<1u")
    assert "nothing ties --quiescent-current" in alone.err and alone.code == 0
    tied = amc("size", "inv", *question, "--target", "energy<1u", "--technology", "cmos-250nm")
    assert "nothing ties" not in tied.err and tied.code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--target", "speed<3", "--free", "gbwp"), ("--target", "settling_time")),
        (("--target", "bits>3,energy<1", "--free", "gbwp"), ("--target", "one limit")),
        (("--target", "bits>3", "--free", "gbw"), ("--free", "did you mean gbwp")),
        (("--target", "bits>3", "--free", "seed"), ("--free", "number that describes")),
        ((*QUESTION, "--free", "gbwp"), ("--free", "two different")),
        ((*QUESTION, "--free", "tolerance"), ("--free", "picture", "--plot")),
        ((*QUESTION, "--gbwp", "1M"), ("--gbwp", "is free")),
        ((*QUESTION, "--between", "1M"), ("--between", "10M,10G")),
        ((*QUESTION, "--between", "1G,1M"), ("--between", "smaller one first")),
        ((*QUESTION, "--between", "1M,1G", "--between", "1,2"), ("--between", "no parameter")),
        ((*QUESTION, "--accuracy", "0"), ("--accuracy", "1%")),
        ((*QUESTION, "--seeds", "0"), ("--seeds", "1 or more")),
        ((*QUESTION, "--worst", "120%"), ("--worst", "from 0 to 1")),
        (("--target", "energy<1n", "--free", "gbwp"), ("--target", "no supply")),
        (("--target", "bits>3", "--free", "noise_bandwidth"), ("--free", "noise alone", "relative_noise")),
        (("--target", "bits>3", "--free", "input_noise"), ("--free", "noise alone", "relative_noise")),
        ((*QUESTION, "--noise-bandwidth", "1M"), ("--noise-bandwidth", "noise alone")),
        (
            ("--target", "energy<1n", "--free", "quiescent_current", "--technology", "ad823"),
            ("--free", "follows from gbwp"),
        ),
    ],
)
def test_bad_questions_are_refused(amc, arguments, words):
    """In one line that names the option."""
    amc("size", "inv", "--size", "2", *SINGLE, *arguments).refused(*words)


def test_the_bandwidth_of_the_noise_is_free_for_a_target_on_the_noise(amc, one_cell):
    """More bandwidth is more noise."""
    question = ("--target", "relative_noise<0.1%", "--free", "noise_bandwidth", "--engine", "exact")
    outcome = amc("size", "inv", *one_cell, *question, "--between", "1k,1G", "--input-noise", "100n")
    assert outcome.code == 0 and "--noise-bandwidth must be at most" in outcome.out.replace("noise_b", "--noise-b")


def test_seeds_of_a_given_problem_are_refused(amc, one_cell):
    """Matrix and right-hand side come from files, and no part is drawn."""
    amc("size", "inv", *one_cell, *QUESTION, "--seeds", "3").refused("--seeds", "nothing is drawn")


def test_options_that_contradict_a_technology_are_refused(amc):
    """Its currents and slew rate follow from the GBWP."""
    for name in ("slew-rate", "quiescent-current", "class-ab-current"):
        outcome = amc("inv", "--size", "2", "--technology", "cmos-250nm", f"--{name}", "1m")
        outcome.refused(f"--{name}", "technology")
