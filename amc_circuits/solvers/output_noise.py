"""Noise of answers: that of the outputs, on the scale of the values that are read of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from amc_circuits.linear.noise import noise
from amc_circuits.results.solution import Solution, scalar_or_array
from amc_circuits.solvers.programmed import ProgrammedArray


def relative_noise(circuit: ProgrammedArray, solution: Solution, bandwidth: float | None = None) -> Any:
    """Noise of one read-out of each value relative to the value: `sqrt(E ||dx||^2) / ||x||`, 2-norm.

    Args:
        circuit: What the solution comes from.
        solution: Its values and the scale k that each was read at.
        bandwidth: As in `noise`.

    Returns:
        A float for one right-hand side, else shape (K,); nan where nothing was simulated or x = 0.

    Raises:
        ParameterError: As `noise`.
    """
    variances = np.diag(noise(circuit.circuit, bandwidth).covariance) * circuit.system.output_factors**2
    unit = math.sqrt(variances.sum()) * abs(circuit.gain)
    sizes = np.linalg.norm(np.reshape(solution.value, (len(solution.value), -1)), axis=0).tolist()
    each = len(solution.attempts) // len(sizes)
    found = []
    for k, size in enumerate(sizes):
        scales = [attempts[-1].scale for attempts in solution.attempts[k * each : (k + 1) * each] if attempts]
        found.append(unit * math.hypot(*(1 / scale for scale in scales)) / size if scales and size > 0 else math.nan)
    return scalar_or_array(found, np.ndim(solution.value) == 1)
