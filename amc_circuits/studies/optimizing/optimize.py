"""Optimization of a circuit of options: its free parameters, the search, and the check of the result by ngspice."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from amc_circuits.cases.case import Case, case_from, problem, program_arguments
from amc_circuits.cases.option import Option
from amc_circuits.cases.options import parse_options
from amc_circuits.engines import ExactEngine, NgspiceEngine, SimulationError
from amc_circuits.results.trials import Limit
from amc_circuits.solvers.sensitivities.record import METRICS
from amc_circuits.studies.optimizing.optimized import Optimized, missed_of
from amc_circuits.studies.optimizing.search import Search, Tried, starts_of
from amc_circuits.studies.sizing.free_options import free_option
from amc_circuits.studies.sizing.from_options import ties_of
from amc_circuits.studies.sizing.span import Span
from amc_circuits.studies.trial import Analyses, trial_of
from netlists import ParameterError
from netlists.short_text import short_repr

FREE = (
    *("gbwp", "open_loop_gain", "second_pole", "output_resistance", "input_capacitance"),
    *("quiescent_current", "class_ab_current", "input_conductance", "feedback_conductance", "inverter_resistance"),
    *("g_min", "g_max", "input_voltage"),
)
"""Options with derivatives."""
OBJECTIVES = tuple(name for name in METRICS if name != "growth_rate")
TIGHTENED = 2
"""Largest number of further searches with limits that are tighter by what ngspice missed."""
SLACK = 1e-3
"""Relative distance from a limit that is added to what ngspice missed."""


def objective(name: str) -> str:
    """Check the name of a metric that is to be smallest.

    Raises:
        ParameterError: There is no such metric, or it has no derivative.
    """
    found = name.strip().replace("-", "_")
    if found not in OBJECTIVES:
        raise ParameterError("minimize", repr(name), f"must be one of {', '.join(OBJECTIVES)}")
    return found


def with_derivative(limit: Limit) -> Limit:
    """Return a limit on a metric that has a derivative: bits become a relative error.

    Raises:
        ParameterError: The metric has no derivative, or the limit is not an upper one above 0.
    """
    if limit.figure == "bits" and not limit.below:
        return Limit("relative_error", True, 2.0**-limit.value)
    if limit.figure not in OBJECTIVES or not limit.below or limit.value <= 0:
        mend = f"must be an upper limit above 0 on {', '.join(OBJECTIVES)}, or a lower one on bits"
        raise ParameterError("target", repr(str(limit)), mend)
    return limit


def free_parameter(circuit: str, name: str) -> Option:
    """Return the option of a circuit that an optimization may vary.

    Raises:
        ParameterError: There is no such option, or metrics have no derivative with respect to it.
    """
    option = free_option(circuit, name)
    if option.name not in FREE:
        raise ParameterError("free", option.name, f"metrics have no derivative by it; free {', '.join(FREE)}")
    return option


@dataclass(frozen=True)
class Optimization:
    """Question which values of free options make a metric smallest.

    Attributes:
        circuit: Name of the circuit.
        given: Other options, as a user writes them.
        free: Free options.
        spans: Their ranges, above 0.
        metric: Name of the metric.
        limits: Limits on metrics.
        first: Values of the free options that the circuit has without a search; None takes the middle of the range.
        starts: Number of starts.
        on_design: Callback after each design.
    """

    circuit: str
    given: Mapping[str, Any]
    free: tuple[Option, ...]
    spans: tuple[Span, ...]
    metric: str
    limits: tuple[Limit, ...]
    first: tuple[float | None, ...]
    starts: int = 5
    on_design: Callable[[Tried], None] = field(default=lambda _: None, repr=False)

    __repr__ = short_repr

    def typed(self, values: Sequence[float]) -> dict[str, Any]:
        """Return all options of a design, as a user writes them."""
        named = {option.name: repr(value) for option, value in zip(self.free, values, strict=True)}
        return {name: value for name, value in self.given.items() if value is not None} | named

    def case(self, values: Sequence[float], engine: str = ExactEngine.name) -> Case:
        """Build the case of a design.

        Raises:
            ParameterError: The values give no circuit.
        """
        options = parse_options(self.circuit, self.typed(values) | {"engine": engine})
        given = problem(self.circuit, options)
        return case_from(self.circuit, options, given, program_arguments(self.circuit, options, given.matrix), 1, None)

    def watched(self, on_design: Callable[[Tried], None]) -> Optimization:
        """Return the question with a callback after each design."""
        return replace(self, on_design=on_design)

    @property
    def begin(self) -> tuple[float, ...]:
        """Values of the first design."""
        return tuple(
            span.value((span.place(span.low) + span.place(span.high)) / 2) if value is None else value
            for value, span in zip(self.first, self.spans, strict=True)
        )

    def run(self) -> Optimized:
        """Search, and check the best design by ngspice; limits that ngspice misses are made tighter, twice at most.

        Raises:
            ParameterError: No design gives a circuit.
            UnusableSolutionError: No design has a usable result.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of every circuit on the way; the caller programs the answer again
            search = Search(self.case, self.spans, self.metric, self.limits, self.on_design)
            start = search.measure(self.begin)
            best = search.run(starts_of(self.spans, self.begin, self.starts))
            if len(search.refused) == len(search.tried):
                raise search.refused[0]
            found = self._optimized(start, best, len(search.tried))
            limits = self.limits
            for _ in range(TIGHTENED):
                if found.best is None or found.checked is None or not missed_of(found.checked, self.limits):
                    break
                limits = _tightened(limits, self.limits, found.checked)
                again = Search(self.case, self.spans, self.metric, limits, self.on_design)
                again.measure(found.best.values)
                best = again.run([found.best.values])
                if best is None:
                    break
                found = self._optimized(start, best, found.designs + len(again.tried))
        return found

    def _optimized(self, start: Tried, best: Tried | None, designs: int) -> Optimized:
        """Check the best design by ngspice."""
        names = tuple(option.name for option in self.free)
        found = Optimized(
            metric=self.metric,
            limits=self.limits,
            names=names,
            units=tuple(option.unit for option in self.free),
            spans=self.spans,
            start=start,
            best=best,
            designs=designs,
            ties=ties_of(names, Limit(self.metric, True, math.inf), self.given.get("technology")),
        )
        if best is None:
            return found
        case = self.case(best.values, NgspiceEngine.name)
        try:
            trial = trial_of(case.circuit, case.vector, case.trial, Analyses())
        except SimulationError as error:
            return replace(found, problem=str(error))
        if not trial.usable:
            return replace(found, problem=f"{trial.status}: {trial.error}")
        return replace(found, checked={name: trial.figures[name] for name in found.metrics})


def _tightened(limits: Sequence[Limit], wanted: Sequence[Limit], checked: Mapping[str, float]) -> tuple[Limit, ...]:
    """Return limits that are tighter by what ngspice missed."""
    return tuple(
        replace(limit, value=limit.value * min(1.0, goal.value / checked[limit.figure] * (1 - SLACK)))
        for limit, goal in zip(limits, wanted, strict=True)
    )
