"""Problem of a plan: a square system or a normal equation, scaled."""

from __future__ import annotations

import numpy as np

from amc_circuits.solvers.planning.layout import PlannedProblem
from amc_circuits.solvers.planning.parameters import Choices
from amc_circuits.solvers.precision.normal import NormalProblem
from amc_circuits.solvers.precision.problem import SquareProblem
from amc_circuits.values.checks import Numbers
from netlists import ParameterError
from netlists.record import FloatArray


def planned_problem(matrix: Numbers, choices: Choices) -> tuple[PlannedProblem, tuple[str, ...]]:
    """Build the scaled problem of a matrix; return it with sentences on what is solved and how it is scaled.

    `auto` scales by powers of two, which are exact: rows and columns of a square A, rows of a wide one, columns of a
    tall one, since other scalings would change least squares and shortest solutions.

    Raises:
        ParameterError: A has not full rank and there is no ridge, or the scaling does not apply.
    """
    rows, columns = matrix.shape
    if rows == columns and choices.ridge == 0:
        scaling = "powers-of-two" if choices.scaling == "auto" else choices.scaling
        problem = SquareProblem.of(matrix, scaling)
        factors = np.concatenate([problem.system.input_factors, problem.system.output_factors])
        return problem, (_scaling_text(factors, "rows and columns"),)
    if choices.scaling == "diagonal":
        raise ParameterError("scaling", "diagonal", "needs a square A and no ridge; take auto")
    normal = NormalProblem.of(matrix, choices.ridge, choices.scaling != "none")
    lines = "rows" if normal.wide else "columns"
    return normal, (*_solved(normal), _scaling_text(normal.factors, lines))


def _solved(problem: NormalProblem) -> tuple[str, ...]:
    """Describe the problem that is solved in place of `A x = b`."""
    if problem.ridge:
        return (f"the regularised problem (A^T A + {problem.ridge:g}) x = A^T b is solved, not A x = b",)
    if problem.wide:
        return ("more columns than rows: the shortest x of A x = b, by A A^T y = b, x = A^T y",)
    return ("more rows than columns: the x of the least ||A x - b||, by A^T A x = A^T b",)


def _scaling_text(factors: FloatArray, lines: str) -> str:
    if (factors == 1).all():
        return "no scaling"
    return f"scaling: factors {factors.min():.3g} to {factors.max():.3g} on {lines}"
