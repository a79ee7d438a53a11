"""Sizing: which value of a parameter of a circuit keeps a target on a metric."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

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
from amc_circuits.values.checks import numeric_array
from netlists import ParameterError

Cases = Sequence[Case]


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

    def cases(value: float) -> Cases:
        return [Case("", circuit(int(value) if whole else value), given)]

    sizing = Sizing(cases, limit)
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
        cases: Function that programs the circuits for a value: one, or one a seed.
        limit: Limit on the metric.
        worst: Quantile over the circuits that must keep the limit, from 0 to 1.
    """

    cases: Callable[[float], Cases]
    limit: Limit
    worst: float = 1.0

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
                return self.measure(value)
            except ParameterError as error:
                refused.append(error)
                return Sample(value, math.nan, str(error))

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of every circuit on the way; the caller programs the answer again
            found = search(measure, self.limit, span, accuracy, on_sample)
        if len(refused) == len(found.scan) == len(found.samples):
            raise refused[0]
        return found

    def measure(self, value: float, engine: str | None = None) -> Sample:
        """Metric at a value of the parameter, by another engine if one is given.

        Raises:
            ParameterError: The value cannot be used, or the circuit does not have the metric.
        """
        trials = [self._trial(case, engine) for case in self.cases(value)]
        unusable = math.inf if self.limit.below else -math.inf
        metrics = [trial.figures[self.limit.figure] if trial.usable else unusable for trial in trials]
        # Of both directions the same seed counts: `1 - worst` would be rounded, and lose a seed.
        sign = 1.0 if self.limit.below else -1.0
        metric = sign * float(np.quantile(sign * np.array(metrics), self.worst, method="higher"))
        if metric == unusable:
            failed = next(trial for trial in trials if not trial.usable)
            return Sample(value, math.nan, f"{failed.status}: {failed.error}")
        return Sample(value, metric)

    def _trial(self, case: Case, engine: str | None) -> Trial:
        name = self.limit.figure
        circuit = case.circuit if engine is None else replace(case.circuit, engine=engine)
        analyses = Analyses(name == "relative_noise", case.noise_bandwidth, name.startswith(BUDGET))
        trial = trial_of(circuit, case.vector, case.trial, analyses)
        if trial.usable and math.isnan(trial.figures.get(name, math.nan)):
            why = (
                "this op-amp has no supply, so no energy; take another" if name == "energy" else "it is not known here"
            )
            raise ParameterError("target", repr(str(self.limit)), why)
        return trial

    def sized(self, parameter: str, unit: str, found: Found, ties: tuple[str, ...] = ()) -> Sized:
        """Check the result of a search by ngspice, if the engine is `auto`."""
        answer = Sized(parameter, unit, found, ties=ties)
        value = answer.subject.value
        try:
            engine = self.cases(value)[0].circuit.engine
        except ParameterError:  # the target is kept nowhere, and the best value gives no circuit
            return answer
        answer = replace(answer, engine=engine)
        if engine != AutoEngine.name or math.isnan(answer.subject.metric):
            return answer
        try:
            return replace(answer, checked=self.measure(value, NgspiceEngine.name))
        except SimulationError as error:
            return replace(answer, checked=Sample(value, math.nan, str(error)))
