"""Largest magnitudes of voltages and currents that are sampled at Gauss's points of panels, between the points too.

Samples alone miss the crest of a fast ring by up to 3 %. The polynomial through the eight points of a panel shows where
a larger value can be; there the exact response is taken. So samples only say where to look, and may err by `ROUGH`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

from amc_circuits.engines.exact.settling import NODES, highest
from amc_circuits.linear.modes import independent_rows
from amc_circuits.linear.probes import Probe, polynomial_at
from amc_circuits.linear.response import GAUSS_NODES, ExactResponse, Piece, gauss
from netlists.record import FloatArray

MISSED = 0.2
"""Largest distance of a crest from the highest sample of its panel, in units of the span of the samples there.

A panel is up to six time constants long. A ring of amplitude a turns by at most 1.1 radian between two of its points,
so its crest is at most `a (1 - cos(0.55))` = 0.15 a above a sample, and its samples span more than a."""
ERRED = 0.02
"""The same for the polynomial of degree 7 through the samples: of an exponential it misses `3^8/(2^7 8!)` = 0.0013."""
ROUGH = 1e-5
"""Largest error of a sample, in units of the largest magnitude of its response; a larger one could hide the crest."""
SPANNED = 1e-7
"""Distance of a time from the span of others, in units of the largest, at which it follows from them here."""
MUCH = 5_000
"""Rows times modes above which bounds by samples are worth their time."""
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
        self._keep(samples[panel, :, row], owner[panel], row, start[panel], length[panel])

    def look_at(self, samples: FloatArray, owner: Indices, row: Indices, start: FloatArray, length: FloatArray) -> None:
        """Look at panels of single rows: as `look`, with samples (B, 8), each of a row (B,)."""
        np.maximum.at(self.largest, (owner, self._group[row]), np.abs(samples).max(axis=1) * (1 - ROUGH))
        self._keep(samples, owner, row, start, length)

    def in_reach(self, bounds: FloatArray) -> tuple[Indices, Indices]:
        """Return responses and rows, (C,) each, that can have the largest magnitude, if none exceeds its bound.

        Args:
            bounds: Bounds of the magnitudes of all rows, shape (S, rows).
        """
        owner, row = np.nonzero((bounds >= self.largest[:, self._group]) & (bounds > 0))
        return owner, row

    def _keep(self, samples: FloatArray, owner: Indices, row: Indices, start: FloatArray, length: FloatArray) -> None:
        """Keep the places of panels (B, 8) where the response may be largest."""
        # One product for each, so that its rounding does not depend on the others.
        fine = np.abs((samples[:, None] @ TO_PLACES.T)[:, 0])
        reach = fine + ERRED * np.ptp(samples, axis=1)[:, None]
        crest = reach >= self.largest[owner, self._group[row], None]
        crest[:, 1:] &= fine[:, 1:] >= fine[:, :-1]
        crest[:, :-1] &= fine[:, :-1] >= fine[:, 1:]
        one, place = np.nonzero(crest)
        self._kept.append((owner[one], row[one], reach[one, place], start[one], length[one] / 2, PLACES[place]))

    def found(self, values: Values) -> FloatArray:
        """Return the largest magnitudes, shape (S, groups)."""
        if not self._kept:
            return self._reached
        owner, row, reach, start, half, place = (np.concatenate(parts) for parts in zip(*self._kept, strict=True))
        some = np.flatnonzero(reach >= self.largest[owner, self._group[row]])
        owner, row, start, half, place = owner[some], row[some], start[some], half[some], place[some]
        middle = np.clip(place, WINDOW - 1, 1 - WINDOW)
        time = (start + half * (1 + middle))[:, None] + (half * WINDOW)[:, None] * NODES
        exact = values(owner, row, time)
        exact *= np.where(-exact.min(axis=1) > exact.max(axis=1), -1.0, 1.0)[:, None]
        np.maximum.at(self._reached, (owner, self._group[row]), highest(exact))
        return self._reached


def look_at_response(crests: Crests, response: ExactResponse, piece: Piece, probe: Probe, panels: FloatArray) -> None:
    """Look at the panels of a piece, edges (P + 1,), s, in all its responses; only few rows of the probe are sampled.

    Rows are left out whose modes cannot add up to the largest magnitude; if many stay, those too that are too small at
    a few times from which all samples follow.
    """
    time, bounds = gauss(panels)[0].ravel(), modal_bounds(response, piece, probe)
    column, row = crests.in_reach(bounds)
    if len(row) * len(response.values) > MUCH:
        bounds = np.minimum(bounds, sampled_bounds(response, piece, probe, time - piece.start, bounds))
        column, row = crests.in_reach(bounds)
    if not row.size:
        return
    samples = response.each_at(piece, probe, time[None], row, column)
    owner, row, start, length = (
        one.ravel() for one in np.broadcast_arrays(column[:, None], row[:, None], panels[:-1], np.diff(panels))
    )
    crests.look_at(samples.reshape(len(owner), -1), owner, row, start, length)


def modal_bounds(response: ExactResponse, piece: Piece, probe: Probe) -> FloatArray:
    """Bound the magnitudes of a probe over a piece by the sum of those of its modes, shape (K, rows)."""
    length, still = piece.stop - piece.start, np.abs(_of_inputs(piece, probe)).max(axis=0)
    growth = np.maximum(1.0, np.exp(np.real(response.values) * length))[:, None]
    modal = np.abs(piece.decaying)
    if piece.moving:
        # z' = value z + B u moves z by at most the integral of |B u|; a convex function is below its trapezium.
        last = piece.inputs + length * piece.inputs_slope
        driven = np.abs(response.drive @ piece.inputs) + np.abs(response.drive @ last)
        modal = np.abs(piece.decaying + piece.polynomial[0]) + length / 2 * driven
    modal = (growth * modal)[: response.upper.stop]
    packed = np.concatenate([modal, modal[response.real :]])
    return np.asarray((still + np.abs(probe.decaying) @ packed).T)


def sampled_bounds(
    response: ExactResponse, piece: Piece, probe: Probe, after: FloatArray, largest: FloatArray
) -> FloatArray:
    """Bound the magnitudes of a probe, (K, rows), by its values at a few of the times after the start (T,).

    In single precision: an error is in units of the sum of all modes, `largest` (K, rows).
    """
    fading, weight = response.fading, 1.0
    if piece.moving:
        own = np.real(piece.packed(probe.real)).transpose(0, 2, 1)[:, :, None]
        modes = fading(piece.decaying[:, :, None], after) + np.real(polynomial_at(own, after[:, None]))
    else:
        ones = np.hstack([fading(np.ones((len(response.values), 1)), after), np.ones((len(after), 1))])
        places, weights = independent_rows(ones, SPANNED)
        modes, weight = fading(piece.decaying[:, :, None], after[places]), np.abs(weights).sum(axis=1).max()
    factors = probe.decaying.T.astype(np.float32)
    seen = modes.reshape(-1, modes.shape[2]).astype(np.float32) @ factors
    seen = seen.reshape(*modes.shape[:2], -1)
    high, low = (np.asarray(edge, dtype=np.float64) for edge in (seen.max(axis=1), seen.min(axis=1)))
    rounding = weight * len(factors) * np.finfo(np.float32).eps * largest
    middle = np.abs(_of_inputs(piece, probe) + ((high + low) / 2).T).max(axis=0).T
    return np.asarray(middle + (1 + 2 * MISSED) * weight * (high - low) / 2 + rounding)


def _of_inputs(piece: Piece, probe: Probe) -> FloatArray:
    """Return the part of a probe that no mode has at both ends of a piece, with the constants of modes that only decay.

    Its shape is (2, rows, K); in between it is straight.
    """
    still, rising = piece.of_inputs(probe)
    if not piece.moving:
        still = still + probe.decaying @ piece.packed(probe.real)[0]
    return np.stack([still, still if rising is None else still + (piece.stop - piece.start) * rising])
