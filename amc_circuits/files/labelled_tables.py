"""Tables in text of which one column holds labels, numbers or words, and the others numbers."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amc_circuits.files.array_files import SHOWN, head_of, reading
from amc_circuits.files.file_kinds import UnreadableError, foreign_kind, is_text
from amc_circuits.files.text_numbers import Rows, fields_of, lines_of, number_of, separator_of
from netlists.short_text import short_repr

WANTED = "wanted is a table in text, such as .csv"


@dataclass(frozen=True)
class LabelledTable:
    """Rows of numbers, each with a label.

    Attributes:
        values: Numbers beside the label, `rows x columns`, float64.
        labels: Label of each row, as it is written.
        names: Names of the columns of numbers; empty without a header line.
    """

    values: NDArray[Any]
    labels: tuple[str, ...]
    names: tuple[str, ...] = ()

    __repr__ = short_repr


def read_labelled_table(name: str, path: Path, label: str | int | None = None) -> LabelledTable:
    """Read a table whose numbers and separators are those of `load_array`.

    The first line is a header if `label` is a name, or if all its other fields are words.

    Args:
        name: Name of the parameter, as the user knows it.
        path: The file.
        label: Column of the labels: its name in the header, or its number from 1 on; None for the last.

    Raises:
        ParameterError: The file cannot be read as such a table; the text names line and column.
    """
    with reading(name, path):
        head = head_of(name, path)
        if not head:
            raise UnreadableError(f"is empty; {WANTED}")
        if what := foreign_kind(head):
            raise UnreadableError(f"is {what}; {WANTED}")
        if not is_text(head):
            raise UnreadableError(f"is binary data of no known kind; {WANTED}")
        return _table(path, label)


def _table(path: Path, label: str | int | None) -> LabelledTable:
    lines = ((line, text) for line, text in lines_of(path) if not text.startswith("%"))
    first = next(lines, None)
    if first is None:
        raise UnreadableError(f"is text without rows of numbers; {WANTED}")
    separator = separator_of(first[1])
    fields = fields_of(*first, separator)
    column = _column(fields, label)
    names = fields if isinstance(label, str) or _is_header(fields, column) else []
    if names and not names[0]:
        raise UnreadableError("has a header with an empty first field: leave out the names of rows (index=False)")
    rows, labels = _rows(lines if names else chain([first], lines), separator, column)
    if not names:
        _check_no_header(first[0], labels)
    if names and len(names) != rows.width:
        raise UnreadableError(f"has {len(names)} names in its header, but {rows.width} columns")
    return LabelledTable(_numbers(rows, column), tuple(labels), tuple(names[:column] + names[column + 1 :]))


def _rows(lines: Iterator[tuple[int, str]], separator: str | None, column: int) -> tuple[Rows, list[str]]:
    rows, labels = Rows(separator), list[str]()
    for line, text in lines:
        fields = fields_of(line, text, separator)
        if column < len(fields):
            if not fields[column]:
                raise UnreadableError(f"is text: line {line}, column {column + 1}: the label is empty")
            labels.append(fields[column])
            fields[column] = "0"  # a number in its place, so that errors count the columns of the file
        try:
            rows.add(line, fields)
        except UnreadableError as error:
            raise UnreadableError(f"is text: {error}") from None
    if not rows.count:
        raise UnreadableError(f"is text without rows of numbers; {WANTED}")
    return rows, labels


def _numbers(rows: Rows, column: int) -> NDArray[Any]:
    values = rows.result()
    if values.shape[1] < 2:
        raise UnreadableError("has one column; a label stands beside at least one number")
    if np.iscomplexobj(values):
        raise UnreadableError("has complex numbers; wanted are real ones")
    return np.delete(values, column, axis=1)


def _column(fields: list[str], label: str | int | None) -> int:
    """Place of the labels in the first line."""
    if label is None:
        return len(fields) - 1
    if isinstance(label, int):
        if not 1 <= label <= len(fields):
            raise UnreadableError(f"has no column {label}; it has {len(fields)}")
        return label - 1
    if label not in fields:
        close = difflib.get_close_matches(label, fields, n=1)
        more = f" and {len(fields) - SHOWN} more" if len(fields) > SHOWN else ""
        mend = f"did you mean {close[0]}?" if close else f"its first line is {', '.join(fields[:SHOWN])}{more}"
        raise UnreadableError(f"has no column {label}; {mend}")
    return fields.index(label)


def _check_no_header(line: int, labels: list[str]) -> None:
    """Refuse a word as the first label if all others are numbers: columns may have numbers as names."""
    word, *others = labels
    if others and number_of(word) is None and all(number_of(text) is not None for text in others):
        raise UnreadableError(f"is text: line {line} looks like a header; name the label column by label = {word!r}")


def _is_header(fields: list[str], column: int) -> bool:
    """True for words in all fields beside the label."""
    return all(number_of(text) is None for place, text in enumerate(fields) if place != column)
