"""Block floating point: columns of whole numbers with one unit each, as converters and digital arithmetic use them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from amc_circuits.results.converters import quantise
from netlists.record import FloatArray
from netlists.short_text import short_repr


@dataclass(frozen=True)
class Words:
    """Columns of whole numbers, each with its unit.

    Attributes:
        integers: Whole numbers, shape (N, K), of magnitude up to `largest`.
        unit: Value of 1 in each column, shape (K,).
        largest: Largest magnitude of the integers.
    """

    integers: FloatArray
    unit: FloatArray
    largest: int

    __repr__ = short_repr

    @classmethod
    def of(cls, values: FloatArray, bits: int) -> Self:
        """Round columns (N, K) by mid-tread converters whose range is the largest magnitude of each column.

        Args:
            values: Finite values, shape (N, K).
            bits: Bits of the converters, sign included.
        """
        largest = 2 ** (bits - 1) - 1
        range_ = np.abs(values).max(axis=0)
        relative = np.divide(values, range_, out=np.zeros_like(values), where=range_ > 0)
        return cls(np.rint(quantise(relative, bits, 1.0) * largest), range_ / largest, largest)

    @property
    def relative(self) -> FloatArray:
        """Columns in units of their range, shape (N, K): what a converter of range 1 has."""
        return self.integers / self.largest

    @property
    def values(self) -> FloatArray:
        """Columns as numbers, shape (N, K)."""
        return self.integers * self.unit
