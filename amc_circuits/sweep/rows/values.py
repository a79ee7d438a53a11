"""Values of one column of very many rows in little memory: numbers take 8 bytes, a value that repeats takes none."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from netlists.record import FloatArray

BLOCK = 4096
"""Values that are packed together."""
_LARGEST = 2**63 - 1


class Values:
    """Values of a column, with their types, in the order of the rows."""

    def __init__(self) -> None:
        self._blocks: list[tuple[int, Any]] = []
        self._texts: dict[str, str] = {}
        self.types: set[type] = set()

    def append(self, block: Sequence[Any]) -> None:
        """Add the values of further rows, `BLOCK` of them but for the last ones."""
        types = set(map(type, block))
        self.types |= types
        self._blocks.append((len(block), self._packed(block, types)))

    def _packed(self, block: Sequence[Any], types: set[type]) -> Any:
        if len(types) == 1 and all(value == block[0] for value in block):
            return block[:1]
        if types == {float}:
            return np.array(block)
        if types == {int} and max(map(abs, block)) <= _LARGEST:
            return np.array(block, dtype=np.int64)
        return [self._texts.setdefault(value, value) if isinstance(value, str) else value for value in block]

    def __iter__(self) -> Iterator[Any]:
        for count, packed in self._blocks:
            if len(packed) < count:
                yield from packed[:1] * count
            else:
                yield from packed.tolist() if isinstance(packed, np.ndarray) else packed

    def __getitem__(self, place: int) -> Any:
        count, packed = self._blocks[place // BLOCK]
        value = packed[0] if len(packed) < count else packed[place % BLOCK]
        return value.item() if isinstance(value, np.generic) else value

    def numbers(self) -> FloatArray:
        """All values as floats; nan for those that are not finite numbers."""
        blocks = [
            np.full(count, _number(packed[0])) if len(packed) < count
            else packed.astype(np.float64) if isinstance(packed, np.ndarray)
            else np.array([_number(value) for value in packed])
            for count, packed in self._blocks
        ]  # fmt: skip
        found = np.concatenate(blocks) if blocks else np.empty(0)
        found[~np.isfinite(found)] = np.nan
        return found


def columns_in_blocks(rows: Iterable[tuple[Any, ...]], width: int) -> list[Values]:
    """Pack the columns of rows, which are read one after the other."""
    columns, block = [Values() for _ in range(width)], []
    for row in rows:
        block.append(row)
        if len(block) == BLOCK:
            _append(columns, block)
            block = []
    if block:
        _append(columns, block)
    return columns


def _append(columns: Sequence[Values], block: Sequence[tuple[Any, ...]]) -> None:
    for column, values in zip(columns, zip(*block, strict=True), strict=True):
        column.append(values)


def is_number(value: Any) -> bool:
    """True for a finite number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _number(value: Any) -> float:
    return float(value) if is_number(value) else math.nan
