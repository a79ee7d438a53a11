"""Error for invalid parameters, and checks of what users hand in that raise it."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from netlists.short_text import clipped, short

LONGEST = 68
"""Most characters of a value in an error."""


class ParameterError(ValueError):
    """Error for an invalid parameter.

    Attributes:
        parameter: Name of the parameter for the user.
        value: Given value.
        mend: Remedy.
    """

    def __init__(self, parameter: str, value: object, mend: str) -> None:
        self.parameter, self.value, self.mend = parameter, value, mend
        super().__init__(f"{parameter}: got {value}; {mend}")

    def __reduce__(self) -> tuple[type[ParameterError], tuple[str, object, str]]:
        return type(self), (self.parameter, self.value, self.mend)


def shown(value: object) -> str:
    """Return a given value for an error, in one short line."""
    large = isinstance(value, np.ndarray | Mapping | tuple | list | BaseModel)
    return short(value) if large else clipped(repr(value), LONGEST)


def meant(name: object, names: Iterable[str]) -> str:
    """Return `; did you mean NAME?` if one of the names is close to the given one, else nothing."""
    close = difflib.get_close_matches(name, list(names), 1) if isinstance(name, str) else []
    return f"; did you mean {close[0]}?" if close else ""


def no_such(name: str, names: Iterable[str]) -> str:
    """Return the remedy for an unknown name of a parameter."""
    return f"there is no such parameter; check the spelling{meant(name, names)}"


def check_type(parameter: str, value: object, *types: type, mend: str = "") -> None:
    """Refuse a value of another type.

    Raises:
        ParameterError: The value has none of the types; the error ends with `mend` if there is one.
    """
    if not isinstance(value, types):
        wanted = f"must be of type {' or '.join(one.__name__ for one in types)}"
        raise ParameterError(parameter, shown(value), f"{wanted}; {mend}" if mend else wanted)


def check_name(parameter: str, name: object, names: Iterable[str]) -> None:
    """Refuse a name that is not one of `names`.

    Raises:
        ParameterError: There is no such name; the error lists all names and the closest one.
    """
    known = list(names)
    if not isinstance(name, str) or name not in known:
        raise ParameterError(parameter, shown(name), f"must be one of {', '.join(known)}{meant(name, known)}")


def real_array(parameter: str, value: object) -> NDArray[np.float64]:
    """Convert real numbers, nested lists of them or an array to float64.

    Raises:
        ParameterError: The value holds something else than real numbers, or rows of unequal lengths.
    """
    try:
        return as_floats(value)
    except ValueError as error:
        raise ParameterError(parameter, shown(value), str(error)) from None


def as_floats(value: object) -> NDArray[np.float64]:
    """Convert real numbers to a float64 array; raise a `ValueError` without a name of a parameter otherwise."""
    try:
        array = np.asarray(value)
    except ValueError:  # raised by NumPy for rows of unequal lengths
        raise ValueError("must be numbers in rows of equal lengths") from None
    if array.dtype.kind not in "fiub":
        raise ValueError("must be real numbers")
    return np.asarray(array, dtype=np.float64)


def real_number(parameter: str, value: object) -> float:
    """Convert one real number.

    Raises:
        ParameterError: The value is something else.
    """
    array = real_array(parameter, value)
    if array.ndim:
        raise ParameterError(parameter, shown(value), "must be one number")
    return float(array)


def path_of(parameter: str, value: Any) -> Path:
    """Convert a path or its text.

    Raises:
        ParameterError: The value is something else.
    """
    check_type(parameter, value, str, os.PathLike)
    return Path(value)
