"""Numbers with SI suffixes and units, read and printed by quantiphy.

`M` and `MEG` (any case of the latter) are 1e6 and `m` is 1e-3, unlike SPICE, where M is milli. Units may be written as
usual in the field: `27C`, `90dB`, `110V/us`, `5%`.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Any

from netlists import ParameterError
from netlists.errors import real_number

SMALLEST, LARGEST = 1e-30, 1e30
"""Smallest and largest magnitude of a number; others are typing errors, and products of them overflow."""
LONGEST = 100
"""Most characters of a number; quantiphy takes seconds over thousands of digits."""
OHM_SIGNS = str.maketrans({"\N{GREEK CAPITAL LETTER OMEGA}": "ohm", "\N{OHM SIGN}": "ohm"})
DIMENSIONLESS = ("", "V/V")
"""Units of numbers without a dimension, which are printed without SI prefix and unit."""
PLAIN = (1e-4, 1e6)
"""Range of such numbers in plain digits; numbers outside it have an exponent."""
SQUARE_MICROMETRES = 1e12
"""Square micrometres of a square metre: areas are printed in um2, since SI prefixes of a square mislead."""
ZERO_CELSIUS = 273.15
"""0 degrees Celsius, K (definition of the kelvin's scale)."""
TEMPERATURE_DECIMALS = 2
"""Decimals of a printed temperature: 300.15 K stays whole."""
CELSIUS = ("C", "degC", "\N{DEGREE SIGN}C")
EXAMPLES = {
    "Hz": "100MEG or 1.5e9",
    "ohm": "10k or 1.73",
    "S": "35u or 1e-4",
    "F": "0.2f or 50f",
    "V": "0.1 or 20m",
    "A": "10m or 500u",
    "s": "100n or 2e-6",
    "K": "300.15 or 27C",
    "V/s": "110V/us or 22e6",
    "V/V": "90dB or 31.6k",
    "%": "5% or 0.05",
    "V/rtHz": "12n or 1e-8",
    "eV": "0.05 or 60m",
    "1/K": "0.00393",
    "J": "1n or 2e-6",
    "": "10 or 0.05",
}
"""Examples of numbers for each unit, as users type them."""


def percentage(value: object) -> float | None:
    """Read a percentage such as `3%` as a fraction; None if the value is not a percentage.

    Raises:
        ParameterError: There is no number before the sign.
    """
    if not isinstance(value, str) or not value.strip().endswith("%"):
        return None
    return _fraction(value.strip())


@lru_cache(maxsize=64)
def _fraction(text: str) -> float:
    """Read a percentage; a text is read once, since devices are checked for every circuit and every effect."""
    return parse_quantity("percentage", text[:-1], "") / 100


def parse_quantity(name: str, value: object, unit: str) -> float:
    """Read a number in SI units from the user's text.

    Args:
        name: Name of the parameter, for the error.
        value: A number, or text such as `1.73`, `35u`, `100MEG`, `1.2 kohm`.
        unit: Unit that may follow, such as `Hz`; empty for none. A rate such as `V/s` may have a prefix in its
            denominator, as in `110V/us`. `K` also accepts degrees Celsius (`27C`), `V/V` a ratio of voltages in
            decibels (`90dB` is 10^(90/20)), `%` a fraction or a percentage (`5%` is 0.05).

    Raises:
        ParameterError: The value is not a finite number, its unit is another, or its magnitude occurs in no circuit.
    """
    examples = EXAMPLES.get(unit, "1.73, 35u or 100MEG")
    named = "" if unit in ("", "%") else f" in {unit}"
    mend = f"must be a number{named}, such as {examples}"
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ParameterError(name, repr(value), mend)
    if isinstance(value, str) and len(value) > LONGEST:
        raise ParameterError(name, f"{value[:20]!r} ...", f"has {len(value)} characters; {mend}")
    number = _read(value, unit) if isinstance(value, str) else float(value)
    if number is None or not math.isfinite(number):
        raise ParameterError(name, repr(value), mend)
    if number != 0 and not SMALLEST <= abs(number) <= LARGEST:
        raise ParameterError(name, repr(value), f"must be 0 or between {SMALLEST:g} and {LARGEST:g} in magnitude")
    return number


def _read(text: str, unit: str) -> float | None:
    """Read a text as a number in this unit; None if it is not a number or has another unit."""
    from quantiphy import QuantiPhyError, Quantity

    # quantiphy reads "100meg" as 100 m with the unit "eg", so the SPICE suffix becomes M first.
    text = re.sub(r"(?i)(?<=[\d.\s])meg", "M", text.strip().translate(OHM_SIGNS))
    if unit == "K":  # and "300K" as 300 kilo, "27c" as 27 centi
        text = re.sub(r"(?<=[\d.\s])c$", "C", re.sub(r"(?<=[\d.\s])K$", "", text))
    elif unit.startswith("1/"):  # and no unit that begins with a digit
        text = re.sub(rf"(?i)(\s1)?{re.escape(unit[1:])}$", "", text)
    try:
        # quantiphy drops commas, so that 1,5 would be 15, and reads "f = 1" as a number with a name.
        quantity = Quantity("" if set(text) & set(",=") else text)
    except QuantiPhyError:
        return None
    return _converted(float(quantity), quantity.units, unit)


def _converted(number: float, typed: str, unit: str) -> float | None:
    """Convert a number from the typed unit; None if the unit is a different one."""
    if not typed or typed.lower() == unit.lower():
        return number / 100 if typed == "%" else number
    if unit == "K" and typed in CELSIUS:
        return number + ZERO_CELSIUS
    if unit == "V/V" and typed.lower() == "db":
        return _from_decibels(number)
    scale = _denominator(typed, unit)
    return None if scale is None else number / scale


def _from_decibels(decibels: float) -> float | None:
    """Amplitude ratio of a level in dB, `10^(dB/20)`; None beyond the range of a float."""
    try:
        return float(10 ** (decibels / 20))
    except OverflowError:
        return None


def _denominator(typed: str, unit: str) -> float | None:
    """Prefix in the denominator of a typed rate, 1e-6 of `V/us` for `V/s`; None if the units differ otherwise."""
    from quantiphy import QuantiPhyError, Quantity

    (above, _, below), (wanted, _, base) = typed.partition("/"), unit.partition("/")
    if not base or not below[:1].isalpha() or above.lower() != wanted.lower():
        return None
    try:
        scale = Quantity(f"1{below}")
    except QuantiPhyError:
        return None
    return float(scale) if scale.units.lower() == base.lower() else None


def counted(count: int, noun: str) -> str:
    """Format a count with its noun, such as `1 point` and `2 points`."""
    return f"{count} {noun}{'s' * (count != 1)}"


def format_quantities(values: Any, unit: str = "") -> str:
    """Format a number like `format_quantity`, an array as its smallest and largest known entry: `1 s .. 2 s`."""
    import numpy as np

    found = np.atleast_1d(np.asarray(np.nan if values is None else values, dtype=np.float64))
    known = found[np.isfinite(found)]
    ends = [float(known.min()), float(known.max())] if known.size else [math.nan]
    return " .. ".join(dict.fromkeys(format_quantity(end, unit) for end in ends))


def format_quantity(value: Any, unit: str = "", digits: int = 4) -> str:
    """Format a number in engineering notation; None and nan give `-`.

    The number is rounded once, to significant digits. The unit `%` gives a percentage with one digit less.
    Temperatures have two decimals at least. Areas, `m2`, are in um2. Numbers without a dimension,
    temperatures and coefficients such as `1/K` have no SI prefix.
    """
    from quantiphy import Quantity

    if value is not None:
        real_number("value", value)
    if value is None or math.isnan(value):
        return "-"
    if unit == "%":
        # 100 * value would be rounded first, and 0.9705 would become 97.1 or 97 %.
        mantissa, _, exponent = f"{value:.{digits - 2}e}".partition("e")
        percent = float(f"{mantissa}e{int(exponent) + 2}") if exponent else value
        return f"{percent:.{digits - 1}g} %"
    if unit in DIMENSIONLESS:
        return plain_number(value, digits)
    if unit == "K" and math.isfinite(value):
        return f"{plain_number(value, max(digits, TEMPERATURE_DECIMALS + len(str(int(abs(value))))))} K"
    if unit == "m2":
        return f"{plain_number(value * SQUARE_MICROMETRES, digits)} um2"
    if unit.startswith("1/"):
        return f"{plain_number(value, digits)} {unit}"
    return str(Quantity(float(value), unit).render(prec=digits - 1))


def plain_number(value: float, digits: int = 4) -> str:
    """Format a number without a dimension: significant digits, no SI prefix; whole numbers of type int in full."""
    if isinstance(value, int):
        return str(value)
    rounded = float(f"{value:.{digits - 1}e}")
    return f"{rounded:.15g}" if PLAIN[0] <= abs(rounded) < PLAIN[1] else f"{rounded:.{digits}g}"
