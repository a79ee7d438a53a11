"""Sizing: which value of a parameter of a circuit keeps a target on a metric."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from amc_circuits.cases.case import Case
from amc_circuits.engines import AutoEngine, NgspiceEngine, SimulationError
from amc_circuits.results.trials import BUDGET, Limit, Trial, read_limits
from amc_circuits.solvers.solver import Solver
from amc_circuits.studies.sizing.crossing import Sample
from amc_circuits.studies.sizing.search import Found, search
from amc_circuits.studies.sizing.sized import Sized
from amc_circuits.studies.sizing.span import Span
from amc_circuits.studies.trial import Analyses, trial_of
from amc_circuits.studies.workers import Ended, Executor, Workers, made_by
from amc_circuits.values.checks import numeric_array
from netlists import ParameterError

PRELOADED = (__name__,)
"""Modules imported once, by the server from which processes are forked."""


def size(
    circuit: Callable[[float], Solver],
    vectors: ArrayLike,
    target: str,
    between: tuple[float, float],
    *,
    whole: bool = False,
    accuracy: float = 0.01,
) -> Sized:
    """Find the value of one parameter from which on, or up to which, a circuit keeps a target.

    The value that is returned keeps the target itself. With the engine `auto`, ngspice checks it.

    Args:
        circuit: Function that programs the circuit for a value of the parameter.
        vectors: Right-hand sides, shape (n,) or (n, K); of several, the worst one counts.
        target: Limit on a metric, such as `settling_time<50n` or `relative_error<1%`.
        between: Least and largest value of the parameter.
        whole: True if the parameter is a whole number.
        accuracy: Largest relative distance of the value from the crossing.

    Raises:
        ParameterError: An argument cannot be used, or no value gives a circuit.
    """
    limit = target_of(target)
    given = numeric_array("vectors", vectors, (1, 2))

    def case(value: float, _: int) -> Case:
        return Case("", circuit(int(value) if whole else value), given)

    sizing = Sizing(case, limit)
    found = sizing.search(Span(float(between[0]), float(between[1]), whole), accuracy)
    return sizing.sized("value", "", found)


def target_of(text: str) -> Limit:
    """Parse a target.

    Raises:
        ParameterError: The text is not one limit on a metric.
    """
    limits = read_limits(text, "target")
    if len(limits) != 1:
        raise ParameterError("target", repr(text), "must be one limit, such as settling_time<50n")
    return limits[0]


@dataclass(frozen=True)
class Sizing:
    """A question: circuits for each value of a parameter, and the limit on their metric.

    Attributes:
        case: Function that programs a circuit for a value and a number, from 0: circuits differ by their seed.
        limit: Limit on the metric.
        worst: Quantile over the circuits that must keep the limit, from 0 to 1.
        count: Number of circuits for a value.
        executor: Processes that solve circuits at the same time; None solves them here. They need a `case` that can be
            pickled.
    """

    case: Callable[[float, int], Case]
    limit: Limit
    worst: float = 1.0
    count: int = 1
    executor: Executor | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.worst <= 1:
            raise ParameterError("worst", f"{self.worst:g}", "must be a fraction from 0 to 1, such as 95%")

    def search(self, span: Span, accuracy: float, on_sample: Callable[[Sample], None] = lambda _: None) -> Found:
        """Search a range for the crossings of the limit.

        Raises:
            ParameterError: No value of the scan can be used.
        """
        refused: list[ParameterError] = []

        def measure(value: float) -> Sample:
            try:
                return self._sample(value, scanned.get(value) or self._ended([value]))
            except ParameterError as error:
                refused.append(error)
                return Sample(value, math.nan, str(error))

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of every circuit on the way; the caller programs the answer again
            scanned = {} if self.executor is None else self._scanned(span.scan())
            found = search(measure, self.limit, span, accuracy, on_sample)
        if len(refused) == len(found.scan) == len(found.samples):
            raise refused[0]
        return found

    def measure(self, value: float, engine: str | None = None) -> Sample:
        """Metric at a value of the parameter, by another engine if one is given.

        Raises:
            ParameterError: The value cannot be used, or the circuit does not have the metric.
        """
        return self._sample(value, self._ended([value], engine))

    def _scanned(self, values: Sequence[float]) -> dict[float, list[Ended[Trial]]]:
        """Solve the circuits of several values at the same time."""
        ended = self._ended(values)
        return {value: ended[k * self.count : (k + 1) * self.count] for k, value in enumerate(values)}

    def _ended(self, values: Sequence[float], engine: str | None = None) -> list[Ended[Trial]]:
        """Solve all circuits of each value, and return their ends in order."""
        calls = [
            partial(_trial, self.case, self.limit, value, number, engine)
            for value in values
            for number in range(self.count)
        ]
        if self.executor is None:
            return [Ended(None, call()) for call in calls]
        ended = [one for several in made_by(self.executor, enumerate(calls)) for one in several]
        return sorted(ended, key=lambda one: one.tag)

    def _sample(self, value: float, ended: Sequence[Ended[Trial]]) -> Sample:
        """Quantile of the metric over the circuits of a value."""
        trials = [one.value() for one in ended]
        unusable = math.inf if self.limit.below else -math.inf
        metrics = [trial.figures[self.limit.figure] if trial.usable else unusable for trial in trials]
        # Of both directions the same seed counts: `1 - worst` would be rounded, and lose a seed.
        sign = 1.0 if self.limit.below else -1.0
        metric = sign * float(np.quantile(sign * np.array(metrics), self.worst, method="higher"))
        if metric == unusable:
            failed = next(trial for trial in trials if not trial.usable)
            return Sample(value, math.nan, f"{failed.status}: {failed.error}")
        return Sample(value, metric)

    def sized(self, parameter: str, unit: str, found: Found, ties: tuple[str, ...] = ()) -> Sized:
        """Check the result of a search by ngspice, if the engine is `auto`."""
        answer = Sized(parameter, unit, found, ties=ties)
        value = answer.subject.value
        try:
            engine = self.case(value, 0).circuit.engine
        except ParameterError:  # the target is kept nowhere, and the best value gives no circuit
            return answer
        answer = replace(answer, engine=engine)
        if engine != AutoEngine.name or math.isnan(answer.subject.metric):
            return answer
        try:
            return replace(answer, checked=self.measure(value, NgspiceEngine.name))
        except SimulationError as error:
            return replace(answer, checked=Sample(value, math.nan, str(error)))


def processes(jobs: int) -> AbstractContextManager[Executor | None]:
    """Start processes that solve circuits; with one job there are none, and the circuits are solved in this one."""
    return Workers(jobs, PRELOADED) if jobs > 1 else nullcontext()


def _trial(case_of: Callable[[float, int], Case], limit: Limit, value: float, number: int, engine: str | None) -> Trial:
    """Solve and measure one circuit."""
    case, name = case_of(value, number), limit.figure
    circuit = case.circuit if engine is None else replace(case.circuit, engine=engine)
    analyses = Analyses(name == "relative_noise", case.noise_bandwidth, name.startswith(BUDGET))
    trial = trial_of(circuit, case.vector, case.trial, analyses)
    if trial.usable and math.isnan(trial.figures.get(name, math.nan)):
        why = "this op-amp has no supply, so no energy; take another" if name == "energy" else "it is not known here"
        raise ParameterError("target", repr(str(limit)), why)
    return trial
