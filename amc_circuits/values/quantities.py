"""Numbers with SI suffixes, read and printed by quantiphy.

`M` and `MEG` (any case of the latter) are 1e6 and `m` is 1e-3, unlike SPICE, where M is milli.
"""

from __future__ import annotations

import math
import re
from typing import Any

from netlists import ParameterError

SMALLEST, LARGEST = 1e-30, 1e30
"""Smallest and largest magnitude of a number; others are typing errors, and products of them overflow."""
LONGEST = 100
"""Most characters of a number; quantiphy takes seconds over thousands of digits."""
OHM_SIGNS = str.maketrans({"\N{GREEK CAPITAL LETTER OMEGA}": "ohm", "\N{OHM SIGN}": "ohm"})


PLAIN = 1e-3
"""Numbers without a unit from here to 1 are printed without a suffix: 0.2196, not 219.6m."""
EXAMPLES = {
    "Hz": "100MEG or 1.5e9",
    "ohm": "10k or 1.73",
    "S": "35u or 1e-4",
    "F": "0.2f or 50f",
    "V": "0.1 or 20m",
    "A": "10m or 500u",
    "s": "100n or 2e-6",
    "K": "300.15 or 350",
    "V/V": "1e5 or 100k",
    "V/s": "110MEG or 22e6",
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
    return parse_quantity("percentage", value.strip()[:-1], "") / 100


def parse_quantity(name: str, value: object, unit: str) -> float:
    """Read a number in SI units from the user's text.

    Args:
        name: Name of the parameter, for the error.
        value: A number, or text such as `1.73`, `35u`, `100MEG`, `1.2 kohm`.
        unit: Unit that may follow, such as `Hz`; empty for none.

    Raises:
        ParameterError: The value is not a finite number, its unit is another, or its magnitude occurs in no circuit.
    """
    from quantiphy import QuantiPhyError, Quantity

    examples = EXAMPLES.get(unit, "1.73, 35u or 100MEG")
    mend = f"must be a number{f' in {unit}' if unit else ''}, such as {examples}"
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ParameterError(name, repr(value), mend)
    if isinstance(value, (int, float)):
        number = float(value)
    else:
        if len(value) > LONGEST:
            raise ParameterError(name, f"{value[:20]!r} ...", f"has {len(value)} characters; {mend}")
        # quantiphy reads "100meg" as 100 m with the unit "eg", so the SPICE suffix becomes M first.
        text = re.sub(r"(?i)(?<=[\d.\s])meg", "M", value.strip().translate(OHM_SIGNS))
        try:
            # quantiphy drops commas, so that 1,5 would be 15, and reads "f = 1" as a number with a name.
            quantity = Quantity("" if set(text) & set(",=") else text)
        except QuantiPhyError:
            raise ParameterError(name, repr(value), mend) from None
        if quantity.units and quantity.units.lower() != unit.lower():
            raise ParameterError(name, repr(value), mend)
        number = float(quantity)
    if not math.isfinite(number):
        raise ParameterError(name, repr(value), mend)
    if number != 0 and not SMALLEST <= abs(number) <= LARGEST:
        raise ParameterError(name, repr(value), f"must be 0 or between {SMALLEST:g} and {LARGEST:g} in magnitude")
    return number


def counted(count: int, noun: str) -> str:
    """Format a count with its noun, such as `1 point` and `2 points`."""
    return f"{count} {noun}{'s' * (count != 1)}"


def format_quantity(value: Any, unit: str = "", digits: int = 4) -> str:
    """Format a number in engineering notation; the unit `%` gives a percentage; None and nan give `-`.

    The number is rounded once. A percentage has one digit less.
    """
    from quantiphy import Quantity

    if value is None or math.isnan(value):
        return "-"
    if unit == "%":
        # 100 * value would be rounded first, and 0.9705 would become 97.1 or 97 %.
        mantissa, _, exponent = f"{value:.{digits - 2}e}".partition("e")
        percent = float(f"{mantissa}e{int(exponent) + 2}") if exponent else value
        return f"{percent:.{digits - 1}g} %"
    if not unit and PLAIN <= abs(value) < 1:
        return f"{value:.{digits}g}"
    return Quantity(float(value), unit).render(prec=digits - 1)
