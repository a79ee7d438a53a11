"""Search for the best design: sequential quadratic programming in the logarithms of the parameters, several starts.

The method is SLSQP of SciPy (D. Kraft, A software package for sequential quadratic programming, DFVLR-FB 88-28, 1988).
Metrics and limits are logarithms, too, so that all have one scale. A design without a usable result counts as far from
every limit. The best of all designs that were tried is the result, so that it keeps the limits even if a search ends at
a kink of the settling time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import minimize

from amc_circuits.results.solution import UnusableSolutionError
from amc_circuits.results.trials import Limit
from amc_circuits.studies.optimizing.design_point import Cases, DesignPoint
from amc_circuits.studies.sizing.span import Span
from netlists import ParameterError
from netlists.record import FloatArray

FAR = 20.0
"""Logarithm of the ratio to its limit of a metric that a design does not have."""
INSIDE = 1e-4
"""Relative distance that the search keeps from limits, more than a search may miss them by when it ends."""
STEPS = 60
"""Largest number of steps from one start."""
ACCURATE = 1e-7
"""Change of the logarithm of the metric at which a search ends."""


@dataclass(frozen=True)
class Tried:
    """A design that was tried.

    Attributes:
        values: Values of the free options.
        metrics: Metrics by name; empty without a usable result.
        problem: Reason why there is no usable result; empty if there is one.
        beyond: Reason why the metrics, which are those of the linear circuit, are not those of the circuit; else empty.
    """

    values: tuple[float, ...]
    metrics: dict[str, float]
    problem: str = ""
    beyond: str = ""


@dataclass
class Search:
    """Question which values of free options make a metric smallest.

    Attributes:
        cases: Function that builds the case for values of the free options.
        spans: Range of each option, above 0.
        metric: Name of the metric.
        limits: Limits on metrics.
        on_design: Callback after each design.
        tried: All designs.
        refused: Errors of those without a usable result.
    """

    cases: Cases
    spans: Sequence[Span]
    metric: str
    limits: Sequence[Limit]
    on_design: Callable[[Tried], None] = lambda _: None
    tried: list[Tried] = field(default_factory=list)
    refused: list[Exception] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._known: dict[tuple[float, ...], Tried] = {}
        self._slopes: dict[tuple[float, ...], dict[str, FloatArray]] = {}
        self._last: DesignPoint | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all metrics, the wanted one first."""
        return tuple(dict.fromkeys([self.metric, *(limit.figure for limit in self.limits)]))

    def measure(self, values: Sequence[float]) -> Tried:
        """Compute the metrics of a design."""
        return self._measured([math.log(value) for value in values])

    def kept(self, one: Tried) -> bool:
        """Return True if a design has a usable result and keeps all limits."""
        return not one.problem and all(limit.kept(one.metrics[limit.figure]) for limit in self.limits)

    def run(self, starts: Sequence[Sequence[float]]) -> Tried | None:
        """Search from several starts; return the best design, or None if no tried one keeps the limits."""
        bounds = [(math.log(span.low), math.log(span.high)) for span in self.spans]
        limits = [{"type": "ineq", "fun": self._margins, "jac": self._margin_slopes}] if self.limits else []
        for start in starts:
            places = np.clip(np.log(start), *np.array(bounds).T)
            minimize(
                self._goal, places, jac=self._slope, method="SLSQP", bounds=bounds, constraints=limits,
                options={"maxiter": STEPS, "ftol": ACCURATE},
            )  # fmt: skip
        good = [one for one in self.tried if self.kept(one)]
        return min(good, key=lambda one: one.metrics[self.metric]) if good else None

    def _goal(self, places: FloatArray) -> float:
        one = self._measured(places)
        return FAR if one.problem else self._relative(one.metrics[self.metric])

    def _relative(self, metric: float) -> float:
        """Logarithm of the metric in units of that of the first design."""
        first = next(one for one in self.tried if not one.problem)
        return math.log(metric / first.metrics[self.metric])

    def _slope(self, places: FloatArray) -> FloatArray:
        return self._differentiated(places)[self.metric]

    def _margins(self, places: FloatArray) -> FloatArray:
        one = self._measured(places)
        if one.problem:
            return np.full(len(self.limits), -FAR)
        return np.array([math.log(limit.value / one.metrics[limit.figure]) - INSIDE for limit in self.limits])

    def _margin_slopes(self, places: FloatArray) -> FloatArray:
        slopes = self._differentiated(places)
        return np.array([-slopes[limit.figure] for limit in self.limits])

    def _values(self, places: Sequence[float] | FloatArray) -> tuple[float, ...]:
        return tuple(span.value(float(place)) for span, place in zip(self.spans, places, strict=True))

    def _measured(self, places: Sequence[float] | FloatArray) -> Tried:
        """Compute the metrics of a design."""
        values = self._values(places)
        if values not in self._known:
            try:
                self._last = DesignPoint.of(self.cases, values)
                metrics = {name: self._last.metric(name) for name in self.names}
                one = Tried(values, metrics, beyond=self._last.differentiation.beyond)
            except (ParameterError, UnusableSolutionError) as error:
                self.refused.append(error)
                one = Tried(values, {}, str(error))
            self._known[values] = one
            self.tried.append(one)
            self.on_design(one)
        return self._known[values]

    def _differentiated(self, places: FloatArray) -> dict[str, FloatArray]:
        """Compute the derivatives of the metrics' logarithms with respect to those of the options."""
        one = self._measured(places)
        if one.problem:
            return dict.fromkeys(self.names, np.zeros(len(self.spans)))
        if one.values not in self._slopes:
            if self._last is None or self._last.values != one.values:
                self._last = DesignPoint.of(self.cases, one.values)
            self._slopes[one.values] = {name: self._last.gradient(name) / one.metrics[name] for name in self.names}
        return self._slopes[one.values]


def starts_of(spans: Sequence[Span], first: Sequence[float], count: int) -> list[tuple[float, ...]]:
    """List values from which to search: the present ones, then some that are spread at random in the logarithms."""
    generator = np.random.default_rng(0)
    found = [tuple(first)]
    for _ in range(count - 1):
        places = generator.uniform(size=len(spans))
        ratios = [(span.high / span.low) ** place for span, place in zip(spans, places.tolist(), strict=True)]
        found.append(tuple(span.low * ratio for span, ratio in zip(spans, ratios, strict=True)))
    return found
