"""Numbers with SI suffixes."""

import math

import pytest

from amc_circuits.values.quantities import EXAMPLES, format_quantity, parse_quantity
from netlists import ParameterError

READ = {
    "1.73": 1.73,
    "35u": 35e-6,
    "35 u": 35e-6,
    "100M": 1e8,
    "100MEG": 1e8,
    "100meg": 1e8,
    "100Meg": 1e8,
    "100 MEG": 1e8,
    "1.2kohm": 1200.0,
    "1.2 kohm": 1200.0,
    "1.2k\N{OHM SIGN}": 1200.0,
    "10megohm": 1e7,
    "3m": 3e-3,
    "1e-9": 1e-9,
    " 7 ": 7.0,
    "-2k": -2000.0,
    "0": 0.0,
}
REFUSED = (
    "10 apples", "", "  ", "abc", "1.2.3", "nan", "inf", "-inf", "1e400", "1%", "5 Hz", "5kHz", "meg", "1,5", "0x10",
    True, None, [1], float("nan"), float("inf"), "1e31", 1e-31, -1e31,
)  # fmt: skip


@pytest.mark.parametrize("text", READ)
def test_suffixes_are_read(text):
    """M and MEG in any case are 1e6, m is 1e-3, and the unit may follow the suffix."""
    assert parse_quantity("wire_resistance", text, "ohm") == pytest.approx(READ[text], rel=1e-15)


def test_unit_is_read_in_any_case():
    """100MHz, 100Mhz and 100meghz are all 1e8 Hz."""
    for text in ("100MHz", "100Mhz", "100 MHz", "100meghz"):
        assert parse_quantity("gbwp", text, "Hz") == 1e8


@pytest.mark.parametrize("value", [3, 3.5, -1e-9])
def test_numbers_pass(value):
    """A number, as from TOML, is taken as it is."""
    assert parse_quantity("gbwp", value, "Hz") == value


@pytest.mark.parametrize("value", REFUSED)
def test_what_is_no_number_is_refused(value):
    """The error names the parameter, what was got, and what a number looks like or which range it has."""
    with pytest.raises(ParameterError, match="must be") as caught:
        parse_quantity("wire_resistance", value, "ohm")
    assert caught.value.parameter == "wire_resistance"
    assert caught.value.value == repr(value)


IN_UNITS = [
    ("10kohm", "ohm", 10e3), ("27C", "K", 300.15), ("0 degC", "K", 273.15), ("-40 \N{DEGREE SIGN}C", "K", 233.15),
    ("27c", "K", 300.15), ("300K", "K", 300), ("300.15 K", "K", 300.15), ("350", "K", 350), ("350mK", "K", 0.35),
    ("40dB", "V/V", 100), ("-20 dB", "V/V", 0.1), ("0db", "V/V", 1), ("90dB", "V/V", 10**4.5), ("10k", "V/V", 1e4),
    ("200 V/mV", "V/V", 2e5), ("110V/us", "V/s", 110e6), ("110 V/\N{MICRO SIGN}s", "V/s", 110e6),
    ("0.11V/ns", "V/s", 110e6), ("110MEGV/s", "V/s", 110e6), ("100mV/ms", "V/s", 100), ("12nV/rtHz", "V/rtHz", 12e-9),
    ("5%", "%", 0.05), ("12.5 %", "%", 0.125), ("0.05", "%", 0.05), ("0.00393/K", "1/K", 0.00393),
    ("3.93m 1/K", "1/K", 0.00393),
]  # fmt: skip


@pytest.mark.parametrize(("text", "unit", "number"), IN_UNITS)
def test_units_are_read_as_the_field_writes_them(text, unit, number):
    """Celsius is 273.15 K more, decibels of a voltage ratio are 10^(dB/20), and a prefix may be in the denominator."""
    assert parse_quantity("name", text, unit) == pytest.approx(number, rel=1e-12)


def test_celsius_hits_the_default_temperature():
    """27C is the float 300.15, with which options compare."""
    assert parse_quantity("temperature", "27C", "K") == 300.15


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("27C", "ohm"), ("90dB", ""), ("90dB", "ohm"), ("9000dB", "V/V"), ("110V/us", "V"), ("110V", "V/s"),
        ("110V/um", "V/s"), ("110A/us", "V/s"), ("110V/", "V/s"), ("1V/0s", "V/s"), ("110V/s/s", "V/s"), ("5%", ""),
        ("5%", "V/V"), ("5V", "%"), ("27F", "K"), ("5 1/K", "K"),
    ],
)  # fmt: skip
def test_wrong_unit_is_refused(text, unit):
    """A unit of another quantity gives one line with an example of the wanted one."""
    with pytest.raises(ParameterError, match="must be a number") as caught:
        parse_quantity("name", text, unit)
    assert "\n" not in str(caught.value) and f"such as {EXAMPLES[unit]}" in str(caught.value)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (90.56e-9, "s", "90.56 ns"), (1e8, "Hz", "100 MHz"), (0.0, "", "0"), (None, "s", "-"), (math.nan, "J", "-"),
        (-2.5e-3, "V", "-2.5 mV"), (1e-3, "1/s", "0.001 1/s"),
    ],
)  # fmt: skip
def test_numbers_are_printed_in_engineering_notation(value, unit, text):
    """Four digits with an SI suffix; a dash where there is no number."""
    assert format_quantity(value, unit) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.01, "", "0.01"), (10.0, "", "10"), (1e-4, "", "0.0001"), (12345.0, "", "12340"), (10**4.5, "V/V", "31620"),
        (65536, "", "65536"), (-0.5, "", "-0.5"), (0.99996, "", "1"), (2.5e-7, "", "2.5e-07"), (1e8, "", "1e+08"),
        (0.00393, "1/K", "0.00393 1/K"),
    ],
)  # fmt: skip
def test_numbers_without_a_dimension_have_no_prefix(value, unit, text):
    """Four significant digits, an exponent only below 1e-4 and from 1e6 on; whole numbers are printed in full."""
    assert format_quantity(value, unit) == text


@pytest.mark.parametrize(
    ("kelvin", "text"),
    [(300.15, "300.15 K"), (350.0, "350 K"), (273.154, "273.15 K"), (1000.5, "1000.5 K"), (4.2, "4.2 K")],
)
def test_temperatures_keep_two_decimals(kelvin, text):
    """No temperature is rounded to tenths of a kelvin, and none has an SI prefix."""
    assert format_quantity(kelvin, "K") == text
