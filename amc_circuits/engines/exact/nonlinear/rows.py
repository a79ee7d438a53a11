"""Voltages of a circuit as functions of its coordinates and inputs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from netlists.record import FloatArray
from netlists.short_text import short_repr


@dataclass(frozen=True)
class Rows:
    """Voltages as functions of coordinates and inputs, `rest + modal z + feed u + pins g`; g as `Added.pins`.

    Attributes:
        modal: Shape (rows, n).
        feed: Shape (rows, inputs).
        pins: Per ampere at an output, ohm, and per volt of a limiter, shape (rows, m + k).
        rest: Shape (rows,), V.
    """

    modal: FloatArray
    feed: FloatArray
    pins: FloatArray
    rest: FloatArray

    __repr__ = short_repr

    @classmethod
    def stacked(cls, parts: Iterable[Rows]) -> Rows:
        """Return the rows of some parts, one below the other."""
        each = list(parts)
        names = ("modal", "feed", "pins", "rest")
        return cls(*(np.concatenate([getattr(part, name) for part in each]) for name in names))

    @cached_property
    def products(self) -> list[tuple[slice, FloatArray]]:
        """Neighbouring rows, and their factors of coordinates, then pins, then inputs, up to the last that is used."""
        beyond = np.logical_or(self.pins.any(axis=1), self.feed.any(axis=1))
        cuts = [0, *(np.flatnonzero(np.diff(beyond)) + 1).tolist(), len(beyond)]
        found = []
        for some in (slice(first, last) for first, last in pairwise(cuts) if last > first):
            factors = self.modal[some]
            if beyond[some.start]:
                factors = np.hstack([factors, self.pins[some], self.feed[some]])
                factors = factors[:, : 1 + int(np.flatnonzero(factors.any(axis=0))[-1])]
            found.append((some, factors))
        return found

    def part(self, which: slice | NDArray[np.int64]) -> Rows:
        """Return some of the rows."""
        return Rows(self.modal[which], self.feed[which], self.pins[which], self.rest[which])

    def at(self, state: FloatArray, inputs: FloatArray, pins: FloatArray) -> FloatArray:
        """Return the voltages at one time, from coordinates (n, K), inputs (inputs, K) and pins (m + k, K)."""
        return self.modal @ state + self.feed @ inputs + self.pins @ pins + self.rest[:, None]

    def times(self, factor: float) -> Rows:
        """Return all rows multiplied by a factor."""
        return Rows(factor * self.modal, factor * self.feed, factor * self.pins, factor * self.rest)

    def plus(self, other: Rows) -> Rows:
        """Return the sum, row by row."""
        return Rows(self.modal + other.modal, self.feed + other.feed, self.pins + other.pins, self.rest + other.rest)
