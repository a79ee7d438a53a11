"""Measured points of a laboratory, read from text with commas, to lay over a picture."""

from __future__ import annotations

import csv
import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from amc_circuits.results.response import Response
from amc_circuits.results.stored.waveform_files import NUMBER
from amc_circuits.values.quantities import format_quantity
from netlists import ParameterError
from netlists.memory import check_memory
from netlists.record import FloatArray
from netlists.short_text import short_repr

BYTES_EACH = 40
"""Memory of a file while it is read, in multiples of its length."""
UNITS = {"time": "s", "output": "V"}
UNIT = re.compile(r"\s*(?:\[([^]]*)\]|\(([^)]*)\)|_([fpnuµμmkMG]?[sSvV]|[a-z]*(?:sec|seconds?|volts?)))\s*$")
"""Unit at the end of a name: in brackets, or a time or voltage after an underscore."""


@dataclass(frozen=True)
class MeasuredPoints:
    """Measured voltages of some outputs.

    Attributes:
        time: Times from the step, shape (T,), s.
        volts: Voltages, shape (T, columns), V; nan where a field is empty.
        columns: Place of the output of each column, from 0.
    """

    time: FloatArray
    volts: FloatArray
    columns: tuple[int, ...]

    __repr__ = short_repr


def load_points(path: Path, response: Response, number: int) -> MeasuredPoints:
    """Read points from a file: time in s, then outputs in V.

    A first line with names is optional. With names of outputs, columns belong to these outputs, otherwise to the first
    outputs in order. Units at the end of a name, as in `time [s]`, `time (s)` or `time_s`, must be s and V. A column
    `right_hand_side`, as in files of `--save`, selects the lines of one right-hand side.

    Args:
        path: The file; fields are separated by commas, semicolons or tabs.
        response: Response whose outputs were measured.
        number: Number of its right-hand side, from 1.

    Raises:
        ParameterError: The file cannot be read, or its columns do not match.
    """
    lines = _lines(path)
    head = lines.pop(0) if _is_head(lines[0]) else []
    width = len(head or lines[0])
    if not lines:
        raise _refused(path, "holds no points; write a time and a column for each measured output, with commas")
    if any(len(line) != width for line in lines):
        raise _refused(path, f"has lines with another number of fields than the first, {width}; write as many in each")
    values = np.array([[_value(path, field) for field in line] for line in lines])
    if head and _split(head[0])[0] == NUMBER:
        head, values = head[1:], values[values[:, 0] == number, 1:]
        if not len(values):
            raise _refused(path, f"holds no points of right-hand side {number}; choose another one")
    if values.shape[1] < 2 or not np.isfinite(values[:, 0]).all():
        raise _refused(path, "must have a time in every line, and a column for each measured output")
    found = MeasuredPoints(values[:, 0], values[:, 1:], _places(path, head, values.shape[1] - 1, response))
    first, last = response.time[[0, -1]]
    if not ((found.time >= first) & (found.time <= last)).any():
        wanted = f"from 0 s to {format_quantity(last, 's')} after the step"
        raise _refused(path, f"has no point in the time of the outputs, {wanted}; write times in seconds, as 20e-9")
    return found


def _lines(path: Path) -> list[list[str]]:
    try:
        if not path.is_file():
            raise _refused(path, "is a folder or device" if path.exists() else "does not exist")
        check_memory(path.name, "overlay", float(BYTES_EACH * path.stat().st_size))
        text = path.read_text(encoding="utf-8-sig")
        first = text.partition("\n")[0]
        separator = max(",;\t", key=first.count)
        found = [[field.strip() for field in line] for line in csv.reader(text.splitlines(), delimiter=separator)]
    except OSError as error:
        raise _refused(path, f"cannot be read: {error.strerror or error}") from None
    except (UnicodeDecodeError, csv.Error):
        raise _refused(path, "is not text with commas; export it as CSV in UTF-8") from None
    found = [line for line in found if any(line)]
    if not found:
        raise _refused(path, "is empty; write a time and a column for each measured output, with commas")
    return found


def _is_head(line: list[str]) -> bool:
    """True for a line of names: its first field with a content is no number."""
    return _number(next(field for field in line if field)) is None


def _number(field: str) -> float | None:
    try:
        return float(field) if field else math.nan
    except ValueError:
        return None


def _value(path: Path, field: str) -> float:
    value = _number(field)
    if value is None or math.isinf(value):
        raise _refused(path, f"holds {field!r}, which is no finite number; mend it, or leave the field empty")
    return value


def _split(name: str) -> tuple[str, str | None]:
    """Name in small letters, and its unit; None if it has none."""
    found = UNIT.search(name)
    if found is None:
        return name.strip().lower(), None
    return name[: found.start()].strip().lower(), next(unit for unit in found.groups() if unit is not None).strip()


def _places(path: Path, head: list[str], count: int, response: Response) -> tuple[int, ...]:
    """Find the output of every column."""
    outputs = response.outputs.shape[1]
    for place, name in enumerate(head):
        unit, wanted = _split(name)[1], UNITS["output" if place else "time"]
        if unit not in (None, wanted):
            raise _refused(path, f"has a column in {unit or 'an empty unit'}; write it in {wanted}")
    known = {response.name(k).lower(): k for k in range(outputs)}
    named = [known.get(_split(name)[0]) for name in head[1:]]
    if any(place is not None for place in named):
        places = [place for place in named if place is not None]
        if len(set(places)) != count:
            raise _refused(path, f"must name each output once; there are {', '.join(known)}")
        return tuple(places)
    if count > outputs:
        raise _refused(path, f"has {count} columns of outputs; the file has {outputs}")
    return tuple(range(count))


def _refused(path: Path, mend: str) -> ParameterError:
    return ParameterError("overlay", str(path), mend)
