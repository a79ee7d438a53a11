"""Inverses whose columns are all simulated, streamed through one circuit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from amc_circuits import Solver, short_repr
from optimizer.solve_result import Matrix, SolveResult, Work, check_usable


@dataclass(frozen=True)
class LaterSolution:
    """Right-hand sides whose values and times are known, and that are solved in full when their waveforms are needed.

    Attributes:
        circuit: Programmed circuit.
        right_hand_sides: Right-hand sides, `N x K`.
    """

    circuit: Solver
    right_hand_sides: Matrix

    __repr__ = short_repr

    @cached_property
    def responses(self) -> tuple[Any, ...]:
        """Waveforms of the right-hand sides."""
        return self.circuit.solve(self.right_hand_sides).responses

    @property
    def provenance(self) -> Any:
        """Provenance of values and times."""
        return self.circuit.provenance("")


def simulated(circuit: Solver, right_hand_sides: Matrix) -> SolveResult:
    """Simulate all right-hand sides; where no energy is known, without what only waveforms and peaks need.

    Raises:
        SolveError: One of them did not settle, is unstable or saturated.
    """
    work = Work(columns := right_hand_sides.shape[1], circuit.cell_count, 1, 2 * right_hand_sides.size)
    if (found := circuit.settled(right_hand_sides)) is not None:
        return SolveResult(
            value=found.value,
            settling_times=found.settling_time,
            joules=None,
            relative_error=np.nan,
            statuses=("settled",) * columns,
            lifting_cost=circuit.mapping.lifting_cost,
            record=LaterSolution(circuit, right_hand_sides),
            work=work,
            engines=(circuit.engine,),
        )
    solution = circuit.solve(right_hand_sides)
    check_usable(solution)
    total = solution.energy.total
    return SolveResult(
        value=solution.value,
        settling_times=np.atleast_1d(solution.settling_time),
        joules=None if total is None else float(np.sum(total)),
        relative_error=np.nan,
        statuses=tuple(status.name.lower() for status in solution.statuses),
        cross_checked=solution.cross_checked,
        largest_difference=solution.largest_difference if solution.cross_checked else None,
        lifting_cost=circuit.mapping.lifting_cost,
        record=solution,
        work=work,
        engines=tuple(solution.by_engine),
    )
