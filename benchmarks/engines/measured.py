"""Shared by the parts: processor seconds of a whole solve, the problem, the check of two results, tables."""

from __future__ import annotations

import resource
import statistics
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from rich import box
from rich.table import Table

from amc_circuits import InvCircuit, Solution
from amc_circuits.values.matrices import draw_matrix
from amc_circuits.values.quantities import format_quantity
from netlists.record import FloatArray

RIGHT_HAND_SIDES, WIRE = 16, 1.0


@dataclass(frozen=True)
class Run:
    """Processor seconds of one way.

    Attributes:
        program: Mapping and stability check without the eigen-decomposition, s.
        modes: Eigen-decomposition, s.
        solve: Right-hand sides with all metrics, s.
        solution: The last result.
    """

    program: float
    modes: float
    solve: float
    solution: Solution

    @property
    def whole(self) -> float:
        """All of it, s."""
        return self.program + self.modes + self.solve


def cpu() -> float:
    """Processor seconds of this process and of those that have ended."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def problem(size: int, columns: int) -> tuple[FloatArray, FloatArray]:
    """Matrix and right-hand sides."""
    matrix = draw_matrix("spd", size, size, 10.0, np.random.default_rng(size))
    return matrix, np.random.default_rng(1).standard_normal((size, columns))


def _once(matrix: FloatArray, columns: FloatArray, **fields: object) -> Run:
    """One round."""
    begin = cpu()
    circuit = InvCircuit.program(matrix, **fields)  # type: ignore[arg-type]
    _ = circuit.linear
    programmed = cpu()
    _ = circuit.linear.modes, circuit.stability
    known = cpu()
    solution = circuit.solve(columns)
    return Run(programmed - begin, known - programmed, cpu() - known, solution)


def timed(matrix: FloatArray, columns: FloatArray, rounds: int, **fields: object) -> Run:
    """Medians over the rounds."""
    return _median([_once(matrix, columns, **fields) for _ in range(rounds)])


def in_turns(ours: Callable[[], Run], theirs: Callable[[], Run], rounds: int, others: int) -> tuple[Run, Run]:
    """Medians over the rounds of two ways, in turns, so that both meet the same machine; of the other, some rounds."""
    found = [(ours(), theirs() if k < others else None) for k in range(rounds)]
    return _median([one for one, _ in found]), _median([other for _, other in found if other])


def _median(runs: list[Run]) -> Run:
    """Medians, and the last solution."""
    parts = ([getattr(run, part) for run in runs] for part in ("program", "modes", "solve"))
    return Run(*(statistics.median(part) for part in parts), runs[-1].solution)


def check(exact: Solution, other: Solution) -> str:
    """Differences of two results; they must be small."""
    here = exact.value[:, : other.value.shape[1]]
    value = float(np.abs(here - other.value).max() / np.abs(other.value).max())
    times = np.asarray(exact.settling_time)[: here.shape[1]] / np.asarray(other.settling_time) - 1
    settling = float(np.abs(times).max())
    assert value < 1e-3 and settling < 0.02, f"x differs by {value:.1e}, settling times by {settling:.1e}"
    return f"x {value:.0e}, settling {settling:.1e}"


def table(title: str, *headings: str) -> Table:
    """Empty table of a part."""
    grid = Table(title=title, title_justify="left", box=box.MARKDOWN)
    for heading in headings:
        grid.add_column(heading, justify="right", no_wrap=True)
    return grid


def seconds(value: float) -> str:
    """Text of a time."""
    return format_quantity(value, "s")


def seconds_of(work: Callable[[], object]) -> float:
    """Processor seconds of some work."""
    begin = cpu()
    work()
    return cpu() - begin
