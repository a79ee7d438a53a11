"""Measured time and storage of points, and the law by which they grow with the size."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

STEEPNESS = (2.0, 4.0)
"""Least and largest power of the size with which time grows beyond the measured range: there are size^2 cells."""
SMALL = 16
"""Size up to which every point takes the same time, as observed with both engines."""
ALONE = 2.5
"""Power of the size if a single size was run: from 64 to 256, ngspice and the exact engine showed 2.2 to 2.4."""

Kind = tuple[Any, ...]


@dataclass
class Measured:
    """Measured time and storage of points, by type and size: pairs of seconds and bytes.

    Attributes:
        found: All measurements.
        points: Number of points that were run.
        rows: Number of existing rows that were used.
        spent: Time for running points, s.
        problem: Why a point that was run cannot be simulated; empty if all can.
    """

    found: dict[Kind, dict[float, list[tuple[float, float]]]] = field(default_factory=dict)
    points: int = 0
    rows: int = 0
    spent: float = 0.0
    problem: str = ""

    def add(self, kind: Kind, size: float, seconds: float, stored: float) -> None:
        """Record the cost of a point."""
        self.found.setdefault(kind, {}).setdefault(size, []).append((max(seconds, 1e-6), stored))

    def expected(self, kind: Kind, size: float) -> tuple[float, float]:
        """Seconds and bytes of a point, interpolated between sizes, time in logarithms; 0 without data.

        A type without data uses the data of all types.
        """
        curves = [self.found[kind]] if kind in self.found else list(self.found.values())
        if not curves:
            return 0.0, 0.0
        sizes = sorted({known for curve in curves for known in curve})
        means = [np.mean([pair for curve in curves for pair in curve.get(known, [])], axis=0) for known in sizes]
        seconds, stored = (np.array(column) for column in zip(*means, strict=True))
        inside = math.exp(np.interp(math.log(size), np.log(sizes), np.log(seconds)))
        beyond = max(size / max(sizes[-1], SMALL), 1.0) ** _steepness(sizes, seconds.tolist())
        return inside * beyond, float(np.interp(size, sizes, stored))


def _steepness(sizes: list[float], seconds: list[float]) -> float:
    """Power of the size with which time grows at the largest sizes."""
    if len(sizes) < 2 or sizes[-1] <= SMALL:
        return ALONE
    found = math.log(seconds[-1] / seconds[-2]) / math.log(sizes[-1] / sizes[-2])
    return min(max(found, STEEPNESS[0]), STEEPNESS[1])
