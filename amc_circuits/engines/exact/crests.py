"""Largest magnitudes of voltages and currents that are sampled at Gauss's points of panels, between the points too.

Samples alone miss the crest of a fast ring by up to 3 %. The polynomial through the eight points of a panel shows where
a larger value can be; there the exact response is taken. So samples may be rough: they only say where to look.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

from amc_circuits.engines.exact.settling import NODES, highest
from amc_circuits.linear.modes import independent_rows
from amc_circuits.linear.probes import Probe
from amc_circuits.linear.response import GAUSS_NODES, ExactResponse, Piece
from netlists.record import FloatArray

MISSED = 0.2
"""Largest distance of a crest from the highest sample of its panel, in units of the span of the samples there.

A panel is up to six time constants long. A ring of amplitude a turns by at most 1.1 radian between two of its points,
so its crest is at most `a (1 - cos(0.55))` = 0.15 a above a sample, and its samples span more than a."""
ERRED = 0.02
"""The same for the polynomial of degree 7 through the samples: of an exponential it misses `3^8/(2^7 8!)` = 0.0013."""
ROUGH = 1e-5
"""Largest error of a sample, in units of the largest magnitude of its response."""
WELL_CONDITIONED = 1e3
"""Condition number of eigenvectors up to which sums of modes in single precision are as good as `ROUGH`."""
SPANNED = 1e-7
"""Distance of a time from the span of others, in units of the largest, at which it follows from them here."""
PLACES = np.linspace(-1, 1, 33)
"""Places of a panel at which the polynomial is looked at."""
TO_PLACES = legendre.legvander(PLACES, 7) @ np.linalg.inv(legendre.legvander(GAUSS_NODES, 7))
WINDOW = 0.125
"""Half the length of the window around a crest in which the response is taken, in units of half a panel: at most 0.4
time constants, in which the polynomial through eight values errs by `2 (0.2)^8/8!` = 1e-10."""

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
        self._reached = self._of_groups(least)
        self.largest = self._reached * (1 - ROUGH)
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
        np.maximum.at(self.largest, owner, self._of_groups(size) * (1 - ROUGH))
        high = size + MISSED * span
        panel, row = np.nonzero((high >= self.largest[owner][:, self._group]) & (high > 0))
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
        exact = values(owner, row, time)
        exact *= np.where(-exact.min(axis=1) > exact.max(axis=1), -1.0, 1.0)[:, None]
        np.maximum.at(self._reached, (owner, self._group[row]), highest(exact))
        return self._reached


def rough(response: ExactResponse, condition: float, piece: Piece, probe: Probe, time: FloatArray) -> FloatArray:
    """Sample a probe at times (T,) as well as `Crests` needs it, shape (K, T, rows).

    Args:
        response: Responses of the circuit.
        condition: Condition number of its eigenvectors.
        piece: Piece of the response.
        probe: Probe.
        time: Times, s.
    """
    if piece.moving or np.real(response.values).max() > 0 or condition > WELL_CONDITIONED:
        return response.at(piece, probe, time)
    after = time - piece.start
    modes = response.fading(np.ones((len(response.values), 1)), after)
    places, weights = independent_rows(np.hstack([modes, np.ones((len(time), 1))]), SPANNED)
    still = piece.of_inputs(probe)[0] + probe.decaying @ piece.packed(probe.real)[0]
    fading = response.fading(piece.decaying[:, :, None], after[places]).astype(np.float32)
    seen = fading.reshape(-1, fading.shape[-1]) @ probe.decaying.T.astype(np.float32)
    seen = seen.reshape(*fading.shape[:2], -1)
    seen += still.T[:, None].astype(np.float32)
    return np.asarray(np.matmul(weights.astype(np.float32), seen))
