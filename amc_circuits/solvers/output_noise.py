"""Noise of answers: the noise of the outputs, on the scale of the values that are read from them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from amc_circuits.linear.noise import noise
from amc_circuits.results.solution import Solution, scalar_or_array
from amc_circuits.solvers.programmed import ProgrammedArray


def relative_noise(circuit: ProgrammedArray, solution: Solution, bandwidth: float | None = None) -> Any:
    """Compute the noise of one read-out relative to the answer: `sqrt(E ||dx||^2) / ||x||`, 2-norm.

    Args:
        circuit: Programmed circuit that gave the solution.
        solution: Solution, with the values and the scale k at which each was read.
        bandwidth: Bandwidth of the read-out, Hz, as in `noise`.

    Returns:
        Relative noise: a float for one right-hand side, else shape (K,); nan where nothing was simulated or x = 0.

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
