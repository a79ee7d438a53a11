"""Numbers in text: separated by commas, semicolons, tabs or blanks, real or complex, with or without a header line.

A file is read line by line, so that it takes no more memory than its numbers. Decimal commas are read if semicolons or
tabs separate, or if quotes enclose the number.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amc_circuits.files.file_kinds import UnreadableError
from amc_circuits.values.quantities import counted

MOST_ENTRIES = 2**24
"""Most entries of a matrix whose file does not hold it as plain bytes: 4096 x 4096."""
MOST_COLUMNS = 2**16
LONGEST_LINE = 32 * MOST_COLUMNS
"""Most characters of a line."""
SHOWN = 30
"""Most characters of a text in an error."""
EXPECTED = "wanted are rows of numbers, separated by commas, semicolons, tabs or blanks"
QUOTES = "\"'"
_BEGINS = re.compile(r"[+-]?\.?\d")
_NUMBER = re.compile(r"^(?=.*\d|[+-]?(nan|inf))[^_]*$")
"""Text with at least one digit, or nan or infinity; underscores are read by Python only, so they are refused."""


class HeaderWarning(UserWarning):
    """Warning that the first line of a file is treated as a header."""


def lines_of(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a text file with their numbers, from 1, without comments after `#` and without empty lines.

    Raises:
        UnreadableError: A line is too long, or not text.
    """
    with path.open("rb") as file:
        wide = file.read(2) in (b"\xff\xfe", b"\xfe\xff")
        file.seek(0)
        text = io.TextIOWrapper(file, "utf-16" if wide else "utf-8-sig", errors="replace", newline=None)
        number = 0
        try:
            while line := text.readline(LONGEST_LINE):
                number += 1
                if len(line) == LONGEST_LINE:
                    raise UnreadableError(f"line {number} has more than {LONGEST_LINE} characters; break it into rows")
                if content := line.partition("#")[0].strip(" \r\n\f\x1a"):
                    yield number, content
        except UnicodeError:
            raise UnreadableError(f"is no text at line {number + 1}") from None


def shown(text: str) -> str:
    """Shorten a piece of a file for an error."""
    return repr(text if len(text) <= SHOWN else text[: SHOWN - 3] + "...")


def number_of(text: str) -> float | complex | None:
    """Read a number as programs write it, with `j` or `i` after an imaginary part; None if it is not a number."""
    plain = re.sub(r" *([+-]) *", r"\1", text.strip()).lower().replace("d", "e")
    if not _NUMBER.search(plain):
        return None
    try:
        if plain.rstrip(")")[-1:] in ("i", "j"):
            return complex(plain.replace("i", "j").replace("jnf", "inf"))
        return float(plain)
    except ValueError:
        return None


@dataclass
class Rows:
    """Rows of numbers during reading.

    Attributes:
        separator: Separator of the numbers; None for blanks.
        width: Numbers in a row, set by the first.
        first: Line of the first row.
        count: Rows so far.
        real: Real parts of all numbers.
        imaginary: Imaginary parts; None as long as no number is complex.
        decimal: Decimal mark, `.` or `,`, and the line of its first use; None until then.
    """

    separator: str | None
    width: int = 0
    first: int = 0
    count: int = 0
    real: array[float] = field(default_factory=lambda: array("d"))
    imaginary: array[float] | None = None
    decimal: tuple[str, int] | None = None

    def add(self, line: int, fields: list[str]) -> None:
        """Add one row."""
        if not self.count:
            self.width, self.first = len(fields), line
        if len(fields) != self.width:
            there = counted(len(fields), "number")
            mend = "all rows must be equally long"
            raise UnreadableError(f"line {line} has {there}, but line {self.first} has {self.width}; {mend}")
        if (self.count + 1) * self.width > MOST_ENTRIES:
            raise UnreadableError(f"has more than {MOST_ENTRIES} numbers; write such a matrix with numpy.save")
        for column, text in enumerate(fields, 1):
            number = self._number(line, column, text)
            if self.imaginary is None and isinstance(number, complex):
                self.imaginary = array("d", bytes(8 * len(self.real)))
            self.real.append(number.real)
            if self.imaginary is not None:
                self.imaginary.append(number.imag)
        self.count += 1

    def _number(self, line: int, column: int, text: str) -> float | complex:
        if "," in text:
            text = self._with_point(line, column, text)
        elif "." in text:
            self._same_decimal(".", line)
        number = number_of(text)
        if number is None:
            what = "is empty" if not text else f"{shown(text)} is no number"
            raise UnreadableError(f"line {line}, column {column}: {what}")
        return number

    def _with_point(self, line: int, column: int, text: str) -> str:
        """Replace the decimal comma of a number; a comma that is not a decimal one is refused."""
        if self.separator is None or "." in text or text.count(",") > 2:
            raise UnreadableError(f"line {line}, column {column}: {shown(text)} has commas that are no decimal ones")
        self._same_decimal(",", line)
        return text.replace(",", ".")

    def _same_decimal(self, mark: str, line: int) -> None:
        if self.decimal is None:
            self.decimal = mark, line
        if self.decimal[0] != mark:
            raise UnreadableError(
                f"line {line} has numbers with a decimal {_spelled(mark)}, line {self.decimal[1]} with a decimal "
                f"{_spelled(self.decimal[0])}; write all of them alike"
            )

    def result(self) -> NDArray[Any]:
        """All rows as an array, shape (rows, columns)."""
        values: NDArray[Any] = np.array(self.real)
        if self.imaginary is not None:
            values = values + 1j * np.array(self.imaginary)
        return values.reshape(self.count, self.width)


def _spelled(mark: str) -> str:
    return "comma" if mark == "," else "point"


def read_text(path: Path) -> NDArray[Any]:
    """Read a table of numbers, shape (rows, columns).

    Raises:
        UnreadableError: The text is not a table; the error names line and column.
    """
    rows: Rows | None = None
    header = ""
    for line, text in lines_of(path):
        if text.startswith("%"):
            continue
        if rows is None:
            separator = separator_of(text)
            fields = fields_of(line, text, separator)
            if not header and _is_header(line, fields):
                header = f"line {line}, {shown(text)}"
                continue
            rows = Rows(separator)
        try:
            rows.add(line, fields_of(line, text, rows.separator))
        except UnreadableError as error:
            raise UnreadableError(f"is text: {error}{'' if rows.count else f'; {EXPECTED}'}") from None
    if rows is None:
        raise UnreadableError(f"is text without numbers; {EXPECTED}")
    if header:
        warnings.warn(f"{path.name}: {header}, is taken for a header", HeaderWarning, stacklevel=2)
    return rows.result()


def separator_of(text: str) -> str | None:
    """Separator of the numbers of a line: the first present of a tab, a semicolon and a comma; else None."""
    bare = "".join(text.split('"')[::2])
    return next((mark for mark in "\t;," if mark in bare), None)


def fields_of(line: int, text: str, separator: str | None) -> list[str]:
    """Split a line into fields, without blanks and quotes around them; a separator at the end adds no field."""
    if separator is None or '"' not in text:
        pieces = text.split(separator, MOST_COLUMNS)
    else:
        try:
            pieces = next(csv.reader([text], delimiter=separator, skipinitialspace=True))
        except csv.Error as error:
            raise UnreadableError(f"line {line} cannot be split: {error}") from None
    if len(pieces) > MOST_COLUMNS:
        raise UnreadableError(f"line {line} has more than {MOST_COLUMNS} columns; write it as one column or as .npy")
    fields = [piece.strip().strip(QUOTES).strip() for piece in pieces]
    return fields[:-1] if len(fields) > 1 and not fields[-1] else fields


def _is_header(line: int, fields: list[str]) -> bool:
    """True for a line of words only; a line with an empty first field is refused: below it are names of rows."""
    if len(fields) > 1 and not fields[0]:
        raise UnreadableError(
            f"line {line} begins with an empty field: the first column holds names of rows; write the numbers alone "
            "(in pandas index=False, header=False)"
        )
    return all(text and not _BEGINS.match(text) and number_of(text) is None for text in fields)
