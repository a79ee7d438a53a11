"""Result of sizing: the value of a parameter that keeps a target, its check by ngspice, and notes for the reader."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from amc_circuits.results.trials import UNITS
from amc_circuits.studies.sizing.crossing import Sample
from amc_circuits.studies.sizing.search import Found, intervals
from amc_circuits.values.quantities import format_quantity
from netlists.short_text import short_repr

AGREES = 0.01
"""Relative difference of two engines above which it is named."""


@dataclass(frozen=True)
class Sized:
    """Answer to the question which value of a parameter keeps a target.

    Attributes:
        parameter: Name of the parameter.
        unit: Unit of the parameter; empty without one.
        found: Result of the search.
        engine: Engine of the search.
        checked: Metric by ngspice at `subject`; None without a check.
        ties: Notes on parameters that nothing ties together.
    """

    parameter: str
    unit: str
    found: Found
    engine: str = ""
    checked: Sample | None = None
    ties: tuple[str, ...] = ()

    __repr__ = short_repr

    @property
    def reached(self) -> bool:
        """True if some value keeps the target."""
        return not self.found.nowhere

    @property
    def value(self) -> float | None:
        """Value that keeps the target, at the first crossing; None if the target is kept everywhere or nowhere."""
        return None if self.found.answer is None else self.found.answer.value

    @property
    def subject(self) -> Sample:
        """Sample that is checked: the answer; without a crossing, the one of the scan that is nearest to the target."""
        found = self.found
        if found.answer is not None or found.nowhere:
            return found.answer or found.best
        worst = max if found.limit.below else min
        return worst(found.scan, key=lambda sample: sample.metric)

    @property
    def sentence(self) -> str:
        """Answer in one sentence."""
        found, name = self.found, self.parameter
        doubtful = found.turns > 0 or any(sample.problem for sample in found.scan)
        scanned = "scanned " * (doubtful and not found.span.listed)
        span = f"{self.text(found.span.low)} to {self.text(found.span.high)}"
        if found.everywhere:
            return f"every {scanned}{name} from {span} keeps {found.limit}"
        if found.nowhere:
            best = found.best
            problem = f": {best.problem}" if best.problem else f", {self.metric_text(best.metric)}"
            return f"no {scanned}{name} from {span} keeps {found.limit}; best at {self.text(best.value)}{problem}"
        if self.bounded:
            return f"{name} must be {self.needed} for {found.limit}"
        return f"{found.limit} is kept for {name} {self.needed}"

    @property
    def bounded(self) -> bool:
        """True if the target has one end, so that one bound describes the values that keep it."""
        return len(self.found.edges) == 1 and not self.found.ends

    @property
    def needed(self) -> str:
        """Values that keep the target, in words: one bound or all intervals."""
        if self.bounded:
            (edge,) = self.found.edges
            return f"{'at least' if edge.least else 'at most'} {self.text(edge.holds.value)}"
        parts = (
            f"= {self.text(low)}" if low == high else f"from {self.text(low)} to {self.text(high)}"
            for low, high in intervals(self.found)
        )
        return ", and ".join(parts)

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on restrictions of the answer."""
        return tuple(self._notes())

    def _notes(self) -> Iterator[str]:
        found, name = self.found, self.parameter
        metric = found.limit.figure.replace("_", " ")
        if found.flat:
            yield f"{name} does not change the {metric} in this range"
        elif (found.turns or len(found.edges) > 1) and not found.span.listed:
            turns = f"{found.turns} times" if found.turns > 1 else "once"
            how = f"the {metric} turns {turns}, so it is not monotone" if found.turns else f"the {metric} has gaps"
            yield f"{how}; there may be crossings between the {len(found.scan)} places of the scan"
        for edge in (*found.edges, *found.ends):
            if edge.fails.problem:
                low, high = sorted((edge.holds.value, edge.fails.value))
                yield f"the target ends between {self.text(low)} and {self.text(high)}: {edge.fails.problem}"
        unusable = [sample for sample in found.scan if sample.problem]
        if found.nowhere and unusable:
            yield f"{len(unusable)} of {len(found.scan)} scanned values have no usable result: {unusable[0].problem}"
        yield from self._disagreement()
        yield from self.ties

    def _disagreement(self) -> Iterator[str]:
        if self.checked is None:
            return
        limit, mine, other = self.found.limit, self.subject.metric, self.checked.metric
        if math.isnan(other):
            yield f"ngspice has no usable result there: {self.checked.problem}"
            return
        share = abs(other - mine) / max(abs(mine), abs(other)) if other != mine else 0.0
        if share > AGREES:
            yield f"the engines disagree by {format_quantity(share, '%')}"
        if limit.kept(other) != limit.kept(mine):
            there = "keeps" if limit.kept(other) else "misses"
            apart = format_quantity(abs(other - limit.value) / abs(limit.value), "%") if limit.value else "0 %"
            yield f"ngspice {there} the target there, by {apart}"

    def text(self, value: float) -> str:
        """Format a value of the parameter."""
        return format_quantity(value, self.unit)

    def metric_text(self, value: float) -> str:
        """Format a value of the metric."""
        return format_quantity(value, UNITS[self.found.limit.figure])
