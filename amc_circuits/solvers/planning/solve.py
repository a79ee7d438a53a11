"""Solution of `A x = b` to a wanted number of bits by the circuit that a plan chooses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from numpy.typing import ArrayLike

from amc_circuits.solvers.hardware import Hardware
from amc_circuits.solvers.planning.parameters import Choices
from amc_circuits.solvers.planning.plan import Plan
from amc_circuits.solvers.planning.scalings import Planner
from amc_circuits.solvers.precision.parameters import Refinement
from amc_circuits.solvers.precision.refined import Refined
from amc_circuits.solvers.precision.slices import SlicedProduct, Slicing
from amc_circuits.values.checks import numeric_array, right_hand_sides, scaled
from netlists import ParameterError

DEVICE = "taox-40nm-8level"
"""Device of the cells unless another one is given."""


def plan(matrix: ArrayLike, *, b: ArrayLike | None = None, levels: int | None = None, **fields: Any) -> Plan:
    """Choose scaling, circuit, blocks, shift and levels for a matrix, and predict what a solve takes.

    Every candidate is programmed once, with its random draws. It is taken if no pole grows and the loop converges for
    the right-hand sides, of many for those with the largest residuals after one cycle. Both need no transient.

    Args:
        matrix: A, shape (N, M), real or complex, of full rank unless there is a ridge.
        b: Right-hand sides to be solved, shape (N,) or (N, K); None draws one.
        levels: Levels of the cells; None for those of the device.
        **fields: Fields of `Choices` (`circuit`, `scaling`, `shift`, `array_limit`, `most_levels`), of `Refinement`
            (`bits`, `method`, `max_cycles` ...), of `Slicing`, and keywords of `Solver.program` (`opamp` ...).

    Raises:
        ParameterError: A parameter cannot be used, or A has not full rank and there is no ridge.
        NoPlanError: No candidate solves this matrix.
    """
    choices, refinement = Choices(**_taken(fields, Choices)), Refinement(**_taken(fields, Refinement))
    slicing = _slicing(_taken(fields, Slicing), refinement)
    device = Hardware(device=fields.get("device", DEVICE)).device
    fields["device"] = device = device if levels is None else device.replace(levels=levels)
    if device.levels is None and choices.most_levels != Choices.model_fields["most_levels"].default:
        mend = "has no effect with continuous cells; leave it out, or add levels"
        raise ParameterError("most_levels", choices.most_levels, mend)
    if device.nonlinearity_voltage is not None and refinement.cycles_by == "static":
        mend = "takes cells as linear; take engine, or leave nonlinearity_voltage out"
        raise ParameterError("cycles_by", "static", mend)
    fields.setdefault("engine", "auto")
    given = scaled("A", numeric_array("A", matrix, (2,)))
    vectors = None if b is None else right_hand_sides("b", b, len(given))[0]
    found = Planner(given, choices, refinement, fields, vectors).plan()
    if refinement.residual == "slices":
        return replace(found, product=SlicedProduct.program(found.problem.held, slicing, fields))
    return found


def solve(matrix: ArrayLike, b: ArrayLike, *, levels: int | None = None, **fields: Any) -> Refined:
    """Solve `A x = b` to a wanted number of bits; keywords as in `plan`.

    Args:
        matrix: A, shape (N, M): with more rows than columns least squares, with fewer the shortest solution.
        b: Right-hand sides, shape (N,) or (N, K).
        levels: Levels of the cells; None for those of the device.
        **fields: Other keywords.

    Raises:
        ParameterError: A parameter cannot be used.
        NoPlanError: No candidate solves this matrix.
        SimulationError: The simulator failed.
    """
    return plan(matrix, b=b, levels=levels, **fields).solve(b)


def _slicing(given: dict[str, Any], refinement: Refinement) -> Slicing:
    """Build the record of the slices; refuse fields of it without slices."""
    slicing = Slicing(**given)
    for name, value in given.items():
        if refinement.residual != "slices" and getattr(slicing, name) != Slicing.model_fields[name].default:
            raise ParameterError(name, value, "has no effect without residual = slices; leave it out")
    return slicing


def _taken(fields: dict[str, Any], record: Any) -> dict[str, Any]:
    """Take the fields of a record out of keywords."""
    return {name: fields.pop(name) for name in record.model_fields if name in fields}
