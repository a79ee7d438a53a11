"""Search for the values of one parameter at which a metric crosses its limit: a scan, then brackets made narrow.

Nothing is assumed about the metric between two places of the scan that agree; where they differ, one crossing is
narrowed by Brent's method, and a value that keeps the limit is the result.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np
from scipy.optimize import brentq

from amc_circuits.results.trials import Limit
from amc_circuits.studies.sizing.span import Span
from netlists import ParameterError

STEEPEST = 20.0
"""Largest logarithm of the ratio of metric and limit for Brent's method; without a metric the limit is missed by it."""
FLAT = 1e-6
"""Relative change of a metric that counts as none."""
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


@dataclass(frozen=True)
class Found:
    """Result of a search.

    Attributes:
        limit: Limit on the metric.
        span: Range that was searched.
        scan: Samples of the first scan.
        edges: Narrow crossings of the limit, in order of the parameter; empty if it is kept everywhere or nowhere.
        ends: Crossings that are left between two places of the scan: those at which the circuit has no usable result
            any more, beside others. To simulate a circuit close to its limit of stability takes long.
        samples: All samples, in order of the parameter.
    """

    limit: Limit
    span: Span
    scan: tuple[Sample, ...]
    edges: tuple[Edge, ...]
    ends: tuple[Edge, ...]
    samples: tuple[Sample, ...] = field(repr=False)

    @property
    def everywhere(self) -> bool:
        """True if every place of the scan keeps the limit."""
        return all(self.limit.kept(sample.metric) for sample in self.scan)

    @property
    def nowhere(self) -> bool:
        """True if no place of the scan keeps the limit."""
        return not any(self.limit.kept(sample.metric) for sample in self.scan)

    @property
    def answer(self) -> Sample | None:
        """First crossing's sample that keeps the limit; None without a crossing."""
        return self.edges[0].holds if self.edges else None

    @property
    def best(self) -> Sample:
        """Sample of the scan with the best metric; the first one if no metric is known."""
        known = [sample for sample in self.scan if not math.isnan(sample.metric)] or list(self.scan[:1])
        return (min if self.limit.below else max)(known, key=lambda sample: sample.metric)

    @cached_property
    def turns(self) -> int:
        """Number of times the metric turns from rising to falling or back, over all samples with a metric."""
        known = [sample.metric for sample in self.samples if math.isfinite(sample.metric)]
        smallest = FLAT * max(map(abs, known), default=0.0)
        steps = [after - before for before, after in pairwise(known)]
        signs = [step > 0 for step in steps if abs(step) > smallest]
        return sum(one != other for one, other in pairwise(signs))

    @property
    def flat(self) -> bool:
        """True if the metric is known at all samples and does not change."""
        known = [sample.metric for sample in self.samples]
        return bool(np.isfinite(known).all()) and max(known) - min(known) <= FLAT * max(map(abs, known))


def search(
    measure: Callable[[float], Sample],
    limit: Limit,
    span: Span,
    accuracy: float = 0.01,
    on_sample: Callable[[Sample], None] = lambda _: None,
) -> Found:
    """Scan a range, and narrow every crossing of the limit between two places of the scan.

    Args:
        measure: Metric at a value of the parameter.
        limit: Limit on the metric.
        span: Range of the parameter.
        accuracy: Largest relative distance of the two sides of a crossing.
        on_sample: Callback after each measurement.

    Raises:
        ParameterError: The accuracy is not between 1e-9 and 1.
    """
    if not 1e-9 <= accuracy < 1:
        raise ParameterError("accuracy", f"{accuracy:g}", "must be a fraction from 1e-9 to below 1, such as 1%")
    known: dict[float, Sample] = {}

    def probe(value: float) -> Sample:
        if value not in known:
            known[value] = measure(value)
            on_sample(known[value])
        return known[value]

    scan = tuple(probe(value) for value in span.scan())
    crossings = [
        _Crossing(probe, limit, span, accuracy, pair)
        for pair in pairwise(scan)
        if limit.kept(pair[0].metric) != limit.kept(pair[1].metric)
    ]
    measured = [one for one in crossings if not one.edge.fails.problem]
    edges = tuple(one.narrow() for one in measured or crossings)
    ends = tuple(one.edge for one in crossings if measured and one not in measured)
    return Found(limit, span, scan, edges, ends, tuple(known[value] for value in sorted(known)))


@dataclass
class _Crossing:
    """Two samples around a crossing of the limit, with the function that measures between them."""

    probe: Callable[[float], Sample]
    limit: Limit
    span: Span
    accuracy: float
    sides: tuple[Sample, Sample]

    def narrow(self) -> Edge:
        """Move both sides together until they are accurate; for whole numbers, until they are neighbours."""
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
        return self._rounded(self.edge)

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


def intervals(found: Found) -> Sequence[tuple[float, float]]:
    """Intervals of the parameter in which the limit is kept, as far as the scan shows them."""
    if found.everywhere:
        return [(found.span.low, found.span.high)]
    edges = sorted((*found.edges, *found.ends), key=lambda edge: edge.holds.value)
    starts = [edge.holds.value for edge in edges if edge.least]
    ends = [edge.holds.value for edge in edges if not edge.least]
    if edges and not edges[0].least:
        starts.insert(0, found.span.low)
    if len(ends) < len(starts):
        ends.append(found.span.high)
    return list(zip(starts, ends, strict=True))
