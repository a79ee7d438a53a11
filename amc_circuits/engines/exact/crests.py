"""Largest magnitudes of voltages and currents that are sampled at Gauss's points of panels, between the points too.

Samples alone miss the crest of a fast ring by up to 3 %. The polynomial through the eight points of a panel shows where
a larger value can be; there the exact response is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

from amc_circuits.engines.exact.settling import COEFFICIENTS, NODES
from amc_circuits.linear.response import GAUSS_NODES
from netlists.record import FloatArray

MISSED = 0.2
"""Largest distance of a crest from the highest sample of its panel, in units of the span of the samples there.

A panel is up to six time constants long. A ring of amplitude a turns by at most 1.1 radian between two of its points,
so its crest is at most `a (1 - cos(0.55))` = 0.15 a above a sample, and its samples span more than a."""
ERRED = 0.02
"""The same for the polynomial of degree 7 through the samples: of an exponential it misses `3^8/(2^7 8!)` = 0.0013."""
PLACES = np.linspace(-1, 1, 33)
"""Places of a panel at which the polynomial is looked at."""
TO_PLACES = legendre.legvander(PLACES, 7) @ np.linalg.inv(legendre.legvander(GAUSS_NODES, 7))
WINDOW = 0.125
"""Half the length of the window around a crest in which the response is taken, in units of half a panel: at most 0.4
time constants, in which the polynomial through eight values errs by `2 (0.2)^8/8!` = 1e-10."""
CLOSE = np.linspace(-1, 1, 65)
TO_CLOSE = np.vander(CLOSE, len(NODES), increasing=True) @ COEFFICIENTS.T
"""Values at `CLOSE` from those at `NODES`; a parabola through three of them has the crest to ten digits."""

Indices = NDArray[np.int64]
Values = Callable[[Indices, Indices, FloatArray], FloatArray]
"""Exact values: of responses and rows (C,) at times (C, T) within a panel, s, shape (C, T)."""


class Crests:
    """Search for the largest magnitudes of groups of rows, in each response over all panels."""

    def __init__(self, least: FloatArray, groups: Sequence[slice] = (slice(None),)) -> None:
        """Begin a search.

        Args:
            least: Magnitudes of all rows that are reached elsewhere, such as at the end, shape (S, rows).
            groups: Rows of each group, one group after the other.
        """
        self._groups = groups
        self._group = np.concatenate([np.full(least[:1, one].size, k) for k, one in enumerate(groups)])
        self.largest = self._of_groups(least)
        self._kept: list[tuple[Any, ...]] = []

    def _of_groups(self, sizes: FloatArray) -> FloatArray:
        """Return the largest number of each group, of numbers of rows (..., rows); shape (..., groups)."""
        return np.stack([sizes[..., one].max(axis=-1) for one in self._groups], axis=-1)

    def look(self, samples: FloatArray, owner: Indices, start: FloatArray, length: FloatArray) -> None:
        """Look at panels.

        Args:
            samples: Values at Gauss's points, shape (B, 8, rows).
            owner: Response of each panel, shape (B,).
            start: Beginnings of the panels, shape (B,), s.
            length: Their lengths, shape (B,), s.
        """
        high, low = samples.max(axis=1), samples.min(axis=1)
        size, span = np.maximum(high, -low), high - low
        np.maximum.at(self.largest, owner, self._of_groups(size))
        panel, row = np.nonzero(size + MISSED * span >= self.largest[owner][:, self._group])
        # One product for each, so that its rounding does not depend on the others.
        fine = np.abs((samples[panel, :, row][:, None] @ TO_PLACES.T)[:, 0])
        reach = fine + ERRED * span[panel, row, None]
        crest = reach >= self.largest[owner[panel], self._group[row], None]
        crest[:, 1:] &= fine[:, 1:] >= fine[:, :-1]
        crest[:, :-1] &= fine[:, :-1] >= fine[:, 1:]
        one, place = np.nonzero(crest)
        panel = panel[one]
        self._kept.append((owner[panel], row[one], reach[one, place], start[panel], length[panel] / 2, PLACES[place]))

    def found(self, values: Values) -> FloatArray:
        """Return the largest magnitudes, shape (S, groups)."""
        owner, row, reach, start, half, place = (np.concatenate(parts) for parts in zip(*self._kept, strict=True))
        some = np.flatnonzero(reach >= self.largest[owner, self._group[row]])
        owner, row, start, half, place = owner[some], row[some], start[some], half[some], place[some]
        middle = np.clip(place, WINDOW - 1, 1 - WINDOW)
        time = (start + half * (1 + middle))[:, None] + (half * WINDOW)[:, None] * NODES
        np.maximum.at(self.largest, (owner, self._group[row]), _highest(values(owner, row, time)))
        return self.largest


def _highest(values: FloatArray) -> FloatArray:
    """Largest magnitude of the polynomial through values (C, nodes), shape (C,)."""
    close = np.abs((values[:, None] @ TO_CLOSE.T)[:, 0])
    at = np.clip(close.argmax(axis=1), 1, close.shape[1] - 2)
    before, here, after = (close[np.arange(len(at)), at + k] for k in (-1, 0, 1))
    bend = 2 * here - before - after
    crest = here + (after - before) ** 2 / (8 * np.where(bend > 0, bend, np.inf))
    inside = np.abs(after - before) < 2 * bend
    return np.asarray(np.where(inside, crest, close.max(axis=1)))
