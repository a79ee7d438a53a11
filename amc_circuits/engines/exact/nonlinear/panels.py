"""Samples of responses at Gauss's points of panels, in which every voltage is a polynomial to rounding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

from amc_circuits.engines.exact.nonlinear.rows import Rows
from amc_circuits.linear.response import GAUSS_NODES, gauss
from netlists.record import FloatArray
from netlists.short_text import short_repr

POINTS = len(GAUSS_NODES)
LENGTH = 2.5
"""Longest panel at a corner in time constants of the fastest mode: the polynomial of degree 7 through Gauss's points
misses an exponential by `I_8(5/4)` = 6e-7, and two samples are less than half a radian apart. This error grows with the
eighth power of the length, so that panels grow with the eighth root of what a mode has decayed by."""
_LEGENDRE = np.linalg.inv(legendre.legvander(GAUSS_NODES, POINTS - 1))
COEFFICIENTS: FloatArray = np.stack([legendre.leg2poly(column) for column in _LEGENDRE.T], axis=1)
"""Coefficients of the powers of a polynomial from its values at Gauss's points, shape (power, points); between -1 and 1
they leave 13 digits."""
DERIVATIVE: FloatArray = np.asarray(
    (legendre.legvander(GAUSS_NODES, POINTS - 2) @ legendre.legder(np.eye(POINTS))) @ _LEGENDRE, dtype=np.float64
)
"""Derivatives at Gauss's points of a panel of length 2 from the values there, shape (points, points)."""


PAIRED = 1.5
"""Largest length of a panel in units of the one before it at which both become one."""
BETWEEN = np.concatenate([(GAUSS_NODES - 1) / 2, (GAUSS_NODES + 1) / 2])
"""Gauss's points of both halves of a panel, in which it is -1 to 1."""


def weights_at(places: FloatArray) -> FloatArray:
    """Return the weights of values at Gauss's points, shape (..., POINTS), at places of a panel, -1 to 1."""
    powers = np.empty((*places.shape, POINTS))
    powers[..., 0], powers[..., 1:] = 1.0, places[..., None]
    np.multiply.accumulate(powers, axis=-1, out=powers)
    return np.asarray(powers @ COEFFICIENTS)


@dataclass(frozen=True)
class Panels:
    """Panels of some responses in time, and their course at points.

    Attributes:
        edges: Edges of the panels, shape (P + 1,), s.
        course: Coordinates, then what the limits add at once (`Added.pins`), then inputs, V, shape (n + m + k + inputs,
            points, K): at the P 8 points of the panels, and at the end.
        cuts: Numbers of coordinates, and of all but inputs.
        pairs: True for panels that are pairs of others, shape (P,); None if none is.
    """

    edges: FloatArray
    course: FloatArray
    cuts: tuple[int, int]
    pairs: NDArray[np.bool_] | None = None

    __repr__ = short_repr

    @classmethod
    def joined(cls, edges: FloatArray, state: FloatArray, pins: FloatArray, inputs: FloatArray) -> Panels:
        """Return panels of coordinates, pins and inputs, shape (rows, points, K) each."""
        return cls(edges, np.concatenate([state, pins, inputs]), (len(state), len(state) + len(pins)))

    @property
    def state(self) -> FloatArray:
        """Coordinates, shape (n, points, K)."""
        return self.course[: self.cuts[0]]

    @property
    def pins(self) -> FloatArray:
        """What the limits add at once, shape (m + k, points, K)."""
        return self.course[slice(*self.cuts)]

    @property
    def inputs(self) -> FloatArray:
        """Inputs, shape (inputs, points, K), V."""
        return self.course[self.cuts[1] :]

    @property
    def count(self) -> int:
        """Number of points in the panels."""
        return POINTS * (len(self.edges) - 1)

    @cached_property
    def time(self) -> FloatArray:
        """Times of the points and of the end, shape (P 8 + 1,), s."""
        return np.append(gauss(self.edges)[0], self.edges[-1])

    def paired(self, keep: Sequence[float] | None, *values: FloatArray) -> tuple[Panels, list[FloatArray]]:
        """Return the same in longer panels, and at the end.

        The panels are pairs of these, for integrals; edges at times `keep` stay, s, and all do if it is None. Gauss's
        eight points integrate the power of the fastest mode over two panels to 2e-6: the remainder is
        10^17 (8!)^4 / (17 (16!)^3). Values (rows, points, K) are returned at their points, too.
        """
        if keep is None:
            return self, list(values)
        cuts = self._pairs(keep)
        edges, pairs = self.edges[cuts], np.diff(cuts) == 2
        course, *moved = self._moved(cuts, pairs, self.course, *values)
        return Panels(edges, course, self.cuts, pairs), moved

    def _moved(self, cuts: list[int], pairs: NDArray[np.bool_], *values: FloatArray) -> Iterator[FloatArray]:
        """Yield values (rows, points, K) at the points of the panels between some cuts, and at the end."""
        points = gauss(self.edges[cuts])[0]
        weights = iter(_from_pairs(self.edges[np.array(cuts)[:-1][pairs, None] + np.arange(3)], points[pairs]))
        moves = [(slice(POINTS * a, POINTS * b), next(weights) if b > a + 1 else None) for a, b in pairwise(cuts)]
        for one in values:
            found = np.empty((len(one), points.size + 1, one.shape[2]))
            for k, (some, factors) in enumerate(moves):
                new = found[:, POINTS * k : POINTS * k + POINTS]
                if factors is None:
                    new[:] = one[:, some]
                else:
                    np.matmul(factors, one[:, some], out=new)
            found[:, -1] = one[:, -1]
            yield found

    def _pairs(self, keep: Sequence[float]) -> list[int]:
        """Return the places of the edges that stay."""
        stay = (np.abs(self.edges[:, None] - np.asarray(keep)).min(axis=1) <= 1e-12 * self.edges).tolist()
        length, cuts = np.diff(self.edges).tolist(), [0]
        while cuts[-1] < len(length):
            first = cuts[-1]
            pair = first + 1 < len(length) and not stay[first + 1] and length[first + 1] <= PAIRED * length[first]
            cuts.append(first + 1 + pair)
        return cuts

    def largest(self, values: FloatArray) -> FloatArray:
        """Return the largest magnitudes of values (..., rows, points, K), between the points too, shape (..., K).

        Pairs are looked at in each of both panels, so that a peak does not depend on what is a pair.
        """
        own, end = values[..., : self.count, :], values[..., self.count :, :]
        own = own.reshape(*own.shape[:-2], -1, POINTS, own.shape[-1])
        pairs = np.zeros(len(self.edges) - 1, dtype=np.bool_) if self.pairs is None else self.pairs
        high, low = _of_points(np.maximum, own), _of_points(np.minimum, own)
        found = np.asarray(np.abs(end).max(axis=(-3, -2), initial=0.0))
        np.maximum(found, high.max(axis=(-3, -2)), out=found)
        np.maximum(found, -low.min(axis=(-3, -2)), out=found)
        # Where a panel reaches at most: its middle, and what a polynomial makes of half of its range.
        reach = np.where(pairs, _REACH_OF_QUARTERS, _REACH)[:, None] * (high - low)
        reach += np.abs(high + low)
        _raise(found, own, reach > 2 * found[..., None, None, :], pairs)
        return found

    def voltages(self, rows: Rows, further: int = 0) -> FloatArray:
        """Return voltages at the points, shape (rows, points, K), V, and behind them room for further rows."""
        flat, count = self.course.reshape(len(self.course), -1), len(rows.rest)
        found = np.empty((count + further, flat.shape[1]))
        for some, factors in rows.products:
            np.matmul(factors, flat[: factors.shape[1]], out=found[some])
        if rows.rest.any():
            found[:count] += rows.rest[:, None]
        return found.reshape(-1, *self.course.shape[1:])

    def between(self, values: FloatArray, which: Sequence[NDArray[np.int64]], time: FloatArray) -> FloatArray:
        """Interpolate values at other times.

        Args:
            values: Values at the points of all panels, shape (P 8, ...).
            which: Indices of the last axes of `values`, shape (entries,) each.
            time: Times, shape (entries, T), s.
        """
        panel = np.searchsorted(self.edges[1:-1], time, side="right")
        begin, end = self.edges[panel], self.edges[panel + 1]
        own = values[: self.count].reshape(-1, POINTS, *values.shape[1:])
        picked = own[(panel[:, :, None], np.arange(POINTS), *(one[:, None, None] for one in which))]
        weights = weights_at((2 * time - begin - end) / (end - begin))
        return np.asarray(np.einsum("etp,etp->et", weights, picked))

    def slopes(self, values: FloatArray) -> FloatArray:
        """Differentiate values (rows, points, K) at the points of the panels, shape (rows, P 8, K)."""
        own = values[:, : self.count].reshape(len(values), -1, POINTS, values.shape[2])
        half = np.diff(self.edges)[:, None, None] / 2
        return np.asarray(np.matmul(DERIVATIVE, own) / half).reshape(len(values), self.count, -1)


TO_BETWEEN = weights_at(BETWEEN)
"""Weights of the values at Gauss's points at `BETWEEN`, shape (16, points)."""
_TO_QUARTERS = weights_at(np.concatenate([(BETWEEN - 1) / 2, (BETWEEN + 1) / 2]))


_REACH, _REACH_OF_QUARTERS = (float(np.abs(one).sum(axis=1).max()) for one in (TO_BETWEEN, _TO_QUARTERS))
"""Largest value there of polynomials whose values at Gauss's points are within -1 and 1."""


def peaks(values: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the largest magnitudes between Gauss's points, of values (..., points, K), shape (..., K)."""
    own = np.matmul(weights, values)
    return np.asarray(np.maximum(own.max(axis=-2), -own.min(axis=-2)))


def _of_points(choose: np.ufunc, values: FloatArray) -> FloatArray:
    """Return the largest or the least of values (..., points, K) in each panel, shape (..., K)."""
    found = values
    while (half := found.shape[-2] // 2) > 0:  # halves are long blocks of memory, which `reduce` would not use
        found = choose(found[..., :half, :], found[..., half:, :])
    return np.asarray(found[..., 0, :])


def _raise(found: FloatArray, values: FloatArray, where: NDArray[np.bool_], pairs: NDArray[np.bool_]) -> None:
    """Raise the largest magnitudes (..., K) to those of values (..., rows, P, points, K) in panels where it is True."""
    *group, row, panel, response = np.nonzero(where)
    paired, points = pairs[panel], values.swapaxes(-1, -2)
    for some, weights in ((~paired, TO_BETWEEN), (paired, _TO_QUARTERS)):
        if some.any():
            own, last = tuple(one[some] for one in group), response[some]
            seen = points[(*own, row[some], panel[some], last)] @ weights.T
            np.maximum.at(found, (*own, last), np.abs(seen).max(axis=1))


def _from_pairs(edges: FloatArray, time: FloatArray) -> FloatArray:
    """Return the weights of values at all points of pairs of panels, shape (P, T, 2 points), at times in them (P, T).

    Args:
        edges: Edges of the pairs, shape (P, 3), s.
        time: Times, s.
    """
    second = (time > edges[:, 1:2]).astype(np.int64)
    begin, end = (np.take_along_axis(edges, second + k, axis=1) for k in range(2))
    found = np.zeros((*time.shape, 2, POINTS))
    found[(*np.indices(time.shape), second)] = weights_at((2 * time - begin - end) / (end - begin))
    return found.reshape(*time.shape, 2 * POINTS)
