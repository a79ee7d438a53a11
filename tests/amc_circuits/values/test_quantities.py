"""Numbers with SI suffixes."""

import math

import pytest

from amc_circuits.values.quantities import format_quantity, parse_quantity
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


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (90.56e-9, "s", "90.56 ns"), (1e8, "Hz", "100 MHz"), (0.0, "", "0"), (None, "s", "-"), (math.nan, "J", "-"),
        (-2.5e-3, "V", "-2.5 mV"),
    ],
)  # fmt: skip
def test_numbers_are_printed_in_engineering_notation(value, unit, text):
    """Four digits with an SI suffix; a dash where there is no number."""
    assert format_quantity(value, unit) == text
