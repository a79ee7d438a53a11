"""The search for the crossings of a limit, with functions whose crossings are known."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amc_circuits.results.trials import Limit
from amc_circuits.studies.sizing.crossing import Sample, round_away
from amc_circuits.studies.sizing.search import intervals, search
from amc_circuits.studies.sizing.span import SCANNED, Span
from netlists import ParameterError

BELOW, ABOVE = Limit("settling_time", True, 5.0), Limit("bits", False, 5.0)


def found(function, limit, span, accuracy=0.01):
    """The search of a function of one number; nan has no usable result."""
    counted = []

    def measure(value):
        counted.append(value)
        metric = function(value)
        return Sample(value, metric, "no result" if math.isnan(metric) else "")

    result = search(measure, limit, span, accuracy)
    assert len(counted) == len(set(counted)) == len(result.samples)
    return result


@given(
    power=st.floats(0.2, 4), rising=st.booleans(), crossing=st.floats(2e-3, 5e2), above=st.booleans(),
    accuracy=st.sampled_from([0.1, 0.01, 1e-4]),
)  # fmt: skip
def test_the_crossing_of_a_power_law_is_found(power, rising, crossing, above, accuracy):
    """The value keeps the limit, and is within the accuracy of the crossing, on the side that keeps it."""
    exponent = power if rising else -power
    limit = ABOVE if above else BELOW
    result = found(lambda value: 5.0 * (value / crossing) ** exponent, limit, Span(1e-3, 1e3), accuracy)
    (edge,) = result.edges
    assert limit.kept(edge.holds.metric)
    assert edge.least == (rising == above)
    assert edge.holds.value == pytest.approx(crossing, rel=2 * accuracy)
    assert (edge.holds.value >= crossing) == edge.least or math.isclose(edge.holds.value, crossing, rel_tol=1e-9)
    assert result.turns == 0 and not result.everywhere and not result.nowhere
    assert len(result.samples) < SCANNED + 15


@given(threshold=st.integers(1, 999), above=st.booleans())
def test_whole_numbers_are_exact(threshold, above):
    """The value is the first or last whole number that keeps the limit."""
    result = found(lambda value: 5.0 + (threshold - value) - 0.5, BELOW, Span(0, 1000, True))
    assert result.answer.value == threshold
    mirrored = found(lambda value: 5.0 + (threshold - value) + 0.5, ABOVE, Span(0, 1000, True))
    assert mirrored.answer.value == threshold


def test_few_whole_numbers_are_all_measured():
    """Where the metric jumps up and down, every interval is exact."""
    kept = {3, 5, 6, 11}
    result = found(lambda value: 1.0 if value in kept else 9.0, BELOW, Span(2, 12, True))
    assert intervals(result) == [(3, 3), (5, 6), (11, 11)]
    assert result.turns > 0


@given(middle=st.floats(-2, 2), width=st.floats(0.8, 1.5))
def test_the_ends_of_an_interval_are_in_order(middle, width):
    """Rounding away from a crossing never passes the sample of the scan that keeps the limit."""
    result = found(lambda value: 5.0 * (abs(math.log10(value) - middle) / width) ** 0.5, BELOW, Span(1e-3, 1e3), 0.9)
    assert all(low <= high for low, high in intervals(result))


def test_all_crossings_are_found_that_the_scan_shows():
    """Of a parabola in the logarithm, whose roots are known: an interval with both ends, and one turn."""
    result = found(lambda value: 5.0 * math.log10(value) ** 2, BELOW, Span(1e-3, 1e3))
    ((low, high),) = intervals(result)
    assert (low, high) == (pytest.approx(0.1, rel=0.01), pytest.approx(10, rel=0.01))
    assert low > 0.1 and high < 10
    assert result.turns == 1


def test_a_jump_is_narrowed():
    """A step has no root; both sides are the accuracy apart."""
    result = found(lambda value: 9.0 if value < 37 else 1.0, BELOW, Span(1, 1000))
    (edge,) = result.edges
    assert edge.holds.value >= 37 > edge.fails.value
    assert edge.holds.value / edge.fails.value <= 1.011


def test_the_end_of_usable_results_is_left_alone_beside_a_crossing():
    """No simulation near a limit of stability, unless it is the only crossing."""
    result = found(lambda value: 5.0 / value if value < 400 else math.nan, BELOW, Span(1e-3, 1e3))
    assert result.answer.value == pytest.approx(1, rel=0.01)
    (end,) = result.ends
    assert end.holds.value < 400 <= end.fails.value and end.fails.problem
    assert not any(end.holds.value < sample.value < end.fails.value for sample in result.samples)
    alone = found(lambda value: 1.0 if value < 400 else math.nan, BELOW, Span(1e-3, 1e3))
    assert alone.answer.value == pytest.approx(400, rel=0.01) and alone.ends == ()


@given(stable=st.floats(2e-3, 5e2), share=st.floats(0.85, 0.98), mirrored=st.booleans())
def test_a_limit_kept_only_beside_the_last_usable_value_is_found(stable, share, mirrored):
    """A metric falls towards the last usable value, and keeps the limit on the last part alone: no scan is so fine."""
    edge, sign = math.log(stable), -1 if mirrored else 1

    def function(value):
        distance = sign * (math.log(value) - edge)
        return math.nan if distance > 0 else 5.0 * share * math.exp(-distance)

    span = Span(1e-3, 1e3)
    result = found(function, BELOW, span)
    crossing = edge + sign * math.log(share)
    if any(BELOW.kept(sample.metric) for sample in result.scan):
        return
    assert not result.nowhere and not result.everywhere
    assert math.log(result.answer.value) == pytest.approx(crossing, abs=0.02)
    (interval,) = intervals(result)
    assert all(BELOW.kept(function(value)) for value in interval)


def test_whole_numbers_beside_the_last_usable_one_are_found():
    """Of 1 to 1000 the limit is kept from 396 to 400 alone, and from 401 on nothing is usable."""
    result = found(lambda value: 400.0 - value if value <= 400 else math.nan, BELOW, Span(1, 1000, True))
    assert result.answer.value == 396
    ((low, high),) = intervals(result)
    assert low == 396 and 396 <= high <= 400


def test_one_whole_number_is_an_interval_of_its_own():
    """Whether it lies between values that miss the limit, or beside unusable ones."""
    one = found(lambda value: 1.0 if value == 3 else 9.0, BELOW, Span(2, 8, True))
    assert intervals(one) == [(3, 3)]
    for unusable in (2, 4):
        beside = found(lambda v, u=unusable: {3: 1.0, u: math.nan}.get(v, 9.0), BELOW, Span(2, 8, True))
        assert intervals(beside) == [(3, 3)]


@pytest.mark.parametrize(("metric", "everywhere"), [(1.0, True), (9.0, False), (5.0, False), (math.nan, False)])
def test_a_constant_has_no_crossing(metric, everywhere):
    """Kept everywhere or nowhere, a metric at its limit is not kept, and the range is scanned once."""
    result = found(lambda value: metric, BELOW, Span(1, 10))
    assert (result.everywhere, result.nowhere) == (everywhere, not everywhere)
    assert result.answer is None and len(result.samples) == SCANNED
    assert intervals(result) == ([(1, 10)] if everywhere else [])
    assert result.flat == math.isfinite(metric)


def test_a_range_with_zero_is_linear():
    """Steps are equal, and the accuracy is that of the value."""
    result = found(lambda value: 1 + value, BELOW, Span(-10, 10))
    assert result.answer.value == pytest.approx(4, rel=0.01) and result.answer.value < 4
    assert [sample.value for sample in result.scan][4] == 0


@given(value=st.floats(1e-12, 1e12), up=st.booleans(), digits=st.integers(2, 9))
def test_rounding_keeps_the_side(value, up, digits):
    """Never to the other side, never by more than a step, and a rounded number stays."""
    rounded = round_away(value, digits, up=up)
    assert rounded >= value if up else rounded <= value
    assert rounded == pytest.approx(value, rel=10.0 ** (1 - digits))
    assert round_away(rounded, digits, up=up) == rounded


@pytest.mark.parametrize("ends", [(1, 1), (2, 1), (0, math.inf), (math.nan, 1)])
def test_ranges_that_are_none_are_refused(ends):
    """Both ends are finite, and the first is smaller."""
    with pytest.raises(ParameterError, match="between"):
        Span(*ends)


@pytest.mark.parametrize("accuracy", [0, -1, 1, 2, 1e-10, math.nan])
def test_accuracies_that_are_none_are_refused(accuracy):
    """From 1e-9 to below 1."""
    with pytest.raises(ParameterError, match="accuracy"):
        found(lambda value: value, BELOW, Span(1, 10), accuracy)
