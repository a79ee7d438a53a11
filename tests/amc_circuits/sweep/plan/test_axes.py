"""Values of one option in a sweep."""

import math
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from amc_circuits.cases.options import ALL
from amc_circuits.sweep.plan.axes import DIGITS, values_of
from netlists import ParameterError

OPTIONS = {option.name: option for option in ALL}
ends = st.floats(1e-15, 1e15)
counts = st.integers(2, 60)


def values(name, entry):
    """The values of an axis of this option."""
    return list(values_of(OPTIONS[name], entry))


@pytest.mark.parametrize(
    ("name", "entry", "expected"),
    [
        ("gbwp", ["16M", 1e6, "100MEG", "1 GHz"], [16e6, 1e6, 1e8, 1e9]),
        ("programming_error", ["wan-2022", "1u", 0], ["wan-2022", 1e-6, 0.0]),
        ("noise", [True, False], [True, False]),
        ("spec", ["relative_error<0.1"], ["relative_error<0.1"]),
        ("seed", {"range": [0, 3]}, [0, 1, 2]),
        ("seed", {"range": [1, 8, 3]}, [1, 4, 7]),
        ("seed", {"range": [3, 0, -1]}, [3, 2, 1]),
        ("wire_resistance", {"range": [0, 3]}, [0.0, 1.0, 2.0]),
        ("gbwp", {"log": ["1MEG", "1G", 4]}, [1e6, 1e7, 1e8, 1e9]),
        ("gbwp", {"log": ["1G", "1M", 4]}, [1e9, 1e8, 1e7, 1e6]),
        ("wire_resistance", {"linear": [0, "0.4 ohm", 5]}, [0.0, 0.1, 0.2, 0.3, 0.4]),
        ("input_offset", {"linear": ["-1m", "1m", 3]}, [-1e-3, 0.0, 1e-3]),
        ("size", {"log": [4, 64, 5]}, [4, 8, 16, 32, 64]),
        ("size", {"log": [1, 4, 9]}, [1, 2, 3, 4]),
        ("size", {"linear": ["3", 10, 8]}, [3, 4, 5, 6, 7, 8, 9, 10]),
        ("levels", {"linear": [2, 5, 7]}, [2, 3, 4, 5]),
    ],
)
def test_every_form_means_what_it_says(name, entry, expected):
    """Lists are read as they are; ranges leave the end out; linear and log have both ends, integers each once."""
    assert values(name, entry) == expected


@given(first=ends, last=ends, count=counts)
@settings(max_examples=60, deadline=None)
def test_linear_steps_are_equal_and_log_ratios_are(first, last, count):
    """Value k is first + k (last - first)/(count - 1), or first (last/first)^(k/(count - 1)), to 12 digits."""
    assume(first != last)
    linear = values("gbwp", {"linear": [first, last, count]})
    log = values("gbwp", {"log": [first, last, count]})
    for found in (linear, log):
        assert (found[0], found[-1], len(found)) == (first, last, len(set(found)))
    if len(linear) == count:
        span = Fraction(last) - Fraction(first)
        for k, value in enumerate(linear):
            exact = Fraction(first) + span * k / (count - 1)
            assert abs(Fraction(value) - exact) <= Fraction(max(first, last)) * Fraction(10) ** (1 - DIGITS)
    if len(log) == count:
        for k, value in enumerate(log):
            assert math.isclose(math.log(value / first), math.log(last / first) * k / (count - 1), abs_tol=1e-10)


@given(first=st.integers(1, 10**6), last=st.integers(1, 10**6), count=counts, form=st.sampled_from(["linear", "log"]))
@settings(max_examples=40, deadline=None)
def test_whole_numbers_are_in_order_and_within_the_ends(first, last, count, form):
    """Every value of an integer option is a whole number, none is repeated, and none lies outside."""
    assume(first != last)
    found = values("size", {form: [first, last, count]})
    assert (found[0], found[-1]) == (first, last)
    assert all(type(value) is int for value in found)
    assert found in (sorted(set(found)), sorted(set(found), reverse=True))


def test_long_ranges_stay_ranges():
    """A million seeds take no more room than two."""
    assert isinstance(values_of(OPTIONS["seed"], {"range": [0, 1_000_000]}), range)


@pytest.mark.parametrize(
    ("name", "entry", "words"),
    [
        ("size", 3, "must be a list of values, {range"),
        ("size", {"rnage": [1, 2]}, "{linear = [first, last, count]}"),
        ("size", {"range": [1, 2], "log": [1, 2, 3]}, "must be a list of values"),
        ("size", [], "has no value"),
        ("size", {"range": [3, 3]}, "has no value"),
        ("size", {"range": [0, 3]}, "got 0; must be a whole number, 1 or more"),
        ("size", {"range": [3, -1, -1]}, "got 0; must be a whole number, 1 or more"),
        ("seed", {"range": [0]}, "{range = [first, end]}"),
        ("seed", {"range": [0, 2.5]}, "{range = [first, end]}"),
        ("seed", {"range": [0, True]}, "{range = [first, end]}"),
        ("seed", {"range": [0, 9, 0]}, "{range = [first, end]}"),
        ("seed", {"range": 5}, "{range = [first, end]}"),
        ("seed", {"range": [0, 10**20]}, "at most 1000000 values"),
        ("seed", {"range": [2**63 - 1, 2**63 + 1]}, "below 2^63"),
        ("seed", [str(2**63)], "below 2^63"),
        ("opamp", {"range": [0, 3]}, "must be text"),
        ("opamp", ["741"], "must be one of single-pole"),
        ("engine", ["ngspice", "hspice"], "got 'hspice'; must be one of ngspice"),
        ("spec", ["speed<1"], "must be METRIC<NUMBER"),
        ("gbwp", {"log": [0, 1, 3]}, "both ends above 0"),
        ("gbwp", {"log": [-1, 1, 3]}, "both ends above 0"),
        ("gbwp", {"log": [1, 10]}, "{log = [first, last, count]}"),
        ("gbwp", {"linear": [1, 10, 1]}, "count of 2 or more"),
        ("gbwp", {"linear": [1, 10, 2.0]}, "count of 2 or more"),
        ("gbwp", {"linear": [1, 10, 2000000]}, "at most 1000000 values"),
        ("gbwp", {"linear": [5, "5", 3]}, "two different numbers"),
        ("gbwp", {"linear": ["1 ohm", 2, 3]}, "got '1 ohm'; must be a number in Hz"),
        ("programming_error", {"linear": ["wan-2022", 1e-6, 3]}, "two different numbers"),
        ("family", {"log": [1, 10, 3]}, "is no number; list its values"),
        ("noise", {"linear": [0, 1, 2]}, "is no number; list its values"),
        ("gbwp", [[1]], "must be one number or text"),
        ("gbwp", [10**5000], "below 2^63"),
        ("conductances", ["a\0b"], "without the character 0"),
    ],
)  # fmt: skip
def test_unusable_values_are_refused(name, entry, words):
    """Unusable values are refused by the option's name, in a short line."""
    with pytest.raises(ParameterError) as caught:
        values_of(OPTIONS[name], entry)
    assert caught.value.parameter == name
    assert words in str(caught.value) and len(str(caught.value)) < 500
