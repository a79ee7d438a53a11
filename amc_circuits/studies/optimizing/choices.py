"""Optimization over the scaling of rows and columns: a search for each of its types, of which the best one counts."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

from amc_circuits.cells.scaling import Scaling
from amc_circuits.studies.optimizing.optimize import Optimization
from amc_circuits.studies.optimizing.optimized import Optimized
from netlists import ParameterError

SCALING = "scaling"
"""Option that is a choice and may be free beside numbers."""


def optimized_with_scaling(question: Optimization) -> tuple[Optimization, Optimized]:
    """Run an optimization for every scaling; return the best one, with the start of the present scaling.

    A scaling that does not apply to the matrix is left out.

    Raises:
        ParameterError: The present scaling gives no circuit.
        UnusableSolutionError: No design of it has a usable result.
    """
    present = question.given.get(SCALING) or "none"
    first = question.run()
    tried = [(question, replace(first, chosen={SCALING: (present, present)}))]
    for scaling in get_args(Scaling):
        if scaling == present:
            continue
        other = replace(question, given={**question.given, SCALING: scaling})
        try:
            found = other.run()
        except ParameterError as error:
            if error.parameter != SCALING:
                raise
            continue
        tried.append((other, replace(found, start=first.start, chosen={SCALING: (present, scaling)})))
    designs = sum(found.designs for _, found in tried)
    good = [one for one in tried if one[1].best is not None] or tried[:1]
    asked, best = min(good, key=lambda one: one[1].best.metrics[question.metric] if one[1].best else 0.0)
    return asked, replace(best, designs=designs)
