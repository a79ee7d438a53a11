"""Statistics of many trials, against NumPy and SciPy."""

import math

import numpy as np
import pytest
from scipy import stats

from amc_circuits.results.trials import FAILED, Limit, Trial
from amc_circuits.studies.statistics import spread, spreads, statuses, yields

SETTLED = "SETTLED"


def trials(errors, status=SETTLED):
    """One trial an error."""
    return [Trial(number, status, {"relative_error": error}) for number, error in enumerate(errors)]


@pytest.mark.parametrize("count", [2, 3, 10, 1000])
def test_mean_and_its_interval_are_those_of_student(count):
    """Mean, standard deviation with count - 1, and SciPy's t interval."""
    values = np.random.default_rng(count).lognormal(size=count)
    found = spread(values)
    low, high = stats.t.interval(0.95, count - 1, loc=values.mean(), scale=stats.sem(values))
    assert (found.count, found.mean, found.std) == (count, values.mean(), values.std(ddof=1))
    assert (found.mean_low, found.mean_high) == pytest.approx((low, high), rel=1e-12)


def test_interval_holds_the_mean_of_19_in_20():
    """95 % of 2000 samples of ten Gaussian numbers hold the true mean in their interval, within 4 standard errors."""
    generator, samples = np.random.default_rng(1), 2000
    found = [spread(sample) for sample in generator.normal(3.0, 2.0, (samples, 10))]
    share = np.mean([one.mean_low < 3.0 < one.mean_high for one in found])
    assert abs(share - 0.95) < 4 * np.sqrt(0.95 * 0.05 / samples)


def test_quantiles_are_linear_between_neighbours():
    """The q quantile of 0, 1 ... 100 is 100 q; half a step further where two values are averaged."""
    found = spread(np.random.default_rng(0).permutation(101).astype(float))
    assert (found.smallest, found.q05, found.q25, found.median) == pytest.approx((0, 5, 25, 50))
    assert (found.q75, found.q95, found.largest) == pytest.approx((75, 95, 100))
    assert spread(np.array([1.0, 2.0])).median == 1.5


def test_unknown_figures_are_left_out():
    """Unknown metrics are no values; one value has a mean and no spread, none has neither."""
    found = spread(np.array([np.nan, 4.0, np.nan]))
    assert (found.count, found.mean, found.median, found.smallest, found.largest) == (1, 4.0, 4.0, 4.0, 4.0)
    assert math.isnan(found.std) and math.isnan(found.mean_low) and math.isnan(found.mean_high)
    empty = spread(np.array([np.nan, np.nan]))
    assert empty.count == 0 and math.isnan(empty.mean) and math.isnan(empty.q95)


def test_only_usable_trials_count_in_the_spreads():
    """A trial that saturated or failed has no part in the figures of those that settled."""
    found = spreads([*trials([0.1, 0.2, 0.3]), *trials([9.0], "SATURATED"), Trial(5, FAILED, {})])
    assert list(found) == ["relative_error"]
    assert (found["relative_error"].count, found["relative_error"].largest) == (3, 0.3)
    assert spreads(trials([0.1], "UNSTABLE")) == {}


@pytest.mark.parametrize(("passed", "count"), [(0, 1), (1, 1), (0, 20), (7, 20), (20, 20), (1, 1000), (999, 1000)])
def test_yields_have_wilson_s_interval(passed, count):
    """Share and interval are SciPy's."""
    errors = [0.01] * passed + [0.1] * (count - passed)
    (found,) = yields(trials(errors), [Limit("relative_error", True, 0.05)])
    wanted = stats.binomtest(passed, count).proportion_ci(method="wilson")
    assert (found.passed, found.share) == (passed, passed / count)
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high), abs=1e-12)


def test_interval_of_a_yield_holds_the_truth_of_19_in_20():
    """About 95 % of 2000 studies of 50 trials with a yield of 80 % have it in their interval."""
    generator, studies = np.random.default_rng(2), 2000
    below = [Limit("relative_error", True, 0.8)]
    inside = 0
    for _ in range(studies):
        (found,) = yields(trials(generator.random(50).tolist()), below)
        inside += found.low < 0.8 < found.high
    # Exactly, by the binomial distribution: which of 0 .. 50 passed trials have 0.8 in their interval.
    bounds = [stats.binomtest(k, 50).proportion_ci(method="wilson") for k in range(51)]
    coverage = sum(stats.binom.pmf(k, 50, 0.8) for k, one in enumerate(bounds) if one.low < 0.8 < one.high)
    assert 0.93 < coverage < 0.97
    assert abs(inside / studies - coverage) < 4 * np.sqrt(coverage * (1 - coverage) / studies)


def test_unusable_trials_keep_no_limit():
    """They count as failing, whatever their figures say; so does one whose figure is not known."""
    mixed = [*trials([0.01, 0.01]), *trials([0.01], "SATURATED"), Trial(7, FAILED, {}), Trial(8, SETTLED, {})]
    mixed.append(Trial(9, SETTLED, {"relative_error": math.nan}))
    (found,) = yields(mixed, [Limit("relative_error", True, 0.05)])
    assert (found.passed, found.share) == (2, 2 / 6)


def test_several_limits_have_a_yield_together():
    """Each its own, and `all`: the trials that keep every one. A value at the limit does not keep it."""
    figures = [(0.01, 1e-7), (0.01, 3e-7), (0.1, 1e-7), (0.05, 1e-7)]
    drawn = [Trial(k, SETTLED, {"relative_error": e, "settling_time": t}) for k, (e, t) in enumerate(figures)]
    limits = [Limit("relative_error", True, 0.05), Limit("settling_time", True, 2e-7), Limit("settling_time", False, 0)]
    found = yields(drawn, limits)
    assert [(one.limit, one.passed) for one in found] == [
        ("relative_error<0.05", 2),
        ("settling_time<200ns", 3),
        ("settling_time>0s", 4),
        ("all", 1),
    ]


def test_without_limits_the_yield_is_that_of_being_usable():
    """A yield there always is."""
    (found,) = yields([*trials([0.1] * 3), *trials([0.1], "UNSTABLE")], [])
    assert (found.limit, found.passed, found.share) == ("usable", 3, 0.75)


def test_statuses_are_counted():
    """The most frequent first."""
    mixed = [*trials([1.0], "UNSTABLE"), *trials([0.1] * 3), *trials([1.0] * 2, FAILED)]
    assert list(statuses(mixed).items()) == [(SETTLED, 3), (FAILED, 2), ("UNSTABLE", 1)]
