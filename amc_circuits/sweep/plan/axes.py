"""Values of one option in a sweep: one, a list, or a range between two ends; converted once, in SI units."""

from __future__ import annotations

import itertools
import math
import os
import reprlib
from array import array
from collections.abc import Callable, Iterable, Sequence
from datetime import date, time
from pathlib import Path
from typing import Any

import numpy as np

from amc_circuits.cases.option import Option
from amc_circuits.engines import check_engine
from amc_circuits.results.trials import read_limits
from amc_circuits.sweep.plan.keys import FILES
from amc_circuits.sweep.store import LARGEST_STORED
from netlists import ParameterError, preset

LARGEST_SWEEP = 1_000_000
MOST_VALUES = 4_000_000
"""Most values of all axes together: a short text may describe more values than fit into memory."""
DIGITS = 12
"""Significant digits of a value between two ends: a decade is 1e7 and not 9999999.999999998, on every machine."""
LONGEST = 200
"""Most characters of a value in an error."""


def value_of(option: Option, value: object) -> Any:
    """Convert one value from the user's text; a name in it must be known.

    Raises:
        ParameterError: The value cannot be used.
    """
    if not isinstance(value, (bool, int, float, str)):
        mend = "must be one number or text, or true or false; several go in [grid] or [zip]"
        raise ParameterError(option.name, shown(value), mend)
    if isinstance(value, str) and "\0" in value:
        raise ParameterError(option.name, shown(value), "must be text without the character 0")
    # before conversion: no float holds a whole number of 400 digits
    if isinstance(value, int) and abs(value) > LARGEST_STORED:
        raise ParameterError(option.name, shown(value), "must be a whole number below 2^63")
    parsed = option.parse(value)
    if isinstance(parsed, int) and parsed > LARGEST_STORED:
        raise ParameterError(option.name, shown(value), "must be a whole number below 2^63")
    if option.name in _NAMES:
        _NAMES[option.name](parsed)
    if option.name in FILES:
        _check_file(option, parsed)
    return parsed


def _check_file(option: Option, name: str) -> None:
    """Refuse a missing file before anything runs; its content is checked when the point runs."""
    if not os.path.lexists(name):
        raise ParameterError(option.name, shown(name), "there is no such file; check its name")
    if not Path(name).exists():
        raise ParameterError(option.name, shown(name), "is a link to a file that is missing; name the file")
    if Path(name).is_dir():
        raise ParameterError(option.name, shown(name), "is a folder; name a file")


_NAMES: dict[str, Callable[[str], object]] = {"opamp": preset, "engine": check_engine, "spec": read_limits}


def values_of(option: Option, entry: object) -> Sequence[Any]:
    """Convert the values of an axis, in order.

    Args:
        option: Option that varies.
        entry: A list, or a table of one of the keys of `FORMS`.

    Raises:
        ParameterError: The entry is neither, has no value or too many, or a value cannot be used.
    """
    if isinstance(entry, list):
        values: Sequence[Any] = [value_of(option, value) for value in entry]
    elif isinstance(entry, dict) and len(entry) == 1 and next(iter(entry)) in FORMS:
        ((form, bounds),) = entry.items()
        values = FORMS[form](option, bounds)
    else:
        forms = "{range = [first, end]}, {linear = [first, last, count]} or {log = [first, last, count]}"
        raise ParameterError(option.name, shown(entry), f"must be a list of values, {forms}; one value goes in [fixed]")
    if not values:
        raise ParameterError(option.name, shown(entry), "has no value; give one or more")
    return values


def values_of_all() -> Callable[[Option, object], Sequence[Any]]:
    """Make a `values_of` for one axis after the other; the axis that exceeds the total number of values is refused."""
    count = 0

    def values(option: Option, entry: object) -> Sequence[Any]:
        nonlocal count
        found = values_of(option, entry)
        count += len(found)
        if count > MOST_VALUES:
            mend = f"with it, axes have more than {MOST_VALUES} values in all; take fewer"
            raise ParameterError(option.name, shown(entry), mend)
        return found

    return values


def _range(option: Option, bounds: object) -> Sequence[Any]:
    """Values of Python's range, without the end."""
    whole = isinstance(bounds, list) and all(type(bound) is int for bound in bounds)
    if not (isinstance(bounds, list) and whole and len(bounds) in (2, 3)) or bounds[2:] == [0]:
        mend = "must be {range = [first, end]} or {range = [first, end, step]} of whole numbers"
        raise ParameterError(option.name, shown({"range": bounds}), mend)
    values = range(*bounds)
    if values[LARGEST_SWEEP:]:
        raise ParameterError(option.name, shown({"range": bounds}), f"must have at most {LARGEST_SWEEP} values")
    if option.kind not in ("integer", "quantity") or not values:
        return [value_of(option, value) for value in values]
    for end in (values[0], values[-1]):
        value_of(option, end)
    return values if option.kind == "integer" else array("d", values)


def _linear(option: Option, bounds: object) -> Sequence[Any]:
    """Values in equal steps, both ends included."""
    first, last, count = _ends(option, "linear", bounds)
    places = DIGITS - math.floor(math.log10(max(abs(first), abs(last))))
    return _between(option, first, (round(float(value), places) for value in np.linspace(first, last, count)), last)


def _log(option: Option, bounds: object) -> Sequence[Any]:
    """Values in equal ratios, both ends included."""
    first, last, count = _ends(option, "log", bounds)
    if min(first, last) <= 0:
        raise ParameterError(option.name, shown({"log": bounds}), "must have both ends above 0")
    values = np.geomspace(float(first), float(last), count)
    return _between(option, first, (float(f"{value:.{DIGITS}g}") for value in values), last)


FORMS: dict[str, Callable[[Option, object], Sequence[Any]]] = {"range": _range, "linear": _linear, "log": _log}


def _ends(option: Option, form: str, bounds: object) -> tuple[Any, Any, int]:
    """First value, last value and count, converted."""
    if option.kind not in ("quantity", "integer"):
        raise ParameterError(option.name, shown({form: bounds}), "is no number; list its values")
    if not isinstance(bounds, list) or len(bounds) != 3 or type(bounds[2]) is not int or bounds[2] < 2:
        mend = f"must be {{{form} = [first, last, count]}} with a count of 2 or more"
        raise ParameterError(option.name, shown({form: bounds}), mend)
    if bounds[2] > LARGEST_SWEEP:
        raise ParameterError(option.name, shown({form: bounds}), f"must have at most {LARGEST_SWEEP} values")
    first, last = (value_of(option, bound) for bound in bounds[:2])
    if isinstance(first, str) or isinstance(last, str) or first == last:
        raise ParameterError(option.name, shown({form: bounds}), "must have two different numbers as its ends")
    return first, last, bounds[2]


def _between(option: Option, first: Any, values: Iterable[float], last: Any) -> Sequence[Any]:
    """Both ends as given, and the values between them; an integer option gets whole numbers, each once."""
    # 8 bytes a value: a short text may request a million of them
    found = array("d", values)
    found[0], found[-1] = first, last
    if option.kind != "integer":
        return array("d", (value for value, _ in itertools.groupby(found)))
    return list(dict.fromkeys([first, *map(round, itertools.islice(found, 1, len(found) - 1)), last]))


def shown(value: object) -> str:
    """Format a value for an error, short even if the value is long or deep."""
    if isinstance(value, (date, time)):
        return value.isoformat()
    try:
        text = _SHORT.repr(value)
    except ValueError:  # Python writes no whole number of more than 4300 digits
        text = "a number of thousands of digits"
    return cut(text)


def cut(text: str) -> str:
    """Shorten a text for an error by leaving out its middle."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 50]} ... {text[-40:]}"


_SHORT = reprlib.Repr()
_SHORT.maxlist = _SHORT.maxdict = 8
_SHORT.maxstring = _SHORT.maxlong = _SHORT.maxother = LONGEST
