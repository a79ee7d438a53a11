"""Choice of a layout: candidates in an order, each programmed once and probed; the first that converges is taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from amc_circuits.cells.system import System
from amc_circuits.results.solution import UnusableSolutionError
from amc_circuits.solvers.planning.layout import Layout, device_of
from amc_circuits.solvers.planning.parameters import Choices, CircuitName
from amc_circuits.solvers.planning.probe import Probe
from amc_circuits.solvers.precision.parameters import Refinement
from amc_circuits.solvers.precision.problem import SquareProblem
from amc_circuits.solvers.solver import Solver
from netlists import ParameterError
from netlists.record import FloatArray
from netlists.short_text import short_repr

DOUBLINGS = 4
"""Largest number of times that a shift is doubled, a choice of this package."""


class NoPlanError(UnusableSolutionError):
    """Error for a matrix that no layout of a plan solves."""


@dataclass
class Search:
    """Search for a layout.

    Attributes:
        problem: System of equations.
        choices: Choices, each `auto` or forced.
        refinement: Parameters of the loop.
        fields: Keywords of `Solver.program`, with the device as a record.
        tried: Every probed layout, in order.
    """

    problem: SquareProblem
    choices: Choices
    refinement: Refinement
    fields: Mapping[str, Any]
    tried: list[Probe] = field(default_factory=list)

    __repr__ = short_repr

    def run(self) -> Probe:
        """Return the first layout that converges.

        Raises:
            NoPlanError: There is none.
            ParameterError: The matrix is larger than an array.
        """
        size = len(self.problem.held)
        if size > self.choices.array_limit:
            mend = f"has {size} rows of real numbers; raise array_limit, for the plan has no blocks"
            raise ParameterError("A", f"shape {self.problem.system.matrix.shape}", mend)
        for levels in self._levels():
            for circuit in self._circuits():
                if (found := self._shifted(circuit, levels)) is not None:
                    return found
        listed = "; ".join(str(one) for one in self.tried)
        mend = "raise most_levels or max_cycles, lower bits, or add damping to A"
        raise NoPlanError(f"no circuit of the plan solves this matrix: {listed}; {mend}")

    def _levels(self) -> Iterator[int | None]:
        """Yield the levels of the device, then twice as many each time, up to the most."""
        levels = device_of(self.fields).levels
        yield levels
        while levels is not None and 2 * levels <= self.choices.most_levels:
            levels *= 2
            yield levels

    def _circuits(self) -> Iterator[CircuitName]:
        """Yield the circuits to try: INV first, GINV for a matrix that is not symmetric positive definite."""
        if self.choices.circuit != "auto":
            yield self.choices.circuit
            return
        yield "inv"
        if not self.definite:
            yield "ginv"

    @property
    def definite(self) -> bool:
        """True if the scaled matrix is symmetric positive definite."""
        return is_definite(self.problem.held)

    def _shifted(self, circuit: CircuitName, levels: int | None) -> Probe | None:
        """Return the first shift with which a circuit converges; None if there is none."""
        for shift in self._shifts(circuit):
            layout = Layout(circuit, shift if isinstance(shift, float) else shift(self.tried[-1]), levels)
            probe = Probe(layout, layout.program(self.problem, self.fields), self.problem, self.refinement)
            self.tried.append(probe)
            if probe.converges:
                return probe
        return None

    def _shifts(self, circuit: CircuitName) -> Iterator[float | Callable[[Probe], float]]:
        """Yield shifts: none, then, for INV of a definite matrix, one from the errors of its cells, and its doubles."""
        if self.choices.shift != "auto":
            yield float(self.choices.shift)
            return
        yield 0.0
        if circuit == "inv" and self.definite:
            yield lambda unshifted: least_shift(self.problem.held, unshifted.circuit)
            for _ in range(DOUBLINGS):
                yield lambda before: 2 * before.layout.shift


def is_definite(matrix: FloatArray) -> bool:
    """Check whether a real matrix is symmetric positive definite."""
    if not np.allclose(matrix, matrix.T, rtol=1e-10, atol=0):
        return False
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return False
    return True


def least_shift(matrix: FloatArray, circuit: Solver) -> float:
    """Shift that makes the cells of a symmetric matrix definite in most draws, in units of its largest entry.

    Independent errors of standard deviation s in the entries have a norm near `2 s sqrt(N)` (Wigner's semicircle law
    for symmetric errors). So `2 s sqrt(N) - lambda_min` makes up for them. The standard deviation is that of the drawn
    cells.

    Args:
        matrix: Symmetric matrix, shape (N, N).
        circuit: Circuit that was programmed with it.
    """
    mapping = circuit.mapping
    errors = mapping.difference / mapping.unit * mapping.alpha - matrix
    spread = float(np.sqrt(np.mean(errors**2)))
    wanted = float(2 * spread * np.sqrt(len(matrix)) - np.linalg.eigvalsh(matrix)[0])
    return max(wanted, spread) / float(np.abs(matrix).max())


def scaled_problem(matrix: Any, choices: Choices) -> tuple[SquareProblem, str]:
    """Scale a matrix as chosen; return the problem with a sentence on the scaling.

    `auto` takes powers of two, which are exact.

    Raises:
        ParameterError: The matrix is singular, or the scaling does not apply to it.
    """
    scaling = "powers-of-two" if choices.scaling == "auto" else choices.scaling
    problem = SquareProblem.of(matrix, scaling)
    return problem, _scaling_text(problem.system)


def _scaling_text(system: System) -> str:
    factors = np.concatenate([system.input_factors, system.output_factors])
    if (factors == 1).all():
        return "no scaling: every row and column has an entry near the largest"
    return f"scaling by {system.scaling}: factors {factors.min():.3g} to {factors.max():.3g} on rows and columns"
