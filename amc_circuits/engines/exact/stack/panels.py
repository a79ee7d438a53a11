"""Panels of the responses of many circuits: `nonlinear/panels.py`, stacked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from amc_circuits.engines.exact.nonlinear.panels import LENGTH, POINTS
from amc_circuits.engines.exact.stack.integrator import Course
from amc_circuits.engines.exact.stack.weights import Poles
from amc_circuits.linear.response import GAUSS_NODES
from netlists.record import FloatArray
from netlists.short_text import short_repr


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
    after = first - np.where(begin[step] >= rise, rise, 0.0)
    values = poles.values[owner[step]]
    # As `System.pace`.
    left = np.abs(values) * np.exp(after[:, None] * np.minimum(values.real, 0.0) / POINTS)
    parts = np.maximum(1, np.ceil((last - first) * left.max(axis=1) / LENGTH)).astype(np.int64)
    segment = np.repeat(np.arange(len(parts)), parts)
    place = np.arange(len(segment)) - np.repeat(np.cumsum(parts) - parts, parts)
    size = ((last - first) / parts)[segment]
    begins = first[segment] + place * size
    ends = np.where(place + 1 == parts[segment], last[segment], first[segment] + (place + 1) * size)
    return PanelsOfMany(owner[step[segment]], step[segment], begins, ends)
