"""Inverses of factors wider than an array, whole, by circuits of their blocks.

The values of all columns are those of the circuits at rest, after their poles were checked. Times and energies of some
columns, drawn at random, are simulated in every step; the others count with the means. The interval of the mean time
is that of Student's t.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import t

from amc_circuits import BlockCircuit
from optimizer.solve_result import Matrix, SolveResult, check_usable


def solved_in_blocks(
    circuit: BlockCircuit, right_hand_sides: Matrix, count: int, draws: np.random.Generator
) -> SolveResult:
    """Solve for `N x K` right-hand sides, and simulate at most `count` of them.

    Raises:
        SolveError: A simulated right-hand side did not settle, is unstable or saturated.
    """
    columns = right_hand_sides.shape[1]
    chosen = np.sort(draws.choice(columns, min(count, columns), replace=False))
    solution = circuit.solve(right_hand_sides[:, chosen])
    check_usable(solution)
    seconds, joules = np.atleast_1d(solution.settling_time), solution.energy.total
    times = np.full(columns, seconds.mean())
    times[chosen] = seconds
    every = len(chosen) == columns
    checked = [run.solution for run in solution.runs if run.solution.cross_checked]
    return SolveResult(
        value=solution.value if every else circuit.steady(right_hand_sides),
        settling_times=times,
        joules=None if joules is None else float(np.mean(joules) * columns),
        relative_error=np.nan,
        statuses=tuple(status.name.lower() for status in solution.statuses),
        cross_checked=sum(one.cross_checked for one in checked),
        largest_difference=max((one.largest_difference for one in checked), default=None),
        record=solution,
        simulated=None if every else len(chosen),
        interval=0.0 if every or len(chosen) == 1 else _interval(seconds),
    )


def _interval(seconds: Matrix) -> float:
    """Half the width of the 95 % interval of a mean, in units of it."""
    spread = seconds.std(ddof=1) / np.sqrt(len(seconds))
    return float(t.ppf(0.975, len(seconds) - 1) * spread / seconds.mean())
