"""Choice of the scaling of a plan: by powers of two, or by the diagonal, whichever plan is predicted to be faster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from amc_circuits.solvers.planning.choose import NoPlanError, Search
from amc_circuits.solvers.planning.parameters import Choices
from amc_circuits.solvers.planning.plan import Plan
from amc_circuits.solvers.planning.problems import planned_problem
from amc_circuits.solvers.precision.parameters import Refinement
from amc_circuits.values.checks import Numbers
from netlists.short_text import short_repr

UNEVEN = 1.05
"""Least ratio of the entries of a diagonal at which it is tried as a scaling, too; a choice of this package."""


@dataclass(frozen=True)
class Planner:
    """Planner of one matrix.

    Attributes:
        matrix: A, shape (N, M).
        choices: Choices, each `auto` or forced.
        refinement: Parameters of the loop.
        fields: Keywords of `Solver.program`, with the device as a record.
        vectors: Right-hand sides of the probes; None draws one.
    """

    matrix: Numbers
    choices: Choices
    refinement: Refinement
    fields: Mapping[str, Any]
    vectors: Numbers | None

    __repr__ = short_repr

    def plan(self) -> Plan:
        """Return the plan with the scaling that is forced, or of two scalings the plan that is better.

        Powers of two are exact. Of a definite matrix whose diagonal is uneven the diagonal is tried, too: it makes all
        diagonal entries 1, so that small ones are not lost among the levels of large ones. Fewer levels are better,
        then a shorter predicted time: fewer cycles near a growing pole may take longer than more cycles.

        Raises:
            NoPlanError: There is none.
            ParameterError: A choice or a field cannot be used.
        """
        search, texts = self._search(self.choices)
        first, error = self._found(search, texts)
        if self.choices.scaling != "auto" or not search.definite or not _uneven(search):
            return _known(first, error)
        most = self.choices.most_levels if first is None else max(2, first.probe.layout.levels or 2)
        again, texts = self._search(self.choices.replace(scaling="diagonal", most_levels=most))
        again.tried = [f"by powers of two, {text}" for text in search.tried]
        other, error = self._found(again, texts)
        plans = [one for one in (first, other) if one is not None]
        best = min(plans, key=_merit, default=None)
        if best is not None and best is first:
            best = replace(first, reasons=(*first.reasons, f"scaled by its diagonal instead: {again.tried[-1]}"))
        return _known(best and replace(best, tried=len(again.tried)), error)

    def _search(self, choices: Choices) -> tuple[Search, tuple[str, ...]]:
        problem, texts = planned_problem(self.matrix, choices)
        return Search(problem, choices, self.refinement, self.fields, self.vectors), texts

    def _found(self, search: Search, texts: tuple[str, ...]) -> tuple[Plan | None, NoPlanError | None]:
        try:
            probe = search.run()
        except NoPlanError as error:
            return None, error
        reasons = (*texts, *search.tried, _loop_text(self.refinement))
        return Plan(search.problem, probe, self.refinement, reasons, tried=len(search.tried)), None


def _known(plan: Plan | None, error: NoPlanError | None) -> Plan:
    if plan is not None:
        return plan
    assert error is not None
    raise error


def _uneven(search: Search) -> bool:
    """Return True if the diagonal of the scaled matrix is uneven."""
    diagonal = np.diag(search.problem.held)
    return bool(diagonal.max() > UNEVEN * diagonal.min())


def _merit(plan: Plan) -> tuple[int, float]:
    """Levels and predicted time of a plan."""
    return plan.probe.layout.levels or 0, plan.time


def _loop_text(refinement: Refinement) -> str:
    how = "in digital arithmetic" if refinement.residual == "digital" else "by MVM circuits of slices of A"
    return f"refinement by {refinement.method}, exact residual {how}"
