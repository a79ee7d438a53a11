"""Samples of responses at Gauss's points of panels, in which every voltage is a polynomial to rounding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

from amc_circuits.engines.exact.nonlinear.method import interpolated
from amc_circuits.engines.exact.nonlinear.rows import Rows
from amc_circuits.engines.exact.nonlinear.system import System, times
from amc_circuits.engines.exact.nonlinear.trajectory import Place, Step
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
MANY = 16
"""Panels of a step up to which all are equal."""
PARTS, ROUNDS = 16, 3
"""Parts of the time between two points, and rounds, in which the corner of a limiter is found: 1/4096 of it."""
TOGETHER = 16
"""Steps whose weights are computed at once: these are numbers of every mode at every point."""


def weights_at(places: FloatArray) -> FloatArray:
    """Return the weights of values at Gauss's points, shape (..., POINTS), at places of a panel, -1 to 1."""
    powers = np.empty((*places.shape, POINTS))
    powers[..., 0], powers[..., 1:] = 1.0, places[..., None]
    np.multiply.accumulate(powers, axis=-1, out=powers)
    return np.asarray(powers @ COEFFICIENTS)


@dataclass(frozen=True)
class Panels:
    """Panels of some responses in time, and the coordinates at their points.

    Attributes:
        edges: Edges of the panels, shape (P + 1,), s.
        state: Coordinates at the points, shape (n, P 8 + 1, K); the last one is the end.
        pins: What the limits add at once (`Added.pins`), shape (m + k, P 8 + 1, K).
        inputs: Inputs, shape (inputs, P 8 + 1, K), V.
        pairs: True for panels that are pairs of others, shape (P,); None if none is.
    """

    edges: FloatArray
    state: FloatArray
    pins: FloatArray
    inputs: FloatArray
    pairs: NDArray[np.bool_] | None = None

    __repr__ = short_repr

    @cached_property
    def time(self) -> FloatArray:
        """Times of the points, shape (P 8 + 1,), s."""
        return np.append(gauss(self.edges)[0], self.edges[-1])

    def paired(self, keep: Sequence[float]) -> Panels:
        """Return the same in panels that are pairs of these, for integrals; edges at times `keep` stay, s.

        Gauss's eight points integrate the power of the fastest mode over two panels to 2e-6: the remainder is
        10^17 (8!)^4 / (17 (16!)^3).
        """
        stay = np.abs(self.edges[:, None] - np.asarray(keep)).min(axis=1) <= 1e-12 * self.edges
        length, cuts = np.diff(self.edges), [0]
        while cuts[-1] < len(length):
            first = cuts[-1]
            pair = first + 1 < len(length) and not stay[first + 1] and length[first + 1] <= PAIRED * length[first]
            cuts.append(first + 1 + pair)
        edges = self.edges[cuts]
        points, moved = gauss(edges)[0], [(first, second) for first, second in pairwise(cuts)]
        given = (self.state, self.pins, self.inputs)
        found = [np.empty((len(one), POINTS * len(moved) + 1, one.shape[2])) for one in given]
        for k, (first, second) in enumerate(moved):
            old, new = slice(POINTS * first, POINTS * second), slice(POINTS * k, POINTS * k + POINTS)
            weights = _from_panels(self.edges[first : second + 1], points[k])
            for values, one in zip(given, found, strict=True):
                np.matmul(weights, values[:, old], out=one[:, new])
        for values, one in zip(given, found, strict=True):
            one[:, -1] = values[:, -1]
        state, pins, inputs = found
        return Panels(edges, state, pins, inputs, np.diff(cuts) == 2)

    def largest(self, *values: FloatArray) -> FloatArray:
        """Return the largest magnitude of values (rows, panels 8, K), between the points too, shape (K,).

        Pairs are looked at in each of both panels, so that a peak does not depend on what is a pair.
        """
        found = np.zeros(values[0].shape[2])
        for one in values:
            own = one.reshape(len(one), -1, POINTS, one.shape[2])
            count = own.shape[1]
            pairs = np.zeros(count, dtype=bool) if self.pairs is None else self.pairs[:count]
            high, low = _of_points(np.maximum, own), _of_points(np.minimum, own)
            # Where a panel reaches at most: its middle, and what a polynomial makes of half of its range.
            reach = np.where(pairs, _REACH_OF_QUARTERS, _REACH)[:, None] * (high - low)
            reach += np.abs(high + low)
            # First where most is expected; then hardly any other panel can reach as far.
            _raise(found, own, reach == reach.max(axis=(0, 1)), pairs)
            _raise(found, own, reach > 2 * found, pairs)
        return found

    def some(self, points: slice | NDArray[np.int64]) -> Panels:
        """Return the same with some of the points."""
        return Panels(self.edges, self.state[:, points], self.pins[:, points], self.inputs[:, points])

    def voltages(self, rows: Rows) -> FloatArray:
        """Return voltages at the points, shape (rows, points, K), V."""
        found = times(rows.modal, self.state)
        if rows.feed.any():
            found += times(rows.feed, self.inputs)
        if (fed := np.flatnonzero(rows.pins.any(axis=1))).size:
            some = slice(int(fed[0]), int(fed[-1]) + 1)
            found[some] += times(rows.pins[some], self.pins)
        if rows.rest.any():
            found += rows.rest[:, None, None]
        return found

    def between(self, values: FloatArray, which: Sequence[NDArray[np.int64]], time: FloatArray) -> FloatArray:
        """Interpolate values at other times.

        Args:
            values: Values at the points of all panels, shape (P 8, ...).
            which: Indices of the last axes of `values`, shape (entries,) each.
            time: Times, shape (entries, T), s.
        """
        panel = np.clip(np.searchsorted(self.edges, time, side="right") - 1, 0, len(self.edges) - 2)
        begin, end = self.edges[panel], self.edges[panel + 1]
        own = values[: POINTS * (len(self.edges) - 1)].reshape(-1, POINTS, *values.shape[1:])
        picked = own[(panel[:, :, None], np.arange(POINTS), *(one[:, None, None] for one in which))]
        weights = weights_at((2 * time - begin - end) / (end - begin))
        return np.asarray(np.einsum("etp,etp->et", weights, picked))

    def slopes(self, values: FloatArray) -> FloatArray:
        """Differentiate values at the points (rows, P 8, K), same shape."""
        own = values.reshape(len(values), -1, POINTS, values.shape[2])
        half = np.diff(self.edges)[: own.shape[1], None, None] / 2
        return np.asarray(np.matmul(DERIVATIVE, own) / half).reshape(values.shape)


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
    """Return the largest or the least of values (rows, P, points, K) in each panel, shape (rows, P, K)."""
    found = choose(values[:, :, : POINTS // 2], values[:, :, POINTS // 2 :])
    return np.asarray(choose.reduce(found, axis=2))


def _raise(found: FloatArray, values: FloatArray, where: NDArray[np.bool_], pairs: NDArray[np.bool_]) -> None:
    """Raise the largest magnitudes found (K,) to those of values (rows, P, points, K) in some panels (rows, P, K)."""
    for which, weights in ((~pairs, TO_BETWEEN), (pairs, _TO_QUARTERS)):
        row, panel, response = np.nonzero(where & which[:, None])
        seen = values[row, panel, :, response] @ weights.T
        np.maximum.at(found, response, np.abs(seen).max(axis=1))


def _from_panels(edges: FloatArray, time: FloatArray) -> FloatArray:
    """Return the weights of values at all points of one panel or two at times (T,) in them, shape (T, points), s."""
    found = np.zeros((len(time), len(edges) - 1, POINTS))
    panel = np.searchsorted(edges[1:-1], time)
    begin, end = edges[panel], edges[panel + 1]
    found[np.arange(len(time)), panel] = weights_at((2 * time - begin - end) / (end - begin))
    return found.reshape(len(time), -1)


def sampled(
    system: System, steps: Sequence[Step], end: Place, cuts: Sequence[float], corners: Sequence[float]
) -> Panels:
    """Sample responses at Gauss's points of panels that are short enough.

    Args:
        system: Circuit.
        steps: Steps of the responses.
        end: Their end.
        cuts: Further edges of panels, s.
        corners: Times at which modes are excited, s: the beginning, and the corners of the inputs.
    """
    cut = [_edges(system, step, max(one for one in corners if one <= step.start), cuts) for step in steps]
    fractions = [(gauss(own)[0].ravel() - step.start) / step.length for own, step in zip(cut, steps, strict=True)]
    stops = np.cumsum([len(one) for one in fractions])
    state, pins, inputs = (
        np.empty((len(last), stops[-1] + 1, last.shape[-1])) for last in (end.state, end.added.pins, steps[-1].inputs)
    )
    for first in range(0, len(steps), TOGETHER):
        some = slice(first, first + TOGETHER)
        blocks = system.sampling([step.length for step in steps[some]], fractions[some])
        for step, part, own, stop in zip(steps[some], fractions[some], blocks, stops[some], strict=True):
            here = slice(stop - len(part), stop)
            system.applied(own, step.source, out=state[:, here])
            np.matmul(interpolated(part).T, step.added.pins, out=pins[:, here])
            inputs[:, here] = step.inputs[:, None] + step.slope[:, None] * (part * step.length)[:, None]
    last = steps[-1]
    state[:, -1], pins[:, -1], inputs[:, -1] = end.state, end.added.pins[:, 0], last.inputs + last.slope * last.length
    edges = np.concatenate([cut[0][:1], *(own[1:] for own in cut)])
    found = Panels(edges, state, pins, inputs)
    _limit(system, found)
    return found


def _limit(system: System, panels: Panels) -> None:
    """Give limiters the volts of their law at all points; one behind another takes a pass more."""
    m, count = system.laws.count, system.limiters.count
    for _ in system.limiters.parts:
        seen = panels.voltages(system.seen.part(slice(3 * m, 3 * m + count)))
        panels.pins[m : m + count] = system.limiters.volts(seen)[0]


def corners(system: System, panels: Panels) -> list[float]:
    """List the times at which inputs of limiters pass their levels, s: there voltages have corners."""
    count = system.limiters.count
    if not count:
        return []
    first = 3 * system.laws.count
    beyond = np.abs(panels.voltages(system.seen.part(slice(first, first + count)))) - system.limiters.level
    passing = (beyond[:, 1:] > 0) != (beyond[:, :-1] > 0)
    limiter, point, response = np.nonzero(passing)
    low, high = panels.time[point], panels.time[point + 1]
    values, at = beyond.transpose(1, 2, 0), np.linspace(0, 1, PARTS + 1)
    begin = beyond[limiter, point, response] > 0
    for _ in range(ROUNDS):
        time = low[:, None] + (high - low)[:, None] * at
        seen = panels.between(values, (response, limiter), time) > 0
        first = np.maximum(np.argmax(seen != begin[:, None], axis=1), 1)
        rows = np.arange(len(first))
        low, high = time[rows, first - 1], time[rows, first]
    return [float(one) for one in np.unique((low + high) / 2)]


def at_times(system: System, step: Step, time: FloatArray, rows: Rows) -> FloatArray:
    """Return voltages at times (T,) within a step, s; shape (rows, T, K), V."""
    fractions = (time - step.start) / step.length
    state = system.applied(system.sampling([step.length], [fractions])[0], step.source)
    pins = np.matmul(interpolated(fractions).T, step.added.pins)
    inputs = step.inputs[:, None] + step.slope[:, None] * (time - step.start)[:, None]
    found = Panels(time, state, pins, np.asarray(inputs))
    _limit(system, found)
    return found.voltages(rows)


def _edges(system: System, step: Step, origin: float, cuts: Sequence[float]) -> FloatArray:
    """Cut a step into panels: at the given times, and so that none is longer than what is left of modes allows."""
    begin, end = step.start, step.start + step.length
    marks = [begin, *(cut for cut in cuts if begin < cut - 1e-9 * step.length and cut < end - 1e-9 * step.length), end]
    found = [np.array([begin])]
    for first, last in pairwise(marks):
        parts = (last - first) * system.pace(first - origin, 1 / POINTS) / LENGTH
        while parts > MANY:  # fast modes decay meanwhile
            first += (last - first) / parts
            found.append(np.array([first]))
            parts = (last - first) * system.pace(first - origin, 1 / POINTS) / LENGTH
        found.append(np.linspace(first, last, max(1, int(np.ceil(parts))) + 1)[1:])
    return np.concatenate(found)
