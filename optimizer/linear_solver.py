"""The one place where training meets circuits: `init(A)`, then `compute(state, B)`, by Cholesky or INV circuit."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, Protocol, cast

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from amc_circuits import BlockCircuit, CircuitOptions, ParameterError, Plan, Solver, UnusableSolutionError, short_repr
from optimizer.circuit_settings import CircuitSettings
from optimizer.solve_result import Matrix, SolveError, SolveResult
from optimizer.streams import simulated
from optimizer.wide_factors import refined, solved_at_rest, solved_in_blocks

ARRAY_LIMIT = 128
"""Largest width of a matrix for one array, unless the settings give another."""
MEMORY = (8, 32)
"""Fewest and most directions that the loop of a refinement keeps, a quarter of the width between them.

With 8, some columns of factors that are 289 wide and have a condition of hundreds stall. As many directions as rows
leave nothing but rounding to a further one.
"""
PROBED = 16
"""Most columns of an inverse that a plan is chosen with, evenly spaced; a choice of this package."""
FEWEST_ROWS = 4
"""Fewest rows of the arrays of a refinement that is repeated after a column has failed; a choice of this package."""
OF_MATRIX = ("A", "scaling", "pair")
"""Parameters in errors that are caused by the matrix, once the settings have been checked."""


class LinearSolver(Protocol):
    """Solver of symmetric positive definite systems.

    Attributes:
        largest: Width above which a matrix is cut into blocks, unless the settings give another; None for no limit.
        whole: True if a wider matrix is solved whole, in steps of circuits of its blocks.
    """

    @property
    def whole(self) -> bool:
        """True if a wider matrix is solved whole, in steps of circuits of its blocks."""

    @property
    def largest(self) -> int | None:
        """Width above which a matrix is cut into blocks, unless the settings give another; None for no limit."""

    def init(self, matrix: Matrix, limit: int | None = None) -> Any:
        """Do all work that does not depend on the right-hand sides, and return its result.

        Args:
            matrix: The matrix.
            limit: Largest number of rows of an array; None for no limit.
        """

    def compute(self, state: Any, right_hand_sides: Matrix) -> SolveResult:
        """Solve for `right_hand_sides`, `N x K`; raise `SolveError` if any column is unusable."""


@dataclass(frozen=True)
class Cholesky:
    """Digital reference: SciPy's Cholesky factorisation."""

    largest: int | None = None
    whole: ClassVar[bool] = False

    def init(self, matrix: Matrix, limit: int | None = None) -> Any:
        """Return the factorisation; raise `SolveError` if the matrix is not positive definite."""
        try:
            return cho_factor(matrix)
        except np.linalg.LinAlgError as error:
            raise SolveError(f"the matrix is not positive definite ({error}); raise the damping") from error

    def compute(self, state: Any, right_hand_sides: Matrix) -> SolveResult:
        """Solve by substitution."""
        value = cho_solve(state, right_hand_sides)
        return SolveResult(value, None, None, 0.0, ("exact",) * right_hand_sides.shape[1])


@dataclass(frozen=True)
class CircuitState:
    """Programmed circuit, or a plan with it, and its matrix, against which the error is measured.

    Attributes:
        circuit: Circuit or plan.
        matrix: Matrix as wanted.
        trial: Number of the programming.
        limit: Largest number of rows of an array of the plan; None without a plan.
    """

    circuit: Solver | BlockCircuit | Plan
    matrix: Matrix
    trial: int = 0
    limit: int | None = None

    __repr__ = short_repr


@dataclass(frozen=True)
class InvCircuitSolver:
    """Simulated circuit: an array of resistive memory in the feedback of op-amps.

    Attributes:
        settings: Parts of the circuit.
        seed: Seed of all random draws. Every programming is the next trial of it, with new cells and amplifiers.
        first_trial: Trial of the first programming: the number of earlier ones, if a run is continued.
        largest: Number of rows and columns of an array, unless the settings of the optimizer give another.
    """

    settings: CircuitSettings
    seed: int = 0
    first_trial: int = 0
    largest: int | None = ARRAY_LIMIT
    _trials: Iterator[int] = field(init=False, repr=False, compare=False)
    _checks: list[int] = field(init=False, repr=False, compare=False, default_factory=list)

    def __post_init__(self) -> None:
        """Begin to count the trials."""
        object.__setattr__(self, "_trials", itertools.count(self.first_trial))

    @cached_property
    def _options(self) -> CircuitOptions:
        """Options of the circuit, which take a while to parse."""
        return self.settings.options

    @property
    def whole(self) -> bool:
        """True if a matrix wider than an array is solved whole, in steps of circuits of its blocks."""
        return self.settings.wide == "blocks"

    def init(self, matrix: Matrix, limit: int | None = None) -> CircuitState:
        """Program the matrix into an array, or in blocks if it is wider than the limit; with `bits` as a plan chooses.

        Raises:
            SolveError: The matrix cannot be programmed: it is singular, or has no diagonal to scale it by; or no layout
                of its cells reaches the bits.
            ParameterError: A setting cannot be used.
        """
        trial, settings = next(self._trials), self.settings
        words = (self.seed, trial, settings.jobs)
        try:
            if settings.bits is not None:
                limit = len(matrix) if limit is None else min(limit, len(matrix))
                return CircuitState(self._planned(matrix, limit, trial), matrix, trial, limit)
            if limit is not None and len(matrix) > limit:
                return CircuitState(self._options.program_blocks(matrix, limit, *words), matrix, trial)
            return CircuitState(self._options.program(matrix, *words), matrix, trial)
        except ParameterError as error:
            if error.parameter not in OF_MATRIX:
                raise
            raise SolveError(str(error)) from error

    def compute(self, state: CircuitState, right_hand_sides: Matrix) -> SolveResult:
        """Stream the right-hand sides through the circuit; where they are at rest, simulate some (`wide_factors`).

        Raises:
            SolveError: The solution of a right-hand side did not settle, is unstable or saturated, or did not reach
                its bits.
        """
        draws, count = np.random.default_rng([self.seed, state.trial]), self.settings.simulated
        if isinstance(state.circuit, BlockCircuit):
            found = solved_in_blocks(state.circuit, right_hand_sides, count, draws)
        elif isinstance(state.circuit, Plan):
            found = self._refined(state, state.circuit, right_hand_sides, draws)
        elif self.settings.at_rest:
            found = solved_at_rest(state.circuit, right_hand_sides, count, draws)
        else:
            found = simulated(state.circuit, right_hand_sides)
        error = _error_against_cholesky(state.matrix, right_hand_sides, found.value)
        return self._checked(_array(state.circuit), replace(found, relative_error=error))

    def _planned(self, matrix: Matrix, limit: int, trial: int) -> Plan:
        """Plan a refinement in arrays of at most `limit` rows.

        Raises:
            SolveError: No layout of the cells reaches the bits.
        """
        least, most = MEMORY
        loop = {"bits": self.settings.bits, "memory": min(max(least, len(matrix) // 4), most)}
        try:
            words, unit = (self.seed, trial, self.settings.jobs), np.eye(len(matrix))
            return self._options.plan(matrix, loop, limit, *words, b=unit[:, :: -(-len(matrix) // PROBED)])
        except UnusableSolutionError as error:
            raise SolveError(str(error)) from error

    def _refined(
        self, state: CircuitState, planned: Plan, right_hand_sides: Matrix, draws: np.random.Generator
    ) -> SolveResult:
        """Refine all columns; where one fails, again in arrays of half the size, whose answers are nearer.

        A plan is chosen with some columns of the unit matrix, so another one may need more.
        """
        limit, layouts = state.limit or len(state.matrix), 0
        while True:
            try:
                found = refined(planned, right_hand_sides, self.settings.simulated, draws)
            except SolveError:
                limit, layouts = -(-limit // 2), layouts + planned.tried
                if limit < FEWEST_ROWS:
                    raise
                planned = self._planned(state.matrix, limit, state.trial)
            else:
                return replace(found, work=replace(found.work, layouts=layouts + found.work.layouts))

    def _checked(self, circuit: Solver, found: SolveResult) -> SolveResult:
        """Return the result with a check by ngspice.

        If chance has chosen no right-hand side so far, one of this circuit is checked: no training is without a check.
        """
        if found.cross_checked:
            self._checks.append(found.cross_checked)
        if circuit.engine != "auto" or circuit.settings.cross_check == 0 or self._checks:
            return found
        whole = replace(circuit, settings=circuit.settings.replace(cross_check=1.0))
        first = np.eye(circuit.length_of(circuit.matrix))[:, :1] * circuit.settings.input_voltage
        solution = whole.solve(first)
        self._checks.append(solution.cross_checked)
        difference = solution.largest_difference if solution.cross_checked else None
        return replace(found, cross_checked=solution.cross_checked, largest_difference=difference)


def _array(circuit: Solver | BlockCircuit | Plan) -> Solver:
    """Return the circuit of an array: of blocks the first."""
    if isinstance(circuit, Plan):
        circuit = circuit.probe.circuit
    if isinstance(circuit, BlockCircuit):
        return cast(Solver, next(circuit.circuits)[1])  # an INV circuit that takes volts
    return circuit


def program(settings: CircuitSettings, matrix: Matrix, seed: int = 0, trial: int = 0) -> Solver:
    """Program a matrix into a circuit of these settings, with the random draws of this trial of this seed.

    Raises:
        ParameterError: A setting is out of its range, or a name is unknown.
    """
    circuit: Solver = settings.options.program(matrix, seed, trial, settings.jobs)
    return circuit


def check_circuit(solver: str, settings: CircuitSettings) -> None:
    """Check that a circuit of these settings can be built and simulated; nothing runs.

    Raises:
        ParameterError: A setting is out of its range, or a name is unknown.
        EngineNotFoundError: The simulator is not installed.
    """
    if solver == "inv-circuit":
        # the version of a simulator needs its executable
        _ = program(settings, np.eye(2)).simulator.about


def _error_against_cholesky(matrix: Matrix, right_hand_sides: Matrix, value: Matrix) -> float:
    """Return the relative error of a circuit's solution.

    The reference goes into the ledger, never into the training.
    """
    reference = cho_solve(cho_factor(matrix), right_hand_sides)
    return float(np.linalg.norm(value - reference) / np.linalg.norm(reference))


SOLVERS: dict[str, Callable[[CircuitSettings, int, int], LinearSolver]] = {
    "cholesky": lambda circuit, seed, first_trial: Cholesky(),
    "inv-circuit": InvCircuitSolver,
}
