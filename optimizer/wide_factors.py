"""Inverses whose columns are computed at rest: of wide factors, of few-level cells by refinement, or all if wanted.

The values of all columns are those of the programmed circuits at rest, after their poles were checked. Settling and
energy of some columns, drawn at random, are simulated by the engine; the others are extrapolated. A column takes one
pass through the circuits, or with refinement one a cycle; of a drawn column one of its passes is simulated, drawn, too.
The mean over the simulated passes holds for all others. Its interval is that of Student's t.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from amc_circuits import BlockCircuit, BlockSolution, Plan, Solution, Solver, short_repr
from optimizer.solve_result import Matrix, SolveResult, Work, check_usable

Places = NDArray[np.int64]
"""Places of columns."""


@dataclass
class WatchedCircuit:
    """Circuit of a loop that keeps the inputs of every cycle.

    Attributes:
        circuit: Programmed circuit.
        inputs: Inputs of the columns that had not ended, shape (N, k) for each cycle.
    """

    circuit: Solver | BlockCircuit
    inputs: list[Matrix] = field(default_factory=list)

    __repr__ = short_repr

    @property
    def stability(self) -> Any:
        """Poles of the circuit."""
        return self.circuit.stability

    def steady(self, vectors: Matrix) -> Any:
        """Answers at rest."""
        self.inputs.append(vectors)
        return self.circuit.steady(vectors)


def solved_in_blocks(
    circuit: BlockCircuit, right_hand_sides: Matrix, count: int | None, draws: np.random.Generator
) -> SolveResult:
    """Solve for `N x K` right-hand sides by one pass each, and simulate at most `count` of them; None for all.

    Raises:
        SolveError: A simulated right-hand side did not settle, is unstable or saturated.
    """
    return _one_pass(circuit, right_hand_sides, drawn(right_hand_sides.shape[1], count, draws), circuit.conversions)


def solved_at_rest(
    circuit: Solver, right_hand_sides: Matrix, count: int | None, draws: np.random.Generator
) -> SolveResult:
    """Solve for `N x K` right-hand sides in one array, and simulate at most `count` of them; None for all.

    Raises:
        SolveError: A simulated right-hand side did not settle, is unstable or saturated.
    """
    chosen = drawn(right_hand_sides.shape[1], count, draws)
    found = _one_pass(circuit, right_hand_sides, chosen, 2 * len(right_hand_sides))
    return replace(found, lifting_cost=circuit.mapping.lifting_cost)


def _one_pass(
    circuit: Solver | BlockCircuit, right_hand_sides: Matrix, chosen: Places, conversions: int
) -> SolveResult:
    """Answer all columns at rest, and simulate the chosen ones; a pass takes so many conversions."""
    columns = right_hand_sides.shape[1]
    solution = circuit.solve(right_hand_sides[:, chosen])
    value = solution.value if len(chosen) == columns else circuit.steady(right_hand_sides)
    work = Work(columns, circuit.cell_count, 1, columns * conversions)
    return _result(value, np.ones(columns, np.int64), chosen, solution, work)


def refined(plan: Plan, right_hand_sides: Matrix, count: int | None, draws: np.random.Generator) -> SolveResult:
    """Solve for `N x K` right-hand sides to the bits of a plan; simulate a pass of at most `count`; None for all.

    Raises:
        SolveError: A right-hand side did not reach its bits, or a simulated pass did not settle or saturated.
    """
    circuit = plan.probe.circuit
    watched: Any = WatchedCircuit(circuit)  # of the circuit, the loop uses what this class has
    found = replace(plan, probe=replace(plan.probe, circuit=watched)).solve(right_hand_sides, measured=False)
    check_usable(found)
    passes = found.cycles.astype(np.int64)
    chosen = drawn(len(passes), count, draws)
    inputs, owners = _passes(watched.inputs, passes, chosen, draws)
    solution = circuit.solve(inputs)
    each = circuit.conversions if isinstance(circuit, BlockCircuit) else 2 * len(right_hand_sides)
    total = int(passes.sum())
    work = Work(total, circuit.cell_count, plan.tried, total * each)
    return _result(found.value, passes, owners, solution, work)


def drawn(columns: int, count: int | None, draws: np.random.Generator) -> Places:
    """Draw the places of at most `count` columns, in order; None for all."""
    return np.sort(draws.choice(columns, columns if count is None else min(count, columns), replace=False))


def _passes(inputs: list[Matrix], passes: Places, chosen: Places, draws: np.random.Generator) -> tuple[Matrix, Places]:
    """Return inputs (N, P) and columns of the passes to simulate: one of each chosen column, all if all are chosen."""
    active = [np.flatnonzero(passes > cycle) for cycle in range(len(inputs))]
    if len(chosen) == len(passes):
        return np.concatenate(inputs, axis=1), np.concatenate(active)
    cycles = draws.integers(passes[chosen])
    found = [inputs[c][:, np.searchsorted(active[c], k)] for c, k in zip(cycles, chosen, strict=True)]
    return np.stack(found, axis=1), chosen


def _result(
    value: Matrix, passes: Places, owners: Places, solution: Solution | BlockSolution, work: Work
) -> SolveResult:
    """Assemble the result of columns with so many passes each from simulated ones, each of the column in `owners`.

    Raises:
        SolveError: A pass did not settle, is unstable or saturated.
    """
    check_usable(solution)
    seconds, joules = np.atleast_1d(solution.settling_time), solution.energy.total
    energies = None if joules is None else np.atleast_1d(joules)
    whole, once = len(owners) == passes.sum(), passes[owners] == 1
    times = np.bincount(owners, seconds, len(passes)).astype(np.float64) if whole else passes * seconds.mean()
    times[owners[once]] = seconds[once]
    checked = _checked(solution)
    places = tuple(owners.tolist())
    return SolveResult(
        value=value,
        settling_times=times,
        joules=None if energies is None else float(energies.mean() * passes.sum()),
        relative_error=np.nan,
        statuses=tuple(status.name.lower() for status in solution.statuses),
        cross_checked=sum(one.cross_checked for one in checked),
        largest_difference=max((one.largest_difference for one in checked), default=None),
        record=solution,
        work=work,
        engines=tuple(solution.by_engine),
        simulated=None if whole else places,
        interval=0.0 if whole else interval(seconds),
        energy_interval=0.0 if whole or energies is None else interval(energies),
    )


def _checked(solution: Solution | BlockSolution) -> list[Solution]:
    """Return the solutions of single circuits of which ngspice checked a part."""
    every = [run.solution for run in solution.runs] if isinstance(solution, BlockSolution) else [solution]
    return [one for one in every if one.cross_checked]


def interval(values: Matrix) -> float:
    """Half the width of the 95 % interval of a mean, in units of it, by Student's t; of two values or more."""
    spread = values.std(ddof=1) / np.sqrt(len(values))
    return float(stdtrit(len(values) - 1, 0.975) * spread / values.mean())
