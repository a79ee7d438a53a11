"""Result of a linear solver, its cost, and the error of one without a usable result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amc_circuits import BlockSolution, Refined, Solution, UnusableSolutionError, short_repr

Matrix = NDArray[np.float64]


class SolveError(UnusableSolutionError):
    """Error for an unusable solution: the circuit did not settle, or the matrix is not positive definite."""


@dataclass(frozen=True)
class Work:
    """Work of circuits for all columns of a solve, besides settling and energy.

    Attributes:
        cycles: Passes of a column through the circuits, over all columns; without refinement one each.
        cells: Cells that were written, those of rejected layouts left out.
        layouts: Layouts that were programmed until one was taken.
        conversions: Values that DACs and ADCs convert in these passes.
    """

    cycles: int = 0
    cells: int = 0
    layouts: int = 0
    conversions: int = 0

    __repr__ = short_repr


@dataclass(frozen=True)
class SolveResult:
    """Solution of `A X = B` and its cost.

    Attributes:
        value: `X`, `N x K`.
        settling_times: Settling time of each column in the circuit, the sum over its passes, s, `K`; None without a
            circuit.
        joules: Energy of the circuits for all columns, without that of converters, J; None without a circuit, or if its
            amplifiers have no supply pins.
        relative_error: `||X - X_ref|| / ||X_ref||` in the Frobenius norm, `X_ref` by Cholesky; 0 for Cholesky itself.
        statuses: One word, such as `settled`, for each simulated pass of a column.
        cross_checked: Number of columns that a second engine also solved.
        largest_difference: Largest difference of the two engines' waveforms, in units of full scale; None without
            check.
        lifting_cost: Change of the matrix by cells lifted to g_min, relative, Frobenius norm.
        record: The circuit's own record of the solve, for pictures; None without a circuit.
        simulated: Places of the drawn columns of which a pass is simulated; all other times and energies are the means.
            None if every pass is simulated.
        interval: Half the width of the 95 % interval of the mean settling time, in units of it; 0 if all are simulated.
        energy_interval: The same of the mean energy.
        work: Cycles, programming and conversions.
        engines: Names of the engines that simulated the columns; empty without a circuit.
    """

    value: Matrix
    settling_times: NDArray[np.float64] | None
    joules: float | None
    relative_error: float
    statuses: tuple[str, ...]
    cross_checked: int = 0
    largest_difference: float | None = None
    lifting_cost: float = 0.0
    record: Any = None
    simulated: tuple[int, ...] | None = None
    interval: float = 0.0
    energy_interval: float = 0.0
    work: Work = Work()
    engines: tuple[str, ...] = ()

    __repr__ = short_repr

    @property
    def simulated_seconds(self) -> float:
        """Sum of the settling times, s: computing time of the circuit; 0 without a circuit."""
        return 0.0 if self.settling_times is None else float(np.sum(self.settling_times))

    @property
    def longest_settling_time(self) -> float:
        """Settling time of the slowest column, s; 0 without a circuit."""
        return 0.0 if self.settling_times is None else float(np.max(self.settling_times))


def check_usable(solution: Solution | BlockSolution | Refined) -> None:
    """Refuse a solution with a right-hand side that is not usable.

    Raises:
        SolveError: A right-hand side did not settle, is unstable or saturated, or did not reach its bits.
    """
    if not solution.usable:
        bad = sum(not status.usable for status in solution.statuses)
        problem = f"{bad} of {len(solution.statuses)} right-hand sides ended as {solution.status.name}"
        mend = "raise the damping (a lower condition number), or take finer cells or another op-amp"
        raise SolveError(f"{problem} ({solution.message}); {mend}")
