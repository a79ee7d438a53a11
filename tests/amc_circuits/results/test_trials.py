"""Limits of a yield: read from text, refused, and held against trials."""

import math

import pytest

from amc_circuits.results.trials import FIGURES, Limit, Trial, no_limits, read_limits
from tests.amc_circuits.random_circuits import TYPED


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("relative_error<0.05", [Limit("relative_error", True, 0.05)]),
        ("settling_time < 200n", [Limit("settling_time", True, 2e-7)]),
        ("settling_time<200ns,bits>4", [Limit("settling_time", True, 2e-7), Limit("bits", False, 4.0)]),
        (" energy<1.5nJ , peak_output_current<1mA", None),
        ("relative_noise<1m,overshoot>0,residual<1", None),
    ],
)
def test_limits_are_read(text, limits):
    """METRIC<NUMBER or METRIC>NUMBER, with SI suffixes and units; as text they can be read again."""
    found = read_limits(text)
    assert limits is None or list(found) == limits
    assert read_limits(",".join(map(str, found))) == found


def test_limits_take_percentages():
    """A limit of 5% on a share is the limit 0.05."""
    assert read_limits("relative_error<5%,overshoot<0.1") == read_limits("relative_error<0.05,overshoot<10 %")


@pytest.mark.parametrize(
    "text",
    [
        "",
        ",",
        "relative_error",
        "relative_error<",
        "<0.1",
        "error<0.1",
        "relative_error=0.1",
        "relative_error<=0.1",
        "relative_error<0.1,",
        "relative_error<0.1;bits>3",
        "relative_error<nan",
        "relative_error<inf",
        "bits>5%",
        "settling_time<5V",
        "0.1>relative_error",
        "bits>3<5",
        "Relative_Error<0.1",
    ],
)
def test_bad_limits_are_refused(amc, text):
    """Exit code 2 and one line with what a limit looks like, before anything runs."""
    outcome = amc("inv", *TYPED, "--monte-carlo", 2, "--spec", text)
    outcome.refused("--spec", "METRIC<NUMBER", *FIGURES)


def test_a_limit_holds_for_usable_trials_with_the_metric():
    """Below is below, above is above; equality, an unknown metric and an unusable trial pass neither."""
    below, above = Limit("bits", True, 4.0), Limit("bits", False, 4.0)
    for bits, passes in ((3.0, (True, False)), (4.0, (False, False)), (5.0, (False, True)), (math.nan, (False, False))):
        trial = Trial(0, "SETTLED", {"bits": bits})
        assert (below.passed(trial), above.passed(trial)) == passes
        assert not above.passed(Trial(0, "SATURATED", {"bits": bits}))
    assert not below.passed(Trial(0, "SETTLED", {}))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--spec", "relative_noise<0.05"), "add noise"),
        (("--spec", "energy<1n", "--opamp", "single-pole"), "no supply"),
    ],
)
def test_limits_on_what_no_trial_has_are_refused(amc, options, words):
    """They would be a yield of 0 %."""
    amc("inv", *TYPED, "--monte-carlo", 2, "--engine", "exact", *options).refused("--spec", words)


@pytest.mark.parametrize(
    ("text", "noted"),
    [
        ("settling_time<200", True),
        ("settling_time<200n", False),
        ("settling_time<50n", False),
        ("settling_time>1p", True),
        ("settling_time>0", False),
        ("settling_time>200", False),
        ("energy<1.5", True),
        ("relative_error<5", False),
        ("peak_output_current<3", False),
    ],
)
def test_a_limit_that_all_keep_a_thousandfold_is_noted(text, noted):
    """Of metrics in s, J and A that are known; a limit of 0 is one, and one that nothing keeps is seen in the yield."""
    figures = {"settling_time": 1e-7, "energy": 2e-12, "relative_error": 1e-3, "peak_output_current": math.nan}
    trials = [Trial(0, "SETTLED", figures), Trial(1, "UNSTABLE", {"settling_time": 1e9})]
    found = no_limits(read_limits(text), trials)
    assert bool(found) == noted
    assert all(note.startswith(f"{read_limits(text)[0]} is no limit, the ") for note in found)


def test_a_limit_that_is_none_is_noted_by_the_command(amc):
    """The trials run, and one line names the limit and the unit."""
    typed = ("--monte-carlo", 2, "--engine", "exact", "--programming-error", "1u")
    outcome = amc("inv", *TYPED, *typed, "--spec", "settling_time<200,bits>1")
    assert outcome.code == 0 and "2 of 2" in outcome.out
    assert outcome.err.startswith("amc: note: --spec: settling_time<200s is no limit") and outcome.err.count("\n") == 1
