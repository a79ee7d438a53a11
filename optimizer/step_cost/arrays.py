"""Settling time and energy of one column of an inverse, from simulated arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from amc_circuits import ParameterError, draw_matrix, short_repr
from optimizer.solve_result import Matrix, SolveError
from optimizer.step_cost.assumptions import ArraySettings, SimulatedCircuit

FAMILY = "spd"
"""Family of the random matrices: symmetric positive definite, eigenvalues spaced evenly on a logarithmic scale."""


@dataclass(frozen=True)
class SimulatedArrays:
    """Mean settling time and energy of a column, by the width of the matrix.

    Attributes:
        sizes: Widths that were simulated, rising, shape (S,).
        settling_times: Mean over all columns and matrices of a width, s, shape (S,).
        energies: The same for the energy, J, shape (S,).
        settling_spreads: Standard deviation of the matrices' means, s, shape (S,); nan for one matrix.
        energy_spreads: The same for the energy, J, shape (S,).
    """

    sizes: Matrix
    settling_times: Matrix
    energies: Matrix
    settling_spreads: Matrix
    energy_spreads: Matrix

    __repr__ = short_repr

    def settling_time(self, width: float) -> float:
        """Settling time of a column at any width, s."""
        return _power_law(width, self.sizes, self.settling_times)

    def energy(self, width: float) -> float:
        """Energy of a column at any width, J."""
        return _power_law(width, self.sizes, self.energies)


def _power_law(width: float, sizes: Matrix, values: Matrix) -> float:
    """Power law through the two neighbours of a width; beyond the ends that of the outermost two."""
    place = int(np.clip(np.searchsorted(sizes, width), 1, len(sizes) - 1))
    (x0, x1), (y0, y1) = sizes[place - 1 : place + 1], values[place - 1 : place + 1]
    return float(y0 * (width / x0) ** (np.log(y1 / y0) / np.log(x1 / x0)))


def simulate(
    arrays: ArraySettings, circuit: SimulatedCircuit, observe: Callable[[int], None] = lambda size: None
) -> SimulatedArrays:
    """Simulate the inversion of random matrices, all columns of each.

    Args:
        arrays: Sizes, number of matrices and their condition number.
        circuit: Circuit.
        observe: Callback with the size of each matrix after its inversion.

    Raises:
        SolveError: A column did not settle.
        ParameterError: The op-amps have no supply, so that the energy is not known, or an option cannot be used.
    """
    times, joules = (np.empty((len(arrays.sizes), arrays.seeds)) for _ in range(2))
    for place, size in enumerate(arrays.sizes):
        for seed in range(arrays.seeds):
            times[place, seed], joules[place, seed] = _inverted(size, seed, arrays.condition, circuit)
            observe(size)
    spreads = [
        found.std(axis=1, ddof=1) if arrays.seeds > 1 else np.full(len(arrays.sizes), np.nan)
        for found in (times, joules)
    ]
    return SimulatedArrays(np.array(arrays.sizes, float), times.mean(axis=1), joules.mean(axis=1), *spreads)


def _inverted(size: int, seed: int, condition: float, circuit: SimulatedCircuit) -> tuple[float, float]:
    """Mean settling time, s, and energy, J, of the columns of one inverse."""
    matrix = draw_matrix(FAMILY, size, size, condition, np.random.default_rng(seed))
    try:
        solution = circuit.options.program(matrix, seed).solve(np.eye(size))
    except ParameterError as error:
        raise ParameterError(f"circuit.{error.parameter}", error.value, error.mend) from error
    if not solution.usable:
        problem = f"{size} x {size}, seed {seed}: {solution.status.name} ({solution.message})"
        raise SolveError(f"a simulated array has no usable result, {problem}")
    if solution.energy.total is None:
        mend = "has no supply, so that the energy of a solve is not known; take another op-amp"
        raise ParameterError("circuit.opamp", circuit.options.values["opamp"], mend)
    return float(np.mean(solution.settling_time)), float(np.mean(solution.energy.total))
