"""Crossing of a limit between two values of a parameter, and its narrowing by Brent's method and bisection."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq

from amc_circuits.results.trials import Limit
from amc_circuits.studies.sizing.span import Span

STEEPEST = 20.0
"""Largest logarithm of the ratio of metric and limit for Brent's method; without a metric the limit is missed by it."""
DIGITS = 4
"""Fewest significant digits to which a result is rounded, towards the side that keeps the limit."""


@dataclass(frozen=True)
class Sample:
    """Metric at one value of the parameter.

    Attributes:
        value: Value of the parameter.
        metric: Metric there; nan without a usable result.
        problem: Reason why there is no usable result; empty if there is one.
    """

    value: float
    metric: float
    problem: str = ""


@dataclass(frozen=True)
class Edge:
    """Crossing of the limit between two values.

    Attributes:
        holds: Sample that keeps the limit.
        fails: Sample beside it that does not.
    """

    holds: Sample
    fails: Sample

    @property
    def least(self) -> bool:
        """True if the limit is kept from this value upwards, False if up to it."""
        return self.holds.value > self.fails.value


@dataclass
class Crossing:
    """Two samples, as a rule around a crossing of the limit, with the function that measures between them."""

    probe: Callable[[float], Sample]
    limit: Limit
    span: Span
    accuracy: float
    sides: tuple[Sample, Sample]

    @property
    def crosses(self) -> bool:
        """True if one side keeps the limit."""
        low, high = self.sides
        return self.limit.kept(low.metric) != self.limit.kept(high.metric)

    @property
    def ends(self) -> bool:
        """True if one side has a usable result."""
        low, high = self.sides
        return bool(low.problem) != bool(high.problem)

    def parts(self) -> list[Crossing]:
        """Crossings on both sides of a value that keeps the limit; none if there is none up to the last usable one."""
        while not self._close:
            sample = self.probe(self._value(sum(self.span.place(side.value) for side in self.sides) / 2))
            low, high = self.sides
            left, right = replace(self, sides=(low, sample)), replace(self, sides=(sample, high))
            if self.limit.kept(sample.metric):
                return [left, right]
            self.sides = left.sides if left.ends else right.sides
        return []

    def narrow(self) -> Edge:
        """Move both sides together until they are accurate; for whole numbers, until they are neighbours."""
        first, last = (side.value for side in self.sides)
        root = None if self.span.whole else self._root()
        while not self._close:
            places = [self.span.place(side.value) for side in self.sides]
            middle = sum(places) / 2
            if root is not None:
                # Brent's method comes from one side: the other one is first tried just beyond the root.
                step = self.span.tolerance(self.span.value(root), self.accuracy) / 2
                low, high = places
                far = low if root - low > high - root else high
                middle, root = root + math.copysign(min(step, abs(far - root) / 2), far - root), None
            self._take(self.probe(self._value(middle)))
        rounded = self._rounded(self.edge)
        return rounded if first <= rounded.holds.value <= last else self.edge

    def _value(self, place: float) -> float:
        """Value at a coordinate strictly between the sides."""
        value = self.span.value(place)
        if not self.span.whole:
            return value
        low, high = (int(side.value) for side in self.sides)
        return float(min(max(round(value), low + 1), high - 1))

    @property
    def _close(self) -> bool:
        low, high = (side.value for side in self.sides)
        if self.span.whole:
            return high - low <= 1
        distance = self.span.place(high) - self.span.place(low)
        return distance <= max(self.span.tolerance(high, self.accuracy), 4 * math.ulp(abs(self.span.place(high))))

    @property
    def edge(self) -> Edge:
        """Crossing between the two sides."""
        low, high = self.sides
        return Edge(low, high) if self.limit.kept(low.metric) else Edge(high, low)

    def _take(self, sample: Sample) -> None:
        """Replace the side that is like this sample, if the sample is between the sides."""
        low, high = self.sides
        if low.value < sample.value < high.value:
            alike = self.limit.kept(sample.metric) == self.limit.kept(low.metric)
            self.sides = (sample, high) if alike else (low, sample)

    def _root(self) -> float:
        """Coordinate of the crossing by Brent's method."""
        low, high = (self.span.place(side.value) for side in self.sides)
        tolerance = self.span.tolerance(self.sides[0].value, self.accuracy) / 4

        def margin(place: float) -> float:
            ends = {low: self.sides[0], high: self.sides[1]} if place in (low, high) else {}
            sample = ends.get(place) or self.probe(self.span.value(place))
            seen.append(sample)
            return _margin(self.limit, sample.metric)

        seen: list[Sample] = []
        root = float(brentq(margin, low, high, xtol=tolerance, rtol=max(1e-12, 4 * np.finfo(float).eps)))
        for sample in sorted(seen, key=lambda one: -abs(self.span.place(one.value) - root)):
            self._take(sample)
        return root

    def _rounded(self, edge: Edge) -> Edge:
        """Round the value that keeps the limit away from the crossing, if the rounded one keeps it, too."""
        if self.span.whole:
            return edge
        digits = max(DIGITS, 2 - math.floor(math.log10(self.accuracy)))
        value = round_away(edge.holds.value, digits, up=edge.least)
        near = abs(value - edge.holds.value) <= self.accuracy * abs(value)
        if value == edge.holds.value or not near or not self.span.low <= value <= self.span.high:
            return edge
        sample = self.probe(value)
        return Edge(sample, edge.fails) if self.limit.kept(sample.metric) else edge


def _margin(limit: Limit, metric: float) -> float:
    """Distance of a metric from its limit, positive if it is kept: logarithmic if both are positive."""
    if math.isnan(metric):
        return -STEEPEST
    sign = 1.0 if limit.below else -1.0
    if limit.value > 0 and metric > 0:
        distance = sign * (math.log(limit.value) - math.log(metric))
    else:
        distance = sign * (limit.value - metric) / (abs(limit.value) or 1.0)
    bounded = min(max(distance, -STEEPEST), STEEPEST)
    # Of a metric at its limit the limit is missed, so the margin must not be 0 on the side that keeps it.
    return bounded if bounded != 0 or limit.kept(metric) else -1e-300


def round_away(value: float, digits: int, *, up: bool) -> float:
    """Round a value to significant digits, upwards or downwards."""
    if value == 0:
        return value
    nearest = float(f"{value:.{digits - 1}e}")
    if nearest == value or (nearest > value) == up:
        return nearest
    step = 10.0 ** (math.floor(math.log10(abs(value))) - digits + 1)
    return float(f"{nearest + (step if up else -step):.{digits - 1}e}")
