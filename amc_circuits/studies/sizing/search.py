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

from amc_circuits.results.trials import Limit
from amc_circuits.studies.sizing.crossing import Crossing, Edge, Sample
from amc_circuits.studies.sizing.span import Span
from netlists import ParameterError

FLAT = 1e-6
"""Relative change of a metric that counts as none."""


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
        """True if no sample keeps the limit."""
        return not any(self.limit.kept(sample.metric) for sample in self.samples)

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

    If no place keeps the limit, values up to the last usable one are tried, too: metrics are often best there.

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
    pairs = [Crossing(probe, limit, span, accuracy, pair) for pair in pairwise(scan)]
    crossings = [one for one in pairs if one.crosses]
    if not crossings and not limit.kept(scan[0].metric):
        crossings = [crossing for one in pairs if one.ends for crossing in one.parts()]
    measured = [one for one in crossings if not one.edge.fails.problem]
    edges = tuple(one.narrow() for one in measured or crossings)
    ends = tuple(one.edge for one in crossings if measured and one not in measured)
    return Found(limit, span, scan, edges, ends, tuple(known[value] for value in sorted(known)))


def intervals(found: Found) -> Sequence[tuple[float, float]]:
    """Intervals of the parameter in which the limit is kept, as far as the scan shows them."""
    if found.everywhere:
        return [(found.span.low, found.span.high)]
    edges = sorted((*found.edges, *found.ends), key=lambda edge: (edge.holds.value, not edge.least))
    starts = [edge.holds.value for edge in edges if edge.least]
    ends = [edge.holds.value for edge in edges if not edge.least]
    if edges and not edges[0].least:
        starts.insert(0, found.span.low)
    if len(ends) < len(starts):
        ends.append(found.span.high)
    return list(zip(starts, ends, strict=True))
