"""Panels of the responses of many circuits: `nonlinear/panels.py`, stacked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from amc_circuits.engines.exact.nonlinear.panels import LENGTH, POINTS
from amc_circuits.engines.exact.nonlinear.sampling import MANY
from amc_circuits.engines.exact.stack.integrator import Course
from amc_circuits.engines.exact.stack.weights import Poles
from amc_circuits.linear.modes import ComplexArray
from amc_circuits.linear.response import GAUSS_NODES
from netlists.record import FloatArray
from netlists.short_text import short_repr

SHORTER = 0.6
"""Length of the panels of linear circuits in units of the others: its eighth power, 0.02, is left of the polynomials'
error, because these circuits are read from closed forms when they are alone."""


@dataclass(frozen=True)
class PanelsOfMany:
    """Panels of all circuits, one circuit after the other, and of each of them in time.

    Attributes:
        owner: Circuit of each panel, rising, shape (B,).
        step: Step of each panel.
        begin: Beginnings, shape (B,), s.
        end: Ends, s.
    """

    owner: NDArray[np.int64]
    step: NDArray[np.int64]
    begin: FloatArray
    end: FloatArray

    __repr__ = short_repr

    @cached_property
    def time(self) -> FloatArray:
        """Times of Gauss's points, shape (B, 8), s."""
        half = (self.end - self.begin)[:, None] / 2
        return (self.begin + self.end)[:, None] / 2 + half * GAUSS_NODES


def panels_of(course: Course, poles: Poles, rise: float, steady_from: FloatArray) -> PanelsOfMany:
    """Cut all steps into panels, at half of the rise time, at `steady_from` (P,), s, and as the poles need it."""
    begin, length, owner = course.start, course.length, course.owner
    end = begin + length
    marks = [begin, end]
    for cut in (np.full_like(begin, rise / 2), steady_from[owner]):
        inside = (cut > begin + 1e-9 * length) & (cut < end - 1e-9 * length)
        marks.append(np.where(inside, cut, end))
    edges = np.sort(np.stack(marks, axis=1), axis=1)
    step, place = np.nonzero(edges[:, 1:] > edges[:, :-1])
    first, last = edges[step, place], edges[step, place + 1]
    found, longer = [], np.where(course.linear[owner], 1 / SHORTER, 1.0)
    while True:
        parts = (
            longer[step]
            * (last - first)
            * _pace(poles.values[owner[step]], first - np.where(begin[step] >= rise, rise, 0.0))
        )
        many = np.flatnonzero(parts / LENGTH > MANY)
        if not many.size:
            break
        after = first[many] + (last - first)[many] * LENGTH / parts[many]
        found.append((step[many], first[many], after))
        first[many] = after
    found.append(_equal(step, first, last, np.maximum(1, np.ceil(parts / LENGTH)).astype(np.int64)))
    steps, begins, ends = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.lexsort((begins, steps))
    return PanelsOfMany(owner[steps[order]], steps[order], begins[order], ends[order])


def _pace(values: ComplexArray, after: FloatArray) -> FloatArray:
    """As `System.pace`, of some poles (S, n), 1/s, at times (S,), s."""
    left = np.abs(values) * np.exp(after[:, None] * np.minimum(values.real, 0.0) / POINTS)
    return np.asarray(left.max(axis=1))


def _equal(
    step: NDArray[np.int64], first: FloatArray, last: FloatArray, parts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], FloatArray, FloatArray]:
    """Cut stretches of steps into equal parts; return their steps, beginnings and ends."""
    stretch = np.repeat(np.arange(len(parts)), parts)
    place = np.arange(len(stretch)) - np.repeat(np.cumsum(parts) - parts, parts)
    size = ((last - first) / parts)[stretch]
    begins = first[stretch] + place * size
    ends = np.where(place + 1 == parts[stretch], last[stretch], first[stretch] + (place + 1) * size)
    return step[stretch], begins, ends
