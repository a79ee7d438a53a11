"""Range of a parameter in a search: its scale, and the places of the first scan."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from netlists import ParameterError

SCANNED = 9
"""Number of places of the first scan."""
LISTED = 16
"""Largest number of whole numbers that are all measured."""


@dataclass(frozen=True)
class Span:
    """Range of a parameter.

    Attributes:
        low: Least value.
        high: Largest value.
        whole: True if only whole numbers are values.
    """

    low: float
    high: float
    whole: bool = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            mend = "must have two ends, the smaller one first"
            raise ParameterError("between", f"{self.low:g} to {self.high:g}", mend)

    @property
    def logarithmic(self) -> bool:
        """True if the search is in equal ratios, not in equal steps."""
        return self.low > 0

    @property
    def listed(self) -> bool:
        """True if the first scan has all values."""
        return self.whole and self.high - self.low < LISTED

    def place(self, value: float) -> float:
        """Coordinate of a value in the search."""
        return math.log(value) if self.logarithmic else value

    def value(self, place: float) -> float:
        """Value of the parameter at a coordinate."""
        return min(max(math.exp(place) if self.logarithmic else place, self.low), self.high)

    def scan(self) -> list[float]:
        """Values of the first scan, both ends included."""
        if self.listed:
            return [float(value) for value in range(math.ceil(self.low), math.floor(self.high) + 1)]
        places = np.linspace(self.place(self.low), self.place(self.high), SCANNED)
        values = [self.low, *map(self.value, places[1:-1].tolist()), self.high]
        return sorted({float(round(value)) for value in values}) if self.whole else values

    def tolerance(self, value: float, accuracy: float) -> float:
        """Largest distance in coordinates that counts as accurate, at a value."""
        if self.logarithmic:
            return math.log1p(accuracy)
        return accuracy * max(abs(value), 1e-3 * (self.high - self.low))
