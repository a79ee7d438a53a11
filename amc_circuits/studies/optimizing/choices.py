"""Optimization over options that are choices: a search for each combination of them, of which the best one counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import Any, get_args

from amc_circuits.cells.scaling import Scaling
from amc_circuits.studies.optimizing.optimize import Optimization
from amc_circuits.studies.optimizing.optimized import Optimized
from netlists import ParameterError

CHOICES: dict[str, tuple[Any, ...]] = {"scaling": get_args(Scaling), "compensate_wires": (False, True)}
"""Options that are choices and may be free beside numbers, with their values, the usual one first."""


def optimized_with_choices(question: Optimization, names: Sequence[str]) -> tuple[Optimization, Optimized]:
    """Run an optimization for every combination of choices; return the best one, with the start of the present one.

    A choice that does not apply to the matrix is left out.

    Args:
        question: Optimization of numbers.
        names: Options of `CHOICES` that are free.

    Raises:
        ParameterError: The present combination gives no circuit.
        UnusableSolutionError: No design of it has a usable result.
    """
    present = {name: question.given.get(name) or CHOICES[name][0] for name in names}
    first = question.run()
    tried = [(question, replace(first, chosen=_texts(present, present)))]
    for values in product(*(CHOICES[name] for name in names)):
        wanted = dict(zip(names, values, strict=True))
        if wanted == present:
            continue
        other = replace(question, given={**question.given, **wanted})
        try:
            found = other.run()
        except ParameterError as error:
            if error.parameter not in names:
                raise
            continue
        tried.append((other, replace(found, start=first.start, chosen=_texts(present, wanted))))
    designs = sum(found.designs for _, found in tried)
    good = [one for one in tried if one[1].best is not None] or tried[:1]
    asked, best = min(good, key=lambda one: one[1].best.metrics[question.metric] if one[1].best else 0.0)
    return asked, replace(best, designs=designs)


def _texts(present: dict[str, Any], wanted: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Texts of two values of each choice; of a flag yes and no."""
    words = {True: "yes", False: "no"}
    return {name: (words.get(one, one), words.get(wanted[name], wanted[name])) for name, one in present.items()}
