"""Result of an optimization: the best design, its check by ngspice, and notes for the reader."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from amc_circuits.results.trials import UNITS, Limit
from amc_circuits.studies.optimizing.search import Tried
from amc_circuits.studies.sizing.sized import AGREES
from amc_circuits.studies.sizing.span import Span
from amc_circuits.values.quantities import format_quantity
from netlists.short_text import short_repr

AT_BOUND = 1e-6
"""Relative distance from an end of its range at which a parameter is at it."""

REMAINS = 1e-4
"""Relative error that a transient may leave at the end of its slot; the search takes that of the steady state."""


@dataclass(frozen=True)
class Optimized:
    """Answer to the question which values of free parameters make a metric smallest.

    Attributes:
        metric: Name of the metric.
        limits: Limits on metrics.
        names: Names of the free parameters.
        units: Their units.
        spans: Their ranges.
        start: First design.
        best: Best design that keeps the limits; None if no tried one does.
        designs: Number of designs that were tried.
        checked: Metrics of the best design by ngspice; None without a check.
        problem: Reason why ngspice has no usable result there; empty if it has one.
        ties: Notes on parameters that nothing ties together.
        chosen: Free options that are no numbers, each with its value at the start and at the best design.
    """

    metric: str
    limits: tuple[Limit, ...]
    names: tuple[str, ...]
    units: tuple[str, ...]
    spans: tuple[Span, ...]
    start: Tried
    best: Tried | None
    designs: int
    checked: dict[str, float] | None = None
    problem: str = ""
    ties: tuple[str, ...] = ()
    chosen: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    __repr__ = short_repr

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of all metrics, the wanted one first."""
        return tuple(dict.fromkeys([self.metric, *(limit.figure for limit in self.limits)]))

    @property
    def gain(self) -> float:
        """Metric of the first design in units of that of the best one; nan if one of them is not known."""
        if self.best is None or self.start.problem:
            return math.nan
        return self.start.metrics[self.metric] / self.best.metrics[self.metric]

    @property
    def sentence(self) -> str:
        """Answer in one sentence."""
        if self.best is None:
            return f"none of {self.designs} designs keeps {', '.join(map(str, self.limits))}"
        values = ", ".join(
            f"{name} {format_quantity(value, unit)}"
            for name, unit, value in zip(self.names, self.units, self.best.values, strict=True)
        )
        values += "".join(f", {name} {last}" for name, (_, last) in self.chosen.items())
        metric = format_quantity(self.best.metrics[self.metric], UNITS[self.metric])
        return f"{self.metric.replace('_', ' ')} {metric}{self._change}: {values}"

    @property
    def _change(self) -> str:
        """Change of the metric from the first design; one that misses a limit may have the smaller metric."""
        if math.isnan(self.gain):
            return ""
        if f"{self.gain:.3g}" == "1":
            return ", as at the start"
        times, than = (self.gain, "less") if self.gain > 1 else (1 / self.gain, "more")
        return f", {times:.3g} times {than} than at the start"

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on restrictions of the answer."""
        return tuple(self._notes())

    def _notes(self) -> Iterator[str]:
        if self.start.problem:
            yield f"the start has no usable result: {self.start.problem}"
        elif missed := missed_of(self.start.metrics, self.limits):
            yield f"the start misses {', '.join(missed)}"
        if self.best is not None:
            for name, span, value in zip(self.names, self.spans, self.best.values, strict=True):
                ends = {"least": span.low, "largest": span.high}
                for end, bound in ends.items():
                    if abs(value / bound - 1) < AT_BOUND:
                        yield f"{name} is at the {end} value of its range"
            yield from self._of_check(self.best)
        yield from self.ties

    def _of_check(self, best: Tried) -> Iterator[str]:
        if best.beyond:
            yield f"{best.beyond}; the optimum is that of the linear circuit, so the values by ngspice count"
        if self.problem:
            yield f"ngspice has no usable result there: {self.problem}"
        if self.checked is None:
            return
        for name, mine in best.metrics.items():
            share = abs(self.checked[name] / mine - 1)
            if share > AGREES and (name != "relative_error" or abs(self.checked[name] - mine) > REMAINS):
                text = format_quantity(share, "%")
                who = "ngspice differs from the linear circuit" if best.beyond else "the engines disagree"
                yield f"{who} on the {name.replace('_', ' ')} by {text}"
        if missed := missed_of(self.checked, self.limits):
            yield f"ngspice misses {', '.join(missed)} there"


def missed_of(metrics: dict[str, float], limits: Sequence[Limit]) -> list[str]:
    """List the limits that metrics do not keep."""
    return [str(limit) for limit in limits if not limit.kept(metrics[limit.figure])]
