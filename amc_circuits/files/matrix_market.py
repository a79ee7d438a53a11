"""Matrix Market files, dense and sparse: math.nist.gov/MatrixMarket/formats.html."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amc_circuits.files.file_kinds import UnreadableError
from amc_circuits.files.text_numbers import MOST_ENTRIES, number_of, shown
from amc_circuits.values.quantities import counted

BANNER = b"%%MatrixMarket"
LONGEST_LINE = 1024
"""Most characters of a line, set by the format."""
FORMATS = ("coordinate", "array")
FIELDS = {"real": 1, "double": 1, "integer": 1, "complex": 2, "pattern": 0}
"""Numbers in an entry, by field."""
SYMMETRIES = ("general", "symmetric", "skew-symmetric", "hermitian")


@dataclass(frozen=True)
class _Banner:
    """First line of a file: sparse or dense, type of the entries, and symmetry of the matrix."""

    sparse: bool
    field: str
    symmetry: str

    def mirrored(self, value: Any) -> Any:
        """Value of the entry on the other side of the diagonal."""
        return (
            -value
            if self.symmetry == "skew-symmetric"
            else value.conjugate()
            if self.symmetry == "hermitian"
            else value
        )


def read_matrix_market(path: Path) -> NDArray[Any]:
    """Read a matrix, written out in full, shape (rows, columns).

    Raises:
        UnreadableError: The file is not in this format; the error names the line.
    """
    lines = _lines(path)
    banner = _banner(next(lines)[1])
    content = ((number, text) for number, text in lines if not text.startswith("%"))
    number, text = next(content, (1, ""))
    rows, columns, count = _sizes(banner, number, text)
    _check_room(path, banner, rows, columns, count)
    matrix = np.zeros((rows, columns), dtype=np.complex128 if banner.field == "complex" else np.float64)
    places = None if banner.sparse else _dense_places(banner, rows, columns)
    found = 0
    for number, text in content:
        found += 1
        if found > count:
            raise UnreadableError(f"line {number}: there are more entries than the {count} that its head says")
        _enter(matrix, banner, number, text.split(), places)
    if found < count:
        raise UnreadableError(f"is truncated: it has {found} of the {count} entries that its head says")
    return matrix


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield lines that are not empty, with their numbers."""
    number = 0
    with path.open("rb") as file:
        while line := file.readline(LONGEST_LINE):
            number += 1
            if text := line.decode("latin-1").strip():
                yield number, text
            while len(line) == LONGEST_LINE and not line.endswith(b"\n"):
                if not text.startswith("%"):
                    raise UnreadableError(f"line {number} has more than {LONGEST_LINE} characters")
                line = file.readline(LONGEST_LINE)


def _banner(text: str) -> _Banner:
    words = text.lower().split()[1:]
    if len(words) != 4 or words[0] != "matrix":
        raise UnreadableError(f"line 1, {shown(text)}, must be %%MatrixMarket matrix FORMAT FIELD SYMMETRY")
    for word, known in zip(words[1:], (FORMATS, FIELDS, SYMMETRIES), strict=True):
        if word not in known:
            raise UnreadableError(f"line 1 has {shown(word)}; it must be one of {', '.join(known)}")
    banner = _Banner(words[1] == "coordinate", words[2], words[3])
    if banner.symmetry == "hermitian" and banner.field != "complex":
        raise UnreadableError("line 1: only complex matrices are hermitian; write symmetric")
    if banner.field == "pattern" and not banner.sparse:
        raise UnreadableError("line 1: an array has numbers and no pattern")
    return banner


def _sizes(banner: _Banner, number: int, text: str) -> tuple[int, int, int]:
    """Read rows, columns, and the number of listed entries."""
    words = text.split()
    wanted = 3 if banner.sparse else 2
    if len(words) != wanted or not all(word.isdecimal() and len(word) < 19 for word in words):
        what = "rows, columns and entries" if banner.sparse else "rows and columns"
        raise UnreadableError(f"line {number} must say {what} as {wanted} whole numbers")
    rows, columns = int(words[0]), int(words[1])
    if rows < 1 or columns < 1:
        raise UnreadableError(f"line {number}: a matrix of {rows} x {columns} has no entries")
    if banner.symmetry != "general" and rows != columns:
        raise UnreadableError(f"line {number}: a {banner.symmetry} matrix is square, not {rows} x {columns}")
    if banner.sparse:
        return rows, columns, int(words[2])
    half = {"general": rows * columns, "skew-symmetric": rows * (rows - 1) // 2}
    return rows, columns, half.get(banner.symmetry, rows * (rows + 1) // 2)


def _check_room(path: Path, banner: _Banner, rows: int, columns: int, count: int) -> None:
    """Refuse a header that claims more entries than the file can hold."""
    if rows * columns > MOST_ENTRIES:
        raise UnreadableError(f"its head says {rows} x {columns}; at most {MOST_ENTRIES} entries are read")
    shortest = 2 * (FIELDS[banner.field] + 2 * banner.sparse)
    if count * shortest > path.stat().st_size + 1:
        raise UnreadableError(f"is truncated: its head says {count} entries, for which it is too short")


def _dense_places(banner: _Banner, rows: int, columns: int) -> Iterator[tuple[int, int]]:
    """Row and column of each entry of an array, column by column; a symmetric one starts at the diagonal."""
    for column in range(columns):
        first = {"general": 0, "skew-symmetric": column + 1}.get(banner.symmetry, column)
        yield from ((row, column) for row in range(first, rows))


def _enter(
    matrix: NDArray[Any], banner: _Banner, number: int, words: list[str], places: Iterator[tuple[int, int]] | None
) -> None:
    """Enter one line of a file; entries listed twice are summed."""
    if len(words) != FIELDS[banner.field] + 2 * banner.sparse:
        wanted = FIELDS[banner.field] + 2 * banner.sparse
        raise UnreadableError(f"line {number} has {counted(len(words), 'number')}, not {wanted}")
    row, column = next(places) if places is not None else _place(matrix, banner, number, words)
    values = [number_of(word) for word in words[2 * banner.sparse :]]
    if any(value is None or isinstance(value, complex) for value in values):
        raise UnreadableError(f"line {number}: {shown(' '.join(words))} are no numbers")
    value = 1.0 if not values else values[0] if len(values) == 1 else complex(*values)  # type: ignore[arg-type]
    matrix[row, column] += value
    if banner.symmetry != "general" and row != column:
        matrix[column, row] += banner.mirrored(value)


def _place(matrix: NDArray[Any], banner: _Banner, number: int, words: list[str]) -> tuple[int, int]:
    if not all(word.isdecimal() and len(word) < 19 for word in words[:2]):
        raise UnreadableError(f"line {number} must begin with row and column as whole numbers, from 1")
    row, column = int(words[0]) - 1, int(words[1]) - 1
    if not (0 <= row < matrix.shape[0] and 0 <= column < matrix.shape[1]):
        size = " x ".join(map(str, matrix.shape))
        raise UnreadableError(f"line {number}: entry {row + 1}, {column + 1} lies outside of the matrix, {size}")
    if banner.symmetry != "general" and column > row:
        raise UnreadableError(
            f"line {number}: a {banner.symmetry} file lists the lower triangle, not entry {row + 1}, {column + 1}"
        )
    if banner.symmetry == "skew-symmetric" and column == row:
        raise UnreadableError(f"line {number}: the diagonal of a skew-symmetric matrix is 0 and is not listed")
    return row, column
